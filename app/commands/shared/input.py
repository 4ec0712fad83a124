"""Text that a command takes from a file, or from another program."""

import sys
from pathlib import Path

from runtime.errors import Usage


def text_of(file: Path) -> str:
    """Return the text of a file; of stdin for `-`. Raises `Usage`."""
    try:
        if str(file) == "-":
            return sys.stdin.read()
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        what = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise Usage(f"{file}: {what}") from None
