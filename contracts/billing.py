"""What a bill is made of: tariffs valid in time, readings, and what the billing system billed.

Amounts are exact decimals in one currency; prices are net, energies kWh.
"""

from datetime import date, time
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, model_validator

from contracts.quality import Quality

Amount = Annotated[Decimal, Field(max_digits=18, decimal_places=8)]
Price = Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=8)]


def _status(value: object) -> object:
    """Read a status by its name, as people write it."""
    return Quality[value] if isinstance(value, str) and value in Quality.__members__ else value


Status = Annotated[Quality, BeforeValidator(_status)]
Kwh = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=6)]
RegisterName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TariffWindow(_Strict):
    """Local hours in which a register of a time-of-use tariff counts.

    days : ISO weekdays, 1 = Monday; a window that ends before it begins goes over midnight
    """

    register_name: RegisterName
    days: frozenset[Annotated[int, Field(ge=1, le=7)]] = frozenset(range(1, 8))
    begin: time
    end: time


class Levy(_Strict):
    """A tax or levy on each kWh, before value added tax."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    price_per_kwh: Price


class TariffVersion(_Strict):
    """Prices of a tariff from a day on, until the next version.

    unit_prices : by register; `total` where there is one. windows : which register counts when;
    `default_register` outside of all. meter_registers : which of them the meter counts in its
    registers of two tariffs (t1 is OBIS 1.8.1, t2 is 1.8.2); without it they have these names.
    """

    valid_from: date
    standing_charge_per_year: Price
    unit_prices: Annotated[dict[RegisterName, Price], Field(min_length=1)]
    feed_in_per_kwh: Price = Decimal(0)
    levies: tuple[Levy, ...] = ()
    vat_percent: Annotated[Decimal, Field(ge=0, le=100, decimal_places=4)] = Decimal(0)
    default_register: RegisterName = "total"
    windows: tuple[TariffWindow, ...] = ()
    meter_registers: Annotated[
        dict[Literal["t1", "t2"], RegisterName], Field(exclude_if=lambda names: not names)
    ] = {}

    @model_validator(mode="after")
    def _registers_have_prices(self) -> Self:
        named = {window.register_name for window in self.windows} | {self.default_register}
        missing = sorted(named - self.unit_prices.keys()) if self.windows else []
        missing += sorted(set(self.meter_registers.values()) - self.unit_prices.keys())
        if missing:
            raise ValueError(f"no unit price for {', '.join(missing)}")
        return self


class Tariff(_Strict):
    """A tariff with its versions in time."""

    name: Annotated[str, Field(min_length=1, max_length=120)]
    versions: Annotated[tuple[TariffVersion, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _versions_ascend(self) -> Self:
        days = [version.valid_from for version in self.versions]
        if sorted(set(days)) != days:
            raise ValueError("versions must ascend in valid_from, each day once")
        return self


class RegisterReading(_Strict):
    """A reading on a day, and how it was determined. It counts from the begin of that day."""

    day: date
    register_name: RegisterName = "total"
    export: bool = False
    kwh: Kwh
    status: Status = Quality.ABGELESEN
    source: Literal["meter", "customer", "utility", "estimate"] = "meter"
    meter: str = ""


class Billed(_Strict):
    """A bill: its period, tariff, readings, and what the billing system asks for.

    end : the day after the last. gross : the billed amount, None = not billed yet.
    weather_kwh : what the weather of the period added to the use of a usual year, by the baseline.
    """

    start: date
    end: date
    tariff: Tariff
    readings: Annotated[tuple[RegisterReading, ...], Field(min_length=2)]
    gross: Amount | None = None
    paid: Amount = Decimal(0)
    weather_kwh: Amount | None = None

    @model_validator(mode="after")
    def _period_has_readings(self) -> Self:
        if self.end <= self.start:
            raise ValueError("end must be after start")
        if self.tariff.versions[0].valid_from > self.start:
            raise ValueError("the tariff has no version at the start of the bill")
        return self


BillingId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._~-]{0,63}$")]


class TariffRow(BaseModel):
    """A tariff as the billing system sends it, by API or as an event."""

    model_config = ConfigDict(extra="forbid")

    id: BillingId
    tariff: Tariff


class BillRow(BaseModel):
    """A bill. bill : its period, tariff (a name, or complete), readings and billed amounts."""

    model_config = ConfigDict(extra="forbid")

    id: BillingId
    customer: str = Field(max_length=64)
    contract: str = Field(max_length=64)
    bill: dict[str, JsonValue] = Field(
        description="start, end (the day after the last), tariff, readings (day, kwh, "
        "register_name, export, status, source, meter), gross, paid, weather_kwh."
    )
    instalment: Decimal | None = Field(
        default=None, ge=0, max_digits=12, decimal_places=2, description="Paid a month, gross."
    )
