"""What can be changed through the API: once, by whom, and against which version."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from contracts.signals import signal_id
from store.casework import cases, contacts
from store.people import consent, idempotency, keys, read_log, sessions
from store.postgres.pool import connect, scalar
from store.postgres.times import from_us
from tests.fix_api import Api, problem
from tests.fix_registry import NOW_US
from tests.patience import patient

NOTE = {"text": "Called: nobody is hurt."}


@pytest.fixture
def case(api: Api, request: pytest.FixtureRequest) -> str:
    """A case of this test's own."""
    case_id = signal_id("t1", "case", "of", request.node.name)
    new = cases.NewCase(
        case_id, "t1", "insurer", "call-back", {"de": "Fall", "en": "Case"}, False, "c0",
        "vehicle:v0", case_id, "test-playbook", None, "driving_score",
    )  # fmt: skip
    with connect(api.seeded.url) as connection:
        cases.open_(connection, new, NOW_US)
        connection.commit()
    return case_id


def test_a_case_is_taken_up_resolved_and_opened_again(api: Api, case: str) -> None:
    def change(expected: int = 200, **body: str) -> dict[str, object]:
        answer = api.post(f"/v1/cases/{case}/state", "agent", body)
        assert answer.status_code == expected, answer.text
        return dict(answer.json())

    taken = change(state="in_progress")
    assert taken["state"] == "in_progress" and taken["owner"] == "own agent"
    done = change(state="resolved", resolution="Towed")
    assert done["resolution"] == "Towed" and done["resolved_at"] is not None
    assert "in_progress" in str(change(409, state="open")["detail"])
    again = change(state="in_progress")
    assert again["resolved_at"] is None and again["resolution"] is None
    entries = [(e["kind"], e["text"]) for e in again["entries"]]  # type: ignore[attr-defined]
    assert entries == [
        ("signal", "opened"), ("state", "in_progress"), ("owner", "own agent"),
        ("state", "resolved"), ("state", "in_progress"),
    ]  # fmt: skip


def test_a_change_against_an_old_version_is_refused(api: Api, case: str) -> None:
    path = f"/v1/cases/{case}"
    tag = api.get(path, "agent").headers["etag"]
    body = {"state": "in_progress"}
    first = api.post(f"{path}/state", "agent", body, If_Match=tag)
    assert first.status_code == 200 and first.headers["etag"] != tag
    late = api.post(f"{path}/state", "insurer", {"state": "resolved"}, If_Match=tag)
    problem(late, 412, "stale")
    bad = api.post(f"{path}/state", "agent", {"state": "resolved"}, If_Match='"x"')
    problem(bad, 400, "bad_if_match")
    for if_match in (first.headers["etag"], "*"):
        done = api.post(f"{path}/state", "agent", {"state": "resolved"}, If_Match=if_match)
        assert done.status_code == 200
    assert api.get(path, "agent", If_None_Match=first.headers["etag"]).status_code == 200


def test_a_note_is_written_once_however_often_it_is_sent(api: Api, case: str) -> None:
    path = f"/v1/cases/{case}/notes"
    first = api.post(path, "agent", NOTE, Idempotency_Key="n-1")
    assert first.status_code == 201 and first.json()["entries"][-1]["text"] == NOTE["text"]
    again = api.post(path, "agent", NOTE, Idempotency_Key="n-1")
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["etag"] == first.headers["etag"]
    assert len(api.get(f"/v1/cases/{case}", "agent").json()["entries"]) == 2
    other = {"text": "Something else"}
    problem(api.post(path, "agent", other, Idempotency_Key="n-1"), 422, "idempotency_key_reused")
    problem(api.post(path, "agent", NOTE), 400, "idempotency_key_missing")
    # Another key's "n-1" is another one.
    assert api.post(path, "insurer", NOTE, Idempotency_Key="n-1").status_code == 201
    assert len(api.get(f"/v1/cases/{case}", "agent").json()["entries"]) == 3


def test_an_error_is_not_kept(api: Api, case: str) -> None:
    missing = api.post("/v1/cases/nothing/notes", "agent", NOTE, Idempotency_Key="e-1")
    problem(missing, 404, "not_found")
    done = api.post(f"/v1/cases/{case}/notes", "agent", NOTE, Idempotency_Key="e-1")
    assert done.status_code == 201


