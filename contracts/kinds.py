"""Kinds: every signal, anomaly and driving event, each with all facts about it.

All code that names, plots, orders or shows a kind reads this table: contracts, texts of playbooks,
pages, API, plots, tables of features. A kind without a purpose here is shown to nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from contracts.purposes import Purpose

LANGUAGES = ("de", "en")


@dataclass(frozen=True, slots=True)
class Text:
    """A text in each language."""

    de: str
    en: str

    def __call__(self, language: str) -> str:
        """Return the text in `language`. Raises `KeyError` where it is not in `LANGUAGES`."""
        return self.all()[language]

    def title(self, language: str) -> str:
        """Return the text as a heading, with a capital first letter."""
        text = self(language)
        return text[:1].upper() + text[1:]

    def all(self) -> dict[str, str]:
        """Return language → text."""
        return {"de": self.de, "en": self.en}

    def titles(self) -> dict[str, str]:
        """Return language → text as a heading."""
        return {language: self.title(language) for language in LANGUAGES}


SUBJECTS: Mapping[str, Text] = {
    "vehicle": Text("Fahrzeug", "vehicle"),
    "meter": Text("Zähler", "meter"),
}
"""Kinds of things that devices measure and signals are about."""


CONTRACTS: Mapping[str, Text] = {
    "vehicle": Text("Kfz-Vertrag", "motor contract"),
    "meter": Text("Stromvertrag", "electricity contract"),
}
"""Name of a contract over a vehicle or meter."""


class Anomaly(StrEnum):
    """Kinds of anomalies of a meter. The kernels' codes are in feature_kernels.consumption."""

    SPIKE = "spike"
    ZERO = "zero"
    STUCK = "stuck"
    BASE_LOAD_RISE = "base_load_rise"
    REGISTER_BACKWARDS = "register_backwards"
    GAP = "gap"
    NEGATIVE = "negative"
    SUSTAINED_DROP = "sustained_drop"


@dataclass(frozen=True, slots=True)
class AnomalyFacts:
    """The facts about a kind of anomaly.

    unit : of observed, expected and threshold.
    metric : the measured quantity. method : the value that it is compared with; a sentence.
    finding : a sentence with {observed}, {expected}, {threshold}.
    colour : a name of the palette (api/pages/static/style.css,
    app/analysis/palette.py).
    """

    name: Text
    unit: str
    metric: str
    method: Text
    finding: Text
    colour: str
    purpose: Purpose = Purpose.ENERGY_INSIGHT


_LONGEST = Text(
    "Verglichen mit dem Anderthalbfachen der zweitlängsten solchen Zeit dieses Zählers in den "
    "letzten vier Wochen.",
    "Compared with 1.5 times this meter's second-longest such time of the last four weeks.",
)

