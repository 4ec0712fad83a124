"""Who may see and change what: every path of the OpenAPI document, every role of both tenants,
every owner's objects. The table below says what is right, without asking the code."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest

from api.http.scopes import OF_ROLE
from api.openapi.examples import REQUESTS
from services import case_types
from store.postgres.pool import connect
from tests.fix_api import Api
from tests.seed_api import FOREIGN, LAT, LON, OTHER, QUIET, Own

CALLERS = [
    (tenant, role)
    for tenant in ("own", FOREIGN)
    for role in (
        "insurer", "utility", "agent", "customer", "home", "operator", "platform", "supervisor",
        "marketing", "data_protection", "back_office", "partner",
    )
]  # fmt: skip
FEW = {"marketing", "data_protection", "back_office", "partner"}
"""Roles that have few operations, or none, besides those of pages."""
POSITION = re.compile(rb'"[a-z_]*(lat|lon|lng|latitude|longitude|position|geometry)(_deg)?"\s*:')
_numbers = itertools.count()


@dataclass(frozen=True)
class Rule:
    """Whose keys may call an operation on which objects.

    roles : those whose keys may call it at all. consent : an object whose customer agreed to
    nothing is as if it did not exist. own : only the customer's own. side : of a case or contact.
    query : names the object where the path does not. whole : a list, which names no object.
    """

    roles: frozenset[str]
    consent: bool = False
    own: bool = False
    whole: bool = False
    query: str | None = None


def rule(*roles: str, **more: Any) -> Rule:
    return Rule(frozenset(roles), **more)


SCORES = rule("insurer", consent=True, query="vehicle")
PORTFOLIO = rule("insurer", whole=True)
COUNTING = rule("insurer", "agent", "supervisor", consent=True)
ALERT = rule("utility", consent=True)
OWN = rule("customer", own=True)
RIGHT = rule("customer", "agent", "supervisor", "data_protection")
"""Of a customer only their own, see `may`."""
BILL = rule("customer", "agent", "supervisor")
"""Of a customer only their own, see `may`."""
READING = rule("utility", "agent", "supervisor", "customer", consent=True)
"""Of a customer only of their own meters, see `may`."""
CASE = rule("insurer", "utility", "agent", "supervisor", "back_office")
CLAIM = rule(*CASE.roles, consent=True)
"""What telemetry says of a crash, signed: nobody's once its purpose is withdrawn, and only of the
insurer's cases, see `tries`."""
CONTACT = ("insurer", "utility", "agent", "operator", "platform", "supervisor", "back_office")
APPROVER = ("operator", "platform", "data_protection", "supervisor")
BULK = rule("back_office", whole=True)
RULES: dict[str, Rule] = {
    "list_driving_scores": SCORES,
    "get_driving_score_history": SCORES,
    "list_mileage": SCORES,
    "list_trips": SCORES,
    "list_crashes": SCORES,
    "get_portfolio_scores": PORTFOLIO,
    "list_countings": COUNTING,
    "decide_counting": COUNTING,
    "list_alerts": rule("utility", "agent", "supervisor", whole=True),
    "stream_alerts": rule("utility", "agent", "supervisor", whole=True),
    "get_alert": rule("utility", "agent", "supervisor", consent=True),
    "acknowledge_alert": ALERT,
    "resolve_alert": ALERT,
    "classify_alert": ALERT,
    "write_customers": BULK,
    "write_contracts": BULK,
    "write_vehicles": BULK,
    "write_meters": BULK,
    "write_assignments": BULK,
    "list_merges": rule("back_office", "supervisor"),
    "list_attributes": BULK,
    "declare_attribute": BULK,
    "list_customer_attributes": rule("agent", "supervisor"),
    "list_own_partners": OWN,
    "grant_to_partner": OWN,
    "end_grant_to_partner": OWN,
    "list_partner_customers": rule("partner", whole=True),
    "get_partner_customer": rule("partner", consent=True),
    "list_matches": rule("back_office", "supervisor", whole=True),
    "accept_match": rule("back_office", "supervisor"),
    "reject_match": rule("back_office", "supervisor"),
    "merge_customer": rule("back_office", "supervisor"),
    "split_customer": rule("back_office", "supervisor"),
    "change_customer": rule("back_office"),
    "change_contract": rule("back_office"),
    "change_vehicle": rule("back_office"),
    "change_meter": rule("back_office"),
    "list_changes": BULK,
    "list_registry_events": BULK,
    "get_registry_event": rule("back_office"),
    "retry_registry_event": rule("back_office"),
    "drop_registry_event": rule("back_office"),
    "get_snapshot": BULK,
    "list_meters": rule("utility", whole=True),
    "create_stream_token": rule("utility", "agent", "supervisor", whole=True),
    "ask_correction": rule("utility", consent=True),
    "list_corrections": rule("utility", whole=True),
    "approve_correction": rule("utility"),
    "reject_correction": rule("utility"),
    "record_exchange": rule("utility", consent=True),
    "list_billing_periods": rule("utility", whole=True),
    "send_billing_value": rule("utility", consent=True),
    "list_billing_events": rule("utility", whole=True),
    "resend_billing_events": rule("utility", whole=True),
    "create_reading_round": rule("utility", whole=True),
    "list_reading_rounds": rule("utility", whole=True),
    "get_reading_round": rule("utility"),
    "write_tariff": BULK,
    "write_bill": rule("back_office", whole=True),
    "list_bills": BILL,
    "get_bill": BILL,
    "check_reading": READING,
    "enter_reading": READING,
    "list_readings": READING,
    "list_meter_days": ALERT,
    "list_meter_intervals": ALERT,
    "list_customers": rule("agent", "supervisor", whole=True),
    "search_customers": rule("agent", "supervisor", whole=True),
    "get_customer_context": rule("agent", "supervisor"),
    "report_context_feedback": rule("agent", "supervisor"),
    "list_cases": rule(*CASE.roles, whole=True),
    "list_case_queue": rule(*CASE.roles, whole=True),
    "get_case": CASE,
    "list_case_contact_points": CASE,
    "record_outcome": CASE,
    "undo_outcome": CASE,
    "report_call": rule("agent", "supervisor", whole=True),
    "get_call": rule("agent", "supervisor"),
    "choose_caller": rule("agent", "supervisor"),
    "send_caller_code": rule("agent", "supervisor"),
    "verify_caller": rule("agent", "supervisor"),
    "close_call": rule("agent", "supervisor"),
    "take_next_case": rule(*CASE.roles, whole=True),
    "take_case": CASE,
    "delegate_case": CASE,
    "return_case": CASE,
    "list_delegates": CASE,
    "get_team_workload": rule("supervisor", whole=True),
    "get_service_level": rule("supervisor", whole=True),
    "list_case_types": rule(*CASE.roles, whole=True),
    "record_case_type": rule(*APPROVER, whole=True),
    "list_rules": rule(*APPROVER, whole=True),
    "record_rule": rule(*APPROVER, whole=True),
    "get_rule": rule(*APPROVER, whole=True),
    "open_case": rule(*CASE.roles, whole=True),
    "list_case_steps": CASE,
    "change_case_step": CASE,
    "change_case_plan": CASE,
    "create_case_link": CASE,
    "list_case_links": CASE,
    "end_case_links": CASE,
    "list_case_files": CASE,
    "get_claim": CLAIM,
    "list_contact_points": rule("agent", "supervisor"),
    "record_contact_point": rule("agent", "supervisor"),
    "end_contact_point": rule("agent", "supervisor"),
    "list_outbound_previews": rule("agent", "supervisor", whole=True),
    "decide_next_action": rule("agent", "supervisor"),
    "get_decision": rule("agent", "supervisor"),
    "report_outcome": rule("agent", "supervisor", "back_office"),
    "report_facts": rule("back_office"),
    "list_facts": rule(
        "operator", "platform", "supervisor", "marketing", "data_protection", whole=True
    ),
    "report_interaction": rule("agent", "supervisor", "back_office", whole=True),
    "report_interactions": rule("agent", "supervisor", "back_office", whole=True),
    "list_timeline": rule("agent", "supervisor"),
    "search_timeline": rule("agent", "supervisor"),
    "answer_crash": OWN,
    "dispute_trip": OWN,
    "add_note": CASE,
    "change_case": CASE,
    "get_own_data": OWN,
    "list_own_reads": OWN,
    "list_own_trips": OWN,
    "get_own_trip_path": OWN,
    "list_own_scores": OWN,
    "get_own_consents": OWN,
    "decide_consent": OWN,
    "get_consent_receipt": OWN,
    "get_consent_record": OWN,
    "list_rights": RIGHT,
    "ask_right": RIGHT,
    "get_rights_request": RIGHT,
    "change_rights_request": RIGHT,
    "end_limit": RIGHT,
    "get_data_copy": OWN,
    "list_own_read_days": OWN,
    "list_rights_requests": rule("data_protection", whole=True),
    "get_privacy_report": rule("data_protection", whole=True),
    "list_own_messages": OWN,
    "mark_message_read": OWN,
    "report_message_feedback": OWN,
    "list_own_channels": OWN,
    "choose_own_channel": OWN,
    "list_contacts": rule(*CONTACT, whole=True),
    "get_contact": rule(*CONTACT),
    "resend_contact": rule("agent", "operator", "platform", "supervisor"),
    "get_ledger": rule("operator", "platform", whole=True),
    "list_dead_letters": rule("operator", "platform", whole=True),
    "list_quarantined_devices": rule("operator", "platform", whole=True),
    "get_dead_letter": rule("operator", "platform"),
    "list_approvals": rule(*APPROVER, whole=True),
    "ask_approval": rule(*APPROVER, whole=True),
    "get_approval": rule(*APPROVER),
    "approve_request": rule(*APPROVER),
    "reject_request": rule(*APPROVER),
    "reveal_dead_letter": rule(*APPROVER),
    "activate_rule": rule(*APPROVER),
}
DRIVERS = {
    "get_own_trip_path", "answer_crash", "dispute_trip", "get_rights_request",
    "change_rights_request", "get_consent_receipt", "get_data_copy", "get_bill",
}  # fmt: skip
IN_BODY = {
    "decide_next_action": ("customer", "driver"),
    "report_outcome": ("decision", "decision"),
    "report_context_feedback": ("id", "motor"),
    "send_billing_value": ("contract", "electricity"),
}
"""Operations whose body names the object → its field there, and what names the seeded object."""
PUBLIC = {"get_health", "get_readiness", "redeem_device_claim"}
BUSINESS = {
    "list_cases", "list_contacts", "get_case", "get_contact", "add_note", "change_case",
    "list_case_queue", "record_outcome", "open_case", "list_case_steps", "change_case_step",
    "change_case_plan", "create_case_link", "list_case_links", "end_case_links",
    "list_case_files", "take_next_case", "take_case", "undo_outcome", "delegate_case",
    "return_case", "list_delegates",
}  # fmt: skip
"""Cases and contacts are records of what a company did; they stay when a consent is withdrawn."""


