"""Examples of answers that are short; api/openapi/examples.py has those of scores and alerts."""

from typing import Any

_LINK_ID = "3b0e8f7a5c2d4e1f9a6b7c8d0e1f2a3b"
_CASE_ID = "0c9c1f0f6f2d4b0f9a6f6f3f9d1f7a55"
_CONTACT_ID = "5e1d7a0c2b8f4a6f8d3c1b2a49586f70"
_SIGNAL_ID = "3f0b7f5e1c9d4e2a8b6a7c5d4e3f2a1b"


def page(*rows: dict[str, Any]) -> dict[str, Any]:
    """Return a page with these rows that is the last one."""
    return {"data": list(rows), "pagination": {"end_cursor": "WyJ4Il0", "has_next_page": False}}


_ENTERED: dict[str, Any] = {
    "id": "6a1f0c9d2b8e4f7a9c3d5e6f70819203",
    "meter": "m-12",
    "at": "2026-11-20T17:42:00Z",
    "reading": 34507.0,
    "source": "customer",
    "status": "ABGELESEN",
    "verdict": "plausible",
    "counts": True,
    "confirmed": False,
    "entered_at": "2026-11-20T17:43:10Z",
    "replaces": None,
    "version": 1,
    "reason": "",
    "case_id": None,
}
_BILL_ROW: dict[str, Any] = {
    "id": "B-2025",
    "version": 1,
    "contract": "k3",
    "start": "2025-01-01",
    "end": "2026-01-01",
    "tariff": "Basis",
    "kwh": "3440",
    "computed_gross": "1340.12",
    "billed_gross": "1340.12",
    "billed_otherwise": "0.00",
    "paid": "1140.00",
    "to_pay": "200.12",
    "recorded_at": "2026-01-14T08:00:00Z",
}
_ROUND: dict[str, Any] = {
    "id": "9c2e4d5f6071829304a5b6c7d8e9f012",
    "name": "Winter 2026",
    "opens_at": "2026-12-01T00:00:00Z",
    "remind_at": "2026-12-10T00:00:00Z",
    "closes_at": "2026-12-15T00:00:00Z",
    "created_at": "2026-11-20T08:00:00Z",
    "created_by": "Metering",
    "meters": 4210,
    "invited": 4210,
    "reminded": 1322,
    "read": 3605,
    "estimated": 0,
    "done": 3605,
}
_READ_END: dict[str, Any] = {
    "at": "2025-12-31T23:00:00Z",
    "kwh": 20780.0,
    "status": "ABGELESEN",
    "source": "customer",
    "reading": "6a1f0c9d2b8e4f7a9c3d5e6f70819203",
}
_CORRECTION: dict[str, Any] = {
    "id": "5f0c9d2b8e4f7a9c3d5e6f70",
    "reading_id": "6a1f0c9d2b8e4f7a9c3d5e6f70819203",
    "meter": "m-12",
    "at": "2026-11-20T17:42:00Z",
    "before": 34570.0,
    "after": 34507.0,
    "status": "VORSCHLAGSWERT",
    "reason": "The photo shows a 0 before the 7.",
    "requested_by": "Mara Lind",
    "expires_at": "2026-11-27T08:00:00Z",
}
_FACT: dict[str, Any] = {
    "name": "consumption.year_kwh",
    "type": "number",
    "unit": "kWh",
    "choices": None,
    "source": "feature",
    "purpose": "energy_insight",
    "max_age_s": 604_800,
    "title": {"de": "Verbrauch im Jahr", "en": "consumption of a year"},
    "description": {
        "de": "Aus den gemessenen Tagen hochgerechnet.",
        "en": "Projected from the measured days.",
    },
}
_FACTORS: dict[str, Any] = {
    "propensity": 0.12,
    "context": 1.0,
    "value": 60.0,
    "weight": 1.0,
    "priority": 7.199999999999999,
}
_DECISION: dict[str, Any] = {
    "id": "7c1d8e0fa3b24f5a9d60b1c2e3f40516",
    "customer": "c-7",
    "place": "agent",
    "decided_at": "2026-11-21T10:08:00Z",
    "digest": "255ac745e36f5b0e6a3cf0b1d4b1d2d1f0f8f9a4a0c7f2b3b8f1f7f0f4d2c9e1",
    "winners": [
        {
            "action": "ev-tariff",
            "title": "EV tariff",
            "issue": "electricity",
            "group": "electricity-tariffs",
            "treatment": "ev-say",
            "channel": "agent",
            "rank": 1,
            "subject": None,
            "text": "Your car charged at home in 9 of the last 30 nights. With our EV tariff "
            "electricity is cheaper at night. Shall I send you an offer?",
            "rests_on": "This rests on your load profile, in which a car was charged again and "
            "again.",
            "stop": "You can stop such messages under “My data”.",
            "purpose": "energy_insight",
            "case_type": "contract-change",
            **_FACTORS,
        }
    ],
    "candidates": [
        {
            "action": "ev-tariff",
            "issue": "electricity",
            "group": "electricity-tariffs",
            "outcome": "won",
            "rank": 1,
            "stage": None,
            "rule": None,
            "level": None,
            "detail": None,
            "known": None,
            "treatments": [
                {
                    "treatment": "ev-say",
                    "channel": "agent",
                    "reason": None,
                    "rule": None,
                    "detail": None,
                    **_FACTORS,
                }
            ],
        },
        {
            "action": "safe-driver-discount",
            "issue": "motor",
            "group": "motor-tariffs",
            "outcome": "fell",
            "rank": None,
            "stage": "applicable",
            "rule": "applicable",
            "level": "safe-driver-discount",
            "detail": "driving.score at_least 85",
            "known": 78.4,
            "treatments": [],
        },
    ],
}
_PERIOD = {"from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"}
_EXPOSURE = {"distance_m": 161_300.0, "drive_s": 12_480.0, "night_s": 250.0, "trips": 14}

