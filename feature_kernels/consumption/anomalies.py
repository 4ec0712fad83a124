"""Spikes, negative, zero and stuck values: judged one by one against the meter's habit.

Base-load rise is judged when a block of hours closes (`base_load_rise.py`), a sustained drop
when a day does (`sustained_drop.py`), register anomalies with the
registers and gaps where holes are found.
"""

import numpy as np

from feature_kernels.consumption import carry as C
from feature_kernels.consumption.limits import connection_kw, is_code, limit_kw
from feature_kernels.consumption.rows import (
    CLEARED,
    NEGATIVE,
    RAISED,
    SPIKE,
    STUCK,
    ZERO,
    write_anomaly,
)
from feature_kernels.kernel import hot_kernel, lean_kernel

HOUR_US_F = 3_600_000_000.0
DAY_US_F = 86_400_000_000.0
NEGATIVE_SEVERITY = 2.0


@hot_kernel
def is_open(c, kind):
    """Tell whether an episode of this kind is open (its start is kept, 0 = none)."""
    return c[C.ANOMALY + 5 * kind] > 0.0


@lean_kernel
def raise_anomaly(
    c, out, count, device, kind, start, observed, expected, threshold, severity, decided
):
    """Open an episode and write its first row."""
    at = C.ANOMALY + 5 * kind
    c[at] = start
    c[at + 1] = observed
    c[at + 2] = expected
    c[at + 3] = threshold
    c[at + 4] = severity
    write_anomaly(
        out,
        count,
        device,
        kind,
        RAISED,
        start,
        0.0,
        observed,
        expected,
        threshold,
        severity,
        decided,
    )


@lean_kernel
def clear_anomaly(c, out, count, device, kind, end, decided):
    """Close the open episode and write its second row with the final evidence."""
    at = C.ANOMALY + 5 * kind
    write_anomaly(
        out,
        count,
        device,
        kind,
        CLEARED,
        c[at],
        end,
        c[at + 1],
        c[at + 2],
        c[at + 3],
        c[at + 4],
        decided,
    )
    c[at] = 0.0


@lean_kernel
def note_worse(c, kind, observed, severity):
    """Keep the worst evidence of the open episode for its last row."""
    at = C.ANOMALY + 5 * kind
    c[at + 1] = max(c[at + 1], observed)
    c[at + 4] = max(c[at + 4], severity)


@hot_kernel
def spike_threshold(c, p, highest):
    """Return the power from which on an interval is a spike, W; highest : W, the meter's own."""
    third = max(c[C.TOP + 2], c[C.TOP + 5])
    return max(p.spike_factor * highest, highest + p.spike_margin_w, p.spike_third_factor * third)


@lean_kernel
def remember_spike(c, p, start, peak):
    """Remember the spike that is over; a second one like it on another day makes a habit.

    What the connection cannot carry is no habit.
    """
    age = start - c[C.SPIKE_T]
    before = c[C.SPIKE_W]
    recent = c[C.SPIKE_T] > 0.0 and age <= p.spike_habit_days * DAY_US_F
    alike = before <= p.spike_habit_factor * peak and peak <= p.spike_habit_factor * before
    lower = min(peak, before)
    another = recent and age >= p.spike_habit_hours * HOUR_US_F
    if another and alike and lower <= connection_kw(c, p) * 1000.0:
        c[C.HABIT_MAX_W] = max(c[C.HABIT_MAX_W], lower)
    c[C.SPIKE_T] = start
    c[C.SPIKE_W] = peak


@hot_kernel
def judge_spike(c, p, out, count, device, start, end, power, usual, decided):
    """Return whether the interval belongs to a spike.

    power, usual : W, of this interval and of this hour in the profile (NaN = not known).
    """
    highest = max(c[C.HABIT_MAX_W], c[C.DAY_HABIT_MAX_W])
    threshold = spike_threshold(c, p, highest)
    if is_open(c, SPIKE):
        at = C.ANOMALY + 5 * SPIKE
        if power <= p.spike_clear_share * c[at + 3]:
            remember_spike(c, p, c[at], c[at + 1])
            clear_anomaly(c, out, count, device, SPIKE, start, decided)
        elif end - c[at] > p.spike_longest_s * 1e6:
            clear_anomaly(c, out, count, device, SPIKE, start, decided)
            c[C.HABIT_MAX_W] = max(c[C.HABIT_MAX_W], power)
        else:
            ratio = power / (c[at + 3] / p.spike_factor)
            note_worse(c, SPIKE, power, spike_severity(ratio))
        return is_open(c, SPIKE)
    if c[C.HABIT_DAYS] < p.habit_days or c[C.MUTE] > 0.0 or power <= threshold:
        return False
    expected = usual if usual == usual else highest
    severity = spike_severity(power / (threshold / p.spike_factor))
    raise_anomaly(
        c, out, count, device, SPIKE, start, power, expected, threshold, severity, decided
    )
    return True


