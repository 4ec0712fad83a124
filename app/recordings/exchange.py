"""Exchange of a meter in a file: the old one's last reading, then the new one's first."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.recordings.cells import RawTable
from app.recordings.times import Times


def order_meters(raw: RawTable, times: Times, keys: NDArray[np.float64]) -> Times:
    """Order the readings of an exchange that have the same time.

    Both meters are read at the exchange. Joining would drop one reading, so the new meter's is
    moved by a microsecond. The new meter is the one that is read last.

    keys : float64[n], key of the meter's number, NaN = not given

    Raises TableError if two meters alternate: a file has one metering point.
    """
    known = np.flatnonzero(~np.isnan(keys) & ~times.missing)
    numbers, first = np.unique(keys[known], return_index=True)
    if numbers.size < 2:
        return times
    begins = np.array([times.t_us[known[keys[known] == number]].min() for number in numbers])
    ends = np.array([times.t_us[known[keys[known] == number]].max() for number in numbers])
    order = np.lexsort((ends, begins))
    for old, new in pairwise(order.tolist()):
        if ends[old] > begins[new]:
            row = int(known[first[new]])
            found = raw.cells["meter_number"][row].as_py()
            raise raw.error(
                "meter_number", row, found, "one meter, or one after the other, but two in turns"
            )
    t_us = times.t_us.copy()
    for old, new in pairwise(order.tolist()):
        if ends[old] == begins[new]:
            t_us[(keys == numbers[new]) & (t_us == begins[new])] += 1
    return replace(times, t_us=t_us)
