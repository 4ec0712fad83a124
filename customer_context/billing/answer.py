"""A bill, and why it differs from last year's, as the command and the API answer it."""

from typing import Any

from contracts.billing import Billed, RegisterReading
from customer_context.billing.bill import Bill
from customer_context.billing.explain import Explained, Instalment


def bill(billed: Billed, computed: Bill) -> dict[str, Any]:
    """Return a bill with its readings and lines; amounts as exact decimals in text."""
    gross = computed.gross if billed.gross is None else billed.gross
    return {
        "start": billed.start.isoformat(),
        "end": billed.end.isoformat(),
        "tariff": billed.tariff.name,
        "kwh": str(computed.kwh),
        "export_kwh": str(computed.export_kwh),
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
            for line in computed.lines
        ],
        "net": str(computed.net),
        "vat": str(computed.vat),
        "computed_gross": str(computed.gross),
        "billed_gross": None if billed.gross is None else str(billed.gross),
        "billed_otherwise": str(gross - computed.gross),
        "paid": str(billed.paid),
        "to_pay": str(gross - billed.paid),
        "split_by_days": computed.split_by_days,
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


def difference(explained: Explained) -> dict[str, Any]:
    """Return the difference of two bills, with shares that add up to it."""
    return {
        "amount": str(explained.difference),
        "shares": {cause: str(share) for cause, share in explained.shares.items()},
    }


def instalment(found: Instalment) -> dict[str, Any]:
    """Return the advice about what to pay a month."""
    return {
        "advised": str(found.advised),
        "low": str(found.low),
        "high": str(found.high),
        "change": found.change,
    }
