"""Examples in the OpenAPI document. Tests send the requests and validate the answers."""

import json
from importlib import resources
from typing import Any

from api.openapi.example_answers import ANSWERS, RULE_TEXT
from contracts.contacts import WEBHOOKS as _TYPES

_CASE_TYPE = """\
id: call-back
version: 1
title: {de: Rückruf, en: Call back}
stages:
  - id: call
    title: {de: Anrufen, en: Call}
    steps:
      - id: dial
        title: {de: Kunden anrufen, en: Call the customer}
"""


def _why(code: str, de: str, en: str) -> dict[str, Any]:
    return {"code": code, "text": en, "texts": {"de": de, "en": en}}


_USUAL_W = [150.0] * 6 + [310.0] * 12 + [520.0] * 4 + [180.0] * 2

_ALERT: dict[str, Any] = {
    "id": "b1a7a4d3a6d24c0e9b1d2b7d0a4f6c11",
    "kind": "base_load_rise",
    "severity": 2,
    "confidence": 0.73,
    "happened_at": "2026-11-18T23:00:00Z",
    "detected_at": "2026-11-21T23:15:02Z",
    "updated_at": "2026-11-22T08:12:40Z",
    "resolved_at": None,
    "ended_at": None,
    "state": "acknowledged",
    "subject": "meter:m-12",
    "rule": {"id": "consumption.base_load_rise", "version": "1"},
    "evidence": {
        "metric": "lowest hourly power of some days",
        "observed": 412.0,
        "expected": 148.5,
        "threshold": 222.8,
        "unit": "W",
        "window": {"from": "2026-11-18T23:00:00Z", "to": None},
        "method": "against the median of the lowest hours of up to 28 days before",
        "energy": {
            "expected_kwh": 21.84,
            "low_kwh": 19.1,
            "high_kwh": 24.6,
            "observed_kwh": 40.95,
            "excess_kwh": 19.11,
            "excess_cost": 6.12,
            "price_source": "Home 25",
        },
        "why_not": None,
        "usual_w": {"workday": _USUAL_W, "day_off": _USUAL_W},
        "similar_days": [
            {"date": "2026-11-16", "energy_kwh": 7.2},
            {"date": "2026-11-17", "energy_kwh": 7.4},
            {"date": "2026-11-18", "energy_kwh": 7.1},
        ],
        "likelier_cause": None,
        "known_until": "2026-11-21T23:15:00Z",
    },
    "explanation": "For days no hour came below 412.0 W; 148.5 W used to be the base load.",
    "resolution": None,
    "case_id": None,
    "feedback": None,
    "cleared": False,
    "past": False,
    "retracted": False,
    "revision": 0,
    "version": 2,
}

_SCORE: dict[str, Any] = {
    "subject": "vehicle:car-7",
    "period": {"from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"},
    "score": 78.4,
    "band": "B",
    "components": [
        {
            "factor": "harsh_braking",
            "value": 6.2,
            "unit": "per 100 km",
            "points": 5.8,
            "points_of_average": 0.35,
        },
        {
            "factor": "harsh_acceleration",
            "value": 1.1,
            "unit": "per 100 km",
            "points": 0.9,
            "points_of_average": 0.05,
        },
        {
            "factor": "harsh_cornering",
            "value": 2.4,
            "unit": "per 100 km",
            "points": 1.7,
            "points_of_average": 0.1,
        },
        {
            "factor": "speeding",
            "value": 0.04,
            "unit": "share of time",
            "points": 3.0,
            "points_of_average": 0.18,
        },
        {
            "factor": "night",
            "value": 0.02,
            "unit": "share of time",
            "points": 0.2,
            "points_of_average": 0.01,
        },
        {
            "factor": "acceleration_p95",
            "value": 1.2,
            "unit": "m/s²",
            "points": 5.2,
            "points_of_average": 0.31,
        },
        {
            "factor": "speed_p95",
            "value": 0.81,
            "unit": "of limit or 130 km/h",
            "points": 4.8,
            "points_of_average": 0.29,
        },
    ],
    "impacts": [
        {"factor": "harsh_braking", "count": 9, "score_impact": -5.8},
        {"factor": "harsh_acceleration", "count": 2, "score_impact": -0.9},
        {"factor": "harsh_cornering", "count": 4, "score_impact": -1.7},
        {"factor": "speeding", "count": 7, "score_impact": -3.0},
    ],
    "exposure": {"distance_m": 161_300.0, "drive_s": 12_480.0, "night_s": 250.0, "trips": 14},
    "trust": "full",
    "algorithm_version": "driving-score/2",
    "as_of": "2026-11-23T17:42:10Z",
    "consent_ref": "consent:118",
    "reason": None,
}