@dataclass(frozen=True)
class Try:
    """One request of the matrix, and whether it may be answered."""

    method: str
    path: str
    operation: str
    allowed: bool
    status: tuple[int, ...]
    owner: str = ""


def objects(own: Own, operation: str, side: str, role: str) -> dict[str, str]:
    """What fills the path of an operation for one owner; `side` chooses among two."""
    insurer = side == "insurer"
    message = own.message if insurer else own.notice
    if operation == "resend_contact":
        message = own.webhook
    return {
        "partner_id": "garage",
        "granting_id": own.driver,
        "kind": "customer",
        "name": "loyalty_level",
        "one": own.driver,
        "other": own.home,
        "alert_id": own.alert,
        "call_id": own.call,
        "contract_id": own.motor,
        "vehicle_id": own.vehicle,
        "meter_id": own.meter,
        "step": "record",
        "case_id": own.crash_case if insurer else own.alert_case,
        "customer_id": own.home if role == "home" else own.driver,
        "trip_id": own.trip,
        "point_id": own.point,
        "decision_id": own.decision,
        "round_id": own.round,
        "reading_id": own.reading,
        "correction_id": own.correction,
        "bill_id": f"bill-{own.driver}",
        "dead_letter_id": "2" if own.tenant == "t2" else "1",
        "number": "2" if own.tenant == "t2" else "1",
        "request_id": own.approval,
        "rule_kind": "case_type",
        "digest": case_types.shipped()["complaint"].digest,
        "right_id": own.right,
        "consent_id": own.consent,
        "contact_id": own.notice
        if operation in ("mark_message_read", "report_message_feedback") and role == "home"
        else message,
    }