ANOMALIES: Mapping[str, AnomalyFacts] = {
    Anomaly.SPIKE: AnomalyFacts(
        name=Text("Verbrauchsspitze", "consumption spike"),
        unit="W",
        metric="power of an interval",
        method=Text(
            "Verglichen mit dem Doppelten der eigenen Höchstleistung dieses Zählers in den letzten "
            "Wochen, die um 1 % am Tag verblasst. Was der Anschluss nicht führen kann (über "
            "3 × 63 A), zählt nicht als Verbrauch.",
            "Compared with twice this meter's own highest power of the last weeks, which fades by "
            "1 % a day. What the connection cannot carry (above 3 × 63 A) does not count as use.",
        ),
        finding=Text(
            "Die Leistung erreichte {observed}; die höchste übliche dieses Zählers ist {expected}.",
            "The power reached {observed}; the highest usual for this meter is {expected}.",
        ),
        colour="plot-4",
    ),
    Anomaly.ZERO: AnomalyFacts(
        name=Text("kein Verbrauch", "no consumption"),
        unit="h",
        metric="duration without consumption",
        method=_LONGEST,
        finding=Text(
            "{observed} lang wurde nichts verbraucht; üblich wären hier bis zu {threshold}.",
            "Nothing was used for {observed}; up to {threshold} would be usual here.",
        ),
        colour="ink",
    ),
    Anomaly.STUCK: AnomalyFacts(
        name=Text("unveränderter Messwert", "unchanging reading"),
        unit="h",
        metric="duration of one unchanging value",
        method=_LONGEST,
        finding=Text(
            "{observed} lang sendete der Zähler denselben Wert; üblich wären hier bis zu "
            "{threshold}.",
            "The meter sent the same value for {observed}; up to {threshold} would be usual here.",
        ),
        colour="plot-3",
    ),
    Anomaly.BASE_LOAD_RISE: AnomalyFacts(
        name=Text("gestiegene Grundlast", "raised base load"),
        unit="W",
        metric="lowest hourly power of some days",
        method=Text(
            "Die niedrigsten Stunden einer Woche (bei großem Anstieg dreier Tage), verglichen mit "
            "dem Median der niedrigsten Stunden von bis zu 28 Tagen davor.",
            "The lowest hours of a week (three days if the rise is large), compared with the "
            "median of the lowest hours of up to 28 days before.",
        ),
        finding=Text(
            "Tagelang lag keine Stunde unter {observed}; bisher war die Grundlast {expected}.",
            "For days no hour came below {observed}; {expected} used to be the base load.",
        ),
        colour="plot-2",
    ),
    Anomaly.REGISTER_BACKWARDS: AnomalyFacts(
        name=Text("rückläufiger Zählerstand", "register running backwards"),
        unit="kWh",
        metric="step of the import register",
        method=Text(
            "Jede Ablesung mit der vorigen verglichen, Überlauf und Rundung zugestanden.",
            "Each reading compared with the one before, with roll-over and rounding allowed for.",
        ),
        finding=Text(
            "Der Zählerstand fiel auf {observed}, nach {expected}.",
            "The register fell to {observed}, after {expected}.",
        ),
        colour="plot-5",
    ),
    Anomaly.GAP: AnomalyFacts(
        name=Text("fehlende Messwerte", "missing readings"),
        unit="h",
        metric="duration without data",
        method=Text(
            "Verglichen mit dem üblichen Abstand der Ablesungen dieses Zählers.",
            "Compared with this meter's usual distance between readings.",
        ),
        finding=Text(
            "{observed} lang kamen keine Daten; höchstens {threshold} werden hingenommen.",
            "No data came for {observed}; {threshold} is the most that is tolerated.",
        ),
        colour="line-strong",
    ),
    Anomaly.NEGATIVE: AnomalyFacts(
        name=Text("negativer Verbrauch", "negative consumption"),
        unit="W",
        metric="power of an interval",
        method=Text(
            "Ein Zähler, der nicht einspeist, kann nichts Negatives messen.",
            "A meter that does not export cannot measure less than nothing.",
        ),
        finding=Text(
            "Der Messwert war {observed}; üblich sind um diese Zeit {expected}.",
            "The value was {observed}; {expected} is usual at this time.",
        ),
        colour="plot-5",
    ),
    Anomaly.SUSTAINED_DROP: AnomalyFacts(
        name=Text("anhaltend weniger Verbrauch", "sustained drop of consumption"),
        unit="W",
        metric="mean power of a week",
        method=Text(
            "Die niedrigen Stunden einer Woche, verglichen mit den vier Wochen davor: sie sind "
            "gefallen, und in gleichem Maß Median und Mittel oder die höchste Leistung.",
            "The low hours of a week, compared with the four weeks before: they have fallen, and "
            "median and mean, or the highest power, have fallen alike.",
        ),
        finding=Text(
            "Eine Woche lang waren es im Mittel {observed}; in den vier Wochen davor {expected}, "
            "auch in den ruhigen Stunden entsprechend mehr.",
            "For a week the mean was {observed}; in the four weeks before it was {expected}, and "
            "the quiet hours have fallen alike.",
        ),
        colour="plot-3",
    ),
}


class LikelierCause(StrEnum):
    """What explains an anomaly without a fault, where the data show it."""

    ELECTRIC_CAR = "electric_car"
    HEAT = "heat"
    COLD = "cold"
    PUBLIC_HOLIDAY = "public_holiday"


LIKELIER_CAUSES: Mapping[str, Text] = {
    LikelierCause.ELECTRIC_CAR: Text("ein Elektroauto lädt", "an electric car is charging"),
    LikelierCause.HEAT: Text("heißes Wetter (Kühlung)", "hot weather (cooling)"),
    LikelierCause.COLD: Text("kaltes Wetter (Heizung)", "cold weather (heating)"),
    LikelierCause.PUBLIC_HOLIDAY: Text("ein Feiertag", "a public holiday"),
}
"""Name of a likelier cause."""


class Manoeuvre(StrEnum):
    """Driving events that lower a score. A crash is not one of them: it is a separate signal."""

    HARSH_BRAKING = "harsh_braking"
    HARSH_ACCELERATION = "harsh_acceleration"
    HARSH_CORNERING = "harsh_cornering"
    SPEEDING = "speeding"