_CASE_ROW: dict[str, Any] = {
    "id": _CASE_ID,
    "side": "insurer",
    "kind": "crash",
    "title": {
        "de": "Unfall mit Golf: Fahrer zurückrufen",
        "en": "Crash of Golf: call the driver",
    },
    "urgent": True,
    "customer": "c-7",
    "subject": "vehicle:car-7",
    "state": "in_progress",
    "owner": "claims desk",
    "resolution": None,
    "outcome": "not_reached",
    "attempts": 1,
    "call_back_at": None,
    "deadline": "2026-11-21T10:15:05Z",
    "opened_at": "2026-11-21T10:00:05Z",
    "updated_at": "2026-11-21T10:08:00Z",
    "resolved_at": None,
    "version": 2,
    "withdrawn": False,
    "skill": "claims",
    "language": "en",
    "severity": 3,
    "waiting_since": None,
}
_CASE: dict[str, Any] = {
    **_CASE_ROW,
    "signal_id": _SIGNAL_ID,
    "playbook": "crash-call-back",
    "entries": [
        {
            "at": "2026-11-21T10:08:00Z",
            "author": "claims desk",
            "kind": "note",
            "text": "Called at 10:08. Nobody is hurt, the car stands at the garage.",
        }
    ],
}
_RIGHT: dict[str, Any] = {
    "id": "5b1f0e0c9a7d4c21b0e6f3a1",
    "customer": "c-7",
    "right": "access",
    "article": "15",
    "state": "answered",
    "details": "",
    "asked_by": "page",
    "case_id": None,
    "received_at": "2026-11-21T10:00:00Z",
    "due_at": "2026-12-21T22:59:59Z",
    "extended_at": None,
    "extension": "",
    "identified_at": "2026-11-21T10:00:00Z",
    "executed_at": "2026-11-21T10:00:09Z",
    "closed_at": "2026-11-21T10:00:09Z",
    "answer": "",
    "proof": {"sha256": "9f2c", "rows": {"customers.customer": 1}},
    "copy_of_data": {"bytes": 48_211, "sha256": "9f2c", "expires_at": "2026-12-05T10:00:09Z"},
}
_PRIVACY: dict[str, Any] = {
    "open_requests": 3,
    "late_requests": 0,
    "retention": [
        {
            "category": "casework",
            "days": 1095,
            "why": "three years: the limitation period of § 195 BGB",
            "enforced_by": "retention",
            "places": 9,
            "deleted": 12,
            "total": 4_711,
            "ran_at": "2026-11-21T10:00:00Z",
        }
    ],
    "receivers": [
        {
            "name": "crm",
            "audience": "insurer",
            "active": True,
            "messages": 17,
            "follows": ["registry", "consents"],
            "waiting": 3,
            "waiting_since": "2026-11-21T10:00:00Z",
        }
    ],
    "purposes": [{"purpose": "driving_score", "recipient": "insurer"}],
    "erasures": [
        {
            "id": "c3d5a1f09b7e4d2c8a6f1e0b",
            "pseudonym": "erased-5f1d0c3b2a4e6d78",
            "reason": "",
            "erased_by": "anna",
            "erased_at": "2026-11-20T09:00:00Z",
            "physically_by": "2026-12-25T09:00:00Z",
            "gone": False,
            "rows": 48_120,
            "recipients": [{"name": "claims desk", "messages": 2}],
        }
    ],
}
_CHANNELS = {
    "data": [
        {
            "matter": "electricity",
            "channel": "inbox",
            "in_use": True,
            "channels": ["inbox", "email"],
        }
    ]
}
_LIMIT = {"kind": "automated_decisions", "since": "2026-11-21T10:00:00Z"}
_READ_DAY = {
    "day": "2026-11-21",
    "role": "agent",
    "reader": "Anna Berger",
    "what": ["contact points", "customer context"],
    "times": 2,
    "last_at": "2026-11-21T10:08:00Z",
}
_CONTACT_ROW: dict[str, Any] = {
    "id": _CONTACT_ID,
    "customer": "c-7",
    "channel": "webhook",
    "receiver": "claims desk",
    "address": None,
    "purpose": "claims_assistance",
    "language": "en",
    "type": "crash.detected",
    "subject": None,
    "urgent": True,
    "playbook": "crash-call-back",
    "decision_id": None,
    "case_id": _CASE_ID,
    "alert_id": None,
    "state": "delivered",
    "reason": "",
    "attempts": 1,
    "created_at": "2026-11-21T10:00:05Z",
    "next_attempt_at": None,
    "delivered_at": "2026-11-21T10:00:06Z",
    "finished_at": "2026-11-21T10:00:06Z",
    "read_at": None,
    "withdrawn": False,
}
_CONTACT: dict[str, Any] = {
    **_CONTACT_ROW,
    "body": None,
    "signal_id": _SIGNAL_ID,
    "tries": [
        {
            "number": 1,
            "at": "2026-11-21T10:00:06Z",
            "outcome": "delivered",
            "status": 204,
            "detail": "",
            "duration_ms": 84,
        }
    ],
}
_POINT: dict[str, Any] = {
    "id": "9a0c1f0f6f2d4b0f9a6f6f3f9d1f7a10",
    "kind": "mobile",
    "value": "+491713920001",
    "shown": "0171 3920001",
    "link": "tel:+491713920001",
    "preferred": True,
    "verified_at": None,
    "valid_from": "2026-11-01T00:00:00Z",
    "valid_to": None,
    "source": "import",
}
_RULE: dict[str, Any] = {
    "kind": "playbook",
    "id": "news-of-score",
    "version": 1,
    "digest": "5f3c" + 30 * "a7",
    "in_force": False,
    "recorded_at": "2026-11-21T10:00:00Z",
    "recorded_by": "Petra Supervisor",
    "approval": {"kind": "playbook.activate", "subject": "playbook:5f3c" + 30 * "a7"},
}
RULE_TEXT = """\
id: news-of-score
version: 1
title: {de: Neues zum Fahrwert, en: News of the driving score}
trigger: {signal: score.changed}
purpose: driving_score
contacts:
  - id: note
    to: customer
    channel: inbox
    subject: {de: Ihr Fahrwert, en: Your driving score}
    body: {de: Ihr Fahrwert hat sich geändert., en: Your driving score has changed.}
"""
_APPROVAL: dict[str, Any] = {
    "id": "c10c1f0f6f2d4b0f9a6f6f3f9d1f7a99",
    "kind": "dead_letter.reveal",
    "subject": "dead_letter:17",
    "reason": "The meter sends nothing that is used since its last update.",
    "state": "waiting",
    "requested_by": "Olga Operator",
    "requested_at": "2026-11-21T10:00:00Z",
    "expires_at": "2026-11-22T10:00:00Z",
    "decided_by": None,
    "decided_at": None,
    "note": None,
    "executed_at": None,
}
_DECIDED: dict[str, Any] = {
    **_APPROVAL,
    "state": "approved",
    "decided_by": "Dora Data-Protection",
    "decided_at": "2026-11-21T10:20:00Z",
    "note": "Agreed by telephone with the operator.",
}
_CONSENTS: dict[str, Any] = {
    "customer": "c-7",
    "granted": ["claims_assistance"],
    "ledger": [
        {
            "id": 4711,
            "purpose": "driving_score",
            "state": "withdrawn",
            "legal_basis": "consent",
            "notice_version": "2026-11",
            "source": "api",
            "decided_at": "2026-11-23T17:42:10Z",
            "recorded_at": "2026-11-23T17:42:10Z",
            "channel": None,
            "data_category": None,
            "recipient": None,
            "notice_digest": None,
            "language": "de",
            "method": "api",
            "valid_from": None,
            "valid_to": None,
            "opt_in": None,
        }
    ],
}
_RECEIPT: dict[str, Any] = {
    "receipt": {
        "@context": {"dpv": "https://w3id.org/dpv#", "dct": "http://purl.org/dc/terms/"},
        "@id": "urn:tachowatt:consent:acme:4711:receipt",
        "@type": "dpv:ConsentReceipt",
        "dct:conformsTo": "dpv-27560:receipt-eu-gdpr",
        "dct:issued": "2026-11-24T08:00:00.000000Z",
        "dpv:hasConsentStatus": {
            "@type": "dpv:ConsentWithdrawn",
            "dpv:isIndicatedAtTime": "2026-11-23T17:42:10.000000Z",
            "dpv:isIndicatedBy": "dpv:DataSubject",
        },
    },
    "jws": "eyJhbGciOiJFZDI1NTE5In0.e30.c2lnbmF0dXJl",
    "key": {"kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrw"},
}
_RECORD: dict[str, Any] = {
    "record": {
        "@context": {"dpv": "https://w3id.org/dpv#", "dct": "http://purl.org/dc/terms/"},
        "@graph": [
            {
                "@id": "urn:tachowatt:consent:acme:4700:record",
                "@type": "dpv:ConsentRecord",
                "dct:conformsTo": "dpv-27560:record-eu-gdpr",
                "dct:issued": "2026-11-24T08:00:00.000000Z",
            }
        ],
    },
    "jws": _RECEIPT["jws"],
    "key": _RECEIPT["key"],
}
_DEAD_LETTER: dict[str, Any] = {
    "id": 17,
    "tenant": "acme",
    "dialect": "tasmota",
    "topic": "tele/cellar/SENSOR",
    "content_type": None,
    "bytes": 92,
    "received_at": "2026-11-21T10:00:00Z",
    "reason": "ambiguous",
    "detail": "2 objects may be the meter; Haus has Total_in; Heizung has Total_in.",
    "state": "open",
    "retried_at": None,
    "outcome": None,
}
_COUNTING = {
    "event": None,
    "happened_at": "2026-11-21T10:10:00Z",
    "counts": False,
    "reason": "passenger",
    "decided_by": "Ada Lind",
    "decided_at": "2026-11-24T09:12:00Z",
    "case_id": None,
}
_POLICY_SCORE = {
    "driver": "c-1",
    "contract": "k-7",
    "vehicle": "car-7",
    "valid_from": "2024-01-01T00:00:00+01:00",
    "valid_to": None,
    "trips": 812,
    "distance_m": 14_201_455.2,
    "driving_s": 1_204_311.0,
    "period_from": "2026-01-01T00:00:00+01:00",
    "period_to": "2027-01-01T00:00:00+01:00",
    "period_trips": 402,
    "period_distance_m": 7_310_021.8,
    "period_driving_s": 611_402.5,
    "score": 81.4,
    "band": "B",
    "trusted": True,
    "algorithm_version": "driving-score/4",
    "frozen_for": "tariff-2027",
    "as_of": "2026-12-01T00:00:00+01:00",
}
_TRIP: dict[str, Any] = {
    "id": "7-1795255200000000",
    "vehicle": "car-7",
    "contract": "k-7",
    "started_at": "2026-11-21T10:00:00Z",
    "ended_at": "2026-11-21T10:31:00Z",
    "distance_m": 21_400.0,
    "drive_s": 1_790.0,
    "idle_s": 70.0,
    "night_s": 0.0,
    "rush_s": 0.0,
    "speeding_s": 12.0,
    "max_speed_kmh": 103.2,
    "speeding_count": 1,
    "crashes": 0,
    "revision": 0,
    "harsh_braking": [1, 0, 0],
    "harsh_acceleration": [0, 0, 0],
    "harsh_cornering": [2, 0, 0],
}
_CUSTOMERS = page(
    {"id": "c-7", "name": "Jane Doe", "language": "en", "contracts": 2, "open_cases": 1}
)

