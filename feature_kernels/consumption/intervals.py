"""One interval into the day, the habits and the anomalies; holes between interval values."""

import numpy as np

from feature_kernels.consumption import carry as C
from feature_kernels.consumption.anomalies import (
    clear_anomaly,
    end_same,
    end_zero,
    is_open,
    judge_negative,
    judge_refused,
    judge_same,
    judge_spike,
    judge_zero,
    raise_anomaly,
)
from feature_kernels.consumption.days import close_day, enter_block, flush_hour, open_day
from feature_kernels.consumption.limits import is_impossible
from feature_kernels.consumption.profile import (
    slot_of,
    teach_profile,
    usual_of_slot,
    usual_power,
)
from feature_kernels.consumption.rows import DROP, GAP, NEGATIVE, RISE, SPIKE, write_interval
from feature_kernels.consumption.sustained_drop import judge_drop
from feature_kernels.kernel import hot_kernel, lean_kernel

DAY_US_F = 86_400_000_000.0
HOUR_US_F = 3_600_000_000.0

READ = 6.0  # Messwertstatus ABGELESEN
SUBSTITUTE = 5.0  # ERSATZWERT
UNUSABLE = 1.0  # NICHT_VERWENDBAR
MISSING = 0.0  # FEHLT

# Why an interval is not as read: codes of contracts.quality.Reason.
AS_READ = 0.0
HOLE = 1.0
IMPLAUSIBLE = 2.0
WRONG_READING = 3.0
UNKNOWN_USE = 4.0
EXCHANGED = 5.0
CORRECTED = 6.0


@hot_kernel
def push_inline(
    c, p, out, count, device, start, end, local, energy, status, estimated, reason, decided
):
    """Write an interval's row and let everything that follows intervals see it.

    out : (intervals, days, anomalies), float64 tables
    energy : kWh, NaN = missing; status, reason : codes of contracts.quality; estimated : 1 = by us
    """
    write_interval(
        out[0], count, device, start, end, local, energy, status, estimated, reason, decided
    )
    length = end - start
    day = c[C.DAY]
    if not (c[C.HAS_DAY] > 0.0 and day * DAY_US_F <= local < (day + 1.0) * DAY_US_F):
        day = np.floor(local / DAY_US_F)
    contiguous = abs(start - c[C.NEXT_START]) <= 0.5 * c[C.INTERVAL_US]
    if c[C.HAS_DAY] > 0.0 and day > c[C.DAY]:
        tail = 0.0 if contiguous else (c[C.DAY] + 1.0) * DAY_US_F - c[C.DAY_END_LOCAL]
        close_day(c, p, out[1], count, device, tail, decided)
        judge_drop(c, p, out[2], count, device, decided)
    if c[C.HAS_DAY] == 0.0:
        open_day(c, day, start, 0.0 if contiguous else local - day * DAY_US_F)
    enter_block(c, p, out[2], count, device, local, start, decided)
    c[C.NEXT_START] = end
    c[C.DAY_END_LOCAL] = local + length
    if energy != energy or status <= UNUSABLE:
        c[C.DAY_MISSING_US] += length
        return
    if status < READ or estimated > 0.0:
        c[C.DAY_ESTIMATED_KWH] += energy
        c[C.DAY_ESTIMATED_US] += length
        return
    c[C.DAY_KWH] += energy
    c[C.DAY_MEASURED_US] += length
    hour = (local - day * DAY_US_F) / HOUR_US_F
    if hour >= p.night_from_h or hour < p.night_to_h:
        c[C.DAY_NIGHT_KWH] += energy
    if length < 0.99 * c[C.INTERVAL_US]:
        return  # the piece of an interval, beside a reset: counts, but says nothing
    power = energy * 3.6e12 / length
    c[C.DAY_MIN_W] = min(c[C.DAY_MIN_W], power)
    if power > c[C.DAY_MAX_W]:
        c[C.DAY_MAX_W] = power
        c[C.DAY_PEAK_T] = start
    judge(c, p, out[2], count, device, start, end, local, day, hour, energy, power, decided)
    c[C.LAST_E] = power
    c[C.HAS_LAST_E] = 1.0


