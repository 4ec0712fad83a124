"""Run the commands of a document, word for word, in an empty clone: `python -m tests.readme`.

Fences that begin with ```sh run are executed in their order, in one folder and one environment.
One that begins with ```sh run background until="text" stays up, and the next begins when it has
printed the text; it is interrupted at a fence with the word `end`, or at the end of the document.
Other fences are not executed: they need files or servers of the reader, or run for long.
"""

import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from runtime.calibration import Limit
from runtime.clock import SystemClock

ROOT = Path(__file__).parents[1]
_FENCE = re.compile(r"^```sh run(?P<how>[^\n]*)\n(?P<commands>.*?)^```$", re.M | re.S)
_WITHIN_S = 300.0
"""Limit of one fence on the reference machine, renewed by each line that it prints."""
_END_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Fence:
    """Commands of a document. until : what a background fence prints when it is up."""

    where: str
    commands: str
    background: bool = False
    end: bool = False
    until: str = ""


def fences(text: str, name: str) -> Iterator[Fence]:
    """Yield the fences of a document that are to be run. Raises `ValueError`."""
    for found in _FENCE.finditer(text):
        where = f"{name}:{text.count(chr(10), 0, found.start()) + 1}"
        words = shlex.split(found["how"])
        given = dict(word.partition("=")[::2] for word in words)
        if not set(given) <= {"background", "end", "until"}:
            raise ValueError(f"{where}: unknown words after run: {found['how'].strip()}")
        if ("background" in given) != ("until" in given):
            raise ValueError(f"{where}: background needs until=…, and until needs background")
        yield Fence(
            where, found["commands"], "background" in given, "end" in given, given.get("until", "")
        )


class Runner:
    """Runs fences one after the other in a folder; variables that one exports hold in the next."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._clock = SystemClock()
        self._environment = {**os.environ, "TERM": "dumb"}
        self._background: list[subprocess.Popen[str]] = []

    def run(self, fence: Fence) -> bool:
        """Run one; return whether it did what it should."""
        print(f"\n== {fence.where}\n{fence.commands.rstrip()}", flush=True)
        if fence.end:
            self.end()
        return self._start(fence) if fence.background else self._finish(fence)

    def end(self) -> None:
        """Interrupt what runs in the background, and wait for it."""
        for process in self._background:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGINT)
            limit = Limit(self._clock, _END_WITHIN_S)
            while process.poll() is None and not limit.over():
                with suppress(subprocess.TimeoutExpired):
                    process.wait(0.2)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._background = []

    def _bash(self, script: str) -> subprocess.Popen[str]:
        # A process that a shell started in the background ignores SIGINT, and what it starts too.
        return subprocess.Popen(
            ["env", "--default-signal=INT", "bash", "-euo", "pipefail", "-c", script],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def _start(self, fence: Fence) -> bool:
        process = self._bash(fence.commands)
        self._background.append(process)
        up = threading.Event()

        def seen(line: str) -> None:
            if fence.until in line:
                up.set()

        if self._follow(process, seen, up):
            return True
        print(f"error: it never printed {fence.until!r}")
        return False

    def _finish(self, fence: Fence) -> bool:
        with tempfile.NamedTemporaryFile() as kept:
            process = self._bash(f"{fence.commands}\nenv -0 > {shlex.quote(kept.name)}")
            over = threading.Event()
            self._follow(process, lambda line: None, over)
            variables = kept.read().decode()
        if process.returncode != 0:
            print(f"error: exit code {process.returncode}")
            return False
        self._environment = dict(pair.partition("=")[::2] for pair in variables.split("\0") if pair)
        return True

    def _follow(
        self, process: subprocess.Popen[str], seen: Callable[[str], None], up: threading.Event
    ) -> bool:
        """Print what a process prints until `up` is set or it ends; return whether it is set."""
        limit = Limit(self._clock, _WITHIN_S)
        ended = threading.Event()

        def read() -> None:
            assert process.stdout is not None
            for line in process.stdout:
                print(f"   {line.rstrip()[:300]}", flush=True)
                limit.renew()
                seen(line)
            process.wait()
            ended.set()

        threading.Thread(target=read, daemon=True).start()
        while not up.wait(0.2) and not ended.is_set():
            if limit.over():
                print(f"error: nothing printed for {limit.seconds:.0f} s")
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        return up.is_set()


def clone(folder: Path) -> Path:
    """Clone what is committed here into an empty folder."""
    made = folder / "tachowatt"
    command = ["git", "clone", "--quiet", "--local", "--no-hardlinks", str(ROOT), str(made)]
    subprocess.run(command, check=True)
    return made


def main(names: list[str]) -> int:
    """Run the documents in a fresh clone; return the exit code."""
    with tempfile.TemporaryDirectory(prefix="readme-") as folder:
        made = clone(Path(folder))
        runner = Runner(made)
        try:
            for name in names or ["README.md"]:
                for fence in fences((made / name).read_text(encoding="utf-8"), name):
                    if not runner.run(fence):
                        return 1
        finally:
            runner.end()
    print("\nevery marked command works")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