_ENTRY: dict[str, Any] = {
    "kind": "interaction",
    "id": "0c8f3d5b1f6e4a0f9d0b6c2e7a41c5d8",
    "at": "2026-11-20T17:42:00Z",
    "type": "shop_order",
    "summary": {"de": "Wallbox 11 kW ordered", "en": "Wallbox 11 kW ordered"},
    "channel": "shop",
    "text": "",
    "state": "completed",
    "direction": "inbound",
    "subject": None,
    "case_id": None,
    "reference": "20117",
    "by": "shop",
    "withdrawn": False,
}


_CALL: dict[str, Any] = {
    "id": "6f1d2c3b4a5968778695a4b3c2d1e0f1",
    "agent": "Sofia Keller",
    "state": "open",
    "match": "one",
    "started_at": "2026-11-21T10:00:00Z",
    "closed_at": None,
    "customer": None,
    "chosen": True,
    "questions": ["contract", "plate"],
    "tries_left": 3,
    "code": "possible",
    "verified_at": None,
    "verified_by": None,
    "verified_how": None,
    "desk": "/desk/6f1d2c3b4a5968778695a4b3c2d1e0f1",
}
_VERIFIED: dict[str, Any] = {
    **_CALL,
    "customer": "c-7",
    "questions": [],
    "tries_left": 0,
    "code": "no_address",
    "verified_at": "2026-11-21T10:01:00Z",
    "verified_by": "Sofia Keller",
    "verified_how": "questions",
}
_LEVEL: dict[str, Any] = {
    "opened": 12,
    "resolved": 9,
    "in_time": 8,
    "late": 2,
    "first_action_p50_s": 420.0,
    "first_action_p90_s": 3_900.0,
    "resolved_p50_s": 14_400.0,
    "resolved_p90_s": 172_800.0,
}
_CASE_TYPE: dict[str, Any] = {
    "type": "complaint",
    "version": 1,
    "digest": "5d1e2f4b8c7a69300f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a6978",
    "in_force": True,
    "recorded_at": None,
    "recorded_by": "tachowatt",
}

