"""The seven anomalies that `prove anomalies` puts into a meter's data."""

from dataclasses import dataclass

import numpy as np

from contracts.kinds import Anomaly
from proving.meters.homes import DAY_US, HOUR_US, Meter

KINDS = {
    Anomaly.ZERO: 48.0,
    Anomaly.STUCK: 24.0,
    Anomaly.BASE_LOAD_RISE: 14 * 24.0,
    Anomaly.SPIKE: 0.0,
    Anomaly.SUSTAINED_DROP: 14 * 24.0,
    Anomaly.GAP: 12.0,
    Anomaly.NEGATIVE: 0.0,
}
"""Kind and its length, h; 0 = one interval."""

RISE_KW = 0.2
LEFT_OF_USE = 0.5
SPIKE_FACTOR = 10.0  # of the quantile
SPIKE_QUANTILE = 0.999
HISTORY_DAYS = 60
TAIL_DAYS = 30


@dataclass(frozen=True, slots=True)
class Truth:
    """What was injected: kind, and its first and last instant, µs."""

    kind: str
    start_us: int
    end_us: int


def inject(meter: Meter, kind: str, rng: np.random.Generator) -> tuple[Meter, Truth] | None:
    """Put one anomaly in, at a random time with a past of `HISTORY_DAYS`.

    Returns the meter up to `TAIL_DAYS` after it; None where it would change nothing.
    """
    length = round(KINDS[Anomaly(kind)] * HOUR_US) or meter.step_us
    first = int(meter.t_us[0]) + HISTORY_DAYS * DAY_US
    last = int(meter.t_us[-1]) - length - TAIL_DAYS * DAY_US
    if last <= first:
        return None
    start = int(meter.t_us[np.searchsorted(meter.t_us, rng.integers(first, last))])
    end = start + length
    part = meter.part(meter.t_us < end + TAIL_DAYS * DAY_US)
    inside = (part.t_us >= start) & (part.t_us < end)
    if inside.sum() < 0.9 * length / meter.step_us:
        return None  # a real gap
    kwh = part.kwh.copy()
    if kind == Anomaly.ZERO:
        kwh[inside] = 0.0
    elif kind == Anomaly.STUCK:
        at = np.flatnonzero(inside)
        if kwh[at[0]] <= 0.01:
            return None  # a zero
        kwh[at] = kwh[at[0]]
    elif kind == Anomaly.BASE_LOAD_RISE:
        kwh[inside] += RISE_KW * meter.step_us / HOUR_US
    elif kind == Anomaly.SPIKE:
        kwh[inside] = SPIKE_FACTOR * float(np.quantile(meter.kwh, SPIKE_QUANTILE))
    elif kind == Anomaly.SUSTAINED_DROP:
        kwh[inside] *= LEFT_OF_USE
    elif kind == Anomaly.NEGATIVE:
        if (meter.kwh < 0.0).any():
            return None  # it exports: a negative value is none of an error
        kwh[inside] = -np.maximum(kwh[inside], 0.01)
    changed = Meter(part.name, part.t_us, part.offset_us, kwh, part.weather)
    if kind == Anomaly.GAP:
        changed = changed.part(~inside)
    return changed, Truth(kind, start, end)