def tries(api: Api, document: dict[str, Any], tenant: str, role: str) -> Iterator[Try]:
    """The requests of one caller."""
    caller = api.seeded.own[tenant]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            name = operation["operationId"]
            if name in PUBLIC:
                continue
            right = RULES[name]
            held = ("customer" if role == "home" else role) in right.roles
            owners = list(api.seeded.own) if held and not right.whole else ["own", FOREIGN]
            two = held and not right.own and ("{case_id}" in path or "{contact_id}" in path)
            two = two and right is not CLAIM
            sides = ("insurer", "utility") if two else ("insurer",)
            for owner in owners[: 1 if right.whole else None]:
                for side in sides:
                    own = api.seeded.own[owner]
                    allowed = held and may(right, own, owner, caller, role, side)
                    # These are the driver's, and not of who shares the household.
                    drivers = name in DRIVERS
                    allowed = allowed and not (drivers and role == "home")
                    filled = path.format(**objects(own, name, side, role))
                    if right.query is not None:
                        filled += "?" + urlencode({right.query: own.vehicle})
                    status = (200, 201, 202, 204, 409) if allowed else (404,) if held else (403,)
                    late = right is COUNTING and role == "supervisor"
                    if allowed and (late or name == "dispute_trip"):
                        status += (404,)  # the customer has withdrawn the consent meanwhile
                    yield Try(method.upper(), filled, name, allowed, status, owner)