_CONTEXT: dict[str, Any] = {
    "customer": "c-7",
    "name": "Jane Doe",
    "language": "en",
    "purposes": ["claims_assistance", "driving_score"],
    "as_of": "2026-11-21T10:03:00Z",
    "relevant": [
        {
            "kind": "case",
            "id": "0c9c1f0f6f2d4b0f9a6f6f3f9d1f7a55",
            "at": "2026-11-21T10:00:05Z",
            "open": True,
            "severity": 3,
            "subject": "vehicle:car-7",
            "case_id": "0c9c1f0f6f2d4b0f9a6f6f3f9d1f7a55",
            "due_at": "2026-11-21T10:15:05Z",
            "summary": {
                "de": "Unfall mit Golf: Fahrer zurückrufen",
                "en": "Crash of Golf: call the driver",
            },
            "reasons": [
                {
                    "code": "recent",
                    "text": "3 minutes ago",
                    "texts": {"de": "vor 3 Minuten", "en": "3 minutes ago"},
                },
                _why("urgent", "dringend", "urgent"),
                {
                    "code": "open",
                    "text": "still open",
                    "texts": {"de": "noch offen", "en": "still open"},
                },
                {
                    "code": "due_soon",
                    "text": "due in 12 minutes",
                    "texts": {"de": "fällig in 12 Minuten", "en": "due in 12 minutes"},
                },
                {
                    "code": "severity",
                    "text": "severity 3 of 3",
                    "texts": {"de": "Schwere 3 von 3", "en": "severity 3 of 3"},
                },
            ],
            "parts": [
                {
                    "kind": "contact",
                    "id": "5a1d2e5f0c9c1f0f6f2d4b0f9a6f6f3f",
                    "at": "2026-11-21T10:00:05Z",
                    "open": False,
                    "summary": {
                        "de": "Golf: Wir haben einen Aufprall bemerkt",
                        "en": "Golf: we noticed an impact",
                    },
                }
            ],
        }
    ],
    "left_out": 4,
    "role": "agent",
    "next_action": {
        "decision_id": "4d2f8a11c0f94be69a0dcd1b1f5f0c77",
        "action": "safe-driver-discount",
        "title": "Discount for safe drivers",
        "text": "You drive safely: your score is 92 of 100. We can lower your premium for it.",
        "rests_on": "This rests on your driving score of the last 90 days.",
        "stop": "You can withdraw your consent at any time under My data.",
        "case_type": "contract-change",
    },
}

_SCORES = {"data": [_SCORE], "pagination": {"end_cursor": None, "has_next_page": False}}

_ANSWERS: dict[str, dict[str, Any]] = {
    **ANSWERS,
    "list_driving_scores": {"200": _SCORES},
    "list_own_scores": {"200": _SCORES},
    "resolve_alert": {"200": {**_ALERT, "state": "resolved", "version": 3}},
    "classify_alert": {"200": _ALERT},
    "list_alerts": {
        "200": {
            "data": [_ALERT],
            "pagination": {"end_cursor": "WyJhbGVydHMiXQ", "has_next_page": True},
        }
    },
    "get_alert": {"200": _ALERT},
    "acknowledge_alert": {
        "200": _ALERT,
        "412": {
            "type": "urn:tachowatt:problem:stale",
            "title": "The resource has changed",
            "status": 412,
            "detail": "It has changed since you read it; its version is now 3.",
            "instance": "/v1/alerts/b1a7a4d3a6d24c0e9b1d2b7d0a4f6c11/acknowledge",
            "code": "stale",
            "request_id": "9f2b7c1d00aa41e7",
            "resolution": "Read it again, look at what changed, and repeat the change with the "
            "new ETag in If-Match.",
            "user_message": "Somebody changed this in the meantime. Please look again.",
        },
    },
    "get_customer_context": {"200": _CONTEXT},
}

