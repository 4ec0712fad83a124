"""The stream of alerts: nothing lost, nothing twice, and it ends when it should."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from runtime.clock import ManualClock
from services import alert_flow
from store.people import keys
from store.postgres.pool import connect
from tests.fix_api import Api, problem, running_api
from tests.fix_registry import NOW_US
from tests.patience import patient


@dataclass
class Event:
    """A server-sent event."""

    name: str
    id: int
    data: dict[str, object]


def events(answer: httpx.Response) -> Iterator[Event]:
    """The events of a stream, as they come; comments (heartbeats) are left out."""
    fields: dict[str, str] = {}
    for line in answer.iter_lines():
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.strip()
        else:
            if "data" in fields:
                yield Event(fields["event"], int(fields["id"]), json.loads(fields["data"]))
            fields = {}


@contextmanager
def stream(url: str, headers: dict[str, str], last: int | None = None) -> Iterator[Iterator[Event]]:
    """An open stream, after `last`."""
    own = {**headers, **({} if last is None else {"Last-Event-ID": str(last)})}
    with httpx.stream(
        "GET", f"{url}/v1/alerts/stream", headers=own, timeout=patient(20.0)
    ) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield events(answer)


def change(api: Api, owner: str, reason: str) -> None:
    """Change the alert of an owner."""
    own = api.seeded.own[owner]
    with connect(api.seeded.url) as connection:
        alert_flow.act(
            connection, own.tenant, own.alert, "classify", "test", NOW_US,
            feedback="unclear", reason=reason,
        )  # fmt: skip
        connection.commit()


def reason(event: Event) -> str:
    return str(event.data["alert"]["feedback"]["reason"])  # type: ignore[index]


def test_what_changes_comes_and_what_was_missed_comes_first(api: Api) -> None:
    headers = api.seeded.bearer("utility")
    with stream(api.url, headers) as live:
        opened = next(live)
        assert opened.name == "opened" and opened.data["resumed"] is False
        change(api, "own", "first")
        change(api, "quiet", "of one without consent")
        change(api, "zz", "of another tenant")
        change(api, "omar", "second")
        first, second = next(live), next(live)
    assert [reason(first), reason(second)] == ["first", "second"]
    assert opened.id < first.id < second.id and first.data["sequence"] == first.id
    assert first.data["what"] == "classified"
    for n in range(250):
        change(api, "own", f"missed {n}")
    with stream(api.url, headers, first.id) as resumed:
        again = next(resumed)
        assert again.data == {"sequence": first.id, "resumed": True}
        got = [next(resumed) for _ in range(251)]
        change(api, "own", "live again")
        last = next(resumed)
    assert got[0].id == second.id and reason(last) == "live again"
    ids = [event.id for event in got] + [last.id]
    assert ids == sorted(set(ids)) and len(ids) == 252


def test_changes_by_many_writers_all_come_once(api: Api) -> None:
    def write(name: str) -> None:
        for n in range(25):
            change(api, name, f"{name} {n}")

    with stream(api.url, api.seeded.bearer("utility")) as live:
        next(live)
        writers = [threading.Thread(target=write, args=(owner,)) for owner in ("own", "omar")]
        for writer in writers:
            writer.start()
        got = [next(live) for _ in range(50)]
        for writer in writers:
            writer.join()
    ids = [event.id for event in got]
    assert ids == sorted(set(ids))


def test_reads_of_the_stream_are_logged(api: Api) -> None:
    headers = {**api.seeded.bearer("utility"), "X-Request-Id": "stream-1"}
    with stream(api.url, headers) as live:
        next(live)
        change(api, "own", "logged")
        next(live)
    with connect(api.seeded.url) as connection:
        found = connection.execute(
            "select customer, what, why from access.read_log where request_id = 'stream-1'"
        ).fetchall()
    assert found == [("c3", "alert stream", "energy_insight")]


def test_a_bad_id_and_a_missing_scope(api: Api) -> None:
    bad = api.get("/v1/alerts/stream", "utility", Last_Event_ID="x")
    problem(bad, 400, "bad_last_event_id")
    problem(api.get("/v1/alerts/stream", "insurer"), 403, "missing_scope")


def test_a_revoked_key_ends_its_stream(api: Api) -> None:
    with connect(api.seeded.url) as connection:
        key_id, text = keys.create_key(
            connection, tenant="t1", role="utility", name="short", scopes=["alerts:read"],
            now_us=NOW_US,
        )  # fmt: skip
        connection.commit()
    with stream(api.url, {"Authorization": f"Bearer {text}"}) as live:
        next(live)
        with connect(api.seeded.url) as connection:
            keys.revoke_key(connection, key_id, NOW_US)
            connection.commit()
        change(api, "own", "not for you any more")
        assert list(live) == []


def test_the_server_stops_although_streams_are_open(api: Api) -> None:
    with running_api(api.seeded.url) as url:
        context = stream(url, api.seeded.bearer("utility"))
        live = context.__enter__()
        next(live)
    # running_api has waited for the server's end, and asserted that it came.
    assert list(live) == []
    context.__exit__(None, None, None)


def token_of(url: str, headers: dict[str, str]) -> dict[str, str]:
    """A token for the stream of alerts."""
    answer = httpx.post(f"{url}/v1/stream-tokens", headers=headers, json={"stream": "alerts"})
    assert answer.status_code == 201 and answer.headers["cache-control"] == "no-store"
    found: dict[str, str] = answer.json()
    return found


def status_of(url: str, path: str) -> int:
    """Status of a stream that is opened by its URL alone, and closed at once."""
    with httpx.stream("GET", url + path, timeout=patient(20.0)) as answer:
        return answer.status_code


def test_a_token_opens_the_stream_and_nothing_else(api: Api) -> None:
    token = token_of(api.url, api.seeded.bearer("utility"))
    with httpx.stream("GET", api.url + token["url"], timeout=patient(20.0)) as answer:
        live = events(answer)
        opened = next(live)
        change(api, "own", "by a token")
        change(api, "zz", "of another tenant")
        change(api, "own", "again by a token")
        assert [reason(next(live)) for _ in range(2)] == ["by a token", "again by a token"]
    with httpx.stream(
        "GET", f"{api.url}{token['url']}&last_event_id={opened.id}", timeout=patient(20.0)
    ) as answer:
        live = events(answer)
        assert next(live).data == {"sequence": opened.id, "resumed": True}
        assert next(live).id > opened.id
    for path in ("/v1/alerts", "/v1/meters"):
        problem(api.client.get(f"{path}?token={token['token']}"), 422, "unknown_parameter")
    bearer = {"Authorization": f"Bearer {token['token']}"}
    problem(api.client.get("/v1/alerts", headers=bearer), 401, "unauthorised")
    problem(api.client.get("/v1/alerts/stream?token=ts_none"), 401, "unauthorised")
    problem(api.post("/v1/stream-tokens", "insurer", {"stream": "alerts"}), 403, "missing_scope")


def test_a_token_ends_with_its_time_and_with_its_key(api: Api) -> None:
    clock = ManualClock(NOW_US)
    with running_api(api.seeded.url, clock, api_stream_token_s=60) as url:
        token = token_of(url, api.seeded.bearer("utility"))
        clock.advance(59.0)
        assert status_of(url, token["url"]) == 200
        clock.advance(1.0)
        assert status_of(url, token["url"]) == 401
        with connect(api.seeded.url) as connection:
            key_id, text = keys.create_key(
                connection, tenant="t1", role="utility", name="for a while",
                scopes=["alerts:read"], now_us=clock.now_us(),
            )  # fmt: skip
            connection.commit()
        token = token_of(url, {"Authorization": f"Bearer {text}"})
        assert status_of(url, token["url"]) == 200
        with connect(api.seeded.url) as connection:
            keys.revoke_key(connection, key_id, clock.now_us())
            connection.commit()
        assert status_of(url, token["url"]) == 401
        with connect(api.seeded.url) as connection:
            stored = connection.execute("select * from access.stream_token").fetchall()
    assert token["token"] not in repr(stored)


def test_pages_of_the_origins_in_the_settings_may_read_the_stream(api: Api) -> None:
    with running_api(api.seeded.url, api_stream_origins="https://desk.example, http://a:1") as url:
        token = token_of(url, api.seeded.bearer("utility"))
        for origin, allowed in (
            ("http://a:1", True),
            ("https://b.example", False),
            ("null", False),
        ):
            with httpx.stream("GET", url + token["url"], headers={"Origin": origin}) as answer:
                given = answer.headers.get("access-control-allow-origin")
                assert given == (origin if allowed else None)
                assert answer.headers["vary"] == "Origin"
                assert "access-control-allow-credentials" not in answer.headers
