"""The kernels' algorithms in C (proving/bench/c), compiled by the system's compiler and called."""

import ctypes
import importlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from feature_kernels import consumption, driving
from feature_kernels.consumption.rows import ANOMALY_DTYPE, DAY_DTYPE, INTERVAL_DTYPE
from feature_kernels.driving.rows import EVENT_WIDTH, TRIP_WIDTH
from feature_kernels.kernel import record
from runtime.errors import Stop

SOURCES = Path(__file__).parent / "c"
FLAGS = ("-O3", "-march=native", "-ffp-contract=off", "-shared", "-fPIC")
_INTERVAL, _DAY, _ANOMALY = (len(d.names or ()) for d in (INTERVAL_DTYPE, DAY_DTYPE, ANOMALY_DTYPE))


def compiler() -> str:
    """Return the system's C compiler. Raises `Stop` if there is none."""
    found = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if found is None:
        raise Stop("the bench of the kernels needs a C compiler (apt-get install gcc)")
    return found


def version() -> str:
    """Return the version that the compiler prints."""
    printed = subprocess.run([compiler(), "--version"], capture_output=True, text=True, check=True)
    return printed.stdout.splitlines()[0]


def build(name: str, directory: Path) -> ctypes.CDLL:
    """Compile proving/bench/c/<name>.c into `directory` and load it."""
    library = directory / f"{name}.so"
    command = [compiler(), *FLAGS, "-o", str(library), str(SOURCES / f"{name}.c"), "-lm"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Stop(f"{name}.c does not compile:\n{done.stderr[-2000:]}")
    return ctypes.CDLL(str(library))


class Driving:
    """The driving kernel's loop and its C version over the same prepared arrays."""

    def __init__(self, directory: Path) -> None:
        self._library = build("driving", directory)
        self._module = importlib.import_module("feature_kernels.driving.drive")

    def prepare(self, columns: dict[str, Any], t_us: Any, starts: Any) -> tuple[Any, ...]:
        """Arguments of both."""
        nothing = np.empty(0)
        given = tuple(columns.get(name, nothing) for name in self._module.COLUMNS)
        return given, np.ascontiguousarray(t_us), starts

    def room(self, arguments: tuple[Any, ...]) -> list[Any]:
        """Return output arrays for both: carry, trips, events, counts."""
        rows, devices = arguments[1].shape[0], arguments[2].shape[0] - 1
        trips, events = rows // 300 + 2 * devices + 8, rows // 16 + 2 * devices + 32
        return [
            driving.initial_carry(devices),
            np.zeros((trips, TRIP_WIDTH)),
            np.zeros((events, EVENT_WIDTH)),
            np.zeros(2, np.int64),
        ]

    def kernel(self, arguments: tuple[Any, ...], room: list[Any]) -> None:
        given, t_us, starts = arguments
        carry, trips, events, emitted = room
        p = record(driving.DEFAULTS)
        x = self._table()
        self._module._drive(given, x, t_us, t_us, starts, carry, p, trips, events, emitted)

    def _table(self) -> Any:
        return np.full((len(self._module.COLUMNS), self._module.PORTION_ROWS), np.nan)

    def c(self, arguments: tuple[Any, ...], room: list[Any]) -> None:
        given, *others = arguments
        t_us, starts = map(_pointer, others)
        addresses = [one.ctypes.data if one.size else None for one in given]
        columns = (ctypes.c_void_p * len(given))(*addresses)
        carry, trips, events, emitted = room
        p = np.array(tuple(driving.DEFAULTS), np.float64)
        x = self._table()
        self._library.drive(
            columns, _pointer(x), _int(x.shape[1]), t_us, t_us, starts,
            _int(arguments[2].shape[0] - 1), _pointer(carry), _pointer(p),
            _pointer(trips), _int(trips.shape[0]), _int(TRIP_WIDTH),
            _pointer(events), _int(events.shape[0]), _int(EVENT_WIDTH), _pointer(emitted),
        )  # fmt: skip


class Consumption:
    """The consumption kernel's loop and its C version over the same prepared arrays."""

    def __init__(self, directory: Path) -> None:
        self._library = build("consumption", directory)
        self._module = importlib.import_module("feature_kernels.consumption.loop")

    def prepare(self, columns: dict[str, Any], t_us: Any, starts: Any) -> tuple[Any, ...]:
        """Arguments of both: C takes a table, the kernel its columns."""
        names = self._module.COLUMNS
        table = np.full((t_us.shape[0], len(names)), np.nan)
        for k, name in enumerate(names):
            if name in columns:
                table[:, k] = columns[name]
        given = tuple(np.ascontiguousarray(columns.get(name, np.empty(0))) for name in names)
        return table, np.ascontiguousarray(t_us), starts, given

    def room(self, arguments: tuple[Any, ...]) -> list[Any]:
        """Return output arrays for both: carry, intervals, days, anomalies, counts."""
        rows, devices = arguments[0].shape[0], arguments[2].shape[0] - 1
        return [
            consumption.initial_carry(devices),
            np.zeros((rows + rows // 8 + 64, _INTERVAL)),
            np.zeros((rows // 8 + 64, _DAY)),
            np.zeros((rows // 8 + 64, _ANOMALY)),
            np.zeros(3, np.int64),
        ]

    def kernel(self, arguments: tuple[Any, ...], room: list[Any]) -> None:
        _, t_us, starts, columns = arguments
        carry, *tables, count = room
        p = record(consumption.DEFAULTS)
        self._module.take_all(t_us, t_us, columns, starts, carry, p, *tables, count)

    def c(self, arguments: tuple[Any, ...], room: list[Any]) -> None:
        table, t_us, starts = map(_pointer, arguments[:3])
        carry, *tables, count = room
        p = np.array(tuple(consumption.DEFAULTS), np.float64)
        pointers = (ctypes.c_void_p * 3)(*(written.ctypes.data for written in tables))
        rooms = np.array([written.shape[0] for written in tables], np.int64)
        widths = np.array([written.shape[1] for written in tables], np.int64)
        self._library.consume(
            t_us, t_us, table, starts, _int(arguments[2].shape[0] - 1), _pointer(carry),
            _pointer(p), pointers, _pointer(rooms), _pointer(widths), _pointer(count),
        )  # fmt: skip


def same_bits(ours: list[Any], theirs: list[Any]) -> bool:
    """Return whether all arrays have the same bits; NaNs are equal for any sign and payload."""
    for a, b in zip(ours, theirs, strict=True):
        equal = a.view(np.int64) == b.view(np.int64)
        if a.dtype == np.float64:
            equal |= np.isnan(a) & np.isnan(b)
        if not equal.all():
            return False
    return True


def _pointer(array: Any) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def _int(value: int) -> ctypes.c_int64:
    return ctypes.c_int64(value)