def test_a_key_in_progress_is_reported(api: Api, case: str) -> None:
    agent = api.seeded.keys[("own", "agent")]
    with connect(api.seeded.url) as connection:
        key = keys.find_key(connection, agent, NOW_US)
        assert key is not None
        connection.commit()
        assert idempotency.claim(connection, key.key_id, "f-1")
        path = f"/v1/cases/{case}/notes"
        waiting = api.post(path, "agent", NOTE, Idempotency_Key="f-1")
        problem(waiting, 409, "in_flight")
        assert waiting.headers["retry-after"] == "1"
        connection.rollback()  # as when its process dies
    assert api.post(path, "agent", NOTE, Idempotency_Key="f-1").status_code == 201


def test_many_at_once_write_one_note(api: Api, case: str) -> None:
    path, barrier = f"/v1/cases/{case}/notes", threading.Barrier(8)

    def send(_: int) -> int:
        barrier.wait(patient(10))
        return api.post(path, "agent", NOTE, Idempotency_Key="many").status_code

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(send, range(8)))
    assert set(codes) <= {201, 409} and 201 in codes
    assert len(api.get(f"/v1/cases/{case}", "agent").json()["entries"]) == 2


def test_kept_answers_expire(api: Api, case: str) -> None:
    path = f"/v1/cases/{case}/notes"
    api.post(path, "agent", NOTE, Idempotency_Key="old")
    with connect(api.seeded.url) as connection:
        connection.execute(
            "update access.idempotency set created_at = created_at - interval '25 hours' "
            "where key = 'old'"
        )
        connection.commit()
    assert api.post(path, "agent", NOTE, Idempotency_Key="old").status_code == 201
    assert len(api.get(f"/v1/cases/{case}", "agent").json()["entries"]) == 3
    with connect(api.seeded.url) as connection:
        sessions.forget_expired(connection, NOW_US + 25 * 3_600_000_000)
        assert scalar(connection, "select count(*) from access.idempotency") == 0


def test_an_alert_from_open_to_classified(api: Api) -> None:
    path = f"/v1/alerts/{api.seeded.own['own'].alert}"
    before = api.get(path, "utility")
    taken = api.post(f"{path}/acknowledge", "utility", If_Match=before.headers["etag"])
    assert taken.json()["state"] == "acknowledged"
    twice = api.post(f"{path}/acknowledge", "utility")
    assert twice.json()["version"] == taken.json()["version"]
    stale = api.post(f"{path}/acknowledge", "utility", If_Match=before.headers["etag"])
    problem(stale, 412, "stale")
    done = api.post(f"{path}/resolve", "utility", {"resolution": "A freezer"})
    assert done.json()["state"] == "resolved" and done.json()["resolution"] == "A freezer"
    problem(api.post(f"{path}/acknowledge", "utility"), 409, "not_allowed_now")
    said = {"classification": "confirmed", "reason": "The customer found it"}
    found = api.post(f"{path}/classify", "utility", said).json()
    assert found["feedback"] == said and found["version"] == done.json()["version"] + 1
    problem(api.post(f"{path}/classify", "utility", {"classification": "x"}), 422, "invalid")
    problem(api.post(f"{path}/acknowledge", "agent"), 403, "missing_scope")


def test_a_withdrawal_takes_effect_at_once(api: Api) -> None:
    path = "/v1/customers/omar-driver/consents"
    with connect(api.seeded.url) as connection:
        version = scalar(connection, "select version from customers.version")
        _, key = keys.create_key(
            connection, tenant="t1", role="customer", customer="omar-driver", name="omar",
            scopes=["consents:write", "consents:read"], now_us=NOW_US,
        )  # fmt: skip
        connection.commit()
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "w-1"}
    asked = "/v1/driving-scores?vehicle=omar-car"
    assert api.get(asked, "insurer").status_code == 200
    decision = {"purpose": "driving_score", "state": "withdrawn", "notice_version": "2026-11"}
    done = api.client.post(path, headers=headers, json=decision)
    assert done.status_code == 201 and done.json()["granted"] == ["claims_assistance"]
    assert done.json()["ledger"][-1]["source"] == "api"
    problem(api.get(asked, "insurer"), 404, "not_found")
    assert api.client.post(path, headers=headers, json=decision).content == done.content
    with connect(api.seeded.url) as connection:
        assert scalar(connection, "select version from customers.version") == version + 1
    ledger = api.client.get(path, headers=headers).json()["ledger"]
    assert ledger == done.json()["ledger"]
    assert sorted((row["purpose"], row["state"]) for row in ledger) == [
        ("claims_assistance", "granted"),  # to its own tenant, and to the garage
        ("claims_assistance", "granted"),
        ("driving_score", "granted"),
        ("driving_score", "withdrawn"),
    ]


