"""What the connection carries and what this home is used to: which values cannot be use."""

import numpy as np

from feature_kernels.consumption import carry as C
from feature_kernels.kernel import hot_kernel, lean_kernel

HOUR_US_F = 3_600_000_000.0
LEAST_CODE = 9_999.0  # Wh; smaller powers of two and nines occur as values


@hot_kernel
def connection_kw(c, p):
    """Return the most power that the connection carries, kW."""
    return max(p.highest_power_kw, c[C.LIMIT_W] / 1000.0)


@hot_kernel
def own_highest_kw(c):
    """Return the meter's own highest power of the last weeks, kW; 0 = not known."""
    return max(c[C.HABIT_MAX_W], c[C.DAY_HABIT_MAX_W]) / 1000.0


@lean_kernel
def is_code(kwh):
    """Tell whether a value looks like the code of an error: 2^n, 2^n - 1 or nines in whole Wh."""
    for scale in (1000.0, 1.0):
        n = np.floor(abs(kwh) * scale + 0.5)
        if n < LEAST_CODE or abs(abs(kwh) * scale - n) > 1e-9 * n:
            continue
        power = 16_384.0
        nines = 10_000.0
        while power <= n + 1.0 or nines <= n + 1.0:
            if n == power or n == power - 1.0 or n == nines - 1.0:
                return True
            power *= 2.0
            nines *= 10.0
    return False


@lean_kernel
def shows_larger(c, p, start, end, power):
    """Note a power (W) above the limit; tell whether a row of them shows a larger connection."""
    size = abs(power)
    follows = c[C.OVER_N] > 0.0 and c[C.OVER_T] == start and size != c[C.OVER_W]
    alike = 0.5 * c[C.OVER_W] <= size <= 2.0 * c[C.OVER_W]
    c[C.OVER_N] = c[C.OVER_N] + 1.0 if follows and alike else 1.0
    c[C.OVER_W] = size
    c[C.OVER_T] = end
    if c[C.OVER_N] < p.larger_values:
        return False
    c[C.OVER_N] = 0.0
    c[C.LIMIT_W] = 2.0 * size
    return True


@hot_kernel
def limit_kw(c, p):
    """Return what no interval value can exceed as use, kW."""
    return max(connection_kw(c, p), p.spike_factor * c[C.HABIT_MAX_W] / 1000.0)


@lean_kernel
def is_impossible(c, p, t, energy, length, read):
    """Tell whether the energy (kWh) of the interval from t cannot be use.

    read : False = the sender has estimated it: it shows nothing of the connection
    """
    kw = abs(energy) * HOUR_US_F / length
    if kw > limit_kw(c, p):
        return not read or not shows_larger(c, p, t, t + length, kw * 1000.0)
    used_to = c[C.HABIT_DAYS] >= p.habit_days
    return used_to and kw > p.code_factor * own_highest_kw(c) and is_code(energy)


@hot_kernel
def silence_us(c, p):
    """Return the distance of a register's reads from which on it was silent, µs."""
    return max(
        p.gap_hours * HOUR_US_F, p.gap_intervals * c[C.INTERVAL_US], p.gap_usual * c[C.USUAL_US]
    )


@hot_kernel
def plausible(c, p, t_from, kwh_from, t, kwh):
    """Tell whether a register can have gone from one read to another."""
    use = kwh - kwh_from
    hours = (t - t_from) / HOUR_US_F
    return -p.register_jitter_kwh <= use <= p.register_burst_kwh + connection_kw(c, p) * hours


@lean_kernel
def mean_kw(c):
    """Return the meter's mean power by its load profile, kW."""
    total = 0.0
    known = 0.0
    for slot in range(48):
        if c[C.PROFILE_N + slot] > 0.0:
            total += c[C.PROFILE + slot]
            known += 1.0
    return total / known / 1000.0 if known > 0.0 else 0.0


@lean_kernel
def within_habit(c, p, use, hours):
    """Tell whether this home can have used so much (kWh) in hours of silence."""
    if c[C.HABIT_DAYS] < 1.0:
        return True
    factor = p.silence_factor * (1.0 if c[C.HABIT_DAYS] >= p.habit_days else 2.0)
    highest = own_highest_kw(c)
    usual = max(factor * mean_kw(c), p.silence_share * highest)
    full = min(hours, p.silence_full_h)
    return use <= p.register_burst_kwh + max(highest, usual) * full + usual * (hours - full)


@lean_kernel
def believable(c, p, t, kwh):
    """Tell whether the register can have gone from its last accepted read to this one as use."""
    if not plausible(c, p, c[C.REG_MOVED], c[C.REG_KWH], t, kwh):
        return False
    if c[C.READS] < 3.0 or t - c[C.REG_T] <= silence_us(c, p):
        return True
    return within_habit(c, p, kwh - c[C.REG_KWH], (t - c[C.REG_MOVED]) / HOUR_US_F)


@lean_kernel
def doubtful(c, p, t, kwh):
    """Tell whether a believable step is more than this home has shown."""
    hours = max(t - c[C.REG_MOVED], c[C.INTERVAL_US], p.doubt_s * 1e6) / HOUR_US_F
    most = max(p.doubt_kw, p.doubt_factor * own_highest_kw(c))
    return kwh - c[C.REG_KWH] > most * hours


@hot_kernel
def undo_us(c, p):
    """Return how long a step can be undone, µs."""
    return max(p.undo_s * 1e6, p.undo_reads * c[C.USUAL_US])


@lean_kernel
def came_back(c, p, t, kwh):
    """Tell whether the register is where it would be without its greatest step of late."""
    if c[C.JUMP_T] == 0.0 or t - c[C.JUMP_T] > undo_us(c, p):
        return False
    if c[C.REG_KWH] - kwh > max(c[C.JUMP_USE], c[C.JUMP_LOST]) + p.register_jitter_kwh:
        return False
    return plausible(c, p, c[C.JUMP_T], c[C.JUMP_KWH], t, kwh)
