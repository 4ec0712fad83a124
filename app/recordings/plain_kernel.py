"""Numbers and times of a column of text, in one pass over its bytes (`plain_cells.py`)."""

import numpy as np

from feature_kernels.kernel import lean_kernel

MOST_DIGITS = 15  # any such number is exact in float64, so one division rounds once
MINUS, PLUS, POINT, ZERO, NINE, COLON = 45, 43, 46, 48, 57, 58
LETTER_T, LETTER_Z, SPACE = 84, 90, 32
MONTH_DAYS = np.array([31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
MINUTE_US, DAY_US = 60_000_000, 86_400_000_000


@lean_kernel
def read_numbers(data, edges, tens, values):
    """Read numbers like -12.345; an empty cell is NaN.

    data : uint8, text of all cells; edges : int32[n + 1]; tens : powers of ten

    Returns whether all cells are such numbers and their points are certainly no separators of
    thousands: a zero before it, more than three digits before it, or not three behind it.
    """
    points = False
    certain = False
    for row in range(values.shape[0]):
        at = edges[row]
        end = edges[row + 1]
        if at == end:
            values[row] = np.nan
            continue
        negative = data[at] == MINUS
        if negative:
            at += 1
        first = at
        number = 0
        point = -1
        while at < end:
            byte = data[at]
            if ZERO <= byte <= NINE:
                number = number * 10 + int(byte) - ZERO
            elif byte == POINT and point < 0:
                point = at
            else:
                return False
            at += 1
            if at - first > MOST_DIGITS:
                return False
        before = (point if point >= 0 else end) - first
        behind = end - point - 1 if point >= 0 else 0
        if before == 0 or (point >= 0 and behind == 0):
            return False
        value = number / tens[behind]
        values[row] = -value if negative else value
        points = points or point >= 0
        if before > 3 or (point >= 0 and (behind != 3 or data[first] == ZERO)):
            certain = True
    return certain or not points


@lean_kernel
def two_digits(data, at):
    """Return the number that two digits from `at` make, or -1000."""
    tens = int(data[at]) - ZERO
    ones = int(data[at + 1]) - ZERO
    return tens * 10 + ones if 0 <= tens <= 9 and 0 <= ones <= 9 else -1000


@lean_kernel
def same_bytes(data, one, other, n):
    """Tell whether n bytes from two places are the same."""
    different = 0
    for i in range(n):
        different += data[one + i] != data[other + i]
    return different == 0


@lean_kernel
def days_to(year, month, day):
    """Return the days from 1970-01-01 to a day of the Gregorian calendar, or -1 for no such day.

    Source: H. Hinnant, chrono-compatible low-level date algorithms (days_from_civil).
    """
    if year < 1970 or month < 1 or month > 12 or day < 1 or day > MONTH_DAYS[month - 1]:
        return -1
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if month == 2 and day == 29 and not leap:
        return -1
    shifted = year - 1 if month <= 2 else year
    era = shifted // 400
    of_era = shifted - era * 400
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


@lean_kernel
def read_times(data, edges, wall_us, offset_us):
    """Read times like 2026-11-21T10:00, 2026-11-21 10:00:00.5Z or 2026-11-21T10:00:00+01:00.

    data : uint8, text of all cells; edges : int32[n + 1]

    Returns 0 where a cell is another, 1 where no cell has an offset, 2 where all have.
    """
    aware = 0
    days = -1
    date = -1  # where the last date stands
    for row in range(wall_us.shape[0]):
        at = edges[row]
        end = edges[row + 1]
        if end - at < 16 or data[at + 4] != MINUS or data[at + 7] != MINUS:
            return 0
        if (data[at + 10] != LETTER_T and data[at + 10] != SPACE) or data[at + 13] != COLON:
            return 0
        if date < 0 or not same_bytes(data, date, at, 10):
            year = 100 * two_digits(data, at) + two_digits(data, at + 2)
            days = days_to(year, two_digits(data, at + 5), two_digits(data, at + 8))
            date = at
        hour = two_digits(data, at + 11)
        minute = two_digits(data, at + 14)
        if days < 0 or hour < 0 or hour > 23 or minute < 0 or minute > 59:
            return 0
        at += 16
        us = 0
        if at < end and data[at] == COLON:
            second = two_digits(data, at + 1) if end - at >= 3 else -1
            if second < 0 or second > 59:
                return 0
            us = second * 1_000_000
            at += 3
            if at < end and data[at] == POINT:
                at += 1
                unit = 1_000_000
                while at < end and ZERO <= data[at] <= NINE and unit > 1:
                    unit //= 10
                    us += (int(data[at]) - ZERO) * unit
                    at += 1
                if unit == 1_000_000:
                    return 0
        wall_us[row] = days * DAY_US + (hour * 60 + minute) * MINUTE_US + us
        if at == end:
            continue
        aware += 1
        if end - at == 1 and data[at] == LETTER_Z:
            offset_us[row] = 0
            continue
        if end - at != 6 or data[at + 3] != COLON or (data[at] != PLUS and data[at] != MINUS):
            return 0
        hours = two_digits(data, at + 1)
        minutes = two_digits(data, at + 4)
        if hours < 0 or hours > 23 or minutes < 0 or minutes > 59:
            return 0
        offset = (hours * 60 + minutes) * MINUTE_US
        offset_us[row] = -offset if data[at] == MINUS else offset
    if aware == 0:
        return 1
    return 2 if aware == wall_us.shape[0] else 0
