"""Consent: who may be computed on, for which purpose. Pure decisions; fails closed."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Purpose(StrEnum):
    """What data may be used for."""

    DRIVING_SCORE = "driving_score"
    CLAIMS_ASSISTANCE = "claims_assistance"
    ENERGY_INSIGHT = "energy_insight"
    CHANNEL_EMAIL = "channel_email"
    """A channel out of the house is a purpose of its own. The inbox of the portal needs none: what
    lies there leaves nothing, and only the customer reads it."""


class LegalBasis(StrEnum):
    """GDPR Art. 6(1); insurance telematics usually rests on the contract
    (docs/field/customer.md)."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    LEGITIMATE_INTEREST = "legitimate_interest"


COVERING: Mapping[str, frozenset[Purpose]] = {
    "vehicle": frozenset({Purpose.DRIVING_SCORE, Purpose.CLAIMS_ASSISTANCE}),
    "meter": frozenset({Purpose.ENERGY_INSIGHT}),
}
"""The purposes that allow what a kind of device sends to be stored at all."""


@dataclass(frozen=True, slots=True)
class ConsentState:
    """The decisions in force: customer (tenant, id) → purposes granted."""

    granted: Mapping[tuple[str, str], frozenset[str]]

    def covers(self, tenant: str, customer: str | None, device_kind: str) -> bool:
        """True where at least one purpose allows this customer's data of this kind.

        No customer, an unknown one, and one who decided nothing: False.
        """
        if customer is None:
            return False
        purposes = self.granted.get((tenant, customer))
        return bool(purposes) and not COVERING[device_kind].isdisjoint(purposes or ())
