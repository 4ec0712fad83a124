"""The kernel that reads plain JSON bodies (see the package).

Functions give where they ended, and -1 for what they cannot read: then the body is not plain.
"""

import numpy as np
from numpy.typing import NDArray

from contracts.telemetry import MAX_SEQ
from feature_kernels.kernel import kernel
from ingest.plain.numbers import float_bits

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]

SCALARS = ("v", "seq", "run", "oldest", "t0", "dt_ms", "interval_s")
"""Fields that are no columns, in the order of the shapes' keys."""

_V, _SEQ, _RUN, _OLDEST, _T0, _DT_MS, _INTERVAL_S = range(len(SCALARS))
_MOST_MS = 10**12


@kernel
def _is_space(byte):
    return byte == 32 or byte == 10 or byte == 13 or byte == 9


@kernel
def _skip(data, at, end):
    while at < end and _is_space(data[at]):
        at += 1
    return at


@kernel
def count_rows(data: Bytes, starts: Ints, most: int, counts: Ints) -> None:
    """Elements of the first array behind "dt_ms" of each body: 1 without it, 0 beyond `most`."""
    for i in range(starts.shape[0] - 1):
        at, end = starts[i], starts[i + 1]
        rows = 1
        while at + 8 < end:
            if (
                data[at] == 34
                and data[at + 1] == 100  # d
                and data[at + 2] == 116  # t
                and data[at + 3] == 95  # _
                and data[at + 4] == 109  # m
                and data[at + 5] == 115  # s
                and data[at + 6] == 34
            ):
                at += 7
                while at < end and data[at] != 93:  # ]
                    if data[at] == 44:  # ,
                        rows += 1
                    at += 1
                break
            at += 1
        counts[i] = rows if rows <= most else 0


@kernel
def _integer(data, at, end):
    """(value, where it ends); where it ends is -1 for what is no whole number of 16 digits."""
    negative = at < end and data[at] == 45
    if negative:
        at += 1
    begin, value = at, np.int64(0)
    while at < end and 48 <= data[at] <= 57:
        if at - begin == 16:
            return np.int64(0), np.int64(-1)
        value = value * 10 + np.int64(data[at] - 48)
        at += 1
    if at == begin or (data[begin] == 48 and at - begin > 1):
        return np.int64(0), np.int64(-1)
    if at < end and (data[at] == 46 or data[at] == 69 or data[at] == 101):  # . E e
        return np.int64(0), np.int64(-1)
    return -value if negative else value, at


@kernel
def _number(data, at, end):
    """(bits of the float64, where it ends); where it ends is -1 for what this cannot read."""
    none = np.uint64(0)
    negative = at < end and data[at] == 45
    if negative:
        at += 1
    begin, digits, power, significant = at, np.uint64(0), np.int64(0), 0
    while at < end and 48 <= data[at] <= 57:
        digits = digits * np.uint64(10) + np.uint64(data[at] - 48)
        if digits != none:
            significant += 1
        at += 1
    if at == begin or (data[begin] == 48 and at - begin > 1) or significant > 19:
        return none, np.int64(-1)
    if at < end and data[at] == 46:
        at += 1
        begin = at
        while at < end and 48 <= data[at] <= 57:
            digits = digits * np.uint64(10) + np.uint64(data[at] - 48)
            if digits != none:
                significant += 1
                if significant > 19:
                    return none, np.int64(-1)
            at += 1
        if at == begin:
            return none, np.int64(-1)
        power = begin - at
    if at < end and (data[at] == 69 or data[at] == 101):
        at += 1
        down = at < end and data[at] == 45
        if at < end and (data[at] == 45 or data[at] == 43):
            at += 1
        begin, exponent = at, np.int64(0)
        while at < end and 48 <= data[at] <= 57:
            if at - begin == 3:
                return none, np.int64(-1)
            exponent = exponent * 10 + np.int64(data[at] - 48)
            at += 1
        if at == begin:
            return none, np.int64(-1)
        power += -exponent if down else exponent
    sure, bits = float_bits(digits, power)
    if not sure:
        return none, np.int64(-1)
    if negative:
        bits |= np.uint64(1) << np.uint64(63)
    return bits, at


@kernel
def _two(data, at):
    """The number of two digits, -1 where they are none."""
    a, b = np.int64(data[at]) - 48, np.int64(data[at + 1]) - 48
    if 0 <= a <= 9 and 0 <= b <= 9:
        return a * 10 + b
    return np.int64(-1)


@kernel
def _time(data, at, end):
    """(µs since 1970 UTC, where it ends) of "YYYY-MM-DDThh:mm:ss[.f]Z" in quotes; -1 as above."""
    bad = np.int64(0), np.int64(-1)
    if end - at < 22 or data[at] != 34:
        return bad
    at += 1
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
    if at + 1 >= end or data[at] != 90 or data[at + 1] != 34:
        return bad
    # Days since 1970 of the proleptic Gregorian calendar, with years that begin in March.
    y = year - 1 if month <= 2 else year
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    number = 365 * y + y // 4 - y // 100 + y // 400 + of_year - 719468
    seconds = ((number * 24 + hour) * 60 + minute) * 60 + second
    return seconds * 1_000_000 + fraction, at + 2


