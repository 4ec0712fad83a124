"""The kernel that reads plain JSON bodies (see the package).

Functions return the position after what they read (end), or -1 if they cannot read it: then the
body is not plain.
"""

import numpy as np

from contracts.telemetry import MAX_DT_MS, MAX_EPOCH_MS, MAX_SEQ
from feature_kernels.kernel import kernel
from ingest.decoding.fast_path.fields import (
    DT_MS,
    INTERVAL_S,
    LONGEST_NUMBER,
    METER_NUMBER,
    NEEDED,
    SCALARS,
    SEQ,
    T0,
    V,
    field_number,
    is_plain_text,
    read_time,
)
from ingest.decoding.fast_path.numbers import float_bits, whole_of


@kernel
def _is_space(byte):
    return byte == 32 or byte == 10 or byte == 13 or byte == 9


@kernel
def _skip(data, at, end):
    while at < end and _is_space(data[at]):
        at += 1
    return at


@kernel
def count_json(data, at, end):
    """Count the elements of the first array after "dt_ms": 1 without it."""
    rows = np.int64(1)
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
    return rows


@kernel
def _number(data, at, end):
    """Read a number: (bits of the float64, end); end is -1 if it is none, or cannot be rounded
    exactly here."""
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
def _integer(data, at, end):
    """Read a whole number, 1.0 and 1e3 too: (value, end); end is -1 if it is none, or has more than
    16 digits."""
    start = at
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
        bits, at = _number(data, start, end)
        whole, value = whole_of(bits)
        return value, (at if whole else np.int64(-1))
    return -value if negative else value, at


@kernel
def _time(data, at, end):
    """Read a time, quoted text or epoch milliseconds: (µs since 1970 UTC, end)."""
    bad = np.int64(0), np.int64(-1)
    if at < end and data[at] != 34:
        ms, at = _integer(data, at, end)
        if at < 0 or ms < -MAX_EPOCH_MS or ms > MAX_EPOCH_MS:
            return bad
        return ms * 1000, at
    us, at = read_time(data, at + 1, end)
    if at < 0 or at >= end or data[at] != 34:
        return bad
    return us, at + 1


@kernel
def _text_end(data, at, end):
    """Find the closing quote of the text whose opening quote is at `at`."""
    if at >= end or data[at] != 34:
        return np.int64(-1)
    at += 1
    while at < end and data[at] != 34:
        at += 1
    return at if at < end else np.int64(-1)


@kernel
def _field(data, at, end, keys, lengths):
    """Read a quoted field name and colon: (number of the field, begin of its value)."""
    bad = np.int64(-1), np.int64(-1)
    begin, at = at + 1, _text_end(data, at, end)
    if at < 0:
        return bad
    found = field_number(data, begin, at, keys, lengths)
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
    """Read a separator: (0 = comma, 1 = `close`, -1 = neither; begin of what follows)."""
    at = _skip(data, at, end)
    if at < end and data[at] == 44:
        return np.int64(0), _skip(data, at + 1, end)
    if at < end and data[at] == close:
        return np.int64(1), at + 1
    return np.int64(-1), at


@kernel
def _column(data, at, end, integers, bits, first, rows, column):
    """Read one array into its rows of `bits`; null leaves the value there unchanged."""
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
    """Read dt_ms into `observed_us`."""
    if at >= end or data[at] != 91:
        return np.int64(-1)
    at = _skip(data, at + 1, end)
    for row in range(rows):
        ms, at = _integer(data, at, end)
        if at < 0 or ms < -MAX_DT_MS or ms > MAX_DT_MS:
            return np.int64(-1)
        observed_us[first + row] = ms * 1000
        last, at = _next(data, at, end, 93)
        if last < 0 or (last == 1) != (row == rows - 1):
            return np.int64(-1)
    return at


@kernel
def read_json(
    data, at, end, first, rows, keys, lengths, integers, interval, observed_us, bits, numbers,
    meter_numbers, i,
):  # fmt: skip
    """Read one body. Returns True if all of it is plain."""
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
        if field == V:
            version, at = _integer(data, at, end)
            if version != 1:
                return False
        elif field == T0:
            t0_us, at = _time(data, at, end)
        elif field == DT_MS:
            at = _steps(data, at, end, observed_us, first, rows)
        elif field == INTERVAL_S:
            value, at = _number(data, at, end)
            for row in range(rows):
                bits[first + row, interval] = value
        elif field == METER_NUMBER:
            begin, at = at + 1, _text_end(data, at, end)
            if at < 0 or at - begin > LONGEST_NUMBER or not is_plain_text(data, begin, at):
                return False
            meter_numbers[0, i], meter_numbers[1, i] = begin, at
            at += 1
        elif field < T0:
            number, at = _integer(data, at, end)
            if number < 0 or number > MAX_SEQ:
                return False
            numbers[field - SEQ, i] = number
        else:
            column = field - len(SCALARS)
            at = _column(data, at, end, integers[field], bits, first, rows, column)
            measured = True
        if at < 0:
            return False
        last, at = _next(data, at, end, 125)
    if last < 0 or not measured or seen & NEEDED != NEEDED or _skip(data, at, end) != end:
        return False
    for row in range(rows):
        observed_us[first + row] += t0_us
    return True
