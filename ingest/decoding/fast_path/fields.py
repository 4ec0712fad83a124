"""Fields and times of the native schema, shared by the JSON and the CBOR kernel."""

import numpy as np

from feature_kernels.kernel import kernel

SCALARS = ("v", "seq", "run", "oldest", "t0", "dt_ms", "interval_s", "meter_number")
"""Fields that are not columns, in the order of `Shape.keys`."""

V, SEQ, RUN, OLDEST, T0, DT_MS, INTERVAL_S, METER_NUMBER = range(len(SCALARS))

NEEDED = 1 << V | 1 << T0
"""Required fields, one bit each."""

LONGEST_NUMBER = 64
"""Characters of a meter number, at most."""


@kernel
def _two(data, at):
    """Read two digits as a number; -1 if they are none."""
    a, b = np.int64(data[at]) - 48, np.int64(data[at + 1]) - 48
    if 0 <= a <= 9 and 0 <= b <= 9:
        return a * 10 + b
    return np.int64(-1)


@kernel
def read_time(data, at, end):
    """Read YYYY-MM-DDThh:mm:ss[.f]Z: (µs since 1970 UTC, end); end is -1 if it is anything else."""
    bad = np.int64(0), np.int64(-1)
    if end - at < 20:
        return bad
    century, year = _two(data, at), _two(data, at + 2)
    month, day = _two(data, at + 5), _two(data, at + 8)
    hour, minute, second = _two(data, at + 11), _two(data, at + 14), _two(data, at + 17)
    if (
        data[at + 4] != 45 or data[at + 7] != 45 or data[at + 10] != 84
        or data[at + 13] != 58 or data[at + 16] != 58
        or century < 0 or year < 0 or not 1 <= month <= 12 or day < 1
        or not 0 <= hour <= 23 or not 0 <= minute <= 59 or not 0 <= second <= 59
    ):  # fmt: skip
        return bad
    year += century * 100
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    days = 31
    if month == 2:
        days = 29 if leap else 28
    elif month == 4 or month == 6 or month == 9 or month == 11:
        days = 30
    if year < 1 or day > days:
        return bad
    at += 19
    fraction, digits = np.int64(0), 0
    if data[at] == 46:
        at += 1
        while at < end and 48 <= data[at] <= 57:
            if digits == 6:
                return bad
            fraction = fraction * 10 + np.int64(data[at] - 48)
            digits += 1
            at += 1
        if digits == 0:
            return bad
        for _ in range(6 - digits):
            fraction *= 10
    if at >= end or data[at] != 90:
        return bad
    # Days since 1970 in the proleptic Gregorian calendar, with years that begin in March.
    y = year - 1 if month <= 2 else year
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    number = 365 * y + y // 4 - y // 100 + y // 400 + of_year - 719468
    seconds = ((number * 24 + hour) * 60 + minute) * 60 + second
    return seconds * 1_000_000 + fraction, at + 1


@kernel
def field_number(data, begin, end, keys, lengths):
    """Find the field with the name data[begin:end]; -1 = none."""
    length = end - begin
    for k in range(lengths.shape[0]):
        if lengths[k] == length:
            same = True
            for j in range(length):
                if keys[k, j] != data[begin + j]:
                    same = False
                    break
            if same:
                return np.int64(k)
    return np.int64(-1)


@kernel
def is_plain_text(data, begin, end):
    """Return whether data[begin:end] is printable ASCII without quote and backslash."""
    for at in range(begin, end):
        if data[at] < 32 or data[at] > 126 or data[at] == 34 or data[at] == 92:
            return False
    return True
