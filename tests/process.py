"""`tachowatt` as a process of its own, for tests that kill it."""

import contextlib
import json
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from runtime.calibration import Limit
from runtime.clock import SystemClock

CLOCK = SystemClock()

PARTS = ("serve", "gateway", "ingest", "contacts", "api")

# Each is a process of its own, but forked from one that has loaded the program before: loading it
# takes seconds of processor time, for dozens of processes. `python -m app.cli` itself is run by
# test_demo and by test_errors_name_the_fix.
_loaded = multiprocessing.get_context("forkserver")
_loaded.set_forkserver_preload(
    [
        "app.cli",
        *(f"app.{room}.{part}" for room in ("commands", "processes") for part in PARTS),
        "app.demo.service",
        "tests.loaded",
    ]
)


def _run(
    arguments: list[str],
    environment: dict[str, str],
    output: str,
    errors: str,
    folder: str | None,
    files: int | None,
) -> None:
    """In the new process: become the command."""
    os.setsid()
    # A test run that a shell has started in the background ignores Ctrl-C, and so would this.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if folder is not None:
        os.chdir(folder)
    if files is not None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    nowhere = os.open(os.devnull, os.O_RDONLY)
    out, err = (os.open(p, os.O_WRONLY | os.O_APPEND | os.O_CREAT) for p in (output, errors))
    for file, stream in ((nowhere, 0), (out, 1), (err, 2)):
        os.dup2(file, stream)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["tachowatt", *arguments]
    from app.cli import main

    main()


def run(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end in `folder`: its exit code, what it prints, and its errors."""
    with tempfile.TemporaryDirectory() as made:
        files = [str(Path(made) / name) for name in ("stdout", "stderr")]
        process = _loaded.Process(
            target=_run,
            args=(list(arguments), {**os.environ, **environment}, *files, str(folder), None),
        )
        process.start()
        limit = Limit(CLOCK, 120.0)
        while process.is_alive() and not limit.over():
            process.join(1.0)
        process.kill()
        process.join()
        assert process.exitcode is not None
        text = [Path(file).read_text(errors="replace") for file in files]
    return subprocess.CompletedProcess(arguments, process.exitcode, *text)


class Tachowatt:
    """A running `tachowatt` command with its own state directory.

    files : how many it may have open (`ulimit -n`); None = as many as the tests.
    """

    def __init__(
        self, *arguments: str, state: Path, files: int | None = None, **environment: str
    ) -> None:
        self.state = state
        state.mkdir(parents=True, exist_ok=True)
        self._log = state / f"{arguments[0]}.log"
        self._log.touch()
        # Where Mosquitto is installed too: most tests publish as many devices without credentials.
        own = {"TACHOWATT_STATE_DIR": str(state), "TACHOWATT_BROKER": "embedded"}
        given = {**os.environ, **own, **environment}
        log = str(self._log)
        self._process = _loaded.Process(
            target=_run, args=(list(arguments), given, log, log, None, files), daemon=False
        )
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def wait_ready(self, timeout_s: float = 90.0) -> dict[str, str]:
        """Until it has announced itself; returns its addresses."""
        limit = Limit(CLOCK, timeout_s)
        while not limit.over():
            if self.wait(0.05) is not None:
                raise AssertionError(f"it ended with {self.wait(0.0)}:\n{self.log}")
            with contextlib.suppress(OSError, ValueError):
                found = json.loads((self.state / "service.json").read_text())
                if found["pid"] == self.pid:
                    return found
        raise AssertionError(f"not ready after {limit.seconds:.0f} s:\n{self.log}")

    def wait_for(self, text: str, timeout_s: float = 90.0, *, times: int = 1) -> None:
        """Until its output contains `text` so many times."""
        limit = Limit(CLOCK, timeout_s)
        while self.log.count(text) < times:
            if self.wait(0.05) is not None or limit.over():
                raise AssertionError(f"{text!r} never came:\n{self.log}")

    def wait(self, seconds: float | None = None) -> int | None:
        """Wait so long, or until it has ended; its exit code, None while it runs."""
        if seconds is None or seconds < 1.0:
            self._process.join(seconds)
            return self._process.exitcode
        limit = Limit(CLOCK, seconds)
        while self._process.exitcode is None and not limit.over():
            self._process.join(1.0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def terminate(self, timeout_s: float = 5.0) -> int:
        """SIGTERM; its exit code. Fails if it does not end in time."""
        self.send_signal(signal.SIGTERM)
        limit = Limit(CLOCK, timeout_s)
        while (code := self.wait(0.05)) is None and not limit.over():
            pass
        assert code is not None, f"still running {timeout_s} s after SIGTERM:\n{self.log}"
        return code

    def kill(self) -> None:
        """SIGKILL, if it still runs."""
        if self.wait(0.0) is None:
            self._process.kill()
            self.wait()
