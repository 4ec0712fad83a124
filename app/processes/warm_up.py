"""Load the kernels; compile those missing from the compiler's cache first, once, on two cores.

The compiler takes a minute and more for all kernels, and holds the GIL: several processes that
start together with an empty cache would each compile everything. Call `prepare` before starting
processes. A compiling child has no time limit: it makes progress or ends.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numba.core import event
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from api.resources import scores
from customer_context.identity.holders import Device
from customer_context.metering import day_forecast, weather_fit
from feature_kernels import baseline, consumption
from feature_kernels.kernel import KERNELS
from ingest.decoding.fast_path.scan import SHAPES, scan
from ingest.feature_inputs import Grids
from ingest.kernels import KINDS, compute
from runtime.errors import Stop
from services import car_axes
from store.pipeline.telemetry import Samples
from store.postgres import binary

Show = Callable[[int, int], None]
"""show(done, of): kernels compiled or loaded, of all that must be compiled."""

_COMPILING = "numba:compile"
_LINE_EVERY = 10
"""Kernels between two lines of progress if stderr is not a terminal."""

_err = Console(stderr=True, soft_wrap=True)


def _of_kind(name: str) -> None:
    """Load the kernels of one kind of device: features, and closing of open ones."""
    kind = KINDS[name]
    t_us = np.arange(2, dtype=np.int64) * 1_000_000 + 1_700_000_000_000_000
    values = np.full((2, len(kind.samples.names)), np.nan)
    samples = Samples(np.zeros(2, np.int64), t_us, t_us, values)
    compute(
        kind,
        samples,
        kind.initial(1),
        Grids.of([Device(0, "-", "-", kind.name, "native", "UTC")]),
    )
    if kind.finish is not None:
        kind.finish(kind.initial(1))


def _scan() -> None:
    for shape in SHAPES.values():
        scan([b"{}"], shape, 1)


def _encode() -> None:
    binary.encode({"t_us": np.ones(1, np.int64), "value": np.zeros(1)})


def _baseline() -> None:
    """Load what evidence of alerts and comparisons of years need."""
    t = np.arange(4, dtype=np.int64)
    slot = np.zeros(4, np.int64)
    baseline.usual_power(np.ones(4), np.ones(4), slot, slice(0, 4), 1.0)
    baseline.ratios_before(t, np.ones(4), np.ones(4), slot, slice(0, 4), 1, 1, 2, 1.0)
    weather_fit.warm_up()
    day_forecast.warm_up()


def _meter() -> None:
    _of_kind("meter")
    consumption.load_profile(np.zeros(1, consumption.INTERVAL_DTYPE))


PARTS: dict[str, Callable[[], None]] = {
    "vehicle": lambda: _of_kind("vehicle"),
    "scan": _scan,
    "score": scores.warm_up,
    "axes": car_axes.warm_up,
    "encode": _encode,
    "baseline": _baseline,
    "meter": _meter,
}
"""All kernels of a service, in parts that share none."""

_SHARES = (("vehicle", "scan", "score", "axes", "encode"), ("meter", "baseline"))
"""Parts for each of two processes; both take about the same time."""


def warm_up() -> None:
    """Load all kernels, or compile them in this process, before the first message."""
    for part in PARTS.values():
        part()


async def prepare(show: Show) -> None:
    """Compile missing kernels in child processes, then load all into this process.

    show : called when compilation starts and after each kernel; never if the
    cache is complete. Raises `Stop` with the output of a child that failed.
    """
    if not await asyncio.to_thread(_load_cached):
        await _compile(show)
        await asyncio.to_thread(warm_up)


async def load_kernels() -> None:
    """Load all kernels, and show the progress of a compilation on stderr."""
    with compiling() as show:
        await prepare(show)


class _Missing(Exception):
    """The cache lacks a kernel."""


class _Refuse(event.Listener):
    def on_start(self, event: Any) -> None:
        raise _Missing

    def on_end(self, event: Any) -> None:
        pass


def _load_cached() -> bool:
    """Load the kernels; return False at the first one that is not cached."""
    try:
        with event.install_listener(_COMPILING, _Refuse()):
            warm_up()
    except _Missing:
        return False
    return True


async def _compile(show: Show) -> None:
    """Run one child per share, at most one per core."""
    shares: Sequence[tuple[str, ...]] = _SHARES if (os.cpu_count() or 1) > 1 else (tuple(PARTS),)
    done: set[str] = set()
    total = len(KERNELS)
    show(0, total)

    def note(name: str) -> None:
        done.add(name)
        show(len(done & KERNELS), total)

    try:
        async with asyncio.TaskGroup() as children:
            for share in shares:
                children.create_task(_child(share, note))
    except BaseExceptionGroup as group:  # the first child that failed; the other was killed
        raise group.exceptions[0] from None
    show(total, total)


async def _child(share: Sequence[str], note: Callable[[str], None]) -> None:
    """Compile a share in a child process; `note` gets the name of each kernel."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app.processes.warm_up", *share,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    assert child.stdout is not None
    last: list[str] = []
    try:
        async for line in child.stdout:
            name = line.decode(errors="replace").rstrip()
            last = [*last[-19:], name]
            note(name)
        code = await child.wait()
    finally:
        if child.returncode is None:  # this task was cancelled
            child.kill()
            await child.wait()
    if code:
        raise Stop(f"compiling the kernels failed ({code}):\n" + "\n".join(last))


class _NamePrinter(event.Listener):
    """Prints the name of each compiled kernel."""

    def on_start(self, event: Any) -> None:
        pass

    def on_end(self, event: Any) -> None:
        function = event.data["dispatcher"].py_func
        print(f"{function.__module__}.{function.__qualname__}", flush=True)


@contextmanager
def compiling() -> Iterator[Callable[[int, int], None]]:
    """Yield `show(done, of)` for compilation: a bar on a terminal, else occasional lines.

    It shows nothing before its first call, because most starts find all kernels in the cache.
    """
    bars: list[tuple[Progress, TaskID]] = []
    lines = 0

    def bar(done: int, of: int) -> None:
        if not bars:
            made = Progress(
                TextColumn("compiling the kernels, once"), BarColumn(), MofNCompleteColumn(),
                TimeElapsedColumn(), console=_err,
            )  # fmt: skip
            bars.append((made, made.add_task("", total=of)))
            made.start()
        bars[0][0].update(bars[0][1], completed=done)

    def line(done: int, of: int) -> None:
        nonlocal lines
        if done >= lines or done == of:
            lines = done + _LINE_EVERY
            _err.print(f"compiling {done} of {of} kernels", highlight=False)

    try:
        yield bar if _err.is_terminal else line
    finally:
        for made, _ in bars:
            made.stop()


if __name__ == "__main__":
    with event.install_listener(_COMPILING, _NamePrinter()):
        for part in sys.argv[1:]:
            PARTS[part]()
