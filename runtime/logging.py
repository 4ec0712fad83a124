"""Logging: one line per event on stderr, `time level room: message key=value …`."""

import logging
import sys


def configure(level: str) -> None:
    """Send the log to stderr at `level` (a name such as INFO)."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S%z")
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in ("httpx", "httpcore"):  # they would log each request
        logging.getLogger(chatty).setLevel(max(root.level, logging.WARNING))
