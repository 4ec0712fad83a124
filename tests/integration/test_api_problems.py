"""What the API says when it does not answer, and what it says beside its answers."""

import asyncio
import base64
import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from runtime.metrics import Metrics
from store.casework import delivery
from store.people import keys, sessions
from store.pipeline import quarantine, stopped_sources
from store.pipeline.quarantine import Quarantined
from store.pipeline.stopped_sources import Stopped
from store.postgres.pool import connect, scalar
from store.postgres.times import from_us
from tests.fix_api import Api, problem, running_api
from tests.fix_registry import NOW_US
from tests.patience import patient


@pytest.mark.parametrize(
    ("header", "says"),
    [
        (None, "needs a key"),
        ("Basic abc", "needs a key"),
        ("Bearer tw_0000000000000000_" + "x" * 43, "not known"),
        ("Bearer nonsense", "not known"),
    ],
)
def test_no_key_no_answer(api: Api, header: str | None, says: str) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = api.client.get("/v1/driving-scores?vehicle=v0&driver=c0", headers=headers)
    assert says in problem(answer, 401, "unauthorised")["detail"]
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_session_cookie_does_not_open_the_api(api: Api) -> None:
    with connect(api.seeded.url) as connection:
        key = keys.find_key(connection, api.seeded.keys[("own", "insurer")], NOW_US)
        assert key is not None
        text = api.seeded.keys[("own", "insurer")]
        token, csrf = sessions.open_session(connection, text, NOW_US, 3600) or ("", "")
        connection.commit()
        session = sessions.find_session(connection, token, NOW_US, 3600)
        assert session is not None and session.csrf == csrf and session.key.key_id == key.key_id
        assert sessions.find_session(connection, token, NOW_US + 3_601_000_000, 9_999) is None
    for name in ("session", "tachowatt", "tachowatt_session", "__Host-session"):
        answer = api.client.get("/v1/driving-scores", headers={"Cookie": f"{name}={token}"})
        problem(answer, 401, "unauthorised")


def test_keys_end(api: Api) -> None:
    with connect(api.seeded.url) as connection:

        def make(name: str, expires_s: int) -> tuple[str, str]:
            return keys.create_key(
                connection, tenant="t1", role="insurer", name=name, scopes=["scores:read"],
                now_us=NOW_US, expires_at=from_us(NOW_US + expires_s * 1_000_000),
            )  # fmt: skip

        _, expired = make("expired", -1)
        revoked_id, revoked = make("revoked", 3600)
        _, narrow = make("narrow", 3600)
        assert keys.revoke_key(connection, revoked_id, NOW_US)
        assert not keys.revoke_key(connection, revoked_id, NOW_US)
        connection.commit()

    def ask(key: str, path: str = "/v1/driving-scores") -> httpx.Response:
        return api.client.get(path, headers={"Authorization": f"Bearer {key}"})

    assert "expired" in problem(ask(expired), 401, "unauthorised")["detail"]
    assert "revoked" in problem(ask(revoked), 401, "unauthorised")["detail"]
    assert ask(narrow).status_code == 200
    refused = problem(ask(narrow, "/v1/trips?vehicle=v0"), 403, "missing_scope")
    assert "trips:read" in refused["detail"] and "--role insurer" in refused["resolution"]
    foreign = problem(ask(narrow, "/v1/alerts"), 403, "missing_scope")
    assert "utility or agent" in foreign["resolution"]


def test_only_the_hash_of_a_secret_is_stored_and_use_is_noted_once_a_minute(api: Api) -> None:
    text = api.seeded.keys[("own", "agent")]
    secret = text.split("_", 2)[2]
    with connect(api.seeded.url) as connection:
        rows = connection.execute("select k::text from access.api_key k").fetchall()
        assert not [row for row in rows if secret in row[0]]

        def used(at_us: int) -> Any:
            assert keys.find_key(connection, text, at_us) is not None
            found = keys.find_key(connection, text, at_us)
            assert found is not None
            return found.last_used_at

        assert used(NOW_US + 100_000_000) == from_us(NOW_US + 100_000_000)
        assert used(NOW_US + 130_000_000) == from_us(NOW_US + 100_000_000)
        assert used(NOW_US + 160_000_000) == from_us(NOW_US + 160_000_000)


def test_what_does_not_fit_is_said_field_by_field(api: Api) -> None:
    body = problem(api.get("/v1/trips?vehicle=v0&limit=0&from=x", "insurer"), 422, "invalid")
    assert {error["field"] for error in body["errors"]} == {"query.limit", "query.from"}
    two = api.get("/v1/driving-scores?vehicle=v0&driver=c0", "insurer")
    assert problem(two, 422, "invalid")["errors"][0]["field"] == "query.driver"
    problem(api.get("/v1/trips", "insurer"), 422, "invalid")
    backwards = "from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z"
    problem(api.get(f"/v1/mileage?{backwards}", "insurer"), 422, "invalid")
    problem(api.get("/v1/mileage?from=2026-02-01T00:00:00", "insurer"), 422, "invalid")
    problem(api.get("/v1/mileage?from=0001-01-01T00:00:00Z", "insurer"), 422, "invalid")
    problem(api.get("/v1/customers/%00/context", "agent"), 422, "invalid")


