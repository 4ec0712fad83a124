"""Consent: which decision is in force, and what the granted purposes cover. Pure; fails closed.

The rule: a decision takes effect when it was taken, but not before it was recorded where its date
lies ahead of that (the clock of whoever sent it is fast). The newest one is in force. Of two that
take effect at one instant the one recorded later, and of those the withdrawal. The same in SQL:
`store.postgres.consent_order.NEWEST_FIRST`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from contracts.purposes import COVERING

GRANTED, WITHDRAWN = "granted", "withdrawn"


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision of a customer about a purpose. consent_id : ascending in order of recording."""

    consent_id: int
    purpose: str
    state: str
    decided_at: datetime
    recorded_at: datetime

    @property
    def effective_at(self) -> datetime:
        """When it takes effect: as decided, but not after it was recorded."""
        return min(self.decided_at, self.recorded_at)


def in_force(decisions: Iterable[Decision]) -> dict[str, Decision]:
    """Return purpose → the decision in force, of one customer's decisions in any order."""
    found: dict[str, Decision] = {}
    for decision in decisions:
        known = found.get(decision.purpose)
        if known is None or _rank(decision) > _rank(known):
            found[decision.purpose] = decision
    return found


def _rank(decision: Decision) -> tuple[datetime, datetime, bool, int]:
    return (
        decision.effective_at,
        decision.recorded_at,
        decision.state == WITHDRAWN,
        decision.consent_id,
    )


@dataclass(frozen=True, slots=True)
class ConsentState:
    """The decisions in force: customer (tenant, id) → purposes granted."""

    granted: Mapping[tuple[str, str], frozenset[str]]

    def covers(self, tenant: str, customer: str | None, device_kind: str) -> bool:
        """Return True where at least one granted purpose allows this customer's data of this kind.

        Returns False for no customer, an unknown one, and one without decisions.
        """
        if customer is None:
            return False
        purposes = self.granted.get((tenant, customer))
        return bool(purposes) and not COVERING[device_kind].isdisjoint(purposes or ())
