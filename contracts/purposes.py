"""Purposes: permitted uses of a person's data, and their legal basis."""

from collections.abc import Mapping
from enum import StrEnum


class Purpose(StrEnum):
    """Permitted uses of data. Purposes of channels: contracts.channels."""

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
"""Kind of device → purposes; at least one must be granted for its data to be stored."""

INSURERS = (Purpose.DRIVING_SCORE, Purpose.CLAIMS_ASSISTANCE)
"""Purposes of insurers; the others are those of utilities."""


def side_of(purpose: str | None) -> str | None:
    """Return the side (insurer or utility) that a purpose belongs to; None without a purpose."""
    if purpose is None:
        return None
    return "insurer" if purpose in INSURERS else "utility"
