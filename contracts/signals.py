"""Signals: findings of features, as CloudEvents 1.0 (JSON, structured mode).

An episode is one occurrence of a type at a device; its id is derived from them, so a replay gives
the same. Each revision of an episode is an event of its own: `id` is `<episode>/<revision>`, so
`source` and `id` are unique and a receiver may drop what it has seen. The extension attributes
`episode`, `revision` and `retracted` connect them: receivers keep the highest revision of an
episode, and drop the finding where that is retracted.

Signals contain no position: a receiver that needs one reads it from the API, which logs the read.
Source: CloudEvents 1.0.2, required attributes and extension context attributes.
"""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from contracts.kinds import Anomaly, Manoeuvre, SignalType, event_type
from contracts.open_schema import leave_open

Severity = Annotated[int, Field(ge=1, le=3)]


class Data(BaseModel):
    """Base of every signal's data."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=leave_open)

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

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=leave_open)

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(description="<episode>/<revision>")
    source: str = Field(json_schema_extra={"format": "uri-reference"})
    type: str = Field(description="io.tachowatt.<type>, such as io.tachowatt.trip.completed")
    subject: str | None = Field(
        default=None, description="vehicle:<id> or meter:<id>; absent where unknown"
    )
    time: str = Field(json_schema_extra={"format": "date-time"})
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: str = Field(description="The $id of the schema of `data`")
    episode: str = Field(description="The same for all revisions of one finding")
    revision: int = Field(ge=0, description="0 is the first; the highest of an episode counts")
    retracted: bool = Field(description="There was no such thing; also in `data`")
    data: dict[str, object]

    @model_serializer(mode="wrap")
    def _without_absent(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        """Leave out an unknown subject: an attribute is absent, not empty."""
        found: dict[str, object] = handler(self)
        if self.subject is None:
            del found["subject"]
        return found


def schema_id(document: str) -> str:
    """Return the $id of a schema of contracts/schemas, such as signal.trip.completed.v1."""
    return f"urn:tachowatt:schema:{document}"


def source_of(row: Mapping[str, Any], device: str | None) -> str:
    """Return tenant/device of a row of pipeline.signal; tenant/subject without a device."""
    return f"{row['tenant']}/{device or row['subject']}"


def cloud_event(row: Mapping[str, Any], device: str | None) -> Signal:
    """Return a signal as a CloudEvent.

    row : of pipeline.signal. device : its name; None where no device is concerned, then `source`
    has the subject instead.
    """
    return Signal(
        id=f"{row['id']}/{row['revision']}",
        source=quote(f"/{source_of(row, device)}", safe="/:@~!$&'()*+,;="),
        type=event_type(row["type"]),
        subject=row["subject"],
        time=row["time"].isoformat(),
        dataschema=schema_id(f"signal.{row['type']}.v1"),
        episode=row["id"],
        revision=row["revision"],
        retracted=bool(row["data"].get("retracted", False)),
        data=row["data"],
    )


def signal_id(tenant: str, device: str, type_: str, episode: str) -> str:
    """Return the id of an episode, its attribute `episode`; the same on every run and machine."""
    text = "\0".join((tenant, device, type_, episode))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
