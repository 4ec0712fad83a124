"""The servers of `tachowatt fault`: each can be killed and keeps its acknowledged data."""

import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from app.servers.kafka import Kafka
from app.servers.mosquitto import Mosquitto
from app.servers.ports import free_port
from app.servers.postgres import Postgres
from app.servers.supervise import Child
from proving.testbed.proxy import Proxy
from runtime.clock import Clock
from runtime.errors import Stop

_DISK_MIB = 4_096
"""Size of PostgreSQL's disk; it uses memory only for its contents."""
_SPARE_BYTES = 64 * 1024
_TRIES = 50


class KilledMosquitto(Mosquitto):
    """A persistent Mosquitto, always on the same port."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        data = directory.resolve() / "mosquitto"
        data.mkdir()
        super().__init__(
            directory,
            clock,
            f"persistence true\npersistence_location {data}/\n"
            # Saved after this many changes: later ones are lost by kill -9.
            "autosave_on_changes true\nautosave_interval 100\n"
            "user root\n",
        )
        self.port = free_port()

    def start(self, port: int = 0, of_listener: str = "") -> str:
        """Start it; return its URL."""
        return super().start(port or self.port, of_listener)

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def kill(self) -> None:
        """End it as kill -9 does."""
        kill_group(self._child)


class KilledPostgres(Postgres):
    """The embedded PostgreSQL, which can be killed and whose disk can be full."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        super().__init__(directory, clock)
        self._mounted = False

    @property
    def socket(self) -> Path:
        """Path of its socket."""
        return self._sockets / ".s.PGSQL.5432"

    def on_small_disk(self) -> str:
        """Mount a small disk for its data; return the reason if that fails, else ''."""
        if os.geteuid() != 0:
            return "only root can mount a small disk"
        self._data.mkdir(parents=True, exist_ok=True)
        made = _run("mount", "-t", "tmpfs", "-o", f"size={_DISK_MIB}m", "tachowatt", self._data)
        self._mounted = not made
        return made

    def fill_disk(self) -> None:
        """Fill its disk, so that it can write almost nothing."""
        # PostgreSQL goes on writing, and a disk cannot be smaller than its contents: try again.
        for _ in range(_TRIES):
            found = os.statvfs(self._data)
            used = (found.f_blocks - found.f_bfree) * found.f_frsize
            problem = self._resize(f"{used + _SPARE_BYTES}")
            if not problem:
                return
        raise Stop(f"the small disk cannot be resized: {problem}")

    def empty_disk(self) -> None:
        """Free space on its disk."""
        problem = self._resize(f"{_DISK_MIB}m")
        if problem:
            raise Stop(f"the small disk cannot be resized: {problem}")

    def alive(self) -> bool:
        """True while it runs."""
        return self._child is not None and self._child.alive()

    def kill(self) -> None:
        """Kill its first process with SIGKILL; the others notice and end."""
        kill_group(self._child)

    def stop(self) -> None:
        super().stop()
        if self._mounted:
            self._mounted = bool(_run("umount", "-l", self._data))

    def _resize(self, size: str) -> str:
        return _run("mount", "-o", f"remount,size={size}", self._data)


class ProxiedKafka(Kafka):
    """A Kafka with a listener per proxy, whose address it advertises to clients of the proxy."""

    def __init__(
        self, directory: Path, clock: Clock, home: Path | None, names: Sequence[str]
    ) -> None:
        super().__init__(directory, clock, home)
        self._listeners: list[tuple[int, Proxy]] = []
        for name in names:
            port = free_port()
            self._listeners.append((port, Proxy(f"{name}>kafka", partial(int, port))))

    @property
    def proxies(self) -> list[Proxy]:
        """Proxies, one per name."""
        return [proxy for _, proxy in self._listeners]

    def kill_if_alive(self) -> None:
        """Kill it at the end, when its data are not needed."""
        if self.alive():
            self.kill()

    def _configure(self, port: int) -> Path:
        config = super()._configure(port)
        lines = dict(line.split("=", 1) for line in config.read_text().splitlines())
        protocols = ["PLAINTEXT:PLAINTEXT", "CONTROLLER:PLAINTEXT"]
        for number, (behind, proxy) in enumerate(self._listeners):
            lines["listeners"] += f",P{number}://127.0.0.1:{behind}"
            lines["advertised.listeners"] += f",P{number}://127.0.0.1:{proxy.port}"
            protocols.append(f"P{number}:PLAINTEXT")
        lines["listener.security.protocol.map"] = ",".join(protocols)
        config.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
        return config


def kill_group(child: Child | None) -> None:
    """Kill a child and its guard with SIGKILL, and wait until they have ended."""
    if child is not None and child.alive():
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait(10.0)
        threading.Event().wait(0.05)  # the guard ends a little before the server


def _run(*command: str | Path) -> str:
    """Run a command; return its error, '' on success."""
    try:
        made = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        return str(error)
    return made.stderr.strip() or f"exit code {made.returncode}" if made.returncode else ""
