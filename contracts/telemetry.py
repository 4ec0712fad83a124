"""The native messages, as pydantic models: the one source of the contract.

Columnar, so that a device can send one sample or a thousand with the same schema. Times are
``t0 + dt_ms[i]``. ``null`` means *not measured*. Unknown fields are rejected, because a misspelt
column would otherwise be lost silently.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from contracts.open_schema import leave_open
from contracts.whole import Whole, version_one

MAX_SEQ = 2**53 - 1
MAX_EPOCH_MS = 253_402_300_799_999
"""The last millisecond of the year 9999."""
MAX_DT_MS = 10**12

Values = list[float | None]
Count = Annotated[int, Whole(ge=0, le=MAX_SEQ)]
Time = Annotated[
    Annotated[str, Field(json_schema_extra={"format": "date-time"})]
    | Annotated[int, Whole(said=(-MAX_EPOCH_MS, MAX_EPOCH_MS))],
    Field(description="RFC 3339 with an offset (2026-11-21T10:00:00Z), or epoch milliseconds"),
]


Text = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$")]
"""Text without control characters: PostgreSQL cannot store NUL, and the others are unreadable."""


class Message(BaseModel):
    """Base of every native message."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)

    v: Annotated[Literal[1], BeforeValidator(version_one)] = Field(
        description="Version of this schema"
    )
    seq: Count | None = Field(
        default=None,
        description="Number of the message, one up for each. A device that sends it keeps the "
        "message until `…/ack` names this or a higher seq.",
    )
    run: Count = Field(
        default=0, description="Raised whenever the device begins to count `seq` anew."
    )
    oldest: Count | None = Field(
        default=None, description="The lowest seq that the device still holds."
    )
    device: str | None = Field(default=None, description="If given, must be the topic's device.")


class Samples(Message):
    """A message with measured columns."""

    t0: Time
    dt_ms: list[Annotated[int, Whole(said=(-MAX_DT_MS, MAX_DT_MS))]] = Field(
        default=[0],
        description="Milliseconds after t0, one a sample",
        json_schema_extra={"minItems": 1},
    )


class Telemetry(Samples):
    """Samples of a vehicle. Units stand in the names; contracts/units.py has the ranges."""

    speed_kmh: Values | None = None
    lat_deg: Values | None = None
    lon_deg: Values | None = None
    heading_deg: Values | None = None
    altitude_m: Values | None = None
    accuracy_m: Values | None = None
    accel_long_mps2: Values | None = None
    accel_lat_mps2: Values | None = None
    accel_vert_mps2: Values | None = None
    accel_x_mps2: Values | None = None
    accel_y_mps2: Values | None = None
    accel_z_mps2: Values | None = None
    gyro_x_radps: Values | None = None
    gyro_y_radps: Values | None = None
    gyro_z_radps: Values | None = None
    speed_limit_kmh: Values | None = None
    ignition: Values | None = None


class Reading(Samples):
    """Readings of a meter: registers at a time, or the energy of the interval that begins then."""

    register_kwh: Values | None = None
    register_export_kwh: Values | None = None
    register_t1_kwh: Values | None = None
    register_t2_kwh: Values | None = None
    energy_kwh: Values | None = None
    power_w: Values | None = None
    voltage_v: Values | None = None
    quality: list[Annotated[int, Whole(ge=0, le=6)] | None] | None = Field(
        default=None, description="Status codes of contracts/quality.py, 6 = read"
    )
    interval_s: float | None = Field(default=None, description="Length of each energy_kwh interval")
    meter_number: Text | None = Field(default=None, max_length=64)


class DeviceEvent(Message):
    """An event that the device itself detected."""

    at: Time
    kind: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    detail: dict[Text, Text | int | float | bool | None] = Field(
        default={}, max_length=32, json_schema_extra={"additionalProperties": False}
    )


class DeviceStatus(Message):
    """The status of the device."""

    at: Time
    online: bool | None = None
    battery_pct: float | None = Field(default=None, ge=0, le=100)
    firmware: Text | None = Field(default=None, max_length=64)
    rssi_dbm: float | None = Field(default=None, ge=-200, le=20)


class Ack(BaseModel):
    """Sent to a device: everything of `run` up to `seq` has been processed."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, json_schema_extra=leave_open
    )

    v: Literal[1]
    run: int = Field(ge=0, le=MAX_SEQ)
    seq: int = Field(ge=0, le=MAX_SEQ)


MESSAGES: dict[str, type[BaseModel]] = {
    "telemetry": Telemetry,
    "reading": Reading,
    "event": DeviceEvent,
    "status": DeviceStatus,
    "ack": Ack,
}
