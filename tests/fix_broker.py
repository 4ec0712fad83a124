"""Real MQTT 5 brokers: the embedded one, and Debian's Mosquitto. The same tests run on both."""

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.embedded import Broker, free_port
from app.supervise import Child
from runtime.clock import SystemClock


class Mosquitto:
    """Mosquitto on the loopback with a persistent store, so that it survives its own crash."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._child: Child | None = None
        self._program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"

    @property
    def available(self) -> bool:
        return Path(self._program).exists()

    def start(self, port: int, more: str = "") -> str:
        """more : further lines for its listener."""
        port = port or free_port()
        config = self._directory / "mosquitto.conf"
        config.write_text(
            f"listener {port} 127.0.0.1\n{more}allow_anonymous true\n"
            "max_inflight_messages 65535\nmax_queued_messages 0\n"
        )
        self._child = Child(
            [self._program, "-c", config.resolve()], self._directory / "mosquitto.log"
        )
        clock = SystemClock()
        deadline = clock.monotonic() + 10
        while clock.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return f"mqtt://127.0.0.1:{port}"
            self._child.wait(0.02)
        raise RuntimeError((self._directory / "mosquitto.log").read_text())

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop()
            self._child = None


@pytest.fixture(params=["embedded", "mosquitto"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker | Mosquitto]:
    """A broker with `start(port) -> url` and `stop()`, not yet started."""
    made: Broker | Mosquitto
    if request.param == "embedded":
        made = Broker(tmp_path, SystemClock())
    else:
        made = Mosquitto(tmp_path)
        if not made.available:
            from tests.conftest import missing_server

            missing_server("Mosquitto (Debian: apt-get install mosquitto)")
    yield made
    made.stop()
