"""Registers into interval energy: interpolation, long holes, rollover, exchange, misreads."""

import numpy as np

from feature_kernels.consumption import carry as C
from feature_kernels.consumption.anomalies import clear_anomaly, judge_refused, raise_anomaly
from feature_kernels.consumption.intervals import (
    AS_READ,
    CORRECTED,
    EXCHANGED,
    HOLE,
    HOUR_US_F,
    MISSING,
    READ,
    SUBSTITUTE,
    UNKNOWN_USE,
    WRONG_READING,
    end_runs,
    push,
    push_inline,
    write_gap,
)
from feature_kernels.consumption.limits import (
    believable,
    came_back,
    doubtful,
    is_code,
    plausible,
    shows_larger,
    silence_us,
    undo_us,
)
from feature_kernels.consumption.profile import usual_power
from feature_kernels.consumption.rows import BACKWARDS
from feature_kernels.kernel import hot_kernel, lean_kernel


@hot_kernel
def open_interval(c, t, offset, kwh, read):
    """Begin the interval at t with the register (kWh) there; read : 1 = it was read."""
    c[C.OPEN_START] = t
    c[C.OPEN_LOCAL] = t + offset
    c[C.OPEN_KWH] = kwh
    c[C.OPEN_READ] = read


@lean_kernel
def start_register(c, t, offset, kwh):
    """Take the first read of a register: energy counts from here."""
    c[C.REG_T] = t
    c[C.REG_KWH] = kwh
    c[C.REG_MOVED] = t
    c[C.HELD_T] = 0.0
    c[C.JUMP_T] = 0.0
    c[C.JUMP_USE] = 0.0
    c[C.JUMP_LOST] = 0.0
    open_interval(c, t, offset, kwh, 1.0)


@hot_kernel
def close_interval(c, p, out, count, device, end, kwh, read, offset, reason, decided):
    """Close the open interval with the register (kWh) at its end and begin the next."""
    is_read = read > 0.0 and c[C.OPEN_READ] > 0.0
    status = READ if is_read else SUBSTITUTE
    energy = kwh - c[C.OPEN_KWH]
    push_inline(
        c,
        p,
        out,
        count,
        device,
        c[C.OPEN_START],
        end,
        c[C.OPEN_LOCAL],
        energy,
        status,
        0.0 if is_read else 1.0,
        AS_READ if is_read else reason,
        decided,
    )
    open_interval(c, end, offset, kwh, read)


@hot_kernel
def usual_of(c, begin, end):
    """Return what this home usually uses from begin to end (µs), apart from the unit."""
    usual = usual_power(c, begin + c[C.LAST_OFFSET])
    if usual < 0.0:
        usual = 0.0  # the mean of an hour with exports
    return usual * (end - begin)


@lean_kernel
def usual_of_hole(c, t_from, t, edge):
    """Return the sum of `usual_of` over the pieces between edges; 0 where an hour is not known."""
    total = 0.0
    begin = t_from
    while begin < t:
        end = min(edge, t)
        usual = usual_of(c, begin, end)
        if usual != usual:
            return 0.0
        total += usual
        begin = end
        edge += c[C.INTERVAL_US]
    return total


@lean_kernel
def segment(c, p, out, count, device, t, offset, kwh, reason, decided):
    """Book the use between the last accepted read and this one on the grid of intervals.

    Over a hole the register rises as on days like these, the later ones of more weight (the
    profile); over a short one, or without a profile, it is a straight line. The grid is that of
    UTC. A fall is booked where it corrects (`undo`).
    """
    t_from = c[C.REG_T]
    kwh_from = c[C.REG_KWH]
    length = c[C.INTERVAL_US]
    elapsed = t - t_from
    use = kwh - kwh_from
    undoes = reason == CORRECTED
    if use < 0.0 and not undoes:
        use = 0.0
    kwh = kwh_from + use
    greatest = use >= c[C.JUMP_USE] and c[C.JUMP_LOST] == 0.0
    if not undoes and (greatest or t_from - c[C.JUMP_T] > undo_us(c, p)):
        c[C.JUMP_T] = t_from
        c[C.JUMP_KWH] = kwh_from
        c[C.JUMP_USE] = use
        c[C.JUMP_LOST] = 0.0
    limit = silence_us(c, p)
    if c[C.READS] >= 3.0 and elapsed > limit:
        write_gap(c, out[2], count, device, t_from, t, limit, c[C.USUAL_US], decided)
    near = elapsed <= p.bracket_intervals * length and not undoes
    if use > 0.0:
        c[C.REG_MOVED] = t
    old = c[C.LAST_OFFSET]
    edge = (np.floor(c[C.OPEN_START] / length) + 1.0) * length
    if not near and c[C.READS] >= 1.0:
        c[C.MUTE] = 1.0
    total = 0.0
    long = elapsed > p.line_fill_s * 1e6 and elapsed <= p.longest_spread_s * 1e6
    if long and not near and not undoes:
        total = usual_of_hole(c, t_from, t, edge)
    so_far = 0.0
    begin = t_from
    while edge <= t:
        exact = edge == t
        share = (edge - t_from) / elapsed
        if total > 0.0:
            so_far += usual_of(c, begin, edge)
            begin = edge
            share = so_far / total
        at_edge = kwh if exact else kwh_from + use * share
        read = 1.0 if near or exact else 0.0
        close_interval(
            c, p, out, count, device, edge, at_edge, read, offset if exact else old, reason, decided
        )
        edge += length
        if not near and edge < t and elapsed > p.longest_spread_s * 1e6:
            edge = np.floor(t / length) * length
    c[C.USUAL_US] += (
        elapsed if c[C.READS] == 0.0 else 0.1 * (min(elapsed, 4.0 * c[C.USUAL_US]) - c[C.USUAL_US])
    )
    c[C.READS] += 1.0
    c[C.REG_T] = t
    c[C.REG_KWH] = kwh


