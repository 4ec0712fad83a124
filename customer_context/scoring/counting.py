"""Which trips and events count in a score: decisions of people over marks of the data.

A decision names an instant, because late data may move the begin of a trip: it is about the trip
that contains it. Of several about one trip, or one event, the last one holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contracts.trip_quality import NOT_SCORED

HARSH = ("harsh_braking", "harsh_acceleration", "harsh_cornering")
EVENTS = (*HARSH, "speeding")
"""Kinds of events that can be taken out: those that a score counts."""


@dataclass(frozen=True, slots=True)
class Counting:
    """A decision. at_us : µs, within the trip; of an event its begin. event : its kind, '' = the
    whole trip; severity 1 to 3 and duration_s : of the event. counts : False = it is taken out."""

    device_id: int
    at_us: int
    event: str
    severity: int
    duration_s: float
    counts: bool


def counted(trips: NDArray[Any], decisions: Sequence[Counting]) -> NDArray[Any]:
    """Return the trips that count, less the events that do not.

    trips : TRIP_DTYPE[k], with the device; decisions : in the order in which they were made.

    A trip whose data were made up or changed counts only where a person has decided so.
    """
    trips = trips.copy()
    keep = (trips["quality"] & NOT_SCORED) == 0
    events: dict[tuple[int, int, str, int], Counting] = {}
    for one in decisions:
        if one.event:
            events[one.device_id, one.at_us, one.event, one.severity] = one
            continue
        within = _within(trips, one)
        keep[within] = one.counts
        if one.counts:
            trips["quality"][within] &= ~NOT_SCORED
    for one in events.values():
        if not one.counts:
            for i in np.flatnonzero(_within(trips, one)):
                _take_out(trips[i : i + 1], one)
    found: NDArray[Any] = trips[keep]
    return found


def _within(trips: NDArray[Any], one: Counting) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (
        (trips["device"] == one.device_id)
        & (trips["start_us"] <= one.at_us)
        & (one.at_us <= trips["end_us"])
    )
    return found


def _take_out(trip: NDArray[Any], one: Counting) -> None:
    """Take an event out of a trip (TRIP_DTYPE[1]), in place.

    Of speeding, its time counts as time without a limit: it leaves the highest classes of speed
    over limit first.
    """
    if one.event in HARSH:
        counts = trip[one.event]
        counts[0, one.severity - 1] = max(counts[0, one.severity - 1] - 1, 0)
        return
    trip["speeding_count"] = np.maximum(trip["speeding_count"] - 1, 0)
    seconds = min(one.duration_s, float(trip["speeding_s"][0]))
    trip["speeding_s"] -= seconds
    trip["speed_limited_s"] -= seconds
    classes = trip["ratio_hist_s"]
    for i in range(classes.shape[1] - 1, -1, -1):
        taken = min(seconds, float(classes[0, i]))
        classes[0, i] -= taken
        seconds -= taken