def may(right: Rule, own: Own, owner: str, caller: Own, role: str, side: str) -> bool:
    """Whether an object of `owner` may be seen by one whose role may call this."""
    if right.whole:
        return True
    if own.tenant != caller.tenant:
        return False
    if right.own:
        return own.driver == caller.driver  # both keys of customers are of the same owner
    if right is READING and role in ("customer", "home"):
        return role == "home" and own.driver == caller.driver
    if right in (RIGHT, BILL) and role in ("customer", "home"):
        return own.driver == caller.driver
    if right.consent and owner == QUIET:
        return False
    if right.roles >= {"insurer", "utility"} and role in ("insurer", "utility"):
        return role == side
    return True


@pytest.fixture(scope="module")
def document(api: Api) -> dict[str, Any]:
    return dict(api.client.get("/openapi.json").json())


def test_every_operation_has_its_rule(document: dict[str, Any]) -> None:
    names = {o["operationId"] for methods in document["paths"].values() for o in methods.values()}
    assert names == set(RULES) | PUBLIC


@pytest.mark.parametrize("role", sorted(OF_ROLE))
def test_a_person_may_read_what_a_key_of_the_role_may(
    api: Api, document: dict[str, Any], role: str
) -> None:
    """Stands before the test in which customers withdraw consents."""
    for one in tries(api, document, "own", role):
        if one.method == "GET" and one.operation != "stream_alerts":
            status, content = ask(api, one, "own", f"person {role}")
            assert status in one.status, f"{one.method} {one.path}: {status} {content[:300]!r}"


@pytest.mark.parametrize(("tenant", "role"), CALLERS, ids=lambda value: str(value))
def test_nobody_reads_or_changes_what_is_not_theirs(
    api: Api, document: dict[str, Any], tenant: str, role: str
) -> None:
    every = list(tries(api, document, tenant, role))
    refused = [one for one in every if not one.allowed]
    before = state(api)
    for one in refused:
        check(api, one, tenant, role)
    assert state(api) == before, "one that was refused has changed something"
    allowed = [one for one in every if one.allowed]
    for one in allowed:
        check(api, one, tenant, role)
    assert len(refused) >= 30 and (len(allowed) >= 4 or role in FEW)


def check(api: Api, one: Try, tenant: str, role: str) -> None:
    """The answer has the status that is right, and nothing that the caller may not see."""
    status, content = ask(api, one, tenant, role)
    where = f"{tenant} {role} {one.method} {one.path}: {status} {content[:300]!r}"
    assert status in one.status, where
    for marker in foreign(api, one, tenant, role):
        assert marker not in content, f"{marker!r} in {where}"
    if role not in ("customer", "home"):
        assert not POSITION.search(content), where
        assert str(LAT)[:6].encode() not in content, where
        assert str(LON)[:6].encode() not in content, where


def test_without_a_key_nothing_is_answered(api: Api, document: dict[str, Any]) -> None:
    for one in tries(api, document, "own", "agent"):
        answer = api.client.request(one.method, one.path, json=REQUESTS.get(one.operation))
        assert answer.status_code == 401, f"{one.method} {one.path}"


