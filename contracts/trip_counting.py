"""Why a trip or an event does not count in the driving score."""

from collections.abc import Mapping
from enum import StrEnum

from contracts.kinds import Text


class CountingReason(StrEnum):
    """Reasons of a decision. People choose among REASONS; the others are given by the program."""

    PASSENGER = "passenger"
    NOT_DRIVING = "not_driving"
    POTHOLE = "pothole"
    EMERGENCY = "emergency"
    WRONG_LIMIT = "wrong_limit"
    WRONG_DATA = "wrong_data"
    REPLAYED = "replayed"
    COUNTS_AGAIN = "counts_again"


REASONS = tuple(
    reason
    for reason in CountingReason
    if reason not in (CountingReason.REPLAYED, CountingReason.COUNTS_AGAIN)
)

NAMES: Mapping[CountingReason, Text] = {
    CountingReason.PASSENGER: Text("war Mitfahrer", "was a passenger"),
    CountingReason.NOT_DRIVING: Text("Fähre, Zug, abgeschleppt", "ferry, train, tow"),
    CountingReason.POTHOLE: Text("Schlagloch", "pothole"),
    CountingReason.EMERGENCY: Text("wich einer Gefahr aus", "avoided a danger"),
    CountingReason.WRONG_LIMIT: Text("Tempolimit war falsch", "the speed limit was wrong"),
    CountingReason.WRONG_DATA: Text("Daten waren falsch", "the data were wrong"),
    CountingReason.REPLAYED: Text("schon gespeichert", "stored already"),
    CountingReason.COUNTS_AGAIN: Text("zählt wieder", "counts again"),
}