@lean_kernel
def judge_refused(c, p, out, count, device, start, energy, length, usual, decided):
    """Report a value (kWh) that was refused as use because the connection cannot carry it.

    A utility wants to know of it like of any other spike. The code of an error, what is far above
    the limit, and what may have been held back through a hole or a run are no spike.
    usual : W, of this hour in the profile (NaN = not known).
    """
    power = energy * 3.6e12 / length
    if c[C.HABIT_DAYS] < p.habit_days or power > p.spike_beyond_factor * limit_kw(c, p) * 1000.0:
        return
    if c[C.MUTE] > 0.0 or is_open(c, ZERO) or is_open(c, STUCK) or is_code(energy):
        return
    if is_open(c, SPIKE):
        ratio = power / (c[C.ANOMALY + 5 * SPIKE + 3] / p.spike_factor)
        note_worse(c, SPIKE, power, spike_severity(ratio))
        return
    highest = max(c[C.HABIT_MAX_W], c[C.DAY_HABIT_MAX_W])
    threshold = spike_threshold(c, p, highest)
    if power <= threshold:
        return
    expected = usual if usual == usual else highest
    severity = spike_severity(power / (threshold / p.spike_factor))
    raise_anomaly(
        c, out, count, device, SPIKE, start, power, expected, threshold, severity, decided
    )


@lean_kernel
def spike_severity(ratio):
    """Grade a spike by how many times the highest it is: 1, from 3 times 2, from 5 times 3."""
    if ratio >= 5.0:
        return 3.0
    return 2.0 if ratio >= 3.0 else 1.0


@lean_kernel
def take_negative(c, p, out, count, device, start, local, power, usual, decided):
    """Take an import below zero, W: export, or an error; return whether it is an error."""
    day = np.floor(local / DAY_US_F)
    if start - c[C.NEGATIVE_T] > p.solar_days * DAY_US_F:
        c[C.NEGATIVE_DAYS] = 0.0
    if c[C.NEGATIVE_DAYS] == 0.0 or day != c[C.NEGATIVE_DAY]:
        c[C.NEGATIVE_DAYS] += 1.0
    c[C.NEGATIVE_DAY] = day
    c[C.NEGATIVE_T] = start
    fell = c[C.LAST_E] < p.negative_base_share * c[C.BASE_LOAD_W]
    # where no hour comes to rest, a low one says nothing; nor does nothing at all: power that
    # turns round does not stop at zero, and a register of import never falls below
    fell = fell and c[C.HAS_LAST_E] > 0.0 and c[C.RESTLESS] == 0.0 and c[C.LAST_E] > p.zero_w
    if c[C.NEGATIVE_DAYS] >= p.negative_days or (fell and not is_open(c, NEGATIVE)):
        c[C.SOLAR_T] = start
        if is_open(c, NEGATIVE):
            clear_anomaly(c, out, count, device, NEGATIVE, start, decided)
        return False
    if is_open(c, NEGATIVE):
        at = C.ANOMALY + 5 * NEGATIVE + 1
        c[at] = min(c[at], power)
    elif c[C.HABIT_DAYS] >= p.habit_days:
        expected = usual if usual == usual else 0.0
        raise_anomaly(
            c,
            out,
            count,
            device,
            NEGATIVE,
            start,
            power,
            expected,
            0.0,
            NEGATIVE_SEVERITY,
            decided,
        )
    return True


@hot_kernel
def judge_negative(c, p, out, count, device, start, local, power, usual, decided):
    """Return whether the interval is a negative value of a meter that does not export."""
    if c[C.EXPORTING] > 0.0:
        c[C.SOLAR_T] = start
        return False
    if power < -p.negative_w:
        return take_negative(c, p, out, count, device, start, local, power, usual, decided)
    if is_open(c, NEGATIVE):
        clear_anomaly(c, out, count, device, NEGATIVE, start, decided)
    return False


@lean_kernel
def run_severity(hours):
    """Grade a zero or stuck run by its length: 1, from one day 2, from three days 3."""
    if hours >= 72.0:
        return 3.0
    return 2.0 if hours >= 24.0 else 1.0


