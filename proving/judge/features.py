"""Compare features of the pipeline with the truth of the simulators.

Features without time to be decided at the end are excluded on both sides. The rule: a true thing
counts if the device's own samples reach far enough beyond it (`DECIDED_AFTER_S`); a found thing
counts unless it belongs to a true thing that does not count. Things that the sensors of a device
cannot show (`observable` false in the truth) are neither required nor counted as errors.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

DECIDED_AFTER_S: Mapping[str, float] = {
    "trip": 420.0,  # three minutes of standing, or a gap of five, plus slack
    "event": 30.0,
    "crash": 45.0,
    "spike": 3_600.0,
    "zero": 0.0,
    "stuck": 0.0,
    "base_load_rise": 0.0,
    "register_backwards": 3_600.0,
    "gap": 1_800.0,
    "negative": 3_600.0,
    "sustained_drop": 0.0,
}
"""Seconds of samples that a decision needs after the end of a thing. Zero and stuck are raised
while they last, a rise as well: the simulators place them early enough."""

_NEAR_US: Mapping[str, int] = {
    "trip": 60_000_000,
    "event": 3_000_000,
    "crash": 10_000_000,
    "anomaly": 3_600_000_000,
    "base_load_rise": 86_400_000_000,
}


@dataclass(frozen=True, slots=True)
class Thing:
    """A trip, an event or an anomaly, true or found; times in microseconds."""

    device: str
    kind: str
    start_us: int
    end_us: int
    counts: bool = True

    def meets(self, other: "Thing", near_us: int) -> bool:
        """Return whether device and kind are equal and times overlap within `near_us`."""
        return (
            self.device == other.device
            and self.kind == other.kind
            and self.start_us <= other.end_us + near_us
            and other.start_us <= self.end_us + near_us
        )


@dataclass(slots=True)
class Match:
    """How found things agree with true ones.

    true, hit : true things that count, and the number found.
    found, right : found things that count, and the number true.
    missed, wrong : the others, for inspection. met : the true things that were found.
    """

    true: int
    hit: int
    found: int
    right: int
    missed: list[Thing]
    wrong: list[Thing]
    met: list[Thing] = field(default_factory=list)

    @property
    def recall(self) -> float:
        return self.hit / self.true if self.true else 1.0

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0


def match(true: Iterable[Thing], found: Iterable[Thing], near_us: int) -> Match:
    """Match things by device, kind and time."""
    truths: dict[tuple[str, str], list[Thing]] = defaultdict(list)
    for thing in true:
        truths[(thing.device, thing.kind)].append(thing)
    finds: dict[tuple[str, str], list[Thing]] = defaultdict(list)
    for thing in found:
        finds[(thing.device, thing.kind)].append(thing)
    result = Match(0, 0, 0, 0, [], [])
    for key, things in truths.items():
        for thing in things:
            if not thing.counts:
                continue
            result.true += 1
            if any(thing.meets(other, near_us) for other in finds.get(key, [])):
                result.hit += 1
                result.met.append(thing)
            else:
                result.missed.append(thing)
    for key, things in finds.items():
        for thing in things:
            met = [other for other in truths.get(key, []) if other.meets(thing, near_us)]
            if met and not any(other.counts for other in met):
                continue
            result.found += 1
            if met:
                result.right += 1
            else:
                result.wrong.append(thing)
    return result


@dataclass(slots=True)
class Judgement:
    """All comparisons of one run."""

    trips: Match
    events: Match
    crashes: Match
    anomalies: Match

    def problems(self) -> list[str]:
        """Return the missed promises of the demo."""
        wrong = []
        if self.crashes.hit < self.crashes.true:
            wrong.append(f"{self.crashes.true - self.crashes.hit} crashes were not found")
        for name, value, least in (
            ("anomaly recall", self.anomalies.recall, 0.9),
            ("anomaly precision", self.anomalies.precision, 0.9),
            ("event recall", self.events.recall, 0.85),
            ("event precision", self.events.precision, 0.85),
        ):
            if value < least:
                wrong.append(f"{name} is {value:.3f}, at least {least} is promised")
        if abs(self.trips.found - self.trips.true) > 0.02 * self.trips.true:
            wrong.append(f"{self.trips.found} trips found, {self.trips.true} are true (± 2 %)")
        return wrong


def judge(
    truth: Mapping[str, Any],
    last_us: Mapping[str, int],
    trips: Iterable[Thing],
    events: Iterable[Thing],
    anomalies: Iterable[Thing],
) -> Judgement:
    """Compare found things with a fleet's truth.

    last_us : device → time of its newest sample, by the simulator.
    """

    def decided(kind: str, device: str, end_us: int) -> bool:
        return end_us + DECIDED_AFTER_S[kind] * 1e6 <= last_us.get(device, 0)

    events = list(events)
    true_trips = [
        Thing(t["device"], "trip", t["start_us"], t["end_us"])
        if decided("trip", t["device"], t["end_us"])
        else Thing(t["device"], "trip", t["start_us"], t["end_us"], counts=False)
        for t in truth["trips"]
    ]
    true_events = [
        Thing(
            e["device"],
            e["kind"],
            e["start_us"],
            e["end_us"],
            counts=e["observable"] and decided("event", e["device"], e["end_us"]),
        )
        for e in truth["events"]
    ]
    true_crashes = [
        Thing(
            c["device"],
            "crash",
            c["at_us"],
            c["at_us"],
            counts=decided("crash", c["device"], c["at_us"]),
        )
        for c in truth["crashes"]
    ]

    def anomaly_counts(a: Mapping[str, Any]) -> bool:
        device = str(a["device"])
        return decided(str(a["kind"]), device, min(int(a["end_us"]), last_us.get(device, 0)))

    return Judgement(
        trips=match(true_trips, trips, _NEAR_US["trip"]),
        events=match(true_events, (e for e in events if e.kind != "crash"), _NEAR_US["event"]),
        crashes=match(true_crashes, (e for e in events if e.kind == "crash"), _NEAR_US["crash"]),
        anomalies=_anomalies(truth["anomalies"], list(anomalies), anomaly_counts),
    )


def _anomalies(
    truths: Iterable[Mapping[str, Any]], found: list[Thing], counts: Callable[[Any], bool]
) -> Match:
    """Match anomalies; a true one lists the kinds that identify it (`accept`: a dead meter's flat
    register is zero or stuck) and kinds that it may raise besides (`tolerate`)."""
    result = Match(0, 0, 0, 0, [], [])
    excused: set[Thing] = set()
    right: set[Thing] = set()
    for truth in truths:
        counted = counts(truth)
        near_us = _NEAR_US.get(truth["kind"], _NEAR_US["anomaly"])
        thing = Thing(truth["device"], truth["kind"], truth["start_us"], truth["end_us"], counted)
        meeting = {
            kind: [other for other in found if other.meets(replace(thing, kind=kind), near_us)]
            for kind in {*truth["accept"], *truth["tolerate"]}
        }
        hits = [other for kind in truth["accept"] for other in meeting[kind]]
        (right if counted else excused).update(hits)
        excused.update(other for kind in truth["tolerate"] for other in meeting[kind])
        if counted:
            result.true += 1
            result.hit += bool(hits)
            if not hits:
                result.missed.append(thing)
    for other in found:
        if other in right:
            result.found += 1
            result.right += 1
        elif other not in excused:
            result.found += 1
            result.wrong.append(other)
    return result
