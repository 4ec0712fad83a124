"""Double opt-in: which grants wait for their recipient, and which may be confirmed.

A grant of a channel's own purpose permits messages to an address. Who enters it for a customer may
have mistyped the address, or may never have asked. So it decides nothing until the one who reads
the address confirms it (`state.Decision.decides`). The confirmation is a decision of its own.
Pure. Oracle: tests/oracles/opt_in.py.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from contracts.channels import CONFIRMED as CHANNEL_OF
from contracts.purposes import Method
from customer_context.consent.state import CONFIRMED, WITHDRAWN, Decision, rank

BY_THE_RECIPIENT = (Method.CONFIRMATION_LINK, Method.RENEWAL_LINK)
"""Methods of decisions that the reader of the address took."""


class Refusal(StrEnum):
    """Why a request cannot be confirmed any more."""

    CONFIRMED = "confirmed"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


def is_needed(purpose: str, method: str, *, verified: bool, strict: bool) -> bool:
    """Return whether a grant waits for its confirmation.

    verified : whether the customer's address is known to be theirs. strict : the tenant asks even
    the customer who is signed in. What its reader has decided by a link of ours is confirmed.
    """
    if purpose not in CHANNEL_OF or method in BY_THE_RECIPIENT:
        return False
    return strict or method != Method.PAGE or not verified


def refusal(
    decisions: Iterable[Decision], pending: Decision, expires_at: datetime, at: datetime
) -> Refusal | None:
    """Return why a grant that waits cannot be confirmed at a time; None = it can.

    decisions : the customer's, in any order. A withdrawal of the same purpose that came later is an
    answer too, whatever it is limited to: who wants messages after it is asked again.
    """
    all_ = list(decisions)
    if any(d.opt_in == CONFIRMED and d.confirms == pending.consent_id for d in all_):
        return Refusal.CONFIRMED
    if any(
        d.purpose == pending.purpose and d.state == WITHDRAWN and rank(d) > rank(pending)
        for d in all_
    ):
        return Refusal.WITHDRAWN
    return None if at < expires_at else Refusal.EXPIRED