@lean_kernel
def break_register(c, p, out, count, device, t, offset, kwh, reason, decided):
    """End the old register's counting and begin anew at t: what lies between is not known."""
    if c[C.REG_T] > c[C.OPEN_START]:
        close_interval(
            c,
            p,
            out,
            count,
            device,
            c[C.REG_T],
            c[C.REG_KWH],
            1.0,
            c[C.LAST_OFFSET],
            HOLE,
            decided,
        )
    push(
        c,
        p,
        out,
        count,
        device,
        c[C.OPEN_START],
        t,
        c[C.OPEN_LOCAL],
        np.nan,
        MISSING,
        0.0,
        reason,
        decided,
    )
    end_runs(c, out[2], count, device, decided)
    t_from = c[C.REG_T]
    kwh_from = c[C.REG_KWH]
    start_register(c, t, offset, kwh)
    if reason != EXCHANGED:  # if the register comes back, nothing is lost
        c[C.JUMP_T] = t_from
        c[C.JUMP_KWH] = kwh_from
        c[C.JUMP_LOST] = kwh - kwh_from


@lean_kernel
def undo(c, p, out, count, device, t, offset, kwh):
    """Take back the greatest step of late: this read shows that it was none.

    The rows written since stay; the correction stands in the interval that this read ends, so
    the energies add up to the register again.
    """
    lost = c[C.JUMP_LOST]
    c[C.JUMP_T] = 0.0
    c[C.JUMP_USE] = 0.0
    c[C.JUMP_LOST] = 0.0
    c[C.OPEN_READ] = 0.0
    c[C.HELD_T] = 0.0
    segment(c, p, out, count, device, t, offset, kwh + lost, CORRECTED, t)
    c[C.REG_KWH] = kwh
    c[C.REG_MOVED] = t
    c[C.OPEN_KWH] -= lost


@lean_kernel
def report_backwards(c, p, out, count, device, start, end, observed, expected, severity, decided):
    """Write both rows of a register that ran backwards."""
    raise_anomaly(
        c,
        out[2],
        count,
        device,
        BACKWARDS,
        start,
        observed,
        expected,
        expected - p.register_jitter_kwh,
        severity,
        decided,
    )
    clear_anomaly(c, out[2], count, device, BACKWARDS, end, decided)


@lean_kernel
def report_step(c, p, out, count, device, start, end, use, decided):
    """Report a register's step (kWh) that was refused as the use of its time, and has stayed."""
    length = max(end - start, c[C.INTERVAL_US])
    usual = usual_power(c, start + c[C.LAST_OFFSET])
    judge_refused(c, p, out[2], count, device, start, use, length, usual, decided)


@lean_kernel
def believe_held(c, p, out, count, device, decided):
    """Decide that the held read was right: a rollover, a reset, or a jump forward."""
    t = c[C.HELD_T]
    kwh = c[C.HELD_KWH]
    offset = c[C.HELD_OFFSET]
    before = c[C.REG_KWH]
    t_from = c[C.REG_T]
    wrap = 10.0**p.register_digits
    if before < 0.1 * wrap:
        wrap = 0.1 * wrap
    c[C.HELD_T] = 0.0
    if kwh < before and before < wrap and plausible(c, p, c[C.REG_MOVED], before, t, kwh + wrap):
        segment(c, p, out, count, device, t, offset, kwh + wrap, HOLE, decided)
        c[C.REG_KWH] = kwh
        c[C.OPEN_KWH] -= wrap
        c[C.JUMP_KWH] -= wrap
        return
    if kwh >= before:
        power = (kwh - before) * 3.6e12 / (t - t_from)
        if shows_larger(c, p, t_from, t, power):
            segment(c, p, out, count, device, t, offset, kwh, HOLE, decided)
            c[C.LAST_OFFSET] = offset
            return
    elif c[C.READS] > 0.0:  # a first read alone may as well have been the wrong one
        severity = 3.0 if before - kwh >= 10.0 else 2.0
        report_backwards(c, p, out, count, device, t, decided, kwh, before, severity, decided)
    heard = t - t_from <= silence_us(c, p)
    moved = c[C.REG_MOVED]
    break_register(c, p, out, count, device, t, offset, kwh, UNKNOWN_USE, decided)
    if heard and kwh > before:
        report_step(c, p, out, count, device, moved, t, kwh - before, decided)
    c[C.LAST_OFFSET] = offset