REQUESTS: dict[str, Any] = {
    "retry_registry_event": {
        "event": {
            "specversion": "1.0",
            "id": "e-1",
            "source": "/crm",
            "type": "customer.put",
            "tenant": "insurer",
            "data": {"id": "c-1", "name": "Ada", "language": "de"},
        },
        "overrule": False,
    },
    "merge_customer": {"into": "c-7", "reason": "Moved, and was entered again"},
    "declare_attribute": {
        "type": "choice",
        "choices": ["blue", "gold"],
        "purpose": None,
        "label": {"de": "Treuestufe", "en": "Loyalty level"},
    },
    "grant_to_partner": {
        "purpose": "claims_assistance",
        "valid_to": "2027-05-31T00:00:00Z",
        "notice_version": "2026-11",
    },
    "end_grant_to_partner": {"purpose": "energy_insight", "notice_version": "2026-11"},
    "accept_match": {"survivor": "c-7"},
    "split_customer": {"reason": "Father and son"},
    "resolve_alert": {"resolution": "An old freezer ran in the cellar; the customer unplugged it."},
    "classify_alert": {"classification": "confirmed", "reason": "The customer found the cause."},
    "create_stream_token": {"stream": "alerts"},
    "add_note": {"text": "Called at 10:08. Nobody is hurt, the car stands at the garage."},
    "change_case": {"state": "in_progress"},
    "open_case": {
        "type": "complaint",
        "side": "insurer",
        "customer": None,
        "subject": None,
        "data": {},
    },
    "record_case_type": {"text": _CASE_TYPE},
    "record_rule": {"text": RULE_TEXT},
    "change_case_step": {
        "action": "complete",
        "data": {"words": "The bill is too high.", "about": "bill"},
        "reason": "",
    },
    "create_case_link": {"send": "no"},
    "change_case_plan": {"action": "exception", "data": {}, "text": "Moves abroad."},
    "report_call": {"number": "+49 171 3920001", "agent": "Sofia Keller"},
    "choose_caller": {"customer": "c-7"},
    "verify_caller": {"answers": {"contract": "K-7", "plate": "TW-JE 4711"}, "code": None},
    "take_next_case": {"but": None},
    "delegate_case": {"to": "Sofia Keller", "note": "She speaks Turkish; please call her."},
    "return_case": {"note": "The customer is away until Monday."},
    "record_outcome": {"outcome": "not_reached", "note": "No answer, no mailbox."},
    "decide_counting": {"counts": False, "reason": "passenger"},
    "record_contact_point": {"kind": "mobile", "value": "+49 171 3920001", "preferred": True},
    "answer_crash": {"answer": "well"},
    "dispute_trip": {"reason": "passenger", "words": "My sister drove."},
    "search_customers": {"q": "doe", "limit": 20},
    "ask_right": {"right": "rectification", "details": "My street is Am Markt 3."},
    "change_rights_request": {"action": "withdraw", "reason": ""},
    "end_limit": {"kind": "processing"},
    "decide_consent": {
        "purpose": "driving_score",
        "state": "withdrawn",
        "notice_version": "2026-11",
    },
    "ask_approval": {
        "kind": "dead_letter.reveal",
        "subject": "dead_letter:1",
        "reason": "The meter sends nothing that is used since its last update.",
    },
    "approve_request": {"note": "Agreed by telephone with the operator."},
    "reject_request": {"note": "The shape says enough."},
    "search_timeline": {"q": "wallbox -invoice", "kinds": ["interaction"], "limit": 20},
    "decide_next_action": {"customer": "c0", "place": "agent", "most": 1},
    "report_outcome": {"decision": "own-decision", "action": "ev-tariff", "outcome": "opened"},
    "choose_own_channel": {"matter": "electricity", "channel": "inbox"},
    "report_context_feedback": {"kind": "contract", "id": "k0", "reaction": "used"},
    "report_message_feedback": {"reaction": "dismissed"},
    "report_facts": {
        "facts": {
            "tariff.electricity": {"value": "flat"},
            "instalment.eur_month": {"value": 85.0, "at": "2025-11-20T17:42:00Z"},
        }
    },
    "report_interaction": {
        "id": "order-20117",
        "source": "shop",
        "type": "shop_order",
        "time": "2025-11-20T17:42:00Z",
        "visitor": "web-5d1f",
        "data": {"summary": "Wallbox 11 kW ordered", "reference": "20117"},
    },
    "report_interactions": (
        '{"id":"v-1","source":"web","type":"web_visit","time":"2025-11-20T17:30:00Z",'
        '"visitor":"web-5d1f","data":{"summary":"Looked at wallboxes"}}\n'
        '{"id":"chat-9","source":"chat","type":"chat","time":"2025-11-20T17:50:00Z",'
        '"customer":"c0","data":{"summary":"Asked for a date of installation",'
        '"state":"broken_off"}}\n'
    ),
    "write_customers": {
        "id": "c-1",
        "name": "Anna Berger",
        "language": "de",
        "kind": "person",
        "external_ids": {"crm": "0031-A"},
    },
    "write_contracts": {
        "id": "k-1",
        "customer": "c-1",
        "kind": "motor",
        "vehicle": "car-7",
        "valid_from": "2026-01-01T00:00:00Z",
    },
    "write_vehicles": {"id": "car-7", "name": "Blue estate", "plate": "TW-AB 1234"},
    "write_meters": {"id": "m-12", "number": "1EMH0012345678", "interval_s": 900},
    "write_assignments": {
        "device": "box-7",
        "vehicle": "car-7",
        "valid_from": "2026-03-01T00:00:00Z",
        "valid_to": "2026-03-02T00:00:00Z",
        "correct": True,
    },
    "ask_correction": {"reading": 34507.0, "reason": "The photo shows a 5."},
    "approve_correction": {"note": "Agreed, seen on the photo."},
    "reject_correction": {"note": "The photo is of another meter."},
    "record_exchange": {
        "at": "2025-11-20T17:42:00Z",
        "old_reading": 34507.0,
        "new_number": "1EMH0098765432",
        "new_reading": 0.0,
    },
    "send_billing_value": {
        "contract": "k3",
        "start_on": "2025-01-01",
        "end_on": "2026-01-01",
    },
    "create_reading_round": {
        "name": "Winter 2026",
        "opens_at": "2026-12-01T00:00:00Z",
        "remind_at": "2026-12-10T00:00:00Z",
        "closes_at": "2026-12-15T00:00:00Z",
        "meters": ["m0"],
    },
    "write_tariff": {
        "id": "basis",
        "tariff": {
            "name": "Basis",
            "versions": [
                {
                    "valid_from": "2023-01-01",
                    "standing_charge_per_year": "110.00",
                    "unit_prices": {"total": "0.2480"},
                    "levies": [{"name": "electricity tax", "price_per_kwh": "0.0205"}],
                    "vat_percent": "19",
                }
            ],
        },
    },
    "write_bill": {
        "id": "B-2025",
        "customer": "c3",
        "contract": "k3",
        "bill": {
            "start": "2024-01-01",
            "end": "2025-01-01",
            "tariff": {
                "name": "Basis",
                "versions": [
                    {
                        "valid_from": "2023-01-01",
                        "standing_charge_per_year": "110.00",
                        "unit_prices": {"total": "0.2480"},
                        "vat_percent": "19",
                    }
                ],
            },
            "readings": [
                {"day": "2024-01-01", "kwh": "14210", "source": "utility"},
                {"day": "2025-01-01", "kwh": "17340", "source": "customer"},
            ],
            "gross": "1054.64",
            "paid": "960.00",
        },
        "instalment": "80.00",
    },
    "check_reading": {"reading": 34507.0, "at": "2025-11-20T17:42:00Z", "number": None},
    "enter_reading": {
        "reading": 34507.0,
        "at": "2025-11-20T17:42:00Z",
        "number": None,
        "confirmed": False,
        "by_customer": True,
    },
    "change_customer": {"language": "en"},
    "change_contract": {"valid_to": "2027-01-01T00:00:00Z"},
    "change_vehicle": {"plate": "TW-AB 1235"},
    "change_meter": {"register_digits": 7},
    "redeem_device_claim": {"code": "7Q4D-2MPX-9K0T-B5WZ-E8RA"},
}
"""operationId → body; of a bulk path its lines as one text."""


