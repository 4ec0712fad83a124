"""Evidence of an anomaly in figures: what was expected with its range, used, in excess, and why.

Expected is what this meter used at the same local hours of the same kind of day (workday, day off)
in the four weeks before the onset. The range is how far spans of the same length in the eight weeks
before were from what was expected of them in the same way. A likelier cause than a fault is named
where the data show one; it clears nothing. Pure: `analyse-meter` and the stream's alerts ask this
one function, and what came after `known_us` changes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from math import isfinite
from typing import Any

import numpy as np

from contracts.kinds import Anomaly, LikelierCause
from customer_context.metering.use import (
    EPOCH,
    HOLIDAYS,
    Decided,
    Floats,
    Int64s,
    Use,
    days_off,
    quantiles,
    usual_us,
)
from feature_kernels.baseline import ratios_before, usual_power

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
    """Return the evidence of one episode of a meter (`Home.explain`)."""
    return Home.of(decided, country).explain(episode, weather, price)


@dataclass(frozen=True, slots=True)
class Home:
    """What a meter measured, in order of time, with what is computed of it once for all episodes.

    decided_us : when the stream knew of each; day : local, since 1970; off : 1 = weekend or holiday
    slot : hour of the local day, + 24 on days off; hours : length
    """

    use: Use
    decided_us: Int64s
    day: Int64s
    off: Floats
    slot: Int64s
    hours: Floats
    country: str | None

    @classmethod
    def of(cls, decided: Decided, country: str | None = None) -> "Home":
        """Compute what episodes share."""
        use = decided.use
        day = use.local_us // DAY_US
        off = days_off(day[:0], country)
        if day.size:
            since = int(day.min())
            off = days_off(np.arange(since, int(day.max()) + 1), country)[day - since]
        slot = np.asarray((use.local_us - day * DAY_US) // HOUR_US, np.int64)
        slot[off > 0.0] += HOURS
        hours = (use.end_us - use.start_us) / HOUR_US
        return cls(use, decided.decided_us, day, off, slot, hours, country)

    def explain(
        self, episode: Episode, weather: Weather | None = None, price: Price | None = None
    ) -> dict[str, Any]:
        """Return the evidence of an episode, plain values.

        `energy` (None where there are no figures, then `why_not` is not_in_energy, nothing_measured
        or short_past), `similar_days`, `likelier_cause`, and `usual_w`: the power that is expected
        by hour of a workday and of a day off.
        """
        found: dict[str, Any] = {
            "energy": None, "why_not": None, "usual_w": None, "similar_days": [],
            "likelier_cause": None,
        }  # fmt: skip
        if episode.kind not in KINDS:
            return found | {"why_not": "not_in_energy"}
        here = self._known(episode.since_us, episode.known_us)
        span = _span(here.use, episode)
        if span.stop <= span.start:
            return found | {"why_not": "nothing_measured"}
        past = here.past(episode.start_us, EXPECTED_DAYS)
        found["similar_days"] = _similar(here, span, past)
        found["likelier_cause"] = _cause(here, span, episode, weather)
        usual = usual_power(here.use.energy_kwh, here.hours, here.slot, past, LEAST_DAYS * HOURS)
        if usual is None:
            return found | {"why_not": "short_past"}
        found["energy"] = _energy(here, usual, span, episode.start_us, price)
        found["usual_w"] = {
            name: [_number(kw, 1) for kw in (1e3 * usual[first : first + HOURS]).tolist()]
            for name, first in (("workday", 0), ("day_off", HOURS))
        }
        return found

    def _known(self, since_us: int, until_us: int) -> "Home":
        """Return the intervals that begin at `since_us` or later, as they are known at a time."""
        first = int(np.searchsorted(self.use.start_us, since_us))
        known = self.decided_us[first:] <= until_us
        count = int(np.count_nonzero(known))
        part: slice | Int64s = slice(first, first + count)
        if not known[:count].all():
            part = first + np.flatnonzero(known)
        use = self.use
        return Home(
            Use(use.start_us[part], use.end_us[part], use.local_us[part], use.energy_kwh[part]),
            self.decided_us[part], self.day[part], self.off[part], self.slot[part],
            self.hours[part], self.country,
        )  # fmt: skip

    def past(self, start_us: int, days: int) -> slice:
        """Return the intervals of so many days before an instant."""
        ends = [start_us - days * DAY_US, start_us]
        first, last = np.searchsorted(self.use.start_us, ends).tolist()
        return slice(first, last)


def _span(use: Use, episode: Episode) -> slice:
    if not use.start_us.size:
        return slice(0, 0)
    end = int(use.end_us[-1]) if episode.end_us is None else episode.end_us
    ends = [episode.start_us, max(end, episode.start_us + 1)]
    first, last = np.searchsorted(use.start_us, ends).tolist()
    return slice(first, last)


def _energy(
    here: Home, usual: Floats, span: slice, start_us: int, price: Price | None
) -> dict[str, Any] | None:
    use, hours, slot = here.use, here.hours, here.slot
    each = usual[slot[span]] * hours[span]
    expected = float(each.sum())
    if not np.isfinite(expected):
        return None
    low = high = None
    ratios = _ratios(here, span, start_us)
    if ratios.size >= LEAST_SPANS:
        low, high = (_number(max(q, 0.0) * expected, 3) for q in quantiles(ratios, RANGE))
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


def _ratios(here: Home, span: slice, start_us: int) -> Floats:
    """Return use over expected use of spans of the same length in the weeks before."""
    size = span.stop - span.start
    day = round(DAY_US / usual_us(here.use.end_us - here.use.start_us))
    return ratios_before(
        here.use.start_us, here.use.energy_kwh, here.hours, here.slot,
        here.past(start_us, RANGE_DAYS), size, max(min(size, MOST_STEP_DAYS * day), day),
        EXPECTED_DAYS * DAY_US, LEAST_DAYS * HOURS,
    )  # fmt: skip


def _similar(here: Home, span: slice, past: slice) -> list[dict[str, Any]]:
    """Return the latest days before of the kind of the first day, with their energy."""
    day = here.day[past]
    if not day.size:
        return []
    since = int(day.min())
    energy = np.bincount(day - since, here.use.energy_kwh[past])
    same = np.bincount((day - since)[here.off[past] == here.off[span.start]])
    days = since + np.flatnonzero(same)
    return [
        {
            "date": (EPOCH + timedelta(days=d)).isoformat(),
            "energy_kwh": _number(float(energy[d - since]), 3),
        }
        for d in days[days < here.day[span.start]][-MOST_SIMILAR:].tolist()
    ]


def _cause(
    here: Home, span: slice, episode: Episode, weather: Weather | None
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
    if kind in (Anomaly.SPIKE, Anomaly.BASE_LOAD_RISE) and here.country is not None:
        dates = {EPOCH + timedelta(days=d) for d in set(here.day[span].tolist())}
        free = {d for year in {d.year for d in dates} for d in HOLIDAYS[here.country](year)}
        if 2 * len(dates & free) >= len(dates):
            return LikelierCause.PUBLIC_HOLIDAY
    return None


def _is_car(here: Home, span: slice) -> bool:
    """Return whether a spike is an even power of a wall box for an hour or more."""
    use, first, last = here.use, span.start, span.stop
    kw = use.energy_kwh[first:] / here.hours[first:]
    odd = ~(np.abs(kw[last - first :] - kw[0]) <= CAR_EVEN * abs(kw[0]))
    last += int(np.argmax(odd)) if odd.any() else odd.size
    block = kw[: last - first]
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
    return round(value, digits) if isfinite(value) else None
