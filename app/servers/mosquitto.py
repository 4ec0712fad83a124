"""Debian's Mosquitto on the loopback, for measurements, faults and tests."""

import shutil
from pathlib import Path

from app.servers.ports import becomes_free, free_port, listening
from app.servers.supervise import Child
from runtime.calibration import Limit
from runtime.clock import Clock
from runtime.errors import Stop

_START_WITHIN_S = 15.0


def program() -> str | None:
    """Return its path; None if it is not installed."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")


class Mosquitto:
    """A Mosquitto that queues sessions in memory without limits. Raises `Stop` if not installed.

    settings : additional lines of its configuration.
    """

    def __init__(self, directory: Path, clock: Clock, settings: str = "") -> None:
        self._directory = directory.resolve()
        self._clock = clock
        self._settings = settings
        self._child: Child | None = None

    def start(self, port: int = 0, of_listener: str = "") -> str:
        """Start it on `port` (0 = a free one); return its URL. of_listener : its lines."""
        found = program()
        if found is None:
            raise Stop("Mosquitto is not installed: apt-get install mosquitto")
        port = port or free_port()
        config = self._directory / "mosquitto.conf"
        config.write_text(
            f"listener {port} 127.0.0.1\n{of_listener}allow_anonymous true\n"
            f"max_inflight_messages 65535\nmax_queued_messages 0\n{self._settings}"
        )
        log = self._directory / "mosquitto.log"
        becomes_free(port, self._clock)
        self._child = Child([found, "-c", config], log)
        limit = Limit(self._clock, _START_WITHIN_S)
        while not limit.over() and self._child.alive():
            if listening(port):
                return f"mqtt://127.0.0.1:{port}"
            self._child.wait(0.02)
        self.stop()
        raise Stop(f"Mosquitto did not start: {log.read_text()[-500:]}")

    def alive(self) -> bool:
        """True while it runs."""
        return self._child is not None and self._child.alive()

    def stop(self) -> None:
        """Stop it."""
        if self._child is not None:
            self._child.stop()
            self._child = None