CSV = (
    "start,end,energy_kwh,status,estimated,revision\r\n"
    "2026-11-20T17:30:00Z,2026-11-20T17:45:00Z,0.78,ABGELESEN,False,0\r\n"
)
TEXTS = {
    "text/csv": CSV,
    "application/vnd.apache.parquet": "PAR1 … PAR1",
    "application/atom+xml": (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:espi="http://naesb.org/espi">'
        "<entry><content><espi:IntervalBlock><espi:IntervalReading><espi:ReadingQuality>"
        "<espi:quality>17</espi:quality></espi:ReadingQuality><espi:timePeriod>"
        "<espi:duration>900</espi:duration><espi:start>1795282200</espi:start></espi:timePeriod>"
        "<espi:value>780000</espi:value></espi:IntervalReading></espi:IntervalBlock></content>"
        "</entry></feed>"
    ),
    "application/vnd.bo4e+json": (
        '{"_typ": "LASTGANG", "sparte": "STROM", "messgroesse": "KWH", "werte": '
        '[{"_typ": "ZEITREIHENWERT", "wert": "0.78", "status": "ABGELESEN", "zeitraum": '
        '{"_typ": "ZEITRAUM", "startdatum": "2026-11-20", "startuhrzeit": "17:30:00Z", '
        '"enddatum": "2026-11-20", "enduhrzeit": "17:45:00Z"}}]}'
    ),
}
"""Intervals in the other forms: media type → text."""