_PLAN: dict[str, Any] = {
    "type": "complaint",
    "version": 1,
    "digest": _CASE_TYPE["digest"],
    "state": "active",
    "next": ["examine"],
    "exceptions": [],
    "data": {"words": "The bill is too high.", "about": "bill"},
    "stages": [
        {
            "id": "solve",
            "title": {"de": "Lösen", "en": "Solve"},
            "exception": False,
            "state": "active",
            "due": None,
            "steps": [
                {
                    "id": "examine",
                    "kind": "human",
                    "title": {"de": "Prüfen", "en": "Examine"},
                    "who": "agent",
                    "state": "active",
                    "times": 1,
                    "why": "without criterion",
                    "required": True,
                    "due": "2026-11-26T17:00:00Z",
                    "action": None,
                    "say": None,
                    "documents": {},
                    "form": {
                        "type": "object",
                        "properties": {"justified": {"type": "boolean"}},
                        "required": ["justified"],
                        "additionalProperties": False,
                    },
                }
            ],
        }
    ],
    "events": [
        {
            "at": "2026-11-21T10:08:00Z",
            "author": "agent",
            "event": "complete",
            "step": "record",
            "text": "",
            "changes": [
                ["record", "completed", "complete"],
                ["solve", "active", "entry: after intake"],
            ],
        }
    ],
}


_EVENT: dict[str, Any] = {
    "number": 17,
    "source": "/crm",
    "event_id": "e-1",
    "type": "customer.put",
    "object": "c-1",
    "state": "refused",
    "reason": "language: Input should be 'de' or 'en'",
    "received_at": "2026-11-21T10:00:00Z",
    "settled_at": None,
    "settled_by": None,
    "bytes": 142,
}
_MERGE: dict[str, Any] = {
    "merged": "c-18", "survivor": "c-7", "reason": "Moved, and was entered again",
    "merged_at": "2026-11-21T10:08:00Z", "merged_by": "Kim", "split_at": None, "split_by": None,
    "split_reason": None,
}  # fmt: skip
_PARTNER: dict[str, Any] = {
    "id": "garage-7", "name": "Garage Seven", "kind": "garage",
    "grants": [{
        "purpose": "claims_assistance", "granted_at": "2026-11-21T10:08:00Z",
        "valid_to": "2027-05-31T00:00:00Z",
    }],
}  # fmt: skip
_GRANTING: dict[str, Any] = {
    "id": "c-7", "name": "Anna Müller",
    "granted": [{"purpose": "claims_assistance", "until": "2027-05-31T00:00:00Z"}],
}  # fmt: skip
_LABEL = {"de": "Treuestufe", "en": "Loyalty level"}
_ATTRIBUTE: dict[str, Any] = {
    "type": "choice", "choices": ["blue", "gold"], "purpose": None, "label": _LABEL,
    "kind": "customer", "name": "loyalty_level",
}  # fmt: skip
_VALUE: dict[str, Any] = {
    "kind": "customer", "object": "c-7", "name": "loyalty_level", "label": _LABEL, "value": "gold",
    "purpose": None,
}  # fmt: skip
_PAIR: dict[str, Any] = {
    "one": {
        "id": "c-18", "name": "Anna Müller", "birth_date": None, "contracts": 1,
        "contact_points": [],
    },
    "other": {
        "id": "c-7", "name": "Müller, Anna", "birth_date": None, "contracts": 2,
        "contact_points": [],
    },
    "score": 0.95, "sure": False, "needs_approval": True, "agreement": {"name": 1.0, "email": 1.0},
    "proposed_at": "2026-11-21T10:08:00Z",
}  # fmt: skip
_SPLIT = {
    **_MERGE,
    "split_at": "2026-11-22T09:00:00Z",
    "split_by": "Kim",
    "split_reason": "Father and son",
}