@lean_kernel
def push(c, p, out, count, device, start, end, local, energy, status, estimated, reason, decided):
    """`push_inline` as a call, for where intervals are rare: each copy of it is large."""
    push_inline(
        c, p, out, count, device, start, end, local, energy, status, estimated, reason, decided
    )


@hot_kernel
def judge(c, p, anomalies, count, device, start, end, local, day, hour, energy, power, decided):
    """Judge a measured interval, then let it teach if nothing is wrong with it.

    day : local day of its start, since 1970; hour : hours that have passed of it
    """
    slot = slot_of(day, hour)
    usual = usual_of_slot(c, slot)
    negative = judge_negative(c, p, anomalies, count, device, start, local, power, usual, decided)
    zero = judge_zero(c, p, anomalies, count, device, start, end, power, decided)
    same = judge_same(
        c, p, anomalies, count, device, start, end, energy, c[C.ZERO_US] > 0.0, decided
    )
    spike = judge_spike(c, p, anomalies, count, device, start, end, power, usual, decided)
    muted = c[C.MUTE] > 0.0
    c[C.MUTE] = 0.0
    c[C.EXPORTING] = 0.0
    if zero or same:
        c[C.DAY_TAINTED] = 1.0
        c[C.BLOCK_TAINTED] = 1.0
    if zero or same or spike or negative or muted:
        return
    length = end - start
    begin = HOUR_US_F * c[C.HOUR]
    if not begin <= start < begin + HOUR_US_F:
        flush_hour(c, p)
        c[C.HOUR] = np.floor(start / HOUR_US_F)
        c[C.HOUR_LOCAL] = np.floor(hour)
    c[C.HOUR_KWH] += energy
    c[C.HOUR_US] += length
    c[C.DAY_HABIT_MAX_W] = max(c[C.DAY_HABIT_MAX_W], power)
    if power > c[C.TOP]:
        c[C.TOP + 2] = c[C.TOP + 1]
        c[C.TOP + 1] = c[C.TOP]
        c[C.TOP] = power
    elif power > c[C.TOP + 1]:
        c[C.TOP + 2] = c[C.TOP + 1]
        c[C.TOP + 1] = power
    elif power > c[C.TOP + 2]:
        c[C.TOP + 2] = power
    if not is_open(c, RISE) and not is_open(c, DROP):
        teach_profile(c, p, slot, power)


@lean_kernel
def write_gap(c, anomalies, count, device, start, end, limit_us, usual_us, decided):
    """Write both rows of a gap: it is found when the next reading ends it."""
    hours = (end - start) / HOUR_US_F
    severity = 1.0
    if hours >= 6.0:
        severity = 3.0 if hours >= 24.0 else 2.0
    raise_anomaly(
        c,
        anomalies,
        count,
        device,
        GAP,
        start,
        hours,
        usual_us / HOUR_US_F,
        limit_us / HOUR_US_F,
        severity,
        decided,
    )
    clear_anomaly(c, anomalies, count, device, GAP, end, decided)


@lean_kernel
def end_runs(c, anomalies, count, device, decided):
    """End runs and spikes where the data break off for long."""
    end_zero(c, anomalies, count, device, c[C.ZERO_END], decided)
    end_same(c, anomalies, count, device, c[C.SAME_END], decided)
    if is_open(c, SPIKE):
        clear_anomaly(c, anomalies, count, device, SPIKE, c[C.NEXT_START], decided)
    if is_open(c, NEGATIVE):
        clear_anomaly(c, anomalies, count, device, NEGATIVE, c[C.NEXT_START], decided)


