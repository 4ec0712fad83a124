"""`tachowatt` as a process of its own, for tests that kill it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from runtime.clock import SystemClock

CLOCK = SystemClock()


class Tachowatt:
    """A running `tachowatt` command with its own state directory."""

    def __init__(self, *arguments: str, state: Path, **environment: str) -> None:
        self.state = state
        state.mkdir(parents=True, exist_ok=True)
        self._log = state / f"{arguments[0]}.log"
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", *arguments],
                env={**os.environ, "TACHOWATT_STATE_DIR": str(state), **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def wait_ready(self, timeout_s: float = 90.0) -> dict[str, str]:
        """Until it has announced itself; returns its addresses."""
        deadline = CLOCK.monotonic() + timeout_s
        while CLOCK.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"it ended with {self.process.returncode}:\n{self.log}")
            with contextlib.suppress(OSError, ValueError):
                found = json.loads((self.state / "service.json").read_text())
                if found["pid"] == self.process.pid:
                    return found
            self.wait(0.05)
        raise AssertionError(f"not ready after {timeout_s} s:\n{self.log}")

    def wait_for(self, text: str, timeout_s: float = 90.0) -> None:
        """Until its output contains `text`."""
        deadline = CLOCK.monotonic() + timeout_s
        while text not in self.log:
            if self.wait(0.05) is not None or CLOCK.monotonic() > deadline:
                raise AssertionError(f"{text!r} never came:\n{self.log}")

    def wait(self, seconds: float) -> int | None:
        """Wait so long, or until it has ended; its exit code, None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        return self.process.returncode

    def terminate(self, timeout_s: float = 5.0) -> int:
        """SIGTERM; its exit code. Fails if it does not end in time."""
        self.process.send_signal(signal.SIGTERM)
        code = self.wait(timeout_s)
        assert code is not None, f"still running {timeout_s} s after SIGTERM:\n{self.log}"
        return code

    def kill(self) -> None:
        """SIGKILL, if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