ANSWERS: dict[str, dict[str, Any]] = {
    "ask_correction": {"201": _CORRECTION},
    "list_corrections": {"200": {"data": [_CORRECTION]}},
    "approve_correction": {
        "200": {
            "id": "5f0c9d2b8e4f7a9c3d5e6f70",
            "reading": {
                **_ENTERED,
                "source": "utility",
                "version": 2,
                "replaces": "7b1f0c9d2b8e4f7a9c3d5e6f70819203",
                "reason": "The photo shows a 0 before the 7. (Mara Lind, Jo Beck)",
            },
        }
    },
    "reject_correction": {"200": {"id": "5f0c9d2b8e4f7a9c3d5e6f70", "reading": None}},
    "record_exchange": {"201": {"data": [{**_ENTERED, "source": "utility", "reason": "exchange"}]}},
    "list_billing_periods": {
        "200": {
            "data": [
                {
                    "contract": "k3",
                    "meter": "m-12",
                    "customer": "c-7",
                    "start": _READ_END,
                    "end": None,
                    "kwh": None,
                    "missing": ["no_reading_at_end"],
                    "released": None,
                    "sum_of_intervals": None,
                }
            ]
        }
    },
    "list_billing_events": {
        "200": {
            "data": [
                {
                    "id": 412,
                    "type": "billing.value.released",
                    "meter": "m-12",
                    "contract": "k3",
                    "version": 1,
                    "at": "2026-01-12T08:31:07Z",
                    "kwh": 3440.0,
                    "read_at": None,
                    "start_on": "2025-01-01",
                    "end_on": "2026-01-01",
                    "state": "failed",
                    "reason": "",
                }
            ]
        }
    },
    "resend_billing_events": {"202": {"events": 1}},
    "send_billing_value": {
        "201": {
            "contract": "k3",
            "meter": "m-12",
            "version": 1,
            "kwh": 3440.0,
            "start": {**_READ_END, "at": "2024-12-31T23:00:00Z", "kwh": 17340.0},
            "end": _READ_END,
        }
    },
    "create_reading_round": {"201": {**_ROUND, "invited": 0, "reminded": 0, "read": 0, "done": 0}},
    "list_reading_rounds": {"200": {"data": [_ROUND]}},
    "get_reading_round": {
        "200": {
            **_ROUND,
            "of_meters": [
                {
                    "meter": "m-12",
                    "customer": "c-7",
                    "next": "close",
                    "invited_at": "2026-12-01T00:00:04Z",
                    "invited_by": "email",
                    "reminded_at": "2026-12-10T00:00:03Z",
                    "reminded_by": "email",
                    "thanked_by": None,
                    "reading": None,
                    "status": None,
                    "estimated": False,
                    "reason": "",
                }
            ],
        }
    },
    "write_tariff": {"201": {"id": "basis", "version": 1}},
    "write_bill": {"201": {"id": "B-2025", "version": 1}},
    "list_bills": {
        "200": {
            "data": [_BILL_ROW],
            "outlook": {
                "contract": "k3",
                "start": "2026-01-01",
                "end": "2027-01-01",
                "used_kwh": 2984.2,
                "expected_kwh": 3391.0,
                "low_kwh": 3302.5,
                "high_kwh": 3480.9,
                "gross": "1322.40",
                "low": "1291.11",
                "high": "1354.92",
                "instalment": {
                    "now": "95.00",
                    "advised": "111",
                    "low": "107",
                    "high": "113",
                    "change": True,
                },
            },
        }
    },
    "get_bill": {
        "200": {
            **_BILL_ROW,
            "export_kwh": "0",
            "readings": [
                {
                    "day": "2026-01-01",
                    "register_name": "total",
                    "export": False,
                    "kwh": "20780",
                    "status": "ABGELESEN",
                    "source": "customer",
                    "meter": "",
                }
            ],
            "lines": [
                {
                    "what": "standing_charge",
                    "detail": "",
                    "start": "2025-01-01",
                    "end": "2026-01-01",
                    "quantity": "365",
                    "price": "0.30136986",
                    "amount": "110.00",
                }
            ],
            "net": "1126.15",
            "vat": "213.97",
            "split_by_days": False,
            "difference": {
                "before": "B-2024",
                "amount": "207.35",
                "shares": {"weather": "41.80", "use": "61.40", "price": "104.15"},
            },
        }
    },
    "check_reading": {
        "200": {
            "verdict": "digits_swapped",
            "reading": 34570.0,
            "expected": 34511.4,
            "low": 34497.2,
            "high": 34530.9,
            "reason": {
                "de": "Mit zwei Ziffern in anderer Reihenfolge würde er passen.",
                "en": "With two digits in the other order it would fit.",
            },
            "question": {
                "de": "Lesen Sie die Ziffern bitte noch einmal einzeln: Sind zwei vertauscht?",
                "en": "Please read the digits one by one again: are two of them swapped?",
            },
            "number": "1EMH0012345678",
            "digits": 6,
        }
    },
    "enter_reading": {"201": _ENTERED},
    "list_readings": {"200": {"data": [_ENTERED]}},
    "get_driving_score_history": {
        "200": {
            "subject": "contract:k-7",
            "granularity": "month",
            "timezone": "Europe/Berlin",
            "algorithm_version": "driving-score/1",
            "consent_ref": "consent:118",
            "data": [
                {
                    "period": _PERIOD,
                    "score": 78.4,
                    "band": "B",
                    "trust": "full",
                    "exposure": _EXPOSURE,
                    "reason": None,
                }
            ],
        }
    },
    "list_mileage": {
        "200": page(
            {
                "subject": "contract:k-7",
                "period": _PERIOD,
                **_EXPOSURE,
                "consent_ref": "consent:118",
            }
        )
    },
    "list_trips": {"200": page(_TRIP)},
    "get_portfolio_scores": {"200": {"data": [_POLICY_SCORE]}},
    "list_countings": {"200": {"data": [_COUNTING]}},
    "decide_counting": {"201": {**_COUNTING, "score_before": 71.4, "score_after": 74.9}},
    "list_crashes": {
        "200": page(
            {
                "id": _SIGNAL_ID,
                "revision": 0,
                "retracted": False,
                "subject": "vehicle:car-7",
                "customer": "c-7",
                "contract": "k-7",
                "happened_at": "2026-11-21T10:00:00Z",
                "noticed_at": "2026-11-21T10:00:05Z",
                "severity": 3,
                "peak_mps2": 62.0,
                "delta_v_kmh": 41.0,
                "speed_kmh": 48.0,
                "case_id": _CASE_ID,
                "consent_ref": "consent:119",
            }
        )
    },
    "create_stream_token": {
        "201": {
            "token": "ts_3q2-7wEiM0mY0i3Zl5n8bRkq1vT4uXoPzS6dFgHjKlA",
            "url": "/v1/alerts/stream?token=ts_3q2-7wEiM0mY0i3Zl5n8bRkq1vT4uXoPzS6dFgHjKlA",
            "expires_at": "2026-11-21T10:05:00Z",
        }
    },
    "stream_alerts": {
        "200": 'id: 41\nevent: opened\ndata: {"sequence":41,"resumed":false}\nretry: 2000\n\n'
    },
    "list_meters": {
        "200": page(
            {
                "id": "m-12",
                "number": "1EMH0012345678",
                "interval_s": 900,
                "timezone": "Europe/Berlin",
                "customer": "c-7",
                "contract": "k-12",
                "consent_ref": "consent:120",
            }
        )
    },
    "list_meter_days": {
        "200": page(
            {
                "date": "2026-11-20",
                "started_at": "2026-11-19T23:00:00Z",
                "energy_kwh": 9.41,
                "estimated_kwh": 0.12,
                "intervals_expected": 96,
                "intervals_measured": 95,
                "intervals_estimated": 1,
                "lowest_w": 88.0,
                "peak_w": 3_120.0,
                "peak_at": "2026-11-20T17:30:00Z",
                "base_load_w": 148.5,
                "night_share": 0.21,
                "revision": 0,
            }
        )
    },
    "list_meter_intervals": {
        "200": page(
            {
                "start": "2026-11-20T17:30:00Z",
                "end": "2026-11-20T17:45:00Z",
                "energy_kwh": 0.78,
                "status": "ABGELESEN",
                "estimated": False,
                "reason": "AS_READ",
                "revision": 0,
            }
        )
    },
    "list_customers": {"200": _CUSTOMERS},
    "search_customers": {"200": _CUSTOMERS},
    "list_cases": {"200": page(_CASE_ROW)},
    "list_case_queue": {"200": page(_CASE_ROW)},
    "list_case_contact_points": {"200": {"data": [_POINT]}},
    "list_rights": {"200": {"data": [_RIGHT], "limits": [_LIMIT]}},
    "ask_right": {"201": _RIGHT},
    "get_rights_request": {"200": _RIGHT},
    "change_rights_request": {"200": {**_RIGHT, "state": "withdrawn", "copy_of_data": None}},
    "end_limit": {"200": {"data": [_RIGHT], "limits": []}},
    "list_rights_requests": {"200": page({**_RIGHT, "state": "open", "copy_of_data": None})},
    "get_privacy_report": {"200": _PRIVACY},
    "get_data_copy": {"200": "PK"},
    "list_own_read_days": {"200": page(_READ_DAY)},
    "list_contact_points": {"200": {"data": [_POINT]}},
    "record_contact_point": {
        "201": {name: _POINT[name] for name in ("id", "kind")}
        | {"recorded_at": "2026-11-21T10:08:00Z"}
    },
    "end_contact_point": {"200": {**_POINT, "valid_to": "2026-11-21T10:08:00Z"}},
    "list_merges": {"200": {"data": [_MERGE]}},
    "merge_customer": {"200": _MERGE},
    "split_customer": {"200": _SPLIT},
    "list_own_partners": {"200": {"data": [_PARTNER]}},
    "grant_to_partner": {"201": {"data": _PARTNER["grants"]}},
    "end_grant_to_partner": {"200": {"data": []}},
    "list_partner_customers": {"200": page(_GRANTING)},
    "get_partner_customer": {"200": {**_GRANTING, "subjects": ["vehicle:car-7"], "findings": []}},
    "list_attributes": {"200": {"data": [_ATTRIBUTE]}},
    "declare_attribute": {"200": _ATTRIBUTE},
    "list_customer_attributes": {"200": {"data": [_VALUE]}},
    "list_matches": {"200": page(_PAIR)},
    "accept_match": {"200": _MERGE},
    "reject_match": {"200": {"one": "c-18", "other": "c-7", "state": "rejected"}},
    "record_outcome": {"200": _CASE},
    "undo_outcome": {"200": _CASE},
    "report_call": {"201": _CALL},
    "get_call": {"200": _CALL},
    "choose_caller": {"200": _CALL},
    "send_caller_code": {"200": {**_CALL, "code": "sent"}},
    "verify_caller": {"200": _VERIFIED},
    "close_call": {"200": {**_VERIFIED, "state": "closed", "closed_at": "2026-11-21T10:09:00Z"}},
    "take_next_case": {"200": {"case": _CASE}},
    "take_case": {"200": _CASE},
    "delegate_case": {"200": _CASE},
    "return_case": {"200": {**_CASE, "state": "open", "owner": None}},
    "list_delegates": {
        "200": {
            "data": [
                {"name": "Sofia Keller", "skills": ["claims"], "languages": ["de"], "cases": 3}
            ]
        }
    },
    "get_team_workload": {
        "200": {
            "data": [
                {
                    "name": "Sofia Keller",
                    "role": "agent",
                    "skills": ["claims"],
                    "languages": ["de"],
                    "absent": False,
                    "cases": 3,
                    "overdue": 1,
                    "waiting": 1,
                    "urgent": 0,
                    "oldest": "2026-11-20T08:12:00Z",
                }
            ],
            "uncovered": [
                {
                    "side": "utility",
                    "skill": "metering",
                    "language": "en",
                    "cases": 2,
                    "first_rank_at": "2026-11-23T17:00:00Z",
                }
            ],
        }
    },
    "get_service_level": {
        "200": {
            "since": "2026-10-24T10:00:00Z",
            "days": [{**_LEVEL, "day": "2026-11-20"}],
            "kinds": [{**_LEVEL, "kind": "complaint"}],
        }
    },
    "open_case": {"201": _CASE},
    "list_case_types": {"200": {"data": [_CASE_TYPE]}},
    "record_case_type": {"201": _CASE_TYPE},
    "list_rules": {"200": {"data": [_RULE]}},
    "record_rule": {"201": _RULE},
    "get_rule": {
        "200": {
            **_RULE,
            "text": RULE_TEXT,
            "difference": "--- nothing\n+++ news-of-score version 1\n@@ -0,0 +1,2 @@\n"
            "+id: news-of-score\n+version: 1",
        }
    },
    "list_case_steps": {"200": _PLAN},
    "change_case_step": {"200": _PLAN},
    "create_case_link": {
        "201": {
            "id": _LINK_ID,
            "url": f"https://tachowatt.example/matter/{_LINK_ID}?t=Q2FzZS1saW5rLWV4YW1wbGU",
            "expires_at": "2026-11-23T10:08:00Z",
            "sent": True,
            "not_sent_because": None,
        }
    },
    "list_case_links": {
        "200": {
            "data": [
                {
                    "id": _LINK_ID,
                    "made_at": "2026-11-21T10:08:00Z",
                    "made_by": "claims desk",
                    "expires_at": "2026-11-23T10:08:00Z",
                    "opened_at": "2026-11-21T10:09:12Z",
                    "revoked_at": None,
                }
            ]
        }
    },
    "end_case_links": {"200": {"revoked": 1}},
    "get_claim": {
        "200": {
            "jws": "eyJhbGciOiJFZDI1NTE5In0.eyJjYXNlIjoiMGM5YzFmIn0.c2lnbmF0dXJl",
            "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "signed_at": "2026-11-22T09:30:00Z",
            "public_key": {
                "kty": "OKP",
                "crv": "Ed25519",
                "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
            },
        }
    },
    "list_case_files": {
        "200": {
            "data": [
                {
                    "id": "7a1c0f4b9e2d4c6f8b3a5d7e9f1c2b4a",
                    "step": "photos",
                    "document": "scene-photo",
                    "author": "customer:c-7",
                    "added_at": "2026-11-21T10:11:40Z",
                    "media_type": "image/jpeg",
                    "size_bytes": 412_337,
                    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                }
            ]
        }
    },
    "change_case_plan": {"200": _PLAN},
    "answer_crash": {"200": {"case": _CASE_ID, "state": "open"}},
    "dispute_trip": {"201": {"case": _CASE_ID, "state": "open"}},
    "redeem_device_claim": {
        "200": {
            "dialect": "native",
            "device": "acme/car-7",
            "url": "mqtts://broker.example.com:8883",
            "user": "native/acme/car-7",
            "password": "the password, once",
            "publish": ["tw/v1/acme/car-7/telemetry"],
            "subscribe": ["tw/v1/acme/car-7/ack"],
        }
    },
    "list_approvals": {"200": page(_APPROVAL)},
    **{
        operation: {
            "200": {
                "dry_run": False,
                "counts": {"created": 0, "updated": 1, "unchanged": 0, "refused": 0},
                "data": [{"line": 1, "id": object_id, "result": "updated", "errors": []}],
            }
        }
        for operation, object_id in {
            "write_customers": "c-1",
            "write_contracts": "k-1",
            "write_vehicles": "car-7",
            "write_meters": "m-12",
            "write_assignments": "box-7",
            "change_customer": "c-1",
            "change_contract": "k-1",
            "change_vehicle": "car-7",
            "change_meter": "m-12",
        }.items()
    },
    "list_registry_events": {
        "200": {
            "data": [_EVENT],
            "pagination": {"end_cursor": "WyJyZWdpc3RyeS1ldmVudHMiLCAxN10", "has_next_page": False},
        }
    },
    "get_registry_event": {
        "200": {
            **_EVENT,
            "text": '{"specversion": "1.0", "id": "e-1", "source": "/crm", "type": "customer.put", '
            '"tenant": "insurer", "data": {"id": "c-1", "name": "Ada", "language": "fr"}}',
        }
    },
    "retry_registry_event": {
        "200": {"number": 17, "state": "applied", "object": "c-1", "errors": []}
    },
    "drop_registry_event": {
        "200": {"number": 17, "state": "dropped", "object": "c-1", "errors": []}
    },
    "list_changes": {
        "200": {
            "data": [
                {
                    "id": "8812.4071",
                    "type": "vehicle.updated",
                    "kind": "vehicle",
                    "object": "car-7",
                    "recorded_at": "2026-11-21T10:00:00Z",
                    "data": {
                        "id": "car-7",
                        "name": "Blue estate",
                        "plate": "TW-AB 1235",
                        "external_ids": {},
                    },
                }
            ],
            "pagination": {"end_cursor": "WyJjaGFuZ2VzIiwgODgxMiwgNDA3MV0", "has_next_page": False},
        }
    },
    "get_snapshot": {
        "200": {
            "data": [{"kind": "meter", "object": "m-12", "data": {"id": "m-12"}}],
            "pagination": {"end_cursor": "WyJzbmFwc2hvdCIsIDg4MTJd", "has_next_page": True},
            "changes_after": "WyJjaGFuZ2VzIiwgODgxMSwgMF0",
        }
    },
    "ask_approval": {"201": _APPROVAL},
    "get_approval": {"200": _APPROVAL},
    "approve_request": {"200": _DECIDED},
    "reject_request": {"200": {**_DECIDED, "state": "rejected", "note": "The shape says enough."}},
    "activate_rule": {
        "200": {
            **_DECIDED,
            "kind": "case_type.activate",
            "subject": f"case_type:{_CASE_TYPE['digest']}",
            "state": "executed",
        }
    },
    "reveal_dead_letter": {
        "200": {
            "approval": {
                **_DECIDED,
                "state": "executed",
                "executed_at": "2026-11-21T10:21:00Z",
            },
            "body_base64": "eyJUaW1lIjoieWVzdGVyZGF5In0=",
        }
    },
    "list_quarantined_devices": {
        "200": {
            "data": [
                {
                    "tenant": "acme",
                    "device": "car-9",
                    "dialect": "native",
                    "address": "acme/car-9",
                    "reason": "nothing_usable",
                    "detail": "not_json",
                    "since": "2026-11-21T10:00:00Z",
                    "last_at": "2026-11-21T10:20:00Z",
                    "open": 1_000,
                    "open_bytes": 1_000,
                    "deferred": 0,
                    "deferred_bytes": 0,
                    "not_kept": 9_300,
                    "not_kept_bytes": 9_300,
                }
            ]
        }
    },
    "get_case": {"200": _CASE},
    "add_note": {"201": _CASE},
    "change_case": {"200": _CASE},
    "get_own_data": {
        "200": {
            "customer": "c-7",
            "name": "Jane Doe",
            "language": "en",
            "email": "jane@example.org",
            "purposes": ["claims_assistance", "driving_score"],
            "devices": [
                {
                    "device": "car-7",
                    "kind": "vehicle",
                    "dialect": "native",
                    "contract": "k-7",
                    "subject": "vehicle:car-7",
                    "valid_from": "2026-01-01T00:00:00Z",
                    "valid_to": None,
                    "samples": 104_233,
                    "first_at": "2026-01-03T07:12:00Z",
                    "last_at": "2026-11-21T10:31:00Z",
                }
            ],
        }
    },
    "list_own_reads": {
        "200": page(
            {
                "at": "2026-11-21T10:04:00Z",
                "role": "agent",
                "reader": "claims desk",
                "what": "customer context",
                "object_kind": "customer",
                "object_id": "c-7",
                "why": "claim 2026-4711 (service)",
                "request_id": "9f2b7c1d00aa41e7",
            }
        )
    },
    "list_own_trips": {"200": page(_TRIP)},
    "get_own_trip_path": {
        "200": {
            "trip": _TRIP["id"],
            "points": [
                {
                    "at": "2026-11-21T10:00:00Z",
                    "lat_deg": 52.52,
                    "lon_deg": 13.405,
                    "speed_kmh": 32.0,
                }
            ],
            "cut_off": False,
        }
    },
    "get_own_consents": {"200": _CONSENTS},
    "decide_consent": {"201": _CONSENTS},
    "get_consent_receipt": {"200": _RECEIPT},
    "get_consent_record": {"200": _RECORD},
    "list_own_messages": {
        "200": page(
            {
                "id": _CONTACT_ID,
                "subject": "Your base load has risen",
                "body": "For three days no hour came below 412 W. An old freezer may be the cause.",
                "language": "en",
                "urgent": False,
                "purpose": "energy_insight",
                "sent_at": "2026-11-22T08:00:00Z",
                "read_at": None,
            }
        )
    },
    "decide_next_action": {
        "200": {
            **_DECISION,
            "explanation": f"/v1/decisions/{_DECISION['id']}",
            "candidates": None,
        }
    },
    "get_decision": {
        "200": {
            **_DECISION,
            "direction": "inbound",
            "decided_by": "service desk",
            "versions": {"all": 1, "electricity": 1},
            "recomputed": True,
            "facts": {
                "consumption.charger_nights": {
                    "value": 9,
                    "at": "2026-11-21T00:00:00Z",
                    "confidence": 1.0,
                }
            },
        }
    },
    "report_outcome": {"201": {"outcome": "recorded", "case_id": _CASE_ID}},
    "report_facts": {"201": {"recorded": 2}},
    "list_own_channels": {"200": _CHANNELS},
    "list_outbound_previews": {
        "200": page(
            {
                "customer": "c-7",
                "messages": [],
                "reason": "contact_policy",
                "stopped": [
                    {
                        "action": "safe-driver-discount",
                        "stage": "contact_policy",
                        "rule": "person-week",
                        "detail": "cap_reached",
                    }
                ],
            }
        )
    },
    "choose_own_channel": {"200": _CHANNELS},
    "report_context_feedback": {"201": {"outcome": "recorded"}},
    "list_facts": {"200": {"data": [_FACT]}},
    "list_timeline": {"200": page(_ENTRY)},
    "search_timeline": {"200": page(_ENTRY)},
    "report_interaction": {
        "201": {"id": "0c8f3d5b1f6e4a0f9d0b6c2e7a41c5d8", "outcome": "recorded"}
    },
    "report_interactions": {
        "200": {
            "data": [
                {
                    "line": 1,
                    "outcome": "recorded",
                    "id": "5a2e9f0d7c3b4816a1d4e8f20b9c6d37",
                    "detail": None,
                },
                {
                    "line": 2,
                    "outcome": "unknown_customer",
                    "id": None,
                    "detail": "there is no such customer",
                },
            ],
            "recorded": 1,
            "duplicates": 0,
            "refused": 1,
        }
    },
    "list_contacts": {"200": page(_CONTACT_ROW)},
    "get_contact": {"200": _CONTACT},
    "resend_contact": {"202": _CONTACT},
    "get_ledger": {
        "200": {
            "closes": True,
            "data": [
                {
                    "tenant": "acme",
                    "dialect": "native",
                    "received": 1_000,
                    "stored": 990,
                    "duplicate": 6,
                    "dead_lettered": 3,
                    "refused": 1,
                    "ignored": 0,
                    "samples_received": 60_000,
                    "samples_stored": 59_400,
                    "samples_merged": 0,
                    "samples_duplicate": 360,
                    "samples_refused": 60,
                    "closes": True,
                }
            ],
        }
    },
    "list_dead_letters": {"200": page(_DEAD_LETTER)},
    "get_dead_letter": {
        "200": {
            **_DEAD_LETTER,
            "shape": '{"Time":"0000-00-00T00:00:00","Haus":{"Total_in":0000}}',
        }
    },
    "get_health": {"200": {"status": "ok"}},
    "get_readiness": {
        "200": {"ready": True, "missing": [], "resting": []},
        "503": {"ready": False, "missing": ["the database cannot be reached"], "resting": []},
    },
}
"""operationId → status → example."""