@lean_kernel
def hold(c, t, offset, kwh, fits):
    """Let a read wait for the next one; fits : 1 = it may be use."""
    c[C.HELD_T] = t
    c[C.HELD_KWH] = kwh
    c[C.HELD_OFFSET] = offset
    c[C.HELD_FITS] = fits


@lean_kernel
def confirm_held(c, p, out, count, device, decided):
    """Accept the held read as use: the next one has not come back."""
    t = c[C.HELD_T]
    kwh = c[C.HELD_KWH]
    offset = c[C.HELD_OFFSET]
    c[C.HELD_T] = 0.0
    if c[C.READS] == 0.0:  # such a step after a first read says that the first was wrong
        break_register(c, p, out, count, device, t, offset, kwh, UNKNOWN_USE, decided)
    else:
        segment(c, p, out, count, device, t, offset, kwh, HOLE, decided)
    c[C.LAST_OFFSET] = offset


@lean_kernel
def drop_held(c, p, out, count, device, t, kwh):
    """Decide that the held read was wrong: this one fits the reads before it."""
    follows = kwh >= c[C.HELD_KWH] > c[C.REG_KWH]
    if follows and c[C.HELD_T] - c[C.REG_T] <= silence_us(c, p):
        step = c[C.HELD_KWH] - c[C.REG_KWH]
        report_step(c, p, out, count, device, c[C.REG_MOVED], c[C.HELD_T], step, t)
    # a zero after boot is known and no anomaly
    if abs(c[C.HELD_KWH]) > p.register_jitter_kwh and c[C.HELD_KWH] < c[C.REG_KWH]:
        report_backwards(
            c, p, out, count, device, c[C.HELD_T], t, c[C.HELD_KWH], c[C.REG_KWH], 1.0, t
        )
    c[C.HELD_T] = 0.0


@lean_kernel
def weigh(c, p, out, count, device, t, offset, kwh):
    """Take a read that is not plainly use, or that follows a held one."""
    jitter = p.register_jitter_kwh
    if (
        c[C.HELD_T] > 0.0
        and c[C.HELD_FITS] > 0.0
        and kwh >= c[C.HELD_KWH] - jitter
        and plausible(c, p, c[C.HELD_T], c[C.HELD_KWH], t, kwh)
    ):
        confirm_held(c, p, out, count, device, t)
    believed = believable(c, p, t, kwh)
    doubted = not believed or doubtful(c, p, t, kwh)
    falls = kwh < c[C.REG_KWH] - jitter
    # a step as large as an earlier fall takes the fall back
    rises = c[C.JUMP_LOST] < 0.0 and kwh - c[C.REG_KWH] >= -c[C.JUMP_LOST] - jitter
    if (falls or rises) and came_back(c, p, t, kwh):
        undo(c, p, out, count, device, t, offset, kwh)
        return
    if believed:
        reason = HOLE
        if c[C.HELD_T] > 0.0:
            drop_held(c, p, out, count, device, t, kwh)
            reason = WRONG_READING
        if doubted:
            hold(c, t, offset, kwh, 1.0)
            return
        segment(c, p, out, count, device, t, offset, kwh, reason, t)
        return
    if is_code(kwh):
        return
    if c[C.HELD_T] > 0.0:
        still_zero = abs(kwh) <= jitter and abs(c[C.HELD_KWH]) <= jitter
        if still_zero and t - c[C.HELD_T] < p.zero_register_s * 1e6:
            return
        follows = plausible(c, p, c[C.HELD_T], c[C.HELD_KWH], t, kwh)
        believe_held(c, p, out, count, device, t)
        if follows:
            segment(c, p, out, count, device, t, offset, kwh, HOLE, t)
            return
    hold(c, t, offset, kwh, 0.0)


@hot_kernel
def take_register(c, p, out, count, device, t, offset, kwh, exchanged):
    """Take one read (kWh) at t; exchanged : the meter's key changed since the last."""
    if c[C.OPEN_START] == 0.0:
        start_register(c, t, offset, kwh)
        return
    if exchanged:
        c[C.HELD_T] = 0.0
        break_register(c, p, out, count, device, t, offset, kwh, EXCHANGED, t)
        return
    use = kwh - c[C.REG_KWH]
    # what one circuit uses needs no look
    quiet_us = max(c[C.INTERVAL_US], p.doubt_s * 1e6)
    quiet = -p.register_jitter_kwh <= use and use * HOUR_US_F <= p.doubt_kw * quiet_us
    if quiet and c[C.HELD_T] == 0.0 and c[C.JUMP_LOST] >= 0.0:
        segment(c, p, out, count, device, t, offset, kwh, HOLE, t)
        return
    weigh(c, p, out, count, device, t, offset, kwh)