@hot_kernel
def judge_zero(c, p, out, count, device, start, end, power, decided):
    """Follow a run of zeros; return whether the interval belongs to an open episode.

    A flat register means no use, or a register that is stuck: the power column decides, and
    without one it counts as stuck. An interval in which the meter exported is no zero.
    """
    kind = ZERO
    if c[C.SOURCE] == 2.0 and not (c[C.HAS_POWER] > 0.0 and abs(c[C.POWER_W]) <= p.zero_clear_w):
        kind = STUCK
    opened = c[C.ZERO_US] > 0.0 and (is_open(c, ZERO) or is_open(c, STUCK))
    if abs(power) <= (p.zero_clear_w if opened else p.zero_w) and c[C.EXPORTING] == 0.0:
        if c[C.ZERO_US] == 0.0:
            c[C.ZERO_START] = start
        c[C.ZERO_US] += end - start
        c[C.ZERO_END] = end
        hours = c[C.ZERO_US] / HOUR_US_F
        if opened:
            note_worse(c, ZERO if is_open(c, ZERO) else STUCK, hours, run_severity(hours))
        elif (
            c[C.HABIT_DAYS] >= p.habit_days
            and hours >= c[C.LIMIT_ZERO_H]
            and c[C.ZERO_US] >= 2.0 * c[C.INTERVAL_US]
        ):
            raise_anomaly(
                c,
                out,
                count,
                device,
                kind,
                c[C.ZERO_START],
                hours,
                c[C.HABIT_ZERO_H],
                c[C.LIMIT_ZERO_H],
                run_severity(hours),
                decided,
            )
            opened = True
        return opened
    if c[C.ZERO_US] > 0.0:
        end_zero(c, out, count, device, c[C.ZERO_END], decided)
    return False


@lean_kernel
def end_zero(c, out, count, device, end, decided):
    """End the run of zeros: clear its episode, or remember its length as habit."""
    if c[C.ZERO_US] == 0.0:
        return
    if is_open(c, ZERO):
        clear_anomaly(c, out, count, device, ZERO, end, decided)
        c[C.MUTE] = 1.0
    elif is_open(c, STUCK):
        clear_anomaly(c, out, count, device, STUCK, end, decided)
        c[C.MUTE] = 1.0
    else:
        c[C.DAY_ZERO_H] = max(c[C.DAY_ZERO_H], c[C.ZERO_US] / HOUR_US_F)
    c[C.ZERO_US] = 0.0


@hot_kernel
def judge_same(c, p, out, count, device, start, end, energy, zero, decided):
    """Follow a run of one repeated value that is not zero; return whether it is an episode."""
    if not zero and c[C.SAME_N] > 0.0 and abs(energy - c[C.SAME_KWH]) <= p.same_kwh:
        c[C.SAME_N] += 1.0
        c[C.SAME_US] += end - start
        c[C.SAME_END] = end
        hours = c[C.SAME_US] / HOUR_US_F
        if is_open(c, STUCK):
            note_worse(c, STUCK, hours, run_severity(hours))
            return True
        limit = c[C.LIMIT_SAME_H]
        if abs(energy) <= (p.coarse_steps + 0.5) * c[C.QUANTUM_KWH]:
            limit = max(limit, p.stuck_coarse_hours)
        if c[C.HABIT_DAYS] >= p.habit_days and hours >= limit and c[C.SAME_N] >= p.stuck_intervals:
            raise_anomaly(
                c,
                out,
                count,
                device,
                STUCK,
                c[C.SAME_START],
                hours,
                c[C.HABIT_SAME_H],
                limit,
                run_severity(hours),
                decided,
            )
            return True
        return False
    step = abs(energy - c[C.SAME_KWH])
    if c[C.SAME_N] > 0.0 and step > p.same_kwh:
        c[C.QUANTUM_KWH] = step if c[C.QUANTUM_KWH] == 0.0 else min(step, c[C.QUANTUM_KWH])
    if c[C.SAME_N] > 1.0:  # one value alone is no run
        end_same(c, out, count, device, c[C.SAME_END], decided)
    if zero:
        end_same(c, out, count, device, c[C.SAME_END], decided)
    else:
        c[C.SAME_START] = start
        c[C.SAME_US] = end - start
        c[C.SAME_N] = 1.0
        c[C.SAME_KWH] = energy
        c[C.SAME_END] = end
    return False


@lean_kernel
def end_same(c, out, count, device, end, decided):
    """End the run of one value: clear its episode, or remember its length as habit."""
    if c[C.SAME_N] == 0.0:
        return
    if is_open(c, STUCK):
        clear_anomaly(c, out, count, device, STUCK, end, decided)
        c[C.MUTE] = 1.0
    elif c[C.SAME_N] > 1.0:
        c[C.DAY_SAME_H] = max(c[C.DAY_SAME_H], c[C.SAME_US] / HOUR_US_F)
    c[C.SAME_N] = 0.0
    c[C.SAME_US] = 0.0
