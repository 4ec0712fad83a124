"""The OpenAPI document is true: whatever is sent, no 500, and every answer is in the schema."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema_rs
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.http.scopes import OF_ROLE
from api.openapi.document import operations
from api.openapi.examples import REQUESTS
from services import case_types
from store.people import match_pairs
from store.postgres.pool import connect
from store.postgres.times import from_us
from tests.fix_api import Api, problem
from tests.fix_registry import NOW_US
from tests.patience import patient

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def as_lines(_: Any, value: Any) -> bytes:
    """A body of lines as it is; of another type as JSON."""
    if isinstance(value, bytes):
        return value
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


schemathesis.serializer("application/x-ndjson")(as_lines)
EXAMPLES = 10
PARTS = 3
ENDLESS = {"stream_alerts"}
PUBLIC = {"redeem_device_claim"}
"""Without a key: who has the code of a device has no account (tests of their own)."""


def fuzzed(examples: int) -> settings:
    """So many examples, the same on each run."""
    return settings(
        max_examples=examples, derandomize=True, deadline=None, database=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip


def known(api: Api, role: str) -> dict[str, str]:
    """Ids that exist: half of the requests ask for them."""
    own = api.seeded.own["own"]
    return {
        "alert_id": own.alert, "meter_id": own.meter, "case_id": own.crash_case, "step": "record",
        "customer_id": own.driver, "granting_id": own.driver, "partner_id": "garage",
        "one": own.driver, "other": own.home, "kind": "customer", "name": "loyalty",
        "decision_id": "own-decision", "bill_id": f"bill-{own.driver}", "round_id": own.round,
        "reading_id": own.reading, "correction_id": own.correction,
        "trip_id": own.trip, "dead_letter_id": "1", "number": "1",
        "contract_id": own.motor, "vehicle_id": own.vehicle,
        "request_id": own.approval, "point_id": own.point, "right_id": own.right,
        "call_id": own.call,
        "rule_kind": "case_type", "digest": case_types.shipped()["complaint"].digest,
        "consent_id": own.consent,
        "contact_id": own.message if role == "customer" else own.webhook,
    }  # fmt: skip


def cases(operation: Any) -> st.SearchStrategy[Any]:
    """Requests that fit the schema, and where it has anything to break, such that do not."""
    fitting = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    if not operation.path_parameters and not operation.query and not operation.body:
        return fitting
    return fitting | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """One connection for all requests."""
    with requests.Session() as made:
        yield made


def test_examples_of_answers_are_in_their_schemas(api: Api) -> None:
    document = api.client.get("/openapi.json").json()
    checked = 0
    for _, _, operation in operations(document):
        for status, response in operation["responses"].items():
            for media in response.get("content", {}).values():
                if status[0] == "2":
                    assert "example" in media, operation["operationId"]
                if "example" in media:
                    hold(document, media["schema"], media["example"])
                    checked += 1
                    if status[0] == "4":
                        assert status == str(media["example"]["status"])
    assert checked >= 40
    for webhook in document["webhooks"].values():
        media = webhook["post"]["requestBody"]["content"]["application/json"]
        hold(document, media["schema"], media["example"])
    assert set(document["webhooks"]) == {
        "crash.detected", "alert.raised", "claim.filed", "case.step.due", "test",
        "reading.accepted", "billing.value.released",
    }  # fmt: skip


def test_an_example_that_does_not_fit_is_found(api: Api) -> None:
    document = api.client.get("/openapi.json").json()
    schema = {"$ref": "#/components/schemas/Alert"}
    example = json.loads(json.dumps(_alert(document)))
    hold(document, schema, example)
    example["severity"] = 4
    with pytest.raises(jsonschema_rs.ValidationError):
        hold(document, schema, example)


def _alert(document: dict[str, Any]) -> Any:
    answers = document["paths"]["/v1/alerts/{alert_id}"]["get"]["responses"]
    return answers["200"]["content"]["application/json"]["example"]


def hold(document: dict[str, Any], schema: dict[str, Any], example: Any) -> None:
    """Raise where an example is not in its schema."""
    whole = {**schema, "components": document["components"]}
    jsonschema_rs.Draft202012Validator(whole, validate_formats=True).validate(example)


def test_example_requests_are_accepted(api: Api) -> None:
    """Each is sent as it stands in the document."""
    own = api.seeded.own["own"]
    _more_customers(api, "c-7", "c-8", "c-9")
    paths = {
        "merge_customer": ("/v1/customers/c-8/merge", "supervisor"),
        "split_customer": ("/v1/customers/c-8/split", "supervisor"),
        "accept_match": ("/v1/matches/c-7/c-9/accept", "supervisor"),
        "retry_registry_event": ("/v1/registry-events/1/retry", "back_office"),
        "declare_attribute": ("/v1/attributes/customer/loyalty", "back_office"),
        "grant_to_partner": (f"/v1/customers/{own.driver}/partners/garage/grants", "customer"),
        "end_grant_to_partner": (f"/v1/customers/{own.driver}/partners/garage/end", "customer"),
        "resolve_alert": (f"/v1/alerts/{own.alert}/resolve", "utility"),
        "classify_alert": (f"/v1/alerts/{own.alert}/classify", "utility"),
        "create_stream_token": ("/v1/stream-tokens", "utility"),
        "add_note": (f"/v1/cases/{own.alert_case}/notes", "agent"),
        "record_case_type": ("/v1/case-types", "person supervisor"),
        "record_rule": ("/v1/rules", "person supervisor"),
        "open_case": ("/v1/cases", "agent"),
        "change_case_step": (f"/v1/cases/{own.alert_case}/steps/record", "agent"),
        "change_case_plan": (f"/v1/cases/{own.alert_case}/plan", "agent"),
        "create_case_link": (f"/v1/cases/{own.alert_case}/link", "agent"),
        "change_case": (f"/v1/cases/{own.alert_case}/state", "agent"),
        "search_customers": ("/v1/customers/search", "agent"),
        "search_timeline": ("/v1/customers/c0/timeline/search", "agent"),
        "report_interaction": ("/v1/interactions", "agent"),
        "ask_right": ("/v1/customers/c3/rights", "home"),
        "change_rights_request": (f"/v1/customers/{own.driver}/rights/{own.right}", "customer"),
        "end_limit": ("/v1/customers/c3/limits/end", "home"),
        "decide_next_action": ("/v1/decisions", "agent"),
        "report_outcome": ("/v1/outcomes", "agent"),
        "report_facts": ("/v1/customers/c0/facts", "back_office"),
        "decide_consent": ("/v1/customers/c3/consents", "home"),
        "ask_approval": ("/v1/approvals", "person operator"),
        "report_call": ("/v1/calls", "agent"),
        "choose_caller": (f"/v1/calls/{own.call}/customer", "agent"),
        "verify_caller": (f"/v1/calls/{own.call}/verify", "agent"),
        "take_next_case": ("/v1/cases/next", "agent"),
        "delegate_case": (f"/v1/cases/{own.crash_case}/delegate", "agent"),
        "return_case": (f"/v1/cases/{own.crash_case}/return", "agent"),
        "record_outcome": (f"/v1/cases/{own.crash_case}/outcome", "agent"),
        "decide_counting": (f"/v1/trips/{own.trip}/counting", "insurer"),
        "record_contact_point": (f"/v1/customers/{own.driver}/contact-points", "agent"),
        "dispute_trip": (f"/v1/customers/{own.driver}/trips/{own.trip}/dispute", "customer"),
        "answer_crash": (f"/v1/customers/{own.driver}/cases/{own.crash_case}/answer", "customer"),
        "approve_request": (f"/v1/approvals/{own.approval}/approve", "person data_protection"),
        **{
            f"write_{kind}": (f"/v1/{kind}", "back_office")
            for kind in ("customers", "contracts", "vehicles", "meters", "assignments")
        },
        "ask_correction": (f"/v1/readings/{own.reading}/corrections", "person utility"),
        **{
            f"{verb}_correction": (
                f"/v1/reading-corrections/{own.correction}/{verb}",
                "person utility",
            )
            for verb in ("approve", "reject")
        },
        "record_exchange": (f"/v1/meters/{own.meter}/exchange", "utility"),
        "send_billing_value": ("/v1/billing-values", "utility"),
        "create_reading_round": ("/v1/reading-rounds", "utility"),
        "write_tariff": ("/v1/tariffs", "back_office"),
        "write_bill": ("/v1/bills", "back_office"),
        "check_reading": (f"/v1/meters/{own.meter}/readings/check", "home"),
        "enter_reading": (f"/v1/meters/{own.meter}/readings", "home"),
        "change_customer": (f"/v1/customers/{own.driver}", "back_office"),
        "change_contract": (f"/v1/contracts/{own.motor}", "back_office"),
        "change_vehicle": (f"/v1/vehicles/{own.vehicle}", "back_office"),
        "change_meter": (f"/v1/meters/{own.meter}", "back_office"),
        "reject_request": (f"/v1/approvals/{own.approval}/reject", "person data_protection"),
        "choose_own_channel": (f"/v1/customers/{own.driver}/channels", "customer"),
        "report_context_feedback": (f"/v1/customers/{own.driver}/context/feedback", "agent"),
        "report_message_feedback": (
            f"/v1/customers/{own.driver}/inbox/{own.message}/feedback",
            "customer",
        ),
    }
    document = api.client.get("/openapi.json").json()
    for path, method, operation in operations(document):
        name = operation["operationId"]
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        if not body or name in PUBLIC:
            continue
        assert body["example"] == REQUESTS[name], path
        filled, role = paths[name]
        headers = {**api.seeded.bearer(role), "Idempotency-Key": f"example-{name}"}
        answer = api.client.request(method.upper(), filled, headers=headers, json=body["example"])
        assert answer.status_code in (200, 201, 204, 409), answer.text
        assert_declared(operation, answer)


def _more_customers(api: Api, *ids: str) -> None:
    """Customers to merge; the first and the last are proposed as a pair."""
    lines = "\n".join(json.dumps({"id": each, "name": f"Customer {each}"}) for each in ids)
    headers = {
        **api.seeded.bearer("back_office"),
        "Content-Type": "application/x-ndjson",
        "Idempotency-Key": "more-customers",
    }
    answer = api.client.post("/v1/customers", headers=headers, content=lines)
    assert answer.status_code == 200, answer.text
    with connect(api.seeded.url) as connection:
        pair = (ids[0], ids[-1], 0.99, {"name": 0.9})  # sure: one person merges it
        match_pairs.propose(connection, "t1", [pair], from_us(NOW_US))


def assert_declared(operation: dict[str, Any], answer: httpx.Response) -> None:
    assert str(answer.status_code) in operation["responses"]


def test_the_document_is_openapi_3_1_and_says_scopes_and_problems(api: Api) -> None:
    document = api.client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    for path, _, operation in operations(document):
        if not path.startswith("/v1/") or operation["operationId"] in PUBLIC:
            assert operation["security"] == []
            continue
        ((scheme, scopes),) = operation["security"][0].items()
        assert scheme in document["components"]["securitySchemes"] and len(scopes) == 1
        for status in ("401", "403", "404", "422", "429", "503"):
            assert set(operation["responses"][status]["content"]) == {"application/problem+json"}


def test_every_reference_of_the_document_is_found(api: Api) -> None:
    """Generators stop at one that is not, such as `#/$defs/…` within a body."""
    document = api.client.get("/openapi.json").json()
    waiting, references = [document], set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict) and isinstance(node.get("$ref"), str):
            references.add(node["$ref"])
        children = node.values() if isinstance(node, dict) else node
        waiting += [child for child in children if isinstance(child, dict | list)]
    assert len(references) > 100
    for reference in sorted(references):
        found = document
        for part in reference.removeprefix("#/").split("/"):
            assert part in found, reference
            found = found[part]


def test_every_endpoint_refuses_parameters_that_it_does_not_know(api: Api) -> None:
    document = api.client.get("/openapi.json").json()
    paths = [(path, m, o) for path, m, o in operations(document) if path.startswith("/v1/")]
    assert paths
    for path, method, operation in paths:
        names = sorted(p["name"] for p in operation.get("parameters", []) if p["in"] == "query")
        found = path
        for name in ("{" + p["name"] + "}" for p in operation.get("parameters", [])):
            found = found.replace(name, "x")
        answer = api.client.request(method.upper(), found, params={"limitt": 1}, json={})
        said = problem(answer, 422, "unknown_parameter")
        assert [error["field"] for error in said["errors"]] == ["query.limitt"]
        assert all(name in said["resolution"] for name in names)
        assert ("did you mean `limit`?" in said["detail"]) == ("limit" in names)


def test_pages_and_probes_ignore_foreign_parameters(api: Api) -> None:
    for path in ("/health", "/ready", "/login"):
        assert api.client.get(path, params={"utm_source": "mail"}).status_code == 200


VERBS = (
    "list", "get", "add", "change", "acknowledge", "resolve", "classify", "search", "decide",
    "dispute", "mark", "resend", "stream", "create", "set", "book", "start", "end", "delete",
    "report",
    "ask", "approve", "reject", "reveal", "record", "answer", "redeem", "write", "open", "activate",
    "accept", "choose", "close", "declare", "delegate", "drop", "grant", "merge", "retry", "return",
    "revoke", "check", "enter", "send", "split", "take", "undo", "verify",
)  # fmt: skip


def test_names_are_those_that_generators_keep(api: Api) -> None:
    """A verb and a noun for each operation, one name for one enum, no brackets."""
    document = api.client.get("/openapi.json").json()
    for _, _, operation in operations(document):
        verb, _, noun = operation["operationId"].partition("_")
        assert verb in VERBS and noun, operation["operationId"]
        for parameter in operation.get("parameters", []):
            assert "anyOf" not in parameter["schema"], parameter
    assert all(name.isalnum() for name in document["components"]["schemas"])
    enums = [tuple(sorted(map(str, values))) for values in found_under(document, "enum")]
    several = [values for values in enums if len(values) > 1]
    assert len(set(several)) == len(several), "give the enum a name in api/openapi/schemas.py"


def found_under(node: Any, key: str) -> list[Any]:
    """All values of a key, anywhere."""
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    found = [node[key]] if isinstance(node, dict) and isinstance(node.get(key), list) else []
    return found + [one for child in children for one in found_under(child, key)]


def test_answers_are_open_and_requests_closed(api: Api) -> None:
    schemas = api.client.get("/openapi.json").json()["components"]["schemas"]
    for name in ("Alert", "AlertPage", "ProblemBody", "CrashDetected", "Pagination"):
        assert "additionalProperties" not in schemas[name], name
    for name in ("Note", "Resolution", "Decision", "ApprovalDecision", "CustomerSearch"):
        assert schemas[name]["additionalProperties"] is False, name


def test_headers_are_declared_and_come(api: Api) -> None:
    document = api.client.get("/openapi.json").json()
    own = api.seeded.own["own"]
    get = document["paths"]["/v1/alerts/{alert_id}"]["get"]
    assert {"If-None-Match", "X-Reason"} <= {p["name"] for p in get["parameters"]}
    answer = api.get(f"/v1/alerts/{own.alert}", "utility")
    tag = answer.headers["etag"]
    for status, found in (
        ("200", answer),
        (
            "304",
            api.get(f"/v1/alerts/{own.alert}", "utility", If_None_Match=tag),
        ),
        ("404", api.get("/v1/alerts/none", "utility")),
        ("401", api.client.get(f"/v1/alerts/{own.alert}")),
    ):
        assert str(found.status_code) == status
        declared = {name.lower() for name in get["responses"][status]["headers"]}
        assert declared <= set(found.headers), status
    notes = document["paths"]["/v1/cases/{case_id}/notes"]["post"]
    (key,) = (p for p in notes["parameters"] if p["name"] == "Idempotency-Key")
    assert key["required"] is True and key["schema"]["type"] == "string"
    assert "Idempotency-Replayed" in notes["responses"]["201"]["headers"]


def test_the_document_says_where_and_by_what_licence(api: Api) -> None:
    document = api.client.get("/openapi.json").json()
    assert document["servers"][0]["url"] == "/"
    assert document["info"]["license"]["identifier"] == "Apache-2.0" and document["info"]["contact"]
    for webhook in document["webhooks"].values():
        assert webhook["post"]["security"] == []


@pytest.mark.parametrize("part", range(PARTS))
def test_no_500_and_every_answer_in_the_schema(
    api: Api, session: requests.Session, part: int
) -> None:
    """Roles that may do it ask each operation, and now and then one that may not.

    Stands last: what is sent may withdraw the consents that other tests need.
    """
    schema = schemathesis.openapi.from_url(f"{api.url}/openapi.json")
    everybody, seen = sorted(OF_ROLE), set()
    for found in [*schema.get_all_operations()][part::PARTS]:
        operation = found.ok()
        definition = operation.definition.raw
        scopes = set(definition.get("x-scopes", []))
        allowed = [role for role in everybody if scopes <= set(map(str, OF_ROLE[role]))]
        assert allowed, definition["operationId"]
        if definition["operationId"] in ENDLESS:
            roles = st.sampled_from([role for role in everybody if role not in allowed])
        else:
            roles = st.sampled_from(allowed * 2) | st.sampled_from(everybody)

        @fuzzed(EXAMPLES + len(allowed) if scopes else EXAMPLES)
        @given(case=cases(operation), real=st.booleans(), role=roles)
        def run(case: Any, real: bool, role: str) -> None:
            if real and case.path_parameters:
                ids = known(api, role)
                case.path_parameters = {name: ids[name] for name in case.path_parameters}
            answer = case.call(
                session=session, headers=api.seeded.bearer(role), timeout=patient(20)
            )
            seen.add(answer.status_code)
            case.validate_response(answer, checks=CHECKS)

        run()
    assert seen >= {200, 403, 404, 422}, seen
