"""Evidence of an anomaly in figures: what was expected with its range, used, in excess, and why.

Expected is what this meter used at the same local hours of the same kind of day (workday, day off)
in the four weeks before the onset. The range is how far spans of the same length in the eight weeks
before lay from what was expected of them in the same way. A likelier cause than a fault is named
where the data show one; it clears nothing. Pure: `analyse-meter` and the stream's alerts ask this
one function, and what came after `known_us` changes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from contracts.kinds import Anomaly, LikelierCause
from customer_context.metering.use import EPOCH, HOLIDAYS, Decided, Floats, Int64s, Use, days_off

METHOD = 1
"""Version of this method; alerts store it with their figures."""
HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
HOURS = 24
EXPECTED_DAYS = 28
RANGE_DAYS = 56
LONGEST_DAYS = 60  # of an episode, as far as spans of its length are looked for
MOST_STEP_DAYS = 7  # between spans that the range is made of
LEAST_DAYS = 7
LEAST_SPANS = 5
RANGE = (0.1, 0.9)
MOST_SIMILAR = 5
KINDS = (
    Anomaly.SPIKE, Anomaly.ZERO, Anomaly.STUCK, Anomaly.BASE_LOAD_RISE, Anomaly.NEGATIVE,
    Anomaly.SUSTAINED_DROP,
)  # fmt: skip
"""Kinds whose evidence is energy; of the others there is none."""
CERTAIN = (Anomaly.GAP, Anomaly.NEGATIVE, Anomaly.REGISTER_BACKWARDS)
CAR_KW = (3.4, 22.5)  # what a car draws at a wall box (IEC 61851, mode 3)
CAR_LEAST_US = HOUR_US
CAR_EVEN = 0.15  # of its power, from interval to interval
WARMER_K, HOT_C = 4.0, 20.0  # than the four weeks before, and in the mean
COLDER_K, COLD_C = 4.0, 8.0


@dataclass(frozen=True, slots=True)
class Episode:
    """An anomaly. end_us : None = it lasts; known_us : what the stream knew then is looked at."""

    kind: str
    start_us: int
    end_us: int | None
    known_us: int

    @property
    def since_us(self) -> int:
        """From when on use is compared with it; what was before changes nothing."""
        length = (self.known_us if self.end_us is None else self.end_us) - self.start_us
        reach = (RANGE_DAYS + EXPECTED_DAYS) * DAY_US + min(length, LONGEST_DAYS * DAY_US)
        return self.start_us - reach


@dataclass(frozen=True, slots=True)
class Weather:
    """Hourly outdoor temperatures: int64[n] begin, ascending; float64[n] °C, NaN = not known."""

    t_us: Int64s
    celsius: Floats


@dataclass(frozen=True, slots=True)
class Price:
    """What a kWh costs, gross.

    source : where it stands; at : starts as local wall time, int64[n] → float64[n]
    """

    source: str
    at: Callable[[Int64s], Floats]


def fixed_price(source: str, per_kwh: float) -> Price:
    """Return one price for all times."""
    return Price(source, lambda local_us: np.full(local_us.size, per_kwh))


def confidence(kind: str, observed: float | None, threshold: float | None) -> float | None:
    """Return 0.5 to 1: how far the observed value lies beyond the threshold, as a share of it.

    None where either is not known.
    """
    if kind in CERTAIN:
        return 1.0
    if observed is None or threshold is None:
        return None
    far, near = abs(observed), abs(threshold)
    if kind == Anomaly.SUSTAINED_DROP:
        far, near = near, far
    return _number(1.0 - 0.5 * min(near / far, 1.0), 3) if far > 0.0 else 0.5


def explain(
    decided: Decided,
    episode: Episode,
    weather: Weather | None = None,
    price: Price | None = None,
    country: str | None = None,
) -> dict[str, Any]:
    """Return the evidence of an episode, plain values.

    `energy` (None where there are no figures, then `why_not` is not_in_energy, nothing_measured or
    short_past), `similar_days`, `likelier_cause`, and `usual_w`: the power that is expected by hour
    of a workday and of a day off. decided : what was measured, in order of time.
    """
    found: dict[str, Any] = {
        "energy": None, "why_not": None, "usual_w": None, "similar_days": [],
        "likelier_cause": None,
    }  # fmt: skip
    if episode.kind not in KINDS:
        return found | {"why_not": "not_in_energy"}
    use = decided.known(episode.since_us, episode.known_us)
    span = _span(use, episode)
    if span.stop <= span.start:
        return found | {"why_not": "nothing_measured"}
    off = days_off(use.local_us // DAY_US, country)
    here = _Home(use, off)
    past = here.past(episode.start_us, EXPECTED_DAYS)
    found["similar_days"] = _similar(use, off, span, past)
    found["likelier_cause"] = _cause(here, span, episode, weather, country)
    usual = here.usual(past)
    if usual is None:
        return found | {"why_not": "short_past"}
    found["energy"] = _energy(here, usual, span, episode.start_us, price)
    found["usual_w"] = {
        name: [_number(1e3 * kw, 1) for kw in usual[first : first + HOURS].tolist()]
        for name, first in (("workday", 0), ("day_off", HOURS))
    }
    return found


class _Home:
    """The use with what is computed of it once.

    slot : hour of the day, + 24 on days off; hours : length; kw : mean power
    """

    def __init__(self, use: Use, off: Floats) -> None:
        self.use = use
        self.slot = np.asarray(
            use.local_us // HOUR_US % HOURS + HOURS * off.astype(np.int64), np.int64
        )
        self.hours = (use.end_us - use.start_us) / HOUR_US
        self.kw = use.energy_kwh / self.hours

    def past(self, start_us: int, days: int) -> slice:
        """Return the intervals of so many days before an instant."""
        ends = [start_us - days * DAY_US, start_us]
        first, last = np.searchsorted(self.use.start_us, ends).tolist()
        return slice(first, last)

    def usual(self, past: slice) -> Floats | None:
        """Return the mean power of the slots in the past, kW: float64[48], NaN = never measured.

        None if too little was measured.
        """
        if self.hours[past].sum() < LEAST_DAYS * HOURS:
            return None
        energy = np.bincount(self.slot[past], self.use.energy_kwh[past], 2 * HOURS)
        hours = np.bincount(self.slot[past], self.hours[past], 2 * HOURS)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = energy / hours
        return np.where(hours > 0.0, mean, np.roll(mean, HOURS))  # the other kind of day, for want


def _span(use: Use, episode: Episode) -> slice:
    if not use.start_us.size:
        return slice(0, 0)
    end = int(use.end_us[-1]) if episode.end_us is None else episode.end_us
    ends = [episode.start_us, max(end, episode.start_us + 1)]
    first, last = np.searchsorted(use.start_us, ends).tolist()
    return slice(first, last)


def _energy(
    here: _Home, usual: Floats, span: slice, start_us: int, price: Price | None
) -> dict[str, Any] | None:
    use, hours, slot = here.use, here.hours, here.slot
    each = usual[slot[span]] * hours[span]
    expected = float(each.sum())
    if not np.isfinite(expected):
        return None
    low = high = None
    ratios = _ratios(here, span, start_us)
    if len(ratios) >= LEAST_SPANS:
        low, high = (_number(max(q, 0.0) * expected, 3) for q in np.quantile(ratios, RANGE))
    excess = use.energy_kwh[span] - each
    cost = None
    if price is not None:
        cost = _number(float(price.at(use.local_us[span]) @ excess), 2)
    return {
        "expected_kwh": _number(expected, 3),
        "low_kwh": low,
        "high_kwh": high,
        "observed_kwh": _number(float(use.energy_kwh[span].sum()), 3),
        "excess_kwh": _number(float(excess.sum()), 3),
        "excess_cost": cost,
        "price_source": None if price is None or cost is None else price.source,
    }


def _ratios(here: _Home, span: slice, start_us: int) -> list[float]:
    """Return use over expected use of spans of the same length in the weeks before."""
    use = here.use
    size = span.stop - span.start
    day = round(HOURS / float(np.median(here.hours)))
    step = max(min(size, MOST_STEP_DAYS * day), day)
    before = here.past(start_us, RANGE_DAYS)
    ratios = []
    for last in range(before.stop, max(before.start, size) - 1, -step):
        one = slice(last - size, last)
        usual = here.usual(here.past(int(use.start_us[one.start]), EXPECTED_DAYS))
        if usual is None:
            break
        expected = float(usual[here.slot[one]] @ here.hours[one])
        if np.isfinite(expected) and expected > 0.0:
            ratios.append(float(use.energy_kwh[one].sum()) / expected)
    return ratios


def _similar(use: Use, off: Floats, span: slice, past: slice) -> list[dict[str, Any]]:
    """Return the latest days before of the kind of the first day, with their energy."""
    day = use.local_us // DAY_US
    kind, first = off[span.start], day[span.start]
    found = [d for d in np.unique(day[past][off[past] == kind]).tolist() if d < first]
    return [
        {
            "date": (EPOCH + timedelta(days=d)).isoformat(),
            "energy_kwh": _number(float(use.energy_kwh[past][day[past] == d].sum()), 3),
        }
        for d in found[-MOST_SIMILAR:]
    ]


def _cause(
    here: _Home, span: slice, episode: Episode, weather: Weather | None, country: str | None
) -> LikelierCause | None:
    """Name what explains the anomaly without a fault, if the data show it."""
    use, kind, start = here.use, episode.kind, episode.start_us
    if kind == Anomaly.SPIKE and _is_car(here, span):
        return LikelierCause.ELECTRIC_CAR
    if kind == Anomaly.BASE_LOAD_RISE and weather is not None:
        end = int(use.end_us[span.stop - 1]) if episode.end_us is None else episode.end_us
        now, usual = _mean_c(weather, start, end), _mean_c(weather, start - 28 * DAY_US, start)
        if now is not None and usual is not None:
            if now >= max(usual + WARMER_K, HOT_C):
                return LikelierCause.HEAT
            if now <= min(usual - COLDER_K, COLD_C):
                return LikelierCause.COLD
    if kind in (Anomaly.SPIKE, Anomaly.BASE_LOAD_RISE) and country is not None:
        days = np.unique(use.local_us[span] // DAY_US)
        dates = {EPOCH + timedelta(days=int(d)) for d in days}
        free = {d for year in {d.year for d in dates} for d in HOLIDAYS[country](year)}
        if 2 * len(dates & free) >= len(dates):
            return LikelierCause.PUBLIC_HOLIDAY
    return None


def _is_car(here: _Home, span: slice) -> bool:
    """Tell whether a spike is an even power of a wall box for an hour or more."""
    use, kw = here.use, here.kw
    first, last = span.start, span.stop
    while last < kw.size and abs(kw[last] - kw[first]) <= CAR_EVEN * abs(kw[first]):
        last += 1
    block = kw[first:last]
    if not (CAR_KW[0] <= float(block.min()) and float(block.max()) <= CAR_KW[1]):
        return False
    even = float(block.max() - block.min()) <= 2.0 * CAR_EVEN * float(block.mean())
    return even and int(use.end_us[last - 1] - use.start_us[first]) >= CAR_LEAST_US


def _mean_c(weather: Weather, start: int, end: int) -> float | None:
    first, last = np.searchsorted(weather.t_us, [start, end]).tolist()
    part = weather.celsius[first:last]
    part = part[np.isfinite(part)]
    return float(part.mean()) if part.size >= HOURS else None


def _number(value: float, digits: int) -> float | None:
    return round(float(value), digits) if np.isfinite(value) else None
