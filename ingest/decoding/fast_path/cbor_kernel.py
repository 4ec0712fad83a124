"""The kernel that reads plain CBOR bodies (see the package): one map of definite length.

A column is an array of numbers, or a typed array of RFC 8746, whose elements need no parsing.
Functions return the position after what they read, or -1 if they cannot read it: then the body is
not plain.

Sources: RFC 8949, section 3; RFC 8746, section 2.
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

_U = np.uint64
_0, _1, _8, _10, _23, _52, _62, _63 = map(_U, (0, 1, 8, 10, 23, 52, 62, 63))
_ALL = _U(0xFFFFFFFFFFFFFFFF)
_MAX_LENGTH = _U(1 << 40)
_NEGATIVE = _U(1 << 63)
_NULL = 22
_HALF, _SINGLE, _DOUBLE = 25, 26, 27


@kernel
def _head(data, at, end):
    """Read a head: (major type, low five bits, argument, end); end is -1 if it is not definite."""
    bad = np.int64(0), np.int64(0), _0, np.int64(-1)
    if at >= end:
        return bad
    major, info = np.int64(data[at] >> 5), np.int64(data[at] & 31)
    at += 1
    if info < 24:
        return major, info, _U(info), at
    if info > 27:
        return bad
    size = np.int64(1) << (info - 24)
    if at + size > end:
        return bad
    argument = _0
    for i in range(size):
        argument = (argument << _8) | _U(data[at + i])
    return major, info, argument, at + size


@kernel
def _length(argument, at, end):
    """Check that the argument is a length within the body; -1 if it reaches beyond."""
    if argument > _MAX_LENGTH or np.int64(argument) > end - at:
        return np.int64(-1)
    return np.int64(argument)


@kernel
def _widen(raw, exponent_bits, mantissa_bits):
    """Widen a smaller float: (0 = a number, 1 = NaN, -1 = infinite; the bits of the float64)."""
    top = (_1 << exponent_bits) - _1
    sign = (raw >> (exponent_bits + mantissa_bits)) & _1
    exponent = np.int64((raw >> mantissa_bits) & top)
    mantissa = raw & ((_1 << mantissa_bits) - _1)
    if exponent == np.int64(top):
        return (np.int64(-1) if mantissa == _0 else np.int64(1)), _0
    if exponent == 0:
        if mantissa == _0:
            return np.int64(0), sign << _63
        exponent = np.int64(1)
        while mantissa >> mantissa_bits == _0:
            mantissa = mantissa << _1
            exponent -= 1
        mantissa &= (_1 << mantissa_bits) - _1
    wide = _U(exponent - np.int64(top >> _1) + 1023)
    return np.int64(0), (sign << _63) | (wide << _52) | (mantissa << (_52 - mantissa_bits))


@kernel
def _float(raw, info):
    """As `_widen`, for a float of the size in `info`, the low five bits of the head."""
    if info == _HALF:
        return _widen(raw, _U(5), _10)
    if info == _SINGLE:
        return _widen(raw, _8, _23)
    if (raw >> _52) & _U(0x7FF) == _U(0x7FF):
        return (np.int64(-1) if raw << _U(12) == _0 else np.int64(1)), _0
    return np.int64(0), raw


@kernel
def _signed(negative, magnitude):
    """Convert a whole number to the bits of a float64."""
    _, bits = float_bits(magnitude, np.int64(0))
    return bits | _NEGATIVE if negative else bits


@kernel
def _number(data, at, end):
    """Read a number or null: (0 = a number, 1 = null; the bits of the float64; end)."""
    bad = np.int64(0), _0, np.int64(-1)
    major, info, argument, at = _head(data, at, end)
    if at < 0:
        return bad
    if major == 0:
        return np.int64(0), _signed(False, argument), at
    if major == 1 and argument != _ALL:
        return np.int64(0), _signed(True, argument + _1), at
    if major == 7 and info == _NULL:
        return np.int64(1), _0, at
    if major == 7 and _HALF <= info <= _DOUBLE:
        state, bits = _float(argument, info)
        if state == 0:
            return np.int64(0), bits, at
    return bad


@kernel
def _typed(data, at, end, rows):
    """Read the heads of a typed array of `rows` elements whose tag begins at `at`: (tag − 64, bytes
    per element, begin of its bytes); begin is -1 if there is none, or of a type we do not read."""
    bad = np.int64(0), np.int64(0), np.int64(-1)
    major, _, tag, at = _head(data, at, end)
    if at < 0 or major != 6 or tag < _U(64) or tag > _U(86):
        return bad
    kind = np.int64(tag) - 64  # bits: float, signed, little-endian, two for the size
    if kind == 12 or kind & 19 == 19:  # reserved, and floats of 16 bytes
        return bad
    size = np.int64(1) << (kind & 3)
    if kind & 16:
        size *= 2
    major, _, argument, at = _head(data, at, end)
    if at < 0 or major != 2 or _length(argument, at, end) != rows * size:
        return bad
    return kind, size, at


@kernel
def _element(data, at, kind, size):
    """Read the bits of an element, in either byte order."""
    raw = _0
    if kind & 4:
        for i in range(size):
            raw = (raw << _8) | _U(data[at + size - 1 - i])
    else:
        for i in range(size):
            raw = (raw << _8) | _U(data[at + i])
    return raw


@kernel
def _magnitude(raw, kind, size):
    """Split an element that is a whole number: (is it negative, its magnitude)."""
    bits = _U(8 * size)
    if kind & 8 and (raw >> (bits - _1)) & _1 != _0:
        return True, (_ALL >> (_U(64) - bits)) & (~raw + _1)
    return False, raw


@kernel
def _whole(data, at, end):
    """Read an integer of less than 2**62, or a float with an integral value below 2**53: (value,
    end)."""
    bad = np.int64(0), np.int64(-1)
    major, info, argument, at = _head(data, at, end)
    if at < 0:
        return bad
    if major == 7 and _HALF <= info <= _DOUBLE:
        state, bits = _float(argument, info)
        whole, value = whole_of(bits)
        return (value, at) if state == 0 and whole else bad
    if major > 1 or argument >> _62 != _0:
        return bad
    value = np.int64(argument)
    return (value if major == 0 else -1 - value), at


@kernel
def _whole_element(raw, kind, size):
    """Read an element of a typed array as a whole number: (0 = a number, 1 = NaN, -1 = neither, or
    2**53 and more; value)."""
    if kind & 16:
        state, bits = _float(raw, _HALF + (kind & 3))
        if state != 0:
            return state, np.int64(0)
        whole, value = whole_of(bits)
        return (np.int64(0) if whole else np.int64(-1)), value
    negative, magnitude = _magnitude(raw, kind, size)
    if magnitude >> _U(53) != _0:
        return np.int64(-1), np.int64(0)
    value = np.int64(magnitude)
    return np.int64(0), (-value if negative else value)


@kernel
def _column(data, at, end, integers, bits, first, rows, column):
    """Read one array into its rows of `bits`; null leaves the value there unchanged."""
    bad = np.int64(-1)
    if at >= end:
        return bad
    if data[at] >> 5 == 6:
        kind, size, at = _typed(data, at, end, rows)
        if at < 0:
            return bad
        for row in range(rows):
            raw = _element(data, at, kind, size)
            at += size
            if integers:
                state, value = _whole_element(raw, kind, size)
                if state < 0 or value < 0 or value > 6:
                    return bad
                if state == 0:
                    bits[first + row, column] = _signed(False, _U(value))
            elif kind & 16:
                state, wide = _float(raw, _HALF + (kind & 3))
                if state < 0:
                    return bad
                if state == 0:
                    bits[first + row, column] = wide
            else:
                negative, magnitude = _magnitude(raw, kind, size)
                bits[first + row, column] = _signed(negative, magnitude)
        return at
    major, _, argument, at = _head(data, at, end)
    if at < 0 or major != 4 or _length(argument, at, end) != rows:
        return bad
    for row in range(rows):
        if integers and not (at < end and data[at] == 0xF6):
            whole, at = _whole(data, at, end)
            if at < 0 or whole < 0 or whole > 6:
                return bad
            bits[first + row, column] = _signed(False, _U(whole))
            continue
        state, value, at = _number(data, at, end)
        if at < 0:
            return bad
        if state == 0:
            bits[first + row, column] = value
    return at


@kernel
def _steps(data, at, end, observed_us, first, rows):
    """Read dt_ms into `observed_us`."""
    bad = np.int64(-1)
    if at >= end:
        return bad
    if data[at] >> 5 == 6:
        kind, size, at = _typed(data, at, end, rows)
        if at < 0:
            return bad
        for row in range(rows):
            state, ms = _whole_element(_element(data, at, kind, size), kind, size)
            at += size
            if state != 0 or ms < -MAX_DT_MS or ms > MAX_DT_MS:
                return bad
            observed_us[first + row] = ms * 1000
        return at
    major, _, argument, at = _head(data, at, end)
    if at < 0 or major != 4 or _length(argument, at, end) != rows:
        return bad
    for row in range(rows):
        ms, at = _whole(data, at, end)
        if at < 0 or ms < -MAX_DT_MS or ms > MAX_DT_MS:
            return bad
        observed_us[first + row] = ms * 1000
    return at


@kernel
def _time(data, at, end):
    """Read a time, text or epoch milliseconds: (µs since 1970 UTC, end)."""
    bad = np.int64(0), np.int64(-1)
    if at < end and (data[at] >> 5 < 2 or 0xF9 <= data[at] <= 0xFB):
        ms, at = _whole(data, at, end)
        if at < 0 or ms < -MAX_EPOCH_MS or ms > MAX_EPOCH_MS:
            return bad
        return ms * 1000, at
    begin, at = _text(data, at, end)
    if at < 0:
        return bad
    us, behind = read_time(data, begin, at)
    if behind != at:
        return bad
    return us, at


@kernel
def _text(data, at, end):
    """Read a text: (begin, end) of its characters."""
    bad = np.int64(0), np.int64(-1)
    major, _, argument, at = _head(data, at, end)
    if at < 0 or major != 3:
        return bad
    length = _length(argument, at, end)
    if length < 0:
        return bad
    return at, at + length


@kernel
def count_cbor(data, at, end):
    """Count the elements of the first array after "dt_ms": 1 without it, 0 if it is no array."""
    while at + 6 < end:
        if (
            data[at] == 0x65
            and data[at + 1] == 100  # d
            and data[at + 2] == 116  # t
            and data[at + 3] == 95  # _
            and data[at + 4] == 109  # m
            and data[at + 5] == 115  # s
        ):
            major, _, argument, at = _head(data, at + 6, end)
            size = np.int64(1)
            if at >= 0 and major == 6:
                size = np.int64(1) << np.int64(argument & _U(3))
                if argument & _U(16) != _0:  # floats
                    size *= 2
                major, _, argument, at = _head(data, at, end)
            if at < 0 or (major != 4 and major != 2):
                return np.int64(0)
            length = _length(argument, at, end)
            return length // size if length > 0 else np.int64(0)
        at += 1
    return np.int64(1)


@kernel
def read_cbor(
    data, at, end, first, rows, keys, lengths, integers, interval, observed_us, bits, numbers,
    meter_numbers, i,
):  # fmt: skip
    """Read one body. Returns True if all of it is plain."""
    major, _, pairs, at = _head(data, at, end)
    if rows < 1 or at < 0 or major != 5 or pairs > _U(lengths.shape[0]):
        return False
    seen, t0_us, measured = np.int64(0), np.int64(0), False
    for row in range(rows):
        observed_us[first + row] = 0
    for _ in range(np.int64(pairs)):
        begin, at = _text(data, at, end)
        if at < 0:
            return False
        field = field_number(data, begin, at, keys, lengths)
        if field < 0 or seen >> field & 1:
            return False
        seen |= np.int64(1) << field
        if field == V:
            version, at = _whole(data, at, end)
            if version != 1:
                return False
        elif field == T0:
            t0_us, at = _time(data, at, end)
        elif field == DT_MS:
            at = _steps(data, at, end, observed_us, first, rows)
        elif field == INTERVAL_S:
            state, value, at = _number(data, at, end)
            if state != 0:
                return False
            for row in range(rows):
                bits[first + row, interval] = value
        elif field == METER_NUMBER:
            begin, at = _text(data, at, end)
            if at < 0 or at - begin > LONGEST_NUMBER or not is_plain_text(data, begin, at):
                return False
            meter_numbers[0, i], meter_numbers[1, i] = begin, at
        elif field < T0:
            number, at = _whole(data, at, end)
            if number < 0 or number > MAX_SEQ:
                return False
            numbers[field - SEQ, i] = number
        else:
            column = field - len(SCALARS)
            at = _column(data, at, end, integers[field], bits, first, rows, column)
            measured = True
        if at < 0:
            return False
    if at != end or not measured or seen & NEEDED != NEEDED:
        return False
    for row in range(rows):
        observed_us[first + row] += t0_us
    return True
