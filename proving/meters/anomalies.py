"""Inject anomalies into meters; count what `analyse-meter` finds, also without them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from app.analysis.meter import analyse_meter
from contracts.kinds import Anomaly
from feature_kernels.consumption import DEFAULTS, Parameters
from proving.meters.homes import DAY_US, Meter
from proving.meters.injection import KINDS, Truth, inject

ONSET_DAYS = 2.0
LASTS_US = 2**62
BROKEN: dict[str, dict[str, float]] = {
    "deaf-to-drops": {"drop_low_share": 0.1},
    "deaf-to-rises": {"rise_w": 900.0, "rise_fast_w": 900.0},
    "nervous": {"spike_factor": 1.0, "spike_margin_w": 0.0, "spike_third_factor": 0.5},
}
"""Parameters set wrong: what the proof must notice."""


@dataclass(frozen=True, slots=True)
class Episode:
    """One anomaly of an answer, µs."""

    kind: str
    start_us: int
    end_us: int
    raised_us: int


@dataclass(slots=True)
class Kind:
    """Counts of one kind: injected, found, with the onset within two days, raised too early."""

    injected: int = 0
    found: int = 0
    onset: int = 0
    early: int = 0
    missed: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Found:
    """What the proof counted."""

    kinds: dict[str, Kind] = field(default_factory=lambda: {kind: Kind() for kind in KINDS})
    false: Counter[str] = field(default_factory=Counter)
    meter_years: float = 0.0
    meters: int = 0

    @property
    def false_per_year(self) -> float:
        """Alarms on untouched data per meter and year; real gaps do not count."""
        return sum(self.false.values()) / max(self.meter_years, 1e-9)


def _us(text: str | None) -> int:
    return LASTS_US if text is None else round(datetime.fromisoformat(text).timestamp() * 1e6)


def episodes(meter: Meter, parameters: Parameters) -> list[Episode]:
    """Analyse the meter; return its anomalies."""
    answer: dict[str, Any] = analyse_meter(meter.table(), parameters)
    return [
        Episode(a["kind"], _us(a["start"]), _us(a["end"]), _us(a["raised_at"]))
        for a in answer["anomalies"]
    ]


def _count(kind: Kind, truth: Truth, known: set[tuple[str, int]], new: list[Episode]) -> bool:
    """Count one injection; return whether it was found."""
    kind.injected += 1
    hits = [
        e for e in new
        if e.kind == truth.kind and (e.kind, e.start_us) not in known
        and e.start_us < truth.end_us and e.end_us > truth.start_us
    ]  # fmt: skip
    if not hits:
        return False
    hit = min(hits, key=lambda e: abs(e.start_us - truth.start_us))
    kind.found += 1
    kind.onset += abs(hit.start_us - truth.start_us) <= ONSET_DAYS * DAY_US
    kind.early += hit.raised_us < truth.start_us
    return True


def prove(
    meters: Iterable[Meter],
    seed: int,
    rounds: int,
    broken: str | None = None,
) -> Found:
    """Inject each kind `rounds` times into each meter, one at a time.

    broken : a name of `BROKEN`
    """
    parameters = DEFAULTS._replace(**BROKEN[broken]) if broken is not None else DEFAULTS
    found = Found()
    for number, meter in enumerate(meters):
        rng = np.random.default_rng((seed, number))
        untouched = episodes(meter, parameters)
        known = {(e.kind, e.start_us) for e in untouched}
        found.meters += 1
        found.meter_years += meter.years
        found.false.update(e.kind for e in untouched if e.kind != Anomaly.GAP)
        for kind in KINDS:
            for _ in range(rounds):
                made = inject(meter, kind, rng)
                if made is None:
                    continue
                changed, truth = made
                count = found.kinds[kind]
                if not _count(count, truth, known, episodes(changed, parameters)):
                    count.missed.append(f"{meter.name} at {_iso(truth.start_us)}")
    return found


def _iso(t_us: int) -> str:
    return np.datetime_as_string(np.datetime64(t_us, "us"), unit="m") + "Z"


def problems(found: Found, recall: float, false: float) -> Iterator[str]:
    """Say what is less than asked for."""
    for name, kind in found.kinds.items():
        if kind.injected and kind.found < recall * kind.injected:
            yield f"{name}: {kind.found} of {kind.injected} found"
        if kind.found and kind.onset < recall * kind.found:
            yield f"{name}: {kind.onset} of {kind.found} dated within {ONSET_DAYS:.0f} days"
        if kind.early:
            yield f"{name}: {kind.early} raised before they began"
    if found.false_per_year > false:
        yield f"{found.false_per_year:.2f} false alarms per meter and year, {false:.2f} allowed"
