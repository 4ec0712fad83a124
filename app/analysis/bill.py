"""`tachowatt explain-bill`: the answer for a file with this year's bill and last year's."""

from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict

from contracts.billing import Billed
from customer_context.billing.answer import bill as shown_bill
from customer_context.billing.answer import difference, instalment
from customer_context.billing.bill import compute
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


def answer(given: BillFileIn) -> dict[str, Any]:
    """Compute and explain. Raises ValueError where readings do not fit."""
    shown: dict[str, Any] = {"now": shown_bill(given.now, compute(given.now)), "difference": None}
    if given.before is not None:
        explained = explain(given.before, given.now)
        shown["before"] = shown_bill(given.before, explained.before)
        shown["difference"] = difference(explained)
    if given.expected is not None:
        year = given.expected
        found = advise(year.gross, year.low, year.high, year.instalment)
        shown["instalment"] = instalment(found)
    return shown