@pytest.mark.parametrize("after", ["x", "WyJhbGVydHMiXQ", "W10", "bnVsbA", "%FF", "WyJ0cmlwcyJd"])
def test_a_bad_cursor_is_reported(api: Api, after: str) -> None:
    problem(api.get(f"/v1/trips?vehicle=v0&after={after}", "insurer"), 400, "bad_cursor")


@pytest.mark.parametrize(
    ("path", "role", "kind", "values"),
    [
        ("/v1/customers", "agent", "customers", ["\ud800"]),
        ("/v1/customers/c0/reads", "customer", "reads", [True]),
        ("/v1/dead-letters", "operator", "dead-letters", [False]),
    ],
)
def test_a_forged_cursor_is_reported(
    api: Api, path: str, role: str, kind: str, values: list[Any]
) -> None:
    after = base64.urlsafe_b64encode(json.dumps([kind, *values]).encode()).decode().rstrip("=")
    problem(api.get(f"{path}?after={after}", role), 400, "bad_cursor")


def test_a_cursor_of_another_list_is_refused(api: Api) -> None:
    cursor = api.get("/v1/alerts?limit=1", "utility").json()["pagination"]["end_cursor"]
    problem(api.get(f"/v1/cases?after={cursor}", "utility"), 400, "bad_cursor")


def test_paths_methods_and_bodies(api: Api) -> None:
    own = api.seeded.own["own"]
    problem(api.get("/v1/nothing", "agent"), 404, "no_such_path")
    wrong = api.client.request("DELETE", "/v1/alerts", headers=api.seeded.bearer("utility"))
    problem(wrong, 405, "method_not_allowed")
    assert wrong.headers["allow"] == "GET"
    path, headers = f"/v1/alerts/{own.alert}/resolve", api.seeded.bearer("utility")
    form = api.client.post(path, headers=headers, data={"resolution": "x"})
    problem(form, 415, "not_json")
    broken = {**headers, "content-type": "application/json"}
    problem(api.client.post(path, headers=broken, content=b"{"), 422, "invalid")
    problem(api.client.post(path, headers=broken, content=b" " * 70_000), 413, "too_large")
    pieces = (b" " * 10_000 for _ in range(9))
    problem(api.client.post(path, headers=broken, content=pieces), 413, "too_large")
    unknown = api.post(path, "utility", {"resolution": "x", "more": 1})
    problem(unknown, 422, "invalid")


def test_request_ids_and_security_headers(api: Api) -> None:
    answer = api.get("/v1/cases", "agent", X_Request_Id="my-id.1")
    assert answer.headers["x-request-id"] == "my-id.1"
    assert len(api.get("/v1/cases", "agent", X_Request_Id="<script>").headers["x-request-id"]) == 16
    for name, value in {
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cache-control": "private, no-cache",
    }.items():
        assert answer.headers[name] == value
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_an_etag_spares_the_body(api: Api) -> None:
    own = api.seeded.own["own"]
    for path, role in (
        (f"/v1/alerts/{own.alert}", "utility"),
        (f"/v1/cases/{own.crash_case}", "agent"),
        (f"/v1/contacts/{own.message}", "agent"),
        ("/v1/driving-scores?vehicle=v0", "insurer"),
    ):
        first = api.get(path, role)
        again = api.get(path, role, If_None_Match=first.headers["etag"])
        assert again.status_code == 304 and again.content == b""
        assert again.headers["etag"] == first.headers["etag"]
        assert api.get(path, role, If_None_Match='"other"').status_code == 200


def test_health_and_ready_need_no_key_and_metrics_are_elsewhere(api: Api) -> None:
    assert api.client.get("/health").json() == {"status": "ok"}
    ready = api.client.get("/ready").json()
    assert ready["ready"] and not ready["missing"] and "contacts" in ready["resting"][0]
    with connect(api.seeded.url) as worker:
        delivery.register_worker(worker)
        assert api.client.get("/ready").json()["resting"] == []
        with connect(api.seeded.url) as connection:
            source = ("t1", "native")
            stopped_sources.stop(connection, 3, source, Stopped("of t1", 9), 7)
            connection.commit()
            ready = api.client.get("/ready").json()
            assert ready["ready"] and "intake of 1 sources has stopped" in ready["resting"][0]
            assert "t1" not in str(ready), "no tenant is named"
            stopped_sources.release(connection, 3, source, 8)
            connection.commit()
    metrics = Metrics()
    metrics.outcome.labels("t1", "native", "stored").inc()
    metrics.outcome.labels("tenant-counted-here", "native", "stored").inc()
    with (
        running_api(api.seeded.url, metrics=metrics) as url,
        httpx.Client(base_url=url, timeout=patient(20.0)) as client,
    ):
        client.get("/v1/cases", headers=api.seeded.bearer("agent"))
        problem(client.get("/metrics"), 404, "no_such_path")
        probes, document = (
            "".join(client.get(path).text for path in paths)
            for paths in (("/health", "/ready"), ("/openapi.json",))
        )
    assert "t1" not in probes  # the document names a register so
    assert "tenant-counted-here" not in probes + document
    counted = {"method": "GET", "route": "/v1/cases", "status": "200"}
    assert metrics.registry.get_sample_value("tachowatt_http_requests_total", counted) == 1.0


