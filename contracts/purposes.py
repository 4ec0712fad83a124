"""Purposes: what a person's data may be used for, on which legal basis."""

from collections.abc import Mapping
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
