"""Signals: findings of features, as CloudEvents 1.0 (JSON, structured mode).

The id is derived from (device, type, episode), so a replay gives the same id. A correction has the
same id and a higher `revision` (an extension attribute); a retraction has `retracted` true.
Receivers keep the highest revision of an id.

Signals contain no position: a receiver that needs one reads it from the API, which logs the read.
Source: CloudEvents 1.0.2, required attributes and extension context attributes.
"""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.kinds import Anomaly, Manoeuvre, SignalType

Severity = Annotated[int, Field(ge=1, le=3)]


class Data(BaseModel):
    """Base of every signal's data."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    retracted: bool = False


class TripCompleted(Data):
    """A trip is over."""

    started_at: str
    ended_at: str
    distance_m: float | None
    driving_s: float | None
    idle_s: float | None
    night_s: float | None
    speeding_s: float | None
    max_speed_kmh: float | None


class DrivingEvent(Data):
    """A harsh manoeuvre, or a spell of speeding."""

    kind: Manoeuvre
    started_at: str
    ended_at: str
    severity: Severity
    peak_mps2: float | None
    excess_kmh: float | None


class VehicleCrash(Data):
    """A crash: an impact, and standstill after it."""

    at: str
    severity: Severity
    peak_mps2: float | None
    delta_v_kmh: float | None
    speed_kmh: float | None


class MeterAnomaly(Data):
    """An anomaly was raised, or is over; with its evidence."""

    kind: Anomaly
    started_at: str
    ended_at: str | None
    severity: Severity
    observed: float | None
    expected: float | None
    threshold: float | None
    unit: str


class ScoreChanged(Data):
    """A driver's score moved by more than a band since it was last announced.

    previous_score, previous_band : null for the first score that a driver gets.
    """

    score: float
    band: Literal["A", "B", "C", "D", "E"]
    previous_score: float | None
    previous_band: Literal["A", "B", "C", "D", "E"] | None
    trusted: bool
    algorithm_version: str


DATA: dict[str, type[Data]] = {
    SignalType.TRIP_COMPLETED: TripCompleted,
    SignalType.DRIVING_EVENT: DrivingEvent,
    SignalType.VEHICLE_CRASH: VehicleCrash,
    SignalType.ANOMALY_RAISED: MeterAnomaly,
    SignalType.ANOMALY_CLEARED: MeterAnomaly,
    SignalType.SCORE_CHANGED: ScoreChanged,
}
"""Type → model of its data (contracts.kinds.SIGNALS has all other facts)."""


class Signal(BaseModel):
    """A CloudEvent. `source` is /{tenant}/{device}, `subject` the vehicle or meter."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    specversion: Literal["1.0"] = "1.0"
    id: str
    source: str
    type: str
    subject: str | None
    time: str
    datacontenttype: Literal["application/json"] = "application/json"
    revision: int = Field(default=0, ge=0)
    data: dict[str, object]


def cloud_event(row: Mapping[str, Any], device: str | None) -> Signal:
    """Return a signal as a CloudEvent.

    row : of pipeline.signal. device : its name; None where no device is concerned, then `source`
    has the subject instead.
    """
    return Signal(
        id=row["id"],
        source=f"/{row['tenant']}/{device or row['subject']}",
        type=row["type"],
        subject=row["subject"],
        time=row["time"].isoformat(),
        revision=row["revision"],
        data=row["data"],
    )


def signal_id(tenant: str, device: str, type_: str, episode: str) -> str:
    """Return the id for a device, type and episode; the same on every run and machine."""
    text = "\0".join((tenant, device, type_, episode))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
