"""Bills as the API answers them: amounts as exact decimals in text."""

from datetime import date, datetime
from typing import Any

from pydantic import Field

from api.http.answers import Shape
from contracts.quality import Quality
from customer_context.billing.explain import CAUSES, OTHER
from services.bills import Explained, Outlook


class BillReading(Shape):
    """A reading of a bill, and how it was determined."""

    day: date
    register_name: str
    export: bool
    kwh: str
    status: str = Field(description=", ".join(quality.name for quality in Quality))
    source: str = Field(description="meter, customer, utility or estimate")
    meter: str


class BillLine(Shape):
    """A line of our own calculation, net. quantity : kWh, or days of a standing charge."""

    what: str = Field(description="standing_charge, energy, feed_in or levy")
    detail: str
    start: date
    end: date
    quantity: str
    price: str
    amount: str


class BillDifference(Shape):
    """What is billed more than for the period before; the shares add up to it, to the cent."""

    before: str = Field(description="Id of the bill before.")
    amount: str
    shares: dict[str, str] = Field(description=f"By cause: {', '.join([*CAUSES, OTHER])}")


class BillRow(Shape):
    """A bill in a list. end : the day after the last."""

    id: str
    version: int
    contract: str
    start: date
    end: date
    tariff: str
    kwh: str
    computed_gross: str = Field(description="By our own calculation.")
    billed_gross: str | None = Field(description="By the billing system; null = not billed yet.")
    billed_otherwise: str = Field(description="billed_gross less computed_gross: never hidden.")
    paid: str
    to_pay: str
    recorded_at: datetime


class CustomerBill(BillRow):
    """A bill with the steps that add up."""

    export_kwh: str
    readings: list[BillReading]
    lines: list[BillLine]
    net: str
    vat: str
    split_by_days: bool = Field(description="Use was split by days where the prices changed.")
    difference: BillDifference | None


class InstalmentAdvice(Shape):
    """What to pay a month. change : the difference is worth a change."""

    now: str
    advised: str
    low: str
    high: str
    change: bool


class BillOutlook(Shape):
    """The running period: use so far, and what is expected at its end with its range."""

    contract: str
    start: date
    end: date
    used_kwh: float
    expected_kwh: float
    low_kwh: float
    high_kwh: float
    gross: str
    low: str
    high: str
    instalment: InstalmentAdvice | None


class CustomerBills(Shape):
    """A customer's bills, newest first."""

    data: list[BillRow]
    outlook: BillOutlook | None


def row_of(found: Explained) -> dict[str, Any]:
    """Return the fields of a bill in a list."""
    shown = found.shown
    names = ("start", "end", "tariff", "kwh", "computed_gross", "billed_gross",
             "billed_otherwise", "paid", "to_pay")  # fmt: skip
    return {
        "id": found.row["bill"],
        "version": found.row["version"],
        "contract": found.row["contract"],
        "recorded_at": found.row["recorded_at"],
        **{name: shown[name] for name in names},
    }


def bill_of(found: Explained) -> CustomerBill:
    """Return a bill with its steps."""
    shown = found.shown
    return CustomerBill.model_validate(
        {
            **row_of(found),
            **{name: shown[name] for name in ("export_kwh", "net", "vat", "split_by_days")},
            "lines": shown["lines"],
            "readings": [
                {**{n: v for n, v in reading.items() if n != "register"},
                 "register_name": reading["register"]}
                for reading in shown["readings"]
            ],
            "difference": found.difference and {"before": found.before, **found.difference},
        }
    )  # fmt: skip


def outlook_of(found: Outlook | None) -> BillOutlook | None:
    """Return the outlook of the running period."""
    if found is None:
        return None
    advice = found.advice
    return BillOutlook(
        contract=found.contract,
        start=found.start,
        end=found.end,
        used_kwh=round(found.used_kwh, 3),
        expected_kwh=round(found.kwh, 3),
        low_kwh=round(found.low_kwh, 3),
        high_kwh=round(found.high_kwh, 3),
        gross=str(found.gross),
        low=str(found.low),
        high=str(found.high),
        instalment=None
        if advice is None
        else InstalmentAdvice(
            now=str(found.instalment),
            advised=str(advice.advised),
            low=str(advice.low),
            high=str(advice.high),
            change=advice.change,
        ),
    )
