"""Processes of the product that `tachowatt fault` runs, kills and pauses."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.servers.supervise import Child
from proving.testbed.servers import kill_group
from runtime.calibration import Limit
from runtime.clock import Clock
from runtime.errors import Stop

_READY_WITHIN_S = 120.0
_END_WITHIN_S = 15.0
_KIB = 1024
_FAKETIME = "lib/*/faketime/libfaketimeMT.so.1"
"""From Debian's package libfaketime; the version for programs with threads."""


def faketime() -> Path | None:
    """Return the library that fakes the time of a process; None if it is not installed."""
    return next(iter(sorted(Path("/usr").glob(_FAKETIME))), None)


@dataclass(frozen=True, slots=True)
class Usage:
    """Resources of the process `pid`. memory_mib : resident."""

    pid: int
    files: int
    memory_mib: int


class _Watched(Child):
    """A child with a readable exit code."""

    @property
    def code(self) -> int | None:
        """Exit code; None while it runs."""
        return self._process.poll()


class Process:
    """A `tachowatt` command that can be restarted."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        directory: Path,
        clock: Clock,
    ) -> None:
        self.name = name
        self._arguments = list(arguments)
        self._clock = clock
        self._state = directory / name
        self._state.mkdir()
        self._log = self._state / "out.log"
        self._environment = {
            **os.environ,
            **environment,
            "TACHOWATT_STATE_DIR": str(self._state),
        }
        self._time = self._state / "time"
        self._child: _Watched | None = None
        self._began = 0  # offset of the current run in its log

    def start(self, *, own_clock: bool = False) -> None:
        """Start it; returns before it is ready.

        own_clock : allow stepping its clock; this slows threads that wait for each other.
        """
        self.step_clock(0)
        self._began = self._log.stat().st_size if self._log.exists() else 0
        self._child = _Watched(
            [sys.executable, "-m", "app.cli", *self._arguments],
            self._log,
            environment=self._environment | (self._own_clock() if own_clock else {}),
            directory=Path.cwd(),  # folder of tachowatt.toml, if any
        )

    def _own_clock(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(faketime()),
            "FAKETIME_TIMESTAMP_FILE": str(self._time),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    async def ready(self) -> None:
        """Wait until the current run reports it. Raises `Stop` with the end of its log."""
        limit = Limit(self._clock, _READY_WITHIN_S)
        while not limit.over() and self.alive():
            if "is ready" in self.output:
                return
            await asyncio.sleep(0.05)
        how = f"not ready after {limit.seconds:.0f} s" if self.alive() else "ended"
        raise Stop(f"{self.name} has {how}; the end of its log:\n{self.output[-2_000:].rstrip()}")

    @property
    def output(self) -> str:
        """Output of the current run."""
        if not self._log.exists():
            return ""
        return self._log.read_bytes()[self._began :].decode(errors="replace")

    def alive(self) -> bool:
        """True while it runs."""
        return self._child is not None and self._child.alive()

    def step_clock(self, seconds: int) -> None:
        """Set how far its wall clock is ahead of the machine's."""
        new = self._time.with_suffix(".new")
        new.write_text(f"{seconds:+d}\n")
        new.replace(self._time)  # the library reads it at each call of the clock

    def kill(self) -> None:
        """Kill it with SIGKILL."""
        kill_group(self._child)

    def send_signal(self, number: int) -> None:
        """Send a signal to the process itself."""
        pid = self._pid()
        if pid:
            os.kill(pid, number)

    async def terminate(self) -> str:
        """Send SIGTERM; return a problem, or '' if it ended well and in time."""
        self.send_signal(signal.SIGTERM)
        limit = Limit(self._clock, _END_WITHIN_S)
        while self.alive() and not limit.over():
            await asyncio.sleep(0.05)
        if self.alive():
            self.kill()
            return f"{self.name} did not end within {limit.seconds:.0f} s of SIGTERM"
        code = 0 if self._child is None else self._child.code
        return f"{self.name} ended with {code}: {self.output[-500:]}" if code else ""

    def usage(self) -> Usage | None:
        """Return its resources; None if it does not run."""
        pid = self._pid()
        try:
            files = len(os.listdir(f"/proc/{pid}/fd"))
            pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except (OSError, IndexError):
            return None
        return Usage(pid, files, pages * os.sysconf("SC_PAGE_SIZE") // (_KIB * _KIB))

    def _pid(self) -> int:
        """Return the id of the program under the guard shell; 0 if it does not run."""
        if self._child is None or not self._child.alive():
            return 0
        shell = self._child.pid
        program = os.path.realpath(sys.executable)
        with suppress(OSError):
            for pid in Path(f"/proc/{shell}/task/{shell}/children").read_text().split():
                with suppress(OSError):
                    if os.path.realpath(f"/proc/{pid}/exe") == program:
                        return int(pid)
        return 0
