"""Partners: what a customer has granted to a company outside. Pure; fails closed.

A partner needs a decision that names it (`recipient` = `partner:<id>`) and has an end. What the
customer grants to all does not reach partners; what the customer withdraws from all does.
Oracle: tests/oracles/partners.py.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from contracts.purposes import PARTNER, DataCategory
from customer_context.consent.state import Decision, Question, decision_in_force


def granted_to(decisions: Iterable[Decision], partner: str, at: datetime) -> dict[str, Decision]:
    """Return purpose → the decision by which a partner sees what rests on it, of one customer's."""
    all_ = list(decisions)
    recipient = f"{PARTNER}{partner}"
    named = [decision for decision in all_ if decision.recipient == recipient]
    return {
        purpose: found
        for purpose in dict.fromkeys(decision.purpose for decision in named)
        if (found := _granted(all_, named, purpose, recipient, at)) is not None
    }


def _granted(
    all_: Sequence[Decision],
    named: Sequence[Decision],
    purpose: str,
    recipient: str,
    at: datetime,
) -> Decision | None:
    question = Question(purpose, data_category=DataCategory.FEATURES, recipient=recipient)
    found = decision_in_force(named, question, at)
    if found is None or not found.grants(at) or found.valid_to is None:
        return None
    newest = decision_in_force(all_, question, at)
    return found if newest is not None and newest.grants(at) else None