def test_the_search_for_positions_bites(api: Api) -> None:
    own = api.seeded.own["own"]
    path = api.get(f"/v1/customers/c0/trips/{own.trip}/path", "customer").content
    assert POSITION.search(path) and str(LAT)[:6].encode() in path and str(LON)[:6].encode() in path


def test_the_search_for_what_is_foreign_bites(api: Api) -> None:
    own = api.seeded.own[OTHER]
    one = Try("GET", "/v1/cases", "list_cases", True, (200,))
    cases = api.get("/v1/cases", "agent").content
    assert own.crash_case.encode() in cases
    assert own.crash_case.encode() in set(foreign(api, one, FOREIGN, "agent"))
    assert own.crash_case.encode() in set(foreign(api, one, "own", "customer"))


def ask(api: Api, one: Try, tenant: str, role: str) -> tuple[int, bytes]:
    """Send it; of a stream that is let in, its beginning."""
    headers = {**api.seeded.bearer(role, tenant), "Idempotency-Key": f"matrix-{next(_numbers)}"}
    if one.operation == "stream_alerts" and one.allowed:
        with api.client.stream("GET", one.path, headers=headers) as answer:
            return answer.status_code, next(answer.iter_raw())
    body = REQUESTS.get(one.operation) if one.method in ("POST", "PATCH", "PUT") else None
    if one.operation in IN_BODY:
        name, attribute = IN_BODY[one.operation]
        body = {**REQUESTS[one.operation], name: getattr(api.seeded.own[one.owner], attribute)}
    if isinstance(body, str):
        headers["Content-Type"] = "application/x-ndjson"
        answer = api.client.request(one.method, one.path, headers=headers, content=body)
    elif body is None:
        answer = api.client.request(one.method, one.path, headers=headers)
    else:
        answer = api.client.request(one.method, one.path, headers=headers, json=body)
    return answer.status_code, answer.content


def foreign(api: Api, one: Try, tenant: str, role: str) -> Iterator[bytes]:
    """What must not stand in the answer, unless the caller named it."""
    caller = api.seeded.own[tenant]
    for owner, own in api.seeded.own.items():
        same_tenant = own.tenant == caller.tenant
        if role in ("customer", "home"):
            hidden = owner != tenant
        elif owner == QUIET and role in ("insurer", "utility"):
            hidden = not same_tenant or one.operation not in BUSINESS
        else:
            hidden = not same_tenant
        if not hidden:
            continue
        markers = [*own.secrets]
        if owner != "own":  # its own ids are too short to search for
            markers += [own.driver, own.home, own.vehicle, own.meter, own.motor, own.electricity]
            markers += [f"{owner.upper()} Driver", f"{owner.upper()} Car", f"{owner}-box"]
        yield from (marker.encode() for marker in markers if marker not in one.path)


def state(api: Api) -> dict[str, str]:
    """Table → digest, of everything that a POST could change."""
    tables = (
        "alert",
        "service_case",
        "case_entry",
        "next_action",
        "outcome",
        "reported_fact",
        "contact",
        "case_plan",
        "rule",
        "case_link",
        "case_file",
        "case_notice",
        "case_event",
        "case_field",
        "case_action",
        "case_order",
        "crash_label",
        "rule_activation",
        "claim_file",
        "call",
        "call_code",
        "call_try",
        "alert_change",
    )
    names = [f"contacts.{table}" for table in tables]
    tables = (
        "customer",
        "contract",
        "vehicle",
        "meter",
        "assignment",
        "external_id",
        "merge",
        "match_pair",
        "attribute",
        "attribute_value",
        "entered_reading",
        "tariff",
        "reading_round",
        "bill",
    )
    names += [f"customers.{table}" for table in tables]
    names += ["customers.consent", "customers.contact_point", "access.idempotency"]
    names += ["customers.interaction", "privacy.rights_request", "privacy.processing_limit"]
    names += [f"access.change_{what}" for what in ("request", "decision", "execution")]
    one = "select '{0}', coalesce(md5(array_agg(t order by t::text)::text), '') from {0} t"
    with connect(api.seeded.url) as connection:
        return dict(connection.execute(" union all ".join(map(one.format, names))).fetchall())
