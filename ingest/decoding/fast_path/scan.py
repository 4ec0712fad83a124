"""Read plain bodies into arrays: prepares input and output of the kernel (dispatch_kernel.py)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from contracts.meter_number import meter_key
from contracts.units import METER_NAMES, VEHICLE_NAMES
from ingest.decoding.fast_path.dispatch_kernel import JSON, count_rows, read_bodies
from ingest.decoding.fast_path.fields import SCALARS

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

ABSENT = -1
"""Value of `seq`, `run` and `oldest` of a body that does not have them."""

_WIDEST_KEY = 24


@dataclass(frozen=True, slots=True)
class Shape:
    """The fields of one kind of message: scalars first, then columns in the order of the store.

    keys : uint8[k, _WIDEST_KEY]; lengths : int64[k]; integers : bool[k], only whole numbers 0 to 6.
    interval, meter_key : positions of interval_s and meter_key among the columns, -1 if there is no
    such field.
    """

    names: tuple[str, ...]
    keys: NDArray[np.uint8]
    lengths: Ints
    integers: NDArray[np.bool_]
    interval: int
    meter_key: int


def _shape(names: tuple[str, ...]) -> Shape:
    # A column or scalar that is no field of this message keeps its position, with a key that
    # matches nothing.
    source = {"interval_s": "interval_s", "meter_number": "meter_key"}
    scalars = ["" if source.get(name, names[0]) not in names else name for name in SCALARS]
    columns = ["" if name in source.values() else name for name in names]
    fields = [*scalars, *columns]
    keys = np.zeros((len(fields), _WIDEST_KEY), np.uint8)
    for i, name in enumerate(fields):
        keys[i, : len(name)] = np.frombuffer(name.encode(), np.uint8)
    lengths = np.array([len(name) or ABSENT for name in fields], np.int64)
    integers = np.array([name == "quality" for name in fields])
    interval, key = (names.index(name) if name in names else -1 for name in source.values())
    return Shape(names, keys, lengths, integers, interval, key)


SHAPES: dict[str, Shape] = {"telemetry": _shape(VEHICLE_NAMES), "reading": _shape(METER_NAMES)}


@dataclass(frozen=True, slots=True)
class Scanned:
    """The contents of n bodies.

    taken : bool[n], which bodies are plain; the others have no content here.
    first : int64[n + 1], the rows of body i are first[i] to first[i + 1]; none if it is not taken.
    observed_us : int64[rows]; values : float64[rows, columns of the shape], NaN = not measured.
    seq, run, oldest : int64[n], `ABSENT` if the body has none.
    meter_numbers : taken body → (meter key, meter number), if it has one.
    """

    taken: NDArray[np.bool_]
    first: Ints
    observed_us: Ints
    values: Floats
    seq: Ints
    run: Ints
    oldest: Ints
    meter_numbers: dict[int, tuple[float, str]] = field(default_factory=dict)


@lru_cache(100_000)
def _meter_number(raw: bytes) -> tuple[float, str]:
    number = raw.decode("ascii")
    return meter_key(number), number


def scan(
    bodies: Sequence[bytes],
    shape: Shape,
    most_samples: int,
    media: NDArray[np.uint8] | None = None,
) -> Scanned:
    """Read bodies of one kind of message.

    most_samples : bodies with more are not taken. media : uint8[n], codes of
    `ingest.decoding.fast_path.dispatch_kernel`; None = all are JSON.
    Complexity: O(bytes), one pass to count and one to read.
    Oracle: `ingest.decoding.dialects.native`.
    """
    n = len(bodies)
    if media is None:
        media = np.full(n, JSON, np.uint8)
    data = np.frombuffer(b"".join(bodies), np.uint8)
    starts = np.zeros(n + 1, np.int64)
    np.cumsum(np.fromiter(map(len, bodies), np.int64, n), out=starts[1:])
    counts = np.empty(n, np.int64)
    count_rows(data, starts, media, most_samples, counts)
    first = np.zeros(n + 1, np.int64)
    np.cumsum(counts, out=first[1:])
    rows = int(first[-1])
    observed_us = np.empty(rows, np.int64)
    values = np.full((rows, len(shape.names)), np.nan)
    numbers = np.full((3, n), ABSENT, np.int64)
    spans = np.full((2, n), ABSENT, np.int64)
    taken = np.empty(n, np.bool_)
    with np.errstate(over="ignore"):  # uint64 wraps where the kernels run uncompiled
        read_bodies(
            data, starts, media, first, shape.keys, shape.lengths, shape.integers, shape.interval,
            observed_us, values.view(np.uint64), numbers, spans, taken,
        )  # fmt: skip
    if not taken.all():
        keep = np.repeat(taken, counts)
        observed_us, values = observed_us[keep], values[keep]
        np.cumsum(np.where(taken, counts, 0), out=first[1:])
        numbers[:, ~taken] = ABSENT
    values += 0.0  # −0.0 and 0.0 are one measurement
    found: dict[int, tuple[float, str]] = {}
    numbered = np.flatnonzero(taken & (spans[0] >= 0))
    if numbered.shape[0]:
        begins, ends = (spans - starts[:-1])[:, numbered]
        for i, begin, end in zip(numbered.tolist(), begins.tolist(), ends.tolist(), strict=True):
            found[i] = _meter_number(bodies[i][begin:end])
        keys = np.full(n, np.nan)
        keys[numbered] = [key for key, _ in found.values()]
        values[:, shape.meter_key] = np.repeat(keys, np.diff(first))
    seq, run, oldest = numbers
    return Scanned(taken, first, observed_us, values, seq, run, oldest, found)