@kernel
def _field(data, at, end, keys, lengths):
    """(number of the field whose quoted name is here, where its value begins); -1 as above."""
    bad = np.int64(-1), np.int64(-1)
    if at >= end or data[at] != 34:
        return bad
    at += 1
    begin = at
    while at < end and data[at] != 34:
        at += 1
    length = at - begin
    found = np.int64(-1)
    for k in range(lengths.shape[0]):
        if lengths[k] == length:
            same = True
            for j in range(length):
                if keys[k, j] != data[begin + j]:
                    same = False
                    break
            if same:
                found = np.int64(k)
                break
    at = _skip(data, at + 1, end)
    if found < 0 or at >= end or data[at] != 58:
        return bad
    return found, _skip(data, at + 1, end)


@kernel
def _is_null(data, at, end):
    return (
        at + 4 <= end and data[at] == 110 and data[at + 1] == 117 and data[at + 2] == 108
        and data[at + 3] == 108
    )  # fmt: skip


@kernel
def _next(data, at, end, close):
    """(0 = a comma, 1 = the end, -1 = neither; where what follows begins)."""
    at = _skip(data, at, end)
    if at < end and data[at] == 44:
        return np.int64(0), _skip(data, at + 1, end)
    if at < end and data[at] == close:
        return np.int64(1), at + 1
    return np.int64(-1), at


@kernel
def _column(data, at, end, integers, bits, first, rows, column):
    """Read one array into its rows of `bits`; where it ends, -1 as above."""
    if at >= end or data[at] != 91:
        return np.int64(-1)
    at = _skip(data, at + 1, end)
    for row in range(rows):
        if _is_null(data, at, end):
            at += 4
        elif integers:
            whole, at = _integer(data, at, end)
            if at < 0 or whole < 0 or whole > 6:
                return np.int64(-1)
            _, bits[first + row, column] = float_bits(np.uint64(whole), np.int64(0))
        else:
            bits[first + row, column], at = _number(data, at, end)
            if at < 0:
                return np.int64(-1)
        last, at = _next(data, at, end, 93)
        if last < 0 or (last == 1) != (row == rows - 1):
            return np.int64(-1)
    return at


@kernel
def _steps(data, at, end, observed_us, first, rows):
    """Read dt_ms into `observed_us`; where it ends, -1 as above."""
    if at >= end or data[at] != 91:
        return np.int64(-1)
    at = _skip(data, at + 1, end)
    for row in range(rows):
        ms, at = _integer(data, at, end)
        if at < 0 or ms < -_MOST_MS or ms > _MOST_MS:
            return np.int64(-1)
        observed_us[first + row] = ms * 1000
        last, at = _next(data, at, end, 93)
        if last < 0 or (last == 1) != (row == rows - 1):
            return np.int64(-1)
    return at


@kernel
def _read_body(
    data, at, end, first, rows, keys, lengths, integers, interval, observed_us, bits, numbers, i
):
    """True where the whole body was of the plain shape."""
    at = _skip(data, at, end)
    if rows < 1 or at >= end or data[at] != 123:
        return False
    at = _skip(data, at + 1, end)
    seen, t0_us, measured = np.int64(0), np.int64(0), False
    for row in range(rows):
        observed_us[first + row] = 0
    last = np.int64(0)
    while last == 0:
        field, at = _field(data, at, end, keys, lengths)
        if field < 0 or seen >> field & 1:
            return False
        seen |= np.int64(1) << field
        if field == _V:
            version, at = _integer(data, at, end)
            if version != 1:
                return False
        elif field == _T0:
            t0_us, at = _time(data, at, end)
        elif field == _DT_MS:
            at = _steps(data, at, end, observed_us, first, rows)
        elif field == _INTERVAL_S:
            value, at = _number(data, at, end)
            for row in range(rows):
                bits[first + row, interval] = value
        elif field < _T0:
            number, at = _integer(data, at, end)
            if number < 0 or number > MAX_SEQ:
                return False
            numbers[field - _SEQ, i] = number
        else:
            column = field - len(SCALARS)
            at = _column(data, at, end, integers[field], bits, first, rows, column)
            measured = True
        if at < 0:
            return False
        last, at = _next(data, at, end, 125)
    needed = (np.int64(1) << _V) | (np.int64(1) << _T0)
    if last < 0 or not measured or seen & needed != needed or _skip(data, at, end) != end:
        return False
    for row in range(rows):
        observed_us[first + row] += t0_us
    return True


@kernel
def read_bodies(
    data: Bytes,
    starts: Ints,
    first: Ints,
    keys: NDArray[np.uint8],
    lengths: Ints,
    integers: NDArray[np.bool_],
    interval: int,
    observed_us: Ints,
    bits: NDArray[np.uint64],
    numbers: Ints,
    taken: NDArray[np.bool_],
) -> None:
    """Read body i, data[starts[i]:starts[i + 1]], into rows first[i] to first[i + 1].

    keys, lengths, integers, interval : of `ingest.plain.scan.Shape`.
    bits : uint64[rows, columns], the bits of the float64 values; numbers : int64[3, n], seq, run
    and oldest; taken : bool[n], False where nothing written there counts.
    """
    for i in range(taken.shape[0]):
        rows = first[i + 1] - first[i]
        taken[i] = _read_body(
            data, starts[i], starts[i + 1], first[i], rows, keys, lengths, integers, interval,
            observed_us, bits, numbers, i,
        )  # fmt: skip
