"""Why something of a trip was not computed: each mark with its names and what is missing.

The bits are those of `feature_kernels.driving.QUALITY_FLAGS`, which a test compares.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from contracts.kinds import Text


class TripQuality(StrEnum):
    """Marks of a trip."""

    SPARSE = "sparse"
    RATE_TOO_LOW = "rate_too_low"
    NO_SPEED = "no_speed"
    NO_FIX = "no_fix"
    PLACES_JUMP = "places_jump"
    SPEED_CONTRADICTS_PLACES = "speed_contradicts_places"
    CLOCK_JUMPS = "clock_jumps"
    REPLAYED = "replayed"
    SPEED_AT_OTHER_TIME = "speed_at_other_time"


@dataclass(frozen=True, slots=True)
class TripQualityFacts:
    """The facts about a mark.

    bit : in a trip's `quality`. name : for a badge. missing : what was not computed. text : a
    sentence that says why.
    """

    bit: int
    name: Text
    missing: tuple[str, ...]
    text: Text


TRIP_QUALITY: Mapping[TripQuality, TripQualityFacts] = {
    TripQuality.SPARSE: TripQualityFacts(
        1,
        Text("selten gemeldet", "sparse"),
        ("stops", "idle_s", "way"),
        Text(
            "Das Gerät meldet seltener als alle 30 s: Halte dazwischen sind nicht zu sehen, die "
            "Strecke ist die der gemeldeten Orte.",
            "The device reports less often than every 30 s: stops in between cannot be seen, the "
            "distance is that of the reported places.",
        ),
    ),
    TripQuality.RATE_TOO_LOW: TripQualityFacts(
        2,
        Text("zu selten für Fahrereignisse", "rate too low for events"),
        ("harsh_braking", "harsh_acceleration", "harsh_cornering"),
        Text(
            "Starkes Bremsen, Beschleunigen und Kurvenfahren wurden nicht berechnet: dafür braucht "
            "es eine Geschwindigkeit alle 3 s oder einen Beschleunigungssensor.",
            "Harsh braking, acceleration and cornering were not computed: they need a speed every "
            "3 s, or an accelerometer.",
        ),
    ),
    TripQuality.NO_SPEED: TripQualityFacts(
        4,
        Text("Tempo aus Orten", "speed from places"),
        ("speed",),
        Text(
            "Eine Geschwindigkeit wurde nicht gemessen; sie ist aus den Orten abgeleitet.",
            "No speed was measured; it is derived from the places.",
        ),
    ),
    TripQuality.NO_FIX: TripQualityFacts(
        8,
        Text("ohne Orte", "without places"),
        ("places",),
        Text("Orte wurden nicht gemessen.", "No places were measured."),
    ),
    TripQuality.PLACES_JUMP: TripQualityFacts(
        16,
        Text("Orte springen", "places jump"),
        ("score",),
        Text(
            "Die Orte springen weiter, als ein Auto fährt. Die Fahrt zählt nicht im Fahrscore.",
            "The places jump farther than a car drives. The trip does not count in the score.",
        ),
    ),
    TripQuality.SPEED_CONTRADICTS_PLACES: TripQualityFacts(
        32,
        Text("Tempo widerspricht Orten", "speed contradicts places"),
        ("score",),
        Text(
            "Geschwindigkeit und Orte widersprechen sich über Minuten. Die Fahrt zählt nicht im "
            "Fahrscore.",
            "Speed and places contradict one another for minutes. The trip does not count in the "
            "score.",
        ),
    ),
    TripQuality.CLOCK_JUMPS: TripQualityFacts(
        64,
        Text("Uhr verstellt", "clock jumps"),
        ("score",),
        Text(
            "Die Uhr des Geräts springt, während das Auto weiterfährt. Die Fahrt zählt nicht im "
            "Fahrscore.",
            "The device's clock jumps while the car drives on. The trip does not count in the "
            "score.",
        ),
    ),
    TripQuality.REPLAYED: TripQualityFacts(
        128,
        Text("schon gespeichert", "replayed"),
        ("score",),
        Text(
            "Genau diese Fahrt ist schon einmal gespeichert. Sie zählt nicht im Fahrscore.",
            "Exactly this drive is stored already. It does not count in the score.",
        ),
    ),
    TripQuality.SPEED_AT_OTHER_TIME: TripQualityFacts(
        256,
        Text("Tempo zu anderer Zeit", "speed at another time"),
        ("score",),
        Text(
            "Die Geschwindigkeiten passen nicht zu den Orten der gleichen Zeit. Die Fahrt zählt "
            "nicht im Fahrscore.",
            "The speeds are not those of the places at the same time. The trip does not count in "
            "the score.",
        ),
    ),
}

MANIPULATED = frozenset(mark for mark, facts in TRIP_QUALITY.items() if "score" in facts.missing)
"""Marks of made up or changed data: such a trip is not scored."""

NOT_SCORED = sum(TRIP_QUALITY[mark].bit for mark in MANIPULATED)
"""Their bits."""


def marks(quality: int) -> list[TripQuality]:
    """Return the marks whose bits are set, in the table's order."""
    return [mark for mark, facts in TRIP_QUALITY.items() if quality & facts.bit]
