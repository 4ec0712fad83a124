"""Convert decimal numbers to float64, rounded as Python rounds them.

Source: D. Lemire, "Number parsing at a gigabyte per second", Software: Practice and Experience 51
(2021); the 128-bit powers of ten are computed here from integers.
"""

import numpy as np

from feature_kernels.kernel import kernel

LOWEST_POWER, HIGHEST_POWER = -60, 60


def _powers() -> np.ndarray:
    """Compute uint64[powers, 2]: the first 128 bits of 10**q, high and low, rounded down."""
    table = np.empty((HIGHEST_POWER - LOWEST_POWER + 1, 2), np.uint64)
    for q in range(LOWEST_POWER, HIGHEST_POWER + 1):
        if q >= 0:
            value = 10**q
            shift = value.bit_length() - 128
            value = value >> shift if shift > 0 else value << -shift
        else:
            # The reciprocal is rounded up, as the algorithm requires for negative powers.
            power = 10**-q
            value = (1 << (power.bit_length() + 127)) // power + 1
            value >>= max(value.bit_length() - 128, 0)
        table[q - LOWEST_POWER] = value >> 64, value & (2**64 - 1)
    return table


POWERS = _powers()

_U = np.uint64
_LOW = _U(0xFFFFFFFF)
_32, _9BITS, _ALL = _U(32), _U(0x1FF), _U(0xFFFFFFFFFFFFFFFF)


@kernel
def _product(a, b):
    """Multiply two uint64 to 128 bits: (high half, low half)."""
    a_low, a_high = a & _LOW, a >> _32
    b_low, b_high = b & _LOW, b >> _32
    low, middle = a_low * b_low, a_high * b_low
    cross = (low >> _32) + (middle & _LOW) + a_low * b_high
    high = a_high * b_high + (middle >> _32) + (cross >> _32)
    return high, (cross << _32) | (low & _LOW)


@kernel
def float_bits(digits, power):
    """Compute (True, bits of the float64 nearest to digits · 10**power); (False, 0) if undecided.

    digits : uint64; power : int64.
    """
    zero = _U(0)
    if digits == zero:
        return True, zero
    if power < LOWEST_POWER or power > HIGHEST_POWER:
        return False, zero
    leading = 0
    while digits >> _U(63) == zero:
        digits <<= _U(1)
        leading += 1
    high, low = _product(digits, POWERS[power - LOWEST_POWER, 0])
    if high & _9BITS == _9BITS:
        more, _ = _product(digits, POWERS[power - LOWEST_POWER, 1])
        if low > _ALL - more:
            high += _U(1)
        low += more
    if low == _ALL and (power < -27 or power > 55):
        return False, zero
    upper = high >> _U(63)
    shift = upper + _U(9)
    mantissa = high >> shift
    exponent = ((217706 * power) >> 16) + 63 + np.int64(upper) - leading + 1023
    if exponent <= 0 or exponent >= 0x7FE:
        return False, zero
    halfway = low <= _U(1) and -4 <= power <= 23 and mantissa & _U(3) == _U(1)
    if halfway and mantissa << shift == high:
        mantissa &= ~_U(1)
    mantissa = (mantissa + (mantissa & _U(1))) >> _U(1)
    if mantissa >= _U(1) << _U(53):
        mantissa = _U(1) << _U(52)
        exponent += 1
    mantissa &= ~(_U(1) << _U(52))
    return True, mantissa | (_U(exponent) << _U(52))


@kernel
def whole_of(bits):
    """Convert the bits of a float64 to a whole number: (True, value); (False, 0) if it has a
    fraction, or is 2**53 or more."""
    exponent = np.int64((bits >> _U(52)) & _U(0x7FF)) - 1023
    if bits << _U(1) == _U(0):
        return True, np.int64(0)
    if exponent < 0 or exponent > 52:
        return False, np.int64(0)
    mantissa = (bits & ((_U(1) << _U(52)) - _U(1))) | (_U(1) << _U(52))
    places = _U(52 - exponent)
    if mantissa & ((_U(1) << places) - _U(1)) != _U(0):
        return False, np.int64(0)
    value = np.int64(mantissa >> places)
    return True, (-value if bits >> _U(63) != _U(0) else value)