def test_a_replay_is_logged_and_shows_no_more_than_a_read(api: Api) -> None:
    """The answer that is kept for an Idempotency-Key tells of a customer each time it is given."""
    own = api.seeded.own["own"]
    path, headers = f"/v1/cases/{own.alert_case}/notes", {"Idempotency_Key": "log-1"}

    def reads() -> list[tuple[str, str]]:
        with connect(api.seeded.url) as connection:
            rows = read_log.of_customer(connection, "t1", own.home, limit=200)
        return [(row["object_kind"], row["object_id"]) for row in rows]

    first = api.post(path, "agent", {"text": "He is away."}, **headers)
    before = reads()
    replayed = api.post(path, "agent", {"text": "He is away."}, **headers)
    assert replayed.content == first.content and "He is away." in first.text
    assert reads() == [("case", own.alert_case), *before]
    with connect(api.seeded.url) as connection:
        withdrawal = {
            "tenant": "t1", "customer": own.home, "purpose": "energy_insight",
            "state": "withdrawn", "legal_basis": "consent", "notice_version": "1",
            "source": "test", "at": from_us(NOW_US + 3), "recorded_at": from_us(NOW_US + 3),
        }  # fmt: skip
        consent.decide(connection, [withdrawal])
        connection.commit()
    after = api.post(path, "agent", {"text": "He is away."}, **headers)
    assert after.status_code == 201 and after.headers["idempotency-replayed"] == "true"
    assert "He is away." not in after.text and after.json()["withdrawn"] is True
    assert len(reads()) == len(before) + 2


def test_a_grant_dated_ahead_does_not_outlive_a_withdrawal(api: Api) -> None:
    """The clock of whoever imports is fast: the grant counts from its recording on, no longer."""
    _import_grant(api, "claims_assistance", decided_us=NOW_US + 240_000_000, recorded_us=NOW_US - 2)
    path = "/v1/customers/c0/consents"
    body = {"purpose": "claims_assistance", "state": "withdrawn", "notice_version": "2026-11"}
    assert api.get("/v1/crashes?vehicle=v0", "insurer").status_code == 200
    done = api.post(path, "customer", body, Idempotency_Key="ahead-1")
    assert done.status_code == 201 and "claims_assistance" not in done.json()["granted"]
    problem(api.get("/v1/crashes?vehicle=v0", "insurer"), 404, "not_found")


def test_a_decision_that_is_not_in_force_is_no_success(api: Api) -> None:
    """A later decision stands: 409 and nothing is written, not 201 with the old state."""
    _import_grant(api, "energy_insight", decided_us=NOW_US + 9, recorded_us=NOW_US + 9)
    path = "/v1/customers/c3/consents"
    before = api.get(path, "home").json()
    body = {"purpose": "energy_insight", "state": "withdrawn", "notice_version": "2026-11"}
    problem(api.post(path, "home", body, Idempotency_Key="late-1"), 409, "not_allowed_now")
    assert api.get(path, "home").json() == before


def _import_grant(api: Api, purpose: str, decided_us: int, recorded_us: int) -> None:
    customer = "c3" if purpose == "energy_insight" else "c0"
    with connect(api.seeded.url) as connection:
        consent.decide(
            connection,
            [
                {
                    "tenant": "t1", "customer": customer, "purpose": purpose, "state": "granted",
                    "legal_basis": "consent", "notice_version": "1", "source": "crm",
                    "at": from_us(decided_us), "recorded_at": from_us(recorded_us),
                }
            ],
        )  # fmt: skip
        connection.commit()


def test_a_message_is_read_once(api: Api) -> None:
    own = api.seeded.own["own"]
    path = f"/v1/customers/c0/inbox/{own.message}/read"
    assert api.post(path, "customer").status_code == 204
    (message,) = api.get("/v1/customers/c0/inbox", "customer").json()["data"]
    assert message["read_at"] is not None
    problem(api.post(f"/v1/customers/c0/inbox/{own.notice}/read", "customer"), 404, "not_found")


def test_a_failed_contact_is_sent_again(api: Api) -> None:
    own = api.seeded.own["own"]
    path = f"/v1/contacts/{own.webhook}/resend"
    sent = api.post(path, "operator", Idempotency_Key="r-1")
    assert sent.status_code == 202 and sent.json()["state"] == "pending"
    assert sent.json()["body"] is None  # an operator sees no text
    assert api.post(path, "operator", Idempotency_Key="r-1").content == sent.content
    problem(api.post(path, "agent", Idempotency_Key="r-2"), 409, "not_allowed_now")
    with connect(api.seeded.url) as connection:
        row = contacts.get(connection, "t1", own.webhook)
    assert row is not None and row["state"] == "pending"