CRASH = "crash"


@dataclass(frozen=True, slots=True)
class EventFacts:
    """The facts about a kind of driving event. The kernels' codes: feature_kernels.driving.

    scored : it is a factor of the driving score.
    trip_column : the column of a trip that counts them. by_severity : the column has a count for
    each severity 1, 2, 3. symbol : Plotly's marker.
    """

    name: Text
    purpose: Purpose
    trip_column: str
    by_severity: bool
    colour: str
    symbol: str = "triangle-down"
    scored: bool = True


EVENTS: Mapping[str, EventFacts] = {
    Manoeuvre.HARSH_BRAKING: EventFacts(
        Text("starkes Bremsen", "harsh braking"),
        Purpose.DRIVING_SCORE, "harsh_braking", True, "plot-4",
    ),
    Manoeuvre.HARSH_ACCELERATION: EventFacts(
        Text("starkes Beschleunigen", "harsh acceleration"),
        Purpose.DRIVING_SCORE, "harsh_acceleration", True, "plot-2",
    ),
    Manoeuvre.HARSH_CORNERING: EventFacts(
        Text("starke Kurvenfahrt", "harsh cornering"),
        Purpose.DRIVING_SCORE, "harsh_cornering", True, "plot-3",
    ),
    Manoeuvre.SPEEDING: EventFacts(
        Text("überhöhtes Tempo", "speeding"),
        Purpose.DRIVING_SCORE, "speeding_count", False, "plot-5", "diamond",
    ),
    CRASH: EventFacts(
        Text("Unfall", "crash"), Purpose.CLAIMS_ASSISTANCE, CRASH, False, "bad", "x",
    ),
}  # fmt: skip


class RecordingEvent(StrEnum):
    """Driving events that only a recording shows; no trip counts them, and the score has their
    effect otherwise: `phone` is a share of time, a lane change is acceleration for the speed."""

    HARSH_LANE_CHANGE = "harsh_lane_change"
    PHONE_HANDLING = "phone_handling"
    IDLING = "idling"


@dataclass(frozen=True, slots=True)
class RecordingEventFacts:
    """The facts about an event that only `tachowatt score-trip` reports."""

    name: Text
    purpose: Purpose
    colour: str
    symbol: str


RECORDING_EVENTS: Mapping[str, RecordingEventFacts] = {
    RecordingEvent.HARSH_LANE_CHANGE: RecordingEventFacts(
        Text("starker Spurwechsel", "harsh lane change"), Purpose.DRIVING_SCORE, "plot-3", "d"
    ),
    RecordingEvent.PHONE_HANDLING: RecordingEventFacts(
        Text("Handy in der Hand", "phone in the hand"), Purpose.DRIVING_SCORE, "ink", "s"
    ),
    RecordingEvent.IDLING: RecordingEventFacts(
        Text("langer Stand", "idling"), Purpose.DRIVING_SCORE, "line-strong", "o"
    ),
}
COUNTED_BY_SEVERITY = tuple(facts.trip_column for facts in EVENTS.values() if facts.by_severity)
"""Columns of a trip with int[3]: how many of each severity."""

FACTORS: Mapping[str, Text] = {
    **{kind: EVENTS[kind].name for kind in Manoeuvre if EVENTS[kind].scored},
    "speeding_excess": Text("Höhe der Überschreitung", "excess over the limit"),
    "speed_p95": Text("hohe Geschwindigkeit", "high speed"),
    "acceleration_p95": Text("Stärke der Beschleunigung", "strength of acceleration"),
    "acceleration_for_speed_p95": Text(
        "Beschleunigung für das Tempo", "acceleration for the speed"
    ),
    "longitudinal_for_speed_p95": Text(
        "Gas und Bremse für das Tempo", "accelerating and braking for the speed"
    ),
    "acceleration_for_road": Text(
        "Stärke der Beschleunigung für die Straße", "strength of acceleration for the road"
    ),
    "jerk_p95": Text("ruckartiges Fahren", "jerky driving"),
    "jerk_for_road": Text("ruckartiges Fahren für die Straße", "jerky driving for the road"),
    "night": Text("Fahren bei Nacht", "night driving"),
    "phone": Text("Handy in der Hand", "phone in the hand"),
    "fatigue": Text("Fahren ohne Pause", "driving without a break"),
}
"""Factors of the driving score (feature_kernels.driving.score)."""
RELEVANCE_HALF_LIFE_S: Mapping[str, float] = {
    "case": 7 * 86_400.0,
    "crash": 2 * 86_400.0,
    "alert": 4 * 86_400.0,
    "score": 14 * 86_400.0,
    "contact": 2 * 86_400.0,
    "contract": 365 * 86_400.0,
}
"""Kinds of items in a customer's context: how fast their recency fades."""