FILES = {
    "get_portfolio_scores": {
        "application/vnd.apache.parquet": "PAR1 … PAR1",
        "text/csv": (
            "driver,contract,vehicle,valid_from,valid_to,trips,distance_m,driving_s,period_from,"
            "period_to,period_trips,period_distance_m,period_driving_s,score,band,trusted,"
            "share_night,algorithm_version,frozen_for,as_of\r\n"
            "c-1,k-7,car-7,2024-01-01T00:00:00+01:00,,812,14201455.2,1204311.0,"
            "2026-01-01T00:00:00+01:00,2027-01-01T00:00:00+01:00,402,7310021.8,611402.5,81.4,B,"
            "True,1.2,driving-score/4,tariff-2027,2026-12-01T00:00:00+01:00\r\n"
        ),
    },
}
"""Other forms of an operation that has no intervals: operationId → media type → text."""


def of(operation_id: str) -> dict[str, Any]:
    """Return status → example response of an operation."""
    return _ANSWERS.get(operation_id, {})


def _webhook(type_: str) -> Any:
    """Return the contract's first example, which tests validate against the contract."""
    folder = resources.files("contracts") / "examples" / f"webhook.{type_}" / "v1"
    first = min(folder.iterdir(), key=lambda file: file.name)
    return json.loads(first.read_text(encoding="utf-8"))


WEBHOOKS: dict[str, Any] = {type_: _webhook(type_) for type_ in _TYPES}
"""type → body."""
