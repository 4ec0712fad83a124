"""The stream of alerts: nothing lost, nothing twice, and it ends when it should."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

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