_THREADS = 40
"""As many as the framework has for handlers that wait (anyio's default)."""
_WAITING = (
    "select count(*) from pg_stat_activity where datname = current_database() "
    "and application_name = 'tachowatt-api' and wait_event_type = 'Lock'"
)


def test_health_answers_while_every_thread_waits_for_the_database(api: Api) -> None:
    """They wait for a lock of the test, and more requests wait for them."""

    with (
        connect(api.seeded.url) as holder,
        connect(api.seeded.url) as observer,
        running_api(
            api.seeded.url, api_connections=_THREADS, api_requests_per_minute=10**6
        ) as address,
    ):

        async def ask() -> int:
            async with httpx.AsyncClient(
                base_url=address,
                headers=api.seeded.bearer("agent"),
                timeout=patient(90.0),
                limits=httpx.Limits(max_connections=None),
            ) as client:

                def one() -> asyncio.Task[httpx.Response]:
                    return asyncio.create_task(client.get("/v1/cases"))

                waiting = [one() for _ in range(3 * _THREADS)]
                while scalar(observer, _WAITING) < _THREADS:
                    await asyncio.sleep(0.02)
                    # Where connections open slowly some requests are answered with 503.
                    waiting = [one() if task.done() else task for task in waiting]
                assert (await client.get("/health")).status_code == 200
                done = sum(task.done() for task in waiting)
                holder.rollback()
                await asyncio.gather(*waiting)
            return done

        observer.autocommit = True
        holder.execute("lock table access.api_key in access exclusive mode")
        # If it needed a thread it would wait for two thirds of the others.
        assert asyncio.run(ask()) < 2 * _THREADS


def test_the_rate_limit_counts_down_and_says_when(api: Api) -> None:
    with (
        running_api(api.seeded.url, api_requests_per_minute=3) as url,
        httpx.Client(base_url=url) as client,
    ):
        headers = api.seeded.bearer("agent")
        left = []
        for _ in range(3):
            answer = client.get("/v1/cases", headers=headers)
            left.append(answer.headers["ratelimit-remaining"])
            assert answer.status_code == 200 and answer.headers["ratelimit-limit"] == "3"
        assert left == ["2", "1", "0"]
        refused = client.get("/v1/cases", headers=headers)
        problem(refused, 429, "rate_limited")
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert refused.headers["retry-after"] == refused.headers["ratelimit-reset"]
        assert client.get("/v1/cases", headers=api.seeded.bearer("insurer")).status_code == 200


@pytest.mark.usefixtures("_seeded_template")
def test_without_a_database_it_says_so_and_what_is_missing(new_database: Any) -> None:
    url = new_database()
    with (
        running_api(url) as address,
        httpx.Client(base_url=address, timeout=patient(20.0)) as client,
    ):
        with connect(url) as connection:
            connection.execute("delete from public.tachowatt_migration")
            connection.commit()
        ready = client.get("/ready")
        assert ready.status_code == 503 and "0004_contacts.sql" in json.dumps(ready.json())
    with (
        running_api("postgresql://nobody@127.0.0.1:1/x") as address,
        httpx.Client(base_url=address, timeout=patient(20.0)) as client,
    ):
        headers = {"Authorization": "Bearer tw_0000000000000000_" + "x" * 43}
        away = client.get("/v1/cases", headers=headers)
        problem(away, 503, "store_away")
        assert away.headers["retry-after"] == "2"
        assert client.get("/health").status_code == 200
        ready = client.get("/ready")
        assert ready.status_code == 503 and ready.json()["missing"] == [
            "the database cannot be reached"
        ]


def test_operators_see_the_devices_in_quarantine_of_their_tenant(api: Api) -> None:
    with connect(api.seeded.url) as connection:
        put_aside = [
            Quarantined(-1, "over_limit", tenant, "native", f"{tenant}/x", "too much", 7)
            for tenant in ("t1", "zz")
        ]
        quarantine.put(connection, put_aside[:1])
        quarantine.put(connection, [replace(put_aside[1], device_id=-2)])
        connection.commit()
        found = api.get("/v1/quarantined-devices", "operator").json()["data"]
        page = [(row["address"], row["reason"], row["deferred"]) for row in found]
        quarantine.release(connection, [(-1, "over_limit"), (-2, "over_limit")])
        connection.commit()
    assert page == [("t1/x", "over_limit", 0)]
