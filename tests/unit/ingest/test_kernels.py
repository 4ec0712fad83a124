"""Local times of devices."""

import numpy as np

from ingest.kernels import local_us


def test_local_time_over_a_clock_change() -> None:
    hour = 3_600_000_000
    noon_us = 1_792_843_200_000_000  # 2026-10-24T12:00Z
    t_us = noon_us + np.arange(0, 24 * hour, hour)
    offsets = (local_us(t_us, "Europe/Berlin") - t_us) // hour
    assert offsets.tolist() == [2] * 13 + [1] * 11