class SignalType(StrEnum):
    """Types of signals. Their data: contracts.signals."""

    TRIP_COMPLETED = "trip.completed"
    DRIVING_EVENT = "driving.event"
    VEHICLE_CRASH = "vehicle.crash"
    ANOMALY_RAISED = "meter.anomaly.raised"
    ANOMALY_CLEARED = "meter.anomaly.cleared"
    SCORE_CHANGED = "score.changed"


EVENT_TYPE_PREFIX = "io.tachowatt."
"""What CloudEvents put before a `SignalType`: a reverse-DNS name, so that types of several
producers do not collide."""


def event_type(signal_type: str) -> str:
    """Return the CloudEvents type of a signal."""
    return f"{EVENT_TYPE_PREFIX}{signal_type}"


@dataclass(frozen=True, slots=True)
class SignalFacts:
    """The facts about a type of signal.

    subject : vehicle or meter. purpose : required of its customer before anybody may see it.
    severity : used where its data has none.
    relevant_as : its kind among the relevant items of a customer; '' = not listed there itself
    (its alert, case or trip is).
    summaries : sentences with fields of the data; the first one whose fields are measured is used.
    """

    name: Text
    subject: str
    purpose: Purpose
    severity: int = 1
    relevant_as: str = ""
    summaries: tuple[Text, ...] = ()


SIGNALS: Mapping[str, SignalFacts] = {
    SignalType.TRIP_COMPLETED: SignalFacts(Text("Fahrt", "trip"), "vehicle", Purpose.DRIVING_SCORE),
    SignalType.DRIVING_EVENT: SignalFacts(
        Text("Fahrereignis", "driving event"), "vehicle", Purpose.DRIVING_SCORE
    ),
    SignalType.VEHICLE_CRASH: SignalFacts(
        Text("Unfall", "crash"),
        "vehicle",
        Purpose.CLAIMS_ASSISTANCE,
        severity=3,
        relevant_as="crash",
        summaries=(Text("Aufprall mit anschließendem Stillstand", "Impact, then standstill"),),
    ),
    SignalType.ANOMALY_RAISED: SignalFacts(
        Text("Auffälligkeit am Zähler", "meter anomaly"), "meter", Purpose.ENERGY_INSIGHT
    ),
    SignalType.ANOMALY_CLEARED: SignalFacts(
        Text("Auffälligkeit vorbei", "anomaly over"), "meter", Purpose.ENERGY_INSIGHT
    ),
    SignalType.SCORE_CHANGED: SignalFacts(
        Text("geänderter Score", "changed score"),
        "vehicle",
        Purpose.DRIVING_SCORE,
        relevant_as="score",
        summaries=(
            Text(
                "Fahrscore {previous_score:.0f} → {score:.0f}",
                "Driving score {previous_score:.0f} → {score:.0f}",
            ),
            Text("Erster Fahrscore: {score:.0f}", "First driving score: {score:.0f}"),
        ),
    ),
}
SIGNAL_OF_PHASE = (SignalType.ANOMALY_RAISED, SignalType.ANOMALY_CLEARED)
"""The type of signal of an anomaly's phase (0 raised, 1 cleared)."""


def purpose_of(signal_type: str) -> Purpose | None:
    """Return the purpose that a customer must grant before a signal of this type is shown.

    None for a type that is not in this table: such a signal is shown to nobody.
    """
    facts = SIGNALS.get(signal_type)
    return None if facts is None else facts.purpose


def summary_of(signal_type: str, data: Mapping[str, Any]) -> dict[str, str]:
    """Return language → one sentence about a signal: the first summary that its data can fill.

    Falls back to the signal's name.
    """
    facts = SIGNALS[signal_type]
    measured = {name: value for name, value in data.items() if value is not None}
    for summary in facts.summaries:
        try:
            return {language: summary(language).format(**measured) for language in LANGUAGES}
        except KeyError:
            continue
    return facts.name.titles()


def names() -> dict[str, Text]:
    """Return code → name of every anomaly, driving event and subject, for texts of playbooks."""
    return {
        **{str(code): anomaly.name for code, anomaly in ANOMALIES.items()},
        **{str(code): event.name for code, event in EVENTS.items()},
        **SUBJECTS,
    }
