"""Purposes: what a person's data may be used for, on which legal basis."""

from collections.abc import Mapping
from enum import StrEnum


class Purpose(StrEnum):
    """What data may be used for. What channels need beside it: contracts.channels."""

    DRIVING_SCORE = "driving_score"
    CLAIMS_ASSISTANCE = "claims_assistance"
    ENERGY_INSIGHT = "energy_insight"


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

INSURERS = (Purpose.DRIVING_SCORE, Purpose.CLAIMS_ASSISTANCE)
"""Purposes whose contacts are an insurer's business; the others are a utility's."""


def side_of(purpose: str | None) -> str | None:
    """Return the side (insurer or utility) whose business a purpose is; None without a purpose."""
    if purpose is None:
        return None
    return "insurer" if purpose in INSURERS else "utility"
