"""A consent receipt: what was decided, as JSON-LD with terms of the DPV. Pure.

Form: ISO/IEC TS 27560 as the W3C's guide maps it to the Data Privacy Vocabulary (profile
`dpv-27560:receipt-eu-gdpr`). Fields that the form has and we do not know, such as the address of
the tenant, are left out. Times are UTC by ISO 8601.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from contracts.purposes import DataCategory, LegalBasis, recipient_of
from customer_context.consent.state import CONFIRMED, GRANTED, PENDING

SCHEMA = "dpv-27560:receipt-eu-gdpr"
CONTEXT: Mapping[str, str] = {
    "dpv": "https://w3id.org/dpv#",
    "dpv-27560": "https://w3id.org/dpv/schema/dpv-27560#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "dct": "http://purl.org/dc/terms/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "schema": "https://schema.org/",
    "tw": "urn:tachowatt:consent#",
}
BASES: Mapping[str, str] = {
    LegalBasis.CONSENT: "eu-gdpr:A6-1-a",
    LegalBasis.CONTRACT: "eu-gdpr:A6-1-b",
    LegalBasis.LEGAL_OBLIGATION: "eu-gdpr:A6-1-c",
    LegalBasis.LEGITIMATE_INTEREST: "eu-gdpr:A6-1-f",
}


def receipt_of(row: Mapping[str, Any], issued: datetime, withdraw_at: str) -> dict[str, Any]:
    """Return the receipt of a decision.

    row : of `store.people.consent.one`. issued : aware. withdraw_at : the address of the page where
    it can be decided otherwise; '' = none is known.
    """
    record = f"urn:tachowatt:consent:{row['tenant']}:{row['consent_id']}"
    process: dict[str, Any] = {
        "@type": "dpv:Process",
        "dpv:hasPurpose": {"@type": "dpv:Purpose", "dct:identifier": row["purpose"]},
        "dpv:hasLegalBasis": BASES[row["legal_basis"]],
        "dpv:hasPersonalData": [
            {"@type": "dpv:PersonalData", "dct:identifier": category}
            for category in ([row["data_category"]] if row["data_category"] else DataCategory)
        ],
        "dpv:hasDataController": f"tw:{row['tenant']}",
    }
    recipient = row["recipient"] or recipient_of(row["purpose"])
    if recipient is not None:
        process["dpv:hasRecipient"] = {"@type": "dpv:Recipient", "dct:identifier": recipient}
    if row["channel"] is not None:
        process["tw:channel"] = row["channel"]
    found: dict[str, Any] = {
        "@context": dict(CONTEXT),
        "@id": f"{record}:receipt",
        "@type": "dpv:ConsentReceipt",
        "dct:conformsTo": SCHEMA,
        "dct:identifier": f"{record}:receipt",
        "dct:issued": time_text(issued),
        "dct:source": record,
        "dpv:hasDataSubject": {"@type": "dpv:DataSubject", "dct:identifier": row["customer"]},
        "dpv:hasEntity": {
            "@id": f"tw:{row['tenant']}",
            "@type": ["dpv:Organisation", "dpv:DataController"],
            "schema:name": row["tenant_name"],
        },
        "dpv:hasProcess": process,
        "dpv:hasConsentStatus": event_of(row),
        "dpv:hasNotice": notice_of(row),
        "dpv:hasConsentControl": {"@type": "dpv:WithdrawConsent"},
        "tw:ledgerPlace": row["seq"],
        "tw:ledgerDigest": bytes(row["digest"]).hex(),
    }
    if withdraw_at:
        found["dpv:hasConsentControl"]["schema:url"] = withdraw_at
    return found


def event_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event of a decision: what was said, when and how."""
    state = "dpv:ConsentWithdrawn"
    if row["state"] == GRANTED:
        state = "dpv:ConsentRequested" if row["opt_in"] == PENDING else "dpv:ConsentGiven"
    event: dict[str, Any] = {
        "@type": state,
        "dpv:isIndicatedAtTime": time_text(row["decided_at"]),
        "dct:dateSubmitted": time_text(row["recorded_at"]),
        "dpv:isIndicatedBy": "dpv:DataSubject",
        "dpv:hasIndicationMethod": row["method"] or row["source"],
        "dpv:hasDuration": _duration(row),
    }
    if row["valid_from"] is not None:
        event["dct:valid"] = time_text(row["valid_from"])
    if row["opt_in"] == CONFIRMED:
        event["tw:confirms"] = row["confirms"]
    return event


def _duration(row: Mapping[str, Any]) -> dict[str, Any]:
    if row["state"] != GRANTED:
        return {"@type": "dpv:UntilEventDuration", "rdf:value": "consent is given again"}
    if row["valid_to"] is not None:
        return {"@type": "dpv:UntilTimeDuration", "rdf:value": time_text(row["valid_to"])}
    return {"@type": "dpv:UntilEventDuration", "rdf:value": "consent is withdrawn"}


def notice_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the notice that was shown with a decision."""
    found: dict[str, Any] = {
        "@type": "dpv:ConsentNotice",
        "dct:hasVersion": row["notice_version"],
    }
    if row["language"] is not None:
        found["dct:language"] = row["language"]
    if row["notice_digest"] is not None:
        found["dct:identifier"] = f"urn:sha256:{row['notice_digest']}"
    if row["notice"] is not None:
        found["dct:description"] = row["notice"]
    return found


def time_text(at: datetime) -> str:
    """Return an instant as UTC by ISO 8601."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
