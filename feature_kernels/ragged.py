"""Many devices in one array.

A *ragged* column holds the samples of device 0, then those of device 1, and so on. Within a
device the samples are in strictly ascending time. ``starts`` (int64[d + 1]) says where each
device begins; ``starts[d]`` is the length of the columns.
"""

import numpy as np
from numpy.typing import NDArray


def starts_of(device: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the runs of equal values in a sorted device column.

    device : int64[n], ascending.

    Returns ``(devices, starts)``: the distinct devices int64[d] and their starts int64[d + 1].
    """
    n = device.shape[0]
    if n == 0:
        return np.empty(0, np.int64), np.zeros(1, np.int64)
    first = np.flatnonzero(np.diff(device)) + 1
    starts = np.concatenate((np.zeros(1, np.int64), first, np.full(1, n, np.int64)))
    return device[starts[:-1]], starts.astype(np.int64)


def check_ragged(t_us: NDArray[np.int64], starts: NDArray[np.int64]) -> None:
    """Raise ValueError where `starts` does not cut `t_us` into strictly ascending runs."""
    if starts.ndim != 1 or starts.shape[0] < 1 or starts[0] != 0 or starts[-1] != t_us.shape[0]:
        raise ValueError("starts must run from 0 to the length of the columns")
    if np.any(np.diff(starts) < 0):
        raise ValueError("starts must not descend")
    step_ok = t_us[1:] > t_us[:-1]
    inner = starts[1:-1]
    step_ok[inner[(inner > 0) & (inner < t_us.shape[0])] - 1] = True
    if not step_ok.all():
        at = int(np.flatnonzero(~step_ok)[0])
        raise ValueError(f"times must ascend strictly within a device (sample {at} to {at + 1})")