@hot_kernel
def take_energy(c, p, out, count, device, t, local, energy, length, status):
    """Take the energy (kWh) of the interval that starts at t; fill the hole before it."""
    c[C.INTERVAL_US] = length
    # most intervals of a home are below one circuit's power and need no look
    if (
        abs(energy) * HOUR_US_F > p.doubt_kw * length
        and status > UNUSABLE
        and is_impossible(c, p, t, energy, length, status >= READ)
    ):
        refuse(c, p, out, count, device, t, local, energy, length, status)
        return
    if c[C.NEXT_START] > 0.0 and t - c[C.NEXT_START] >= 0.5 * length:
        enter_hole(c, p, out, count, device, t, local, energy, length)
    push_inline(c, p, out, count, device, t, t + length, local, energy, status, 0.0, AS_READ, t)


@lean_kernel
def enter_hole(c, p, out, count, device, t, local, energy, length):
    """Report and fill what is missing before the interval from t."""
    hole = t - c[C.NEXT_START]
    missing = np.floor(hole / length + 0.5)
    limit = max(p.gap_hours * HOUR_US_F, p.gap_intervals * length)
    if hole > limit:
        write_gap(c, out[2], count, device, c[C.NEXT_START], t, limit, length, t)
    if missing >= 1.0:
        fill(c, p, out, count, device, t, local, energy, length, hole, missing)
        c[C.MUTE] = 1.0


@lean_kernel
def refuse(c, p, out, count, device, t, local, observed, length, status):
    """Estimate an interval whose value (kWh) cannot be use; report it if it is a spike.

    A value that the sender has estimated raises nothing.
    """
    energy = substitute(c, local, length)
    if c[C.NEXT_START] > 0.0 and t - c[C.NEXT_START] >= 0.5 * length:
        enter_hole(c, p, out, count, device, t, local, energy, length)
    known = energy == energy
    push(
        c,
        p,
        out,
        count,
        device,
        t,
        t + length,
        local,
        energy,
        SUBSTITUTE if known else UNUSABLE,
        1.0 if known else 0.0,
        IMPLAUSIBLE,
        t,
    )
    if status >= READ:
        usual = usual_power(c, local)
        judge_refused(c, p, out[2], count, device, t, observed, length, usual, t)


@lean_kernel
def substitute(c, local, length):
    """Estimate one interval from what is known at its time, kWh: the meter's own hour, or the
    interval before it; NaN without either."""
    power = usual_power(c, local)
    if power != power and c[C.HAS_LAST_E] > 0.0:
        power = c[C.LAST_E]
    return power * length / 3.6e12


@lean_kernel
def fill(c, p, out, count, device, t, local, energy, length, hole, missing):
    """Estimate the missing intervals before t: a straight line, or the meter's own profile."""
    start = c[C.NEXT_START]
    offset = c[C.LAST_OFFSET]
    if hole > p.longest_fill_s * 1e6:
        end_runs(c, out[2], count, device, t)
        write_interval(
            out[0], count, device, start, t, start + offset, np.nan, MISSING, 0.0, HOLE, t
        )
        if c[C.HAS_DAY] > 0.0:
            tail = (c[C.DAY] + 1.0) * DAY_US_F - c[C.DAY_END_LOCAL]
            close_day(c, p, out[1], count, device, tail, t)
            judge_drop(c, p, out[2], count, device, t)
        c[C.NEXT_START] = 0.0
        return
    after = energy * 3.6e12 / length
    before = c[C.LAST_E] if c[C.HAS_LAST_E] > 0.0 else after
    for i in range(int(missing)):
        # the last one ends where the known interval starts
        begin = start + i * length
        end = t if i == int(missing) - 1 else begin + length
        usual = np.nan
        if hole > p.line_fill_s * 1e6:
            usual = usual_power(c, begin + offset)
        if usual != usual:
            usual = before + (after - before) * (i + 1.0) / (missing + 1.0)
        push(
            c,
            p,
            out,
            count,
            device,
            begin,
            end,
            begin + offset,
            usual * (end - begin) / 3.6e12,
            SUBSTITUTE if usual == usual else MISSING,
            1.0 if usual == usual else 0.0,
            HOLE,
            t,
        )
