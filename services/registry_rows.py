"""Rows of the registry as a back office sends them, by file or API: which fields, which values."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    model_validator,
)

from contracts.channels import TO_CUSTOMER
from contracts.matters import Matter
from contracts.topics import NAME


def _name(value: str) -> str:
    if not NAME.match(value):
        raise ValueError("letters, digits, '.', '_', '~' and '-', at most 64, first no sign")
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{value!r} is no time zone, expected one such as Europe/Berlin") from None
    return value


def _printable(value: str) -> str:
    if "\x00" in value:
        raise ValueError("NUL is no character of a text")
    value.encode()  # raises ValueError for a lone surrogate
    return value


def _to_customer(value: str) -> str:
    if value not in TO_CUSTOMER:
        raise ValueError(f"expected one of {', '.join(TO_CUSTOMER)}")
    return value


def _in_range(at: datetime) -> datetime:
    if not _EARLIEST <= at <= _LATEST:
        raise ValueError("expected a time from 1900 to 2200")
    return at.astimezone(UTC)


_EARLIEST, _LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
Instant = Annotated[AwareDatetime, AfterValidator(_in_range)]
Name = Annotated[str, AfterValidator(_name)]
Zone = Annotated[str, AfterValidator(_zone)]
Text = Annotated[str, AfterValidator(_printable)]
ExternalIds = dict[Name, Annotated[Text, Field(min_length=1, max_length=200)]]


class Row(BaseModel):
    """One row of the registry."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)


class Known(Row):
    """An object with ids of other systems: system → its id there."""

    id: Name
    external_ids: ExternalIds = Field(default_factory=dict, max_length=20)
    attributes: dict[Name, JsonValue] = Field(
        default_factory=dict, max_length=50, description="Custom attributes; null removes one."
    )


class CustomerRow(Known):
    """A customer."""

    name: Text = Field(max_length=500)
    language: Literal["de", "en"] = "en"
    kind: Literal["person", "household", "company"] = "person"
    birth_date: date | None = None
    household: Name | None = Field(
        default=None,
        description="Whose caps on messages they share, from now on; left out = as it is, null = "
        "they belong to none.",
    )
    channels: dict[Matter, Annotated[str, AfterValidator(_to_customer)] | None] = Field(
        default_factory=dict,
        max_length=10,
        description="Matter → the channel that they prefer; one that is left out stays as it is, "
        "null = none.",
    )


class VehicleRow(Known):
    """A vehicle."""

    name: Text = Field(max_length=500)
    plate: Text | None = Field(default=None, max_length=32)


class MeterRow(Known):
    """A meter. timezone : None = the tenant's."""

    number: Text | None = Field(default=None, max_length=100)
    interval_s: int = Field(default=900, ge=1, le=2_764_800)
    timezone: Zone | None = None
    register_digits: int = Field(default=6, ge=1, le=12)


class Dated(Row):
    """A row valid for a period, about a vehicle or a meter."""

    valid_from: Instant
    valid_to: Instant | None = None
    vehicle: Name | None = None
    meter: Name | None = None

    @model_validator(mode="after")
    def _one_subject(self) -> Self:
        if (self.vehicle is None) == (self.meter is None):
            raise ValueError("give either vehicle or meter")
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            raise ValueError("valid_to must be after valid_from")
        return self


class ContractRow(Known, Dated):
    """A contract of a customer about a vehicle or meter."""

    customer: Name
    kind: Literal["motor", "electricity"]


class AssignmentRow(Dated):
    """Where a device is in a period. correct : it overrules what is known about that period."""

    device: Name
    correct: bool = False


class Refusal(BaseModel):
    """Why a row was refused. field : None = the row as a whole."""

    field: str | None
    message: str


def refusal_of(error: dict[str, Any]) -> Refusal:
    """Return the refusal for one error of pydantic."""
    where = ".".join(str(part) for part in error["loc"])
    return Refusal(field=where or None, message=str(error["msg"]))
