"""`tachowatt api` as a process, and `tachowatt key`."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from app.cli import cli
from store.postgres import notify
from store.postgres.pool import connect
from tests.integration.test_api_stream import stream
from tests.patience import patient
from tests.process import CLOCK, Tachowatt


def tachowatt(*arguments: str) -> Any:
    return CliRunner().invoke(cli, list(arguments))


@pytest.fixture
def on_database(registered: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The environment of a command over the registered database."""
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", registered)
    monkeypatch.setenv("TACHOWATT_STATE_DIR", str(tmp_path))
    return registered


_WAITING = "select 1 from pg_locks where relation = 'access.api_key'::regclass and not granted"


@contextmanager
def held_up(url: str, seconds: float = 1.0) -> Iterator[None]:
    """The streams' next read has begun, and takes so long."""
    deadline = CLOCK.monotonic() + patient(30.0)
    with connect(url) as connection:
        connection.execute("lock table access.api_key in access exclusive mode")
        with connect(url) as other:
            notify.changed(other, "t1", "alert")
            other.commit()
            while not other.execute(_WAITING).fetchone():
                assert CLOCK.monotonic() < deadline, "the stream does not read"
        timer = threading.Timer(seconds, connection.rollback)
        timer.start()
        yield
        timer.join()


def test_it_answers_ends_with_open_streams_and_keeps_its_port(
    on_database: str, tmp_path: Path
) -> None:
    made = tachowatt("key", "create", "t1", "--role", "utility", "--name", "desk", "--json")
    headers = {"Authorization": f"Bearer {json.loads(made.output)['key']}"}
    environment = {"TACHOWATT_DATABASE_URL": on_database}
    first = Tachowatt("api", state=tmp_path / "state", **environment)
    try:
        found = first.wait_ready()
        url, metrics_url = found["api_url"], found["metrics_url"]
        assert httpx.get(f"{url}/metrics").status_code == 404
        assert httpx.get(f"{url}/ready").json()["ready"] is True
        assert httpx.get(f"{url}/v1/meters", headers=headers).status_code == 200
        assert 'route="/v1/meters",status="200"' in httpx.get(metrics_url).text
        assert httpx.get(metrics_url.replace("/metrics", "/ready")).json()["ready"] is True
        with stream(url, headers) as live:
            assert next(live).name == "opened"
            with held_up(on_database):
                assert first.terminate() == 0
            assert list(live) == []
    finally:
        first.kill()
    again = Tachowatt("api", state=tmp_path / "state", **environment)
    try:
        assert again.wait_ready()["api_url"] == url
        assert again.terminate() == 0
    finally:
        again.kill()


def test_keys_are_made_listed_and_revoked(on_database: str) -> None:
    made = tachowatt(
        "key", "create", "t1", "--role", "insurer", "--name", "claims",
        "--scopes", "scores:read,trips:read", "--expires", "90d",
    )  # fmt: skip
    text = made.output.split()[0]
    assert made.exit_code == 0 and text.startswith("tw_")
    (listed,) = json.loads(tachowatt("key", "list", "--json").output)
    assert listed["scopes"] == ["scores:read", "trips:read"] and listed["expires_at"]
    assert text.split("_", 2)[2] not in json.dumps(listed) and listed["key_id"] in text
    assert tachowatt("key", "revoke", listed["key_id"]).exit_code == 0
    (listed,) = json.loads(tachowatt("key", "list", "--tenant", "t1", "--json").output)
    assert listed["revoked_at"]
    assert json.loads(tachowatt("key", "list", "--tenant", "other", "--json").output) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["create", "nobody", "--role", "agent", "--name", "x"], "no tenant 'nobody'"),
        (["create", "t1", "--role", "customer", "--name", "x"], "--customer goes with"),
        (["create", "t1", "--role", "agent", "--customer", "c0", "--name", "x"], "goes with"),
        (["create", "t1", "--role", "customer", "--customer", "y", "--name", "x"], "no customer"),
        (["create", "t1", "--role", "agent", "--name", "x", "--scopes", "trips:read"], "can have"),
        (["create", "t1", "--role", "agent", "--name", "x", "--expires", "0d"], "not in the fut"),
        (["revoke", "nothing"], "no key 'nothing'"),
    ],
)
def test_a_wrong_wish_is_reported(on_database: str, arguments: list[str], says: str) -> None:
    result = tachowatt("key", *arguments)
    assert result.exception is not None and says in str(result.exception)
