"""Consent records: what a customer has decided about each use of their data, with all events.

Form: ISO/IEC TS 27560 as the W3C's guide maps it to the Data Privacy Vocabulary (profile
`dpv-27560:record-eu-gdpr`). One record for each purpose, channel, category of data and recipient
that somebody has decided about. Its sections: header, processing, parties, events. The terms and
their fields of the standard: docs/security.md. What we do not know is left out. Pure.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from contracts.purposes import DataCategory, recipient_of
from customer_context.consent.receipt import BASES, CONTEXT, event_of, notice_of, time_text
from customer_context.consent.state import (
    Decision,
    Question,
    decision_in_force,
)

SCHEMA = "dpv-27560:record-eu-gdpr"
_LIMITS = ("purpose", "channel", "data_category", "recipient")
_CONTROLLER = {
    "postal_address": "schema:address",
    "contact": "schema:contactPoint",
    "privacy_url": "schema:url",
}


def records_of(
    rows: Sequence[Mapping[str, Any]],
    tenant: Mapping[str, Any],
    issued: datetime,
    *,
    withdraw_at: str = "",
    retention_days: int | None = None,
) -> dict[str, Any]:
    """Return the records of one customer, as one JSON-LD document.

    rows : of `store.people.consent.all_of`, oldest first. tenant : of
    `store.people.tenants.controller`. issued : aware. withdraw_at : the address of the page where
    it can be decided otherwise; '' = none is known. retention_days : of telemetry, None = no end.
    """
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in _LIMITS), []).append(row)
    ledger = [_decision(row) for row in rows]
    return {
        "@context": dict(CONTEXT),
        "@graph": [
            _record(of, ledger, tenant, issued, withdraw_at, retention_days)
            for of in groups.values()
        ],
    }


def _record(
    rows: Sequence[Mapping[str, Any]],
    ledger: Sequence[Decision],
    tenant: Mapping[str, Any],
    issued: datetime,
    withdraw_at: str,
    retention_days: int | None,
) -> dict[str, Any]:
    last = rows[-1]
    id_ = f"urn:tachowatt:consent:{last['tenant']}:{rows[0]['consent_id']}:record"
    question = Question(*(last[name] for name in _LIMITS))
    now = decision_in_force(ledger, question, issued)
    granted = now is not None and now.grants(issued)
    control: dict[str, Any] = {"@type": "dpv:WithdrawConsent"}
    if withdraw_at:
        control["schema:url"] = withdraw_at
    return {
        # header
        "@id": id_,
        "@type": "dpv:ConsentRecord",
        "dct:conformsTo": SCHEMA,
        "dct:identifier": id_,
        "dct:issued": time_text(issued),
        "dpv:hasDataSubject": {"@type": "dpv:DataSubject", "dct:identifier": last["customer"]},
        # processing
        "dpv:hasProcess": _process(last, tenant, retention_days),
        "dpv:hasNotice": [notice_of(row) for row in _notices(rows)],
        "dpv:hasConsentControl": control,
        "dpv:hasRight": [f"eu-gdpr:{right}" for right in _RIGHTS],
        # parties
        "dpv:hasEntity": _entities(last, tenant),
        # events
        "tw:state": "dpv:ConsentGiven" if granted else "tw:NothingPermitted",
        "dpv:hasConsentStatus": [
            {
                **event_of(row),
                "dct:identifier": f"urn:tachowatt:consent:{row['tenant']}:{row['consent_id']}",
                "tw:ledgerPlace": row["seq"],
                "tw:ledgerDigest": bytes(row["digest"]).hex(),
            }
            for row in rows
        ],
    }


_RIGHTS = ("A15", "A16", "A17", "A18", "A20", "A21", "A77")
"""Articles of the GDPR."""


def _process(
    row: Mapping[str, Any], tenant: Mapping[str, Any], retention_days: int | None
) -> dict[str, Any]:
    categories = [row["data_category"]] if row["data_category"] else list(map(str, DataCategory))
    found: dict[str, Any] = {
        "@type": "dpv:Process",
        "dpv:hasPurpose": {"@type": "dpv:Purpose", "dct:identifier": row["purpose"]},
        "dpv:hasLegalBasis": BASES[row["legal_basis"]],
        "dpv:hasPersonalData": [
            {"@type": "dpv:PersonalData", "dct:identifier": category} for category in categories
        ],
        "dpv:hasProcessing": ["dpv:Collect", "dpv:Store", "dpv:Use", "dpv:Disclose"],
        "dpv:hasDataController": f"tw:{row['tenant']}",
        "dpv:hasStorageCondition": _storage(categories, tenant, retention_days),
    }
    recipient = row["recipient"] or recipient_of(row["purpose"])
    if recipient is not None:
        found["dpv:hasRecipient"] = {"@type": "dpv:Recipient", "dct:identifier": recipient}
    if row["channel"] is not None:
        found["tw:channel"] = row["channel"]
    if tenant["jurisdiction"]:
        found["dpv:hasJurisdiction"] = tenant["jurisdiction"]
    return found


def _storage(
    categories: Sequence[str], tenant: Mapping[str, Any], retention_days: int | None
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if retention_days is not None and DataCategory.TELEMETRY in categories:
        duration = {"@type": "dpv:TemporalDuration", "rdf:value": f"P{retention_days}D"}
        found.append(
            {
                "@type": "dpv:StorageDuration",
                "dpv:hasDuration": duration,
                "tw:of": str(DataCategory.TELEMETRY),
            }
        )
    until = {"@type": "dpv:UntilEventDuration", "rdf:value": "the relationship ends, or erasure"}
    found.append({"@type": "dpv:StorageDuration", "dpv:hasDuration": until})
    if tenant["storage_location"]:
        found.append(
            {"@type": "dpv:StorageLocation", "dpv:hasLocation": tenant["storage_location"]}
        )
    return found


def _entities(row: Mapping[str, Any], tenant: Mapping[str, Any]) -> list[dict[str, Any]]:
    controller: dict[str, Any] = {
        "@id": f"tw:{row['tenant']}",
        "@type": ["dpv:Organisation", "dpv:DataController"],
        "schema:name": tenant["name"],
    }
    controller |= {term: tenant[name] for name, term in _CONTROLLER.items() if tenant[name]}
    subject = {"@type": "dpv:DataSubject", "dct:identifier": row["customer"]}
    return [controller, subject]


def _notices(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Each text that was shown, once."""
    seen = {(row["notice_version"], row["language"], row["notice_digest"]): row for row in rows}
    return list(seen.values())


def _decision(row: Mapping[str, Any]) -> Decision:
    return Decision(
        row["consent_id"], row["purpose"], row["state"], row["decided_at"], row["recorded_at"],
        row["channel"], row["data_category"], row["recipient"], row["valid_from"], row["valid_to"],
        row["opt_in"], row["confirms"],
    )  # fmt: skip
