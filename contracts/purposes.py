"""Purposes: permitted uses of a person's data, and their legal basis."""

from collections.abc import Mapping
from enum import StrEnum


class Purpose(StrEnum):
    """Permitted uses of data. Purposes of channels: contracts.channels."""

    DRIVING_SCORE = "driving_score"
    CLAIMS_ASSISTANCE = "claims_assistance"
    ENERGY_INSIGHT = "energy_insight"


class Training(StrEnum):
    """Uses of recordings to make the program better; nobody gets anything that rests on them."""

    DETECTION = "detection_training"


class LegalBasis(StrEnum):
    """GDPR Art. 6(1); insurance telematics usually rests on the contract
    (docs/field/customer.md)."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    LEGITIMATE_INTEREST = "legitimate_interest"


class DataCategory(StrEnum):
    """Categories of data that a decision may be limited to."""

    TELEMETRY = "telemetry"
    """What devices measure: it is stored and computed from."""
    FEATURES = "features"
    """What is computed: trips, events, scores, consumption, anomalies. It is shown and sent."""


class Recipient(StrEnum):
    """Who gets what rests on a purpose. Partners are `partner:<id>`."""

    INSURER = "insurer"
    UTILITY = "utility"


PARTNER = "partner:"
"""Begins the recipient of a decision about a partner: `partner:<id>`."""


class Method(StrEnum):
    """How a decision was taken."""

    IMPORT = "import"
    COMMAND = "command"
    API = "api"
    PAGE = "page"
    CONFIRMATION_LINK = "confirmation_link"
    RENEWAL_LINK = "renewal_link"
    STOP_LINK = "stop_link"
    STOP_REPLY = "stop_reply"
    MERGE = "merge"
    """Written for an id when customers are merged or split (services/merging.py)."""


class KeyUse(StrEnum):
    """What a signing key signs."""

    HEAD = "head"
    RECEIPT = "receipt"


COVERING: Mapping[str, frozenset[Purpose]] = {
    "vehicle": frozenset({Purpose.DRIVING_SCORE, Purpose.CLAIMS_ASSISTANCE}),
    "meter": frozenset({Purpose.ENERGY_INSIGHT}),
}
"""Kind of device → purposes; at least one must be granted for its data to be stored."""

INSURERS = (Purpose.DRIVING_SCORE, Purpose.CLAIMS_ASSISTANCE)
"""Purposes of insurers; the others are those of utilities."""


_RECIPIENTS: Mapping[str, str] = {
    purpose: Recipient.INSURER if purpose in INSURERS else Recipient.UTILITY for purpose in Purpose
}


def side_of(purpose: str | None) -> str | None:
    """Return the side (insurer or utility) that a purpose belongs to; None without a purpose."""
    if purpose is None:
        return None
    return "insurer" if purpose in INSURERS else "utility"


def recipient_of(purpose: str) -> str | None:
    """Return who gets what rests on a purpose; None of a channel, which is ours alone."""
    return _RECIPIENTS.get(purpose)
