"""Read columns whose cells are plain, in one pass over their bytes: most files of meters are.

Only what is certain is read: numbers of digits with a point, and ISO 8601 times of one kind. Every
other column goes to the readers of `values.py` and `times.py`, which know all forms, say what they
guess and name the cell that is wrong; what both read is the same.
"""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from app.recordings.plain_kernel import MOST_DIGITS, read_numbers, read_times

TENS = 10.0 ** np.arange(MOST_DIGITS + 1)


class PlainTimes(NamedTuple):
    """Times of a column.

    wall_us   : int64[n], as written, µs since 1970
    offset_us : int64[n], µs, what the cells say it is ahead of UTC; None = they do not say
    """

    wall_us: NDArray[np.int64]
    offset_us: NDArray[np.int64] | None


def warm_up() -> None:
    """Compile the kernels, or load them."""
    plain_numbers(pa.array(["0.5"]))
    plain_times(pa.array(["2026-11-30T00:00:00Z"]))


def plain_numbers(cells: pa.Array) -> NDArray[np.float64] | None:
    """Read a column of plain numbers: float64[n], NaN = empty; None = not all are certain."""
    text = _text(cells)
    if text is None:
        return None
    values = np.empty(len(cells))
    return values if read_numbers(*text, TENS, values) else None


def plain_times(cells: pa.Array) -> PlainTimes | None:
    """Read a column of ISO 8601 times, all with an offset or none; None = not all are such."""
    text = _text(cells)
    if text is None or len(cells) == 0:
        return None
    wall_us, offset_us = np.empty(len(cells), np.int64), np.empty(len(cells), np.int64)
    found = read_times(*text, wall_us, offset_us)
    if not found:
        return None
    return PlainTimes(wall_us, offset_us if found == 2 else None)


def _text(cells: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int32]] | None:
    """Return bytes and edges of cells of text without nulls."""
    if not isinstance(cells, pa.StringArray) or cells.null_count:
        return None
    _, edges, data = cells.buffers()
    if edges is None or data is None:
        return None
    places = np.frombuffer(edges, np.int32)[cells.offset : cells.offset + len(cells) + 1]
    return np.frombuffer(data, np.uint8), places
