"""`tachowatt explain-bill`: the answer for a file with this year's bill and last year's."""

from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict

from contracts.billing import Billed, RegisterReading
from customer_context.billing.bill import Bill, compute
from customer_context.billing.explain import advise, explain


class ExpectedYear(BaseModel):
    """What the coming year is expected to cost, gross, with its range, and what is paid a month."""

    model_config = ConfigDict(extra="forbid")

    gross: Decimal
    low: Decimal
    high: Decimal
    instalment: Decimal = Decimal(0)


class BillFileIn(BaseModel):
    """The file: this bill, the one before, and what is expected."""

    model_config = ConfigDict(extra="forbid")

    now: Billed
    before: Billed | None = None
    expected: ExpectedYear | None = None


def _bill(billed: Billed, bill: Bill) -> dict[str, Any]:
    gross = bill.gross if billed.gross is None else billed.gross
    return {
        "start": billed.start.isoformat(),
        "end": billed.end.isoformat(),
        "tariff": billed.tariff.name,
        "kwh": str(bill.kwh),
        "export_kwh": str(bill.export_kwh),
        "readings": [_reading(reading) for reading in billed.readings],
        "lines": [
            {
                "what": line.what,
                "detail": line.detail,
                "start": line.start.isoformat(),
                "end": line.end.isoformat(),
                "quantity": str(line.quantity),
                "price": str(round(line.price, 8)),
                "amount": str(line.amount),
            }
            for line in bill.lines
        ],
        "net": str(bill.net),
        "vat": str(bill.vat),
        "computed_gross": str(bill.gross),
        "billed_gross": None if billed.gross is None else str(billed.gross),
        "billed_otherwise": str(gross - bill.gross),
        "paid": str(billed.paid),
        "to_pay": str(gross - billed.paid),
        "split_by_days": bill.split_by_days,
    }


def _reading(reading: RegisterReading) -> dict[str, Any]:
    return {
        "day": reading.day.isoformat(),
        "register": reading.register_name,
        "export": reading.export,
        "kwh": str(reading.kwh),
        "status": reading.status.name,
        "source": reading.source,
        "meter": reading.meter,
    }


def answer(given: BillFileIn) -> dict[str, Any]:
    """Compute and explain. Raises ValueError where readings do not fit."""
    shown: dict[str, Any] = {"now": _bill(given.now, compute(given.now)), "difference": None}
    if given.before is not None:
        explained = explain(given.before, given.now)
        shown["before"] = _bill(given.before, explained.before)
        shown["difference"] = {
            "amount": str(explained.difference),
            "shares": {cause: str(share) for cause, share in explained.shares.items()},
        }
    if given.expected is not None:
        year = given.expected
        found = advise(year.gross, year.low, year.high, year.instalment)
        shown["instalment"] = {
            "advised": str(found.advised),
            "low": str(found.low),
            "high": str(found.high),
            "change": found.change,
        }
    return shown
