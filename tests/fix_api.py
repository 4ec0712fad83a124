"""The API over a real uvicorn and a database of two tenants (tests/seed_api.py)."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from runtime.clock import Clock, ManualClock
from runtime.metrics import Metrics
from runtime.settings import Settings
from tests.fix_postgres import _execute, copy_database, database_of, leave_alone
from tests.fix_registry import NOW_US
from tests.patience import patient
from tests.seed_api import Seeded, seed


@contextmanager
def running_api(
    database_url: str,
    clock: Clock | None = None,
    metrics: Metrics | None = None,
    **settings: object,
) -> Iterator[str]:
    """A server on a free port; its address. Stopped, and its failure raised, at the end.

    clock : None = one that stands at NOW_US.
    """
    from api import serve  # here, because it loads all pages

    started, stopping = threading.Event(), threading.Event()
    address: list[str] = []
    failure: list[BaseException] = []
    loop_stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def ready(url: str) -> None:
        address.append(url)
        started.set()

    async def main() -> None:
        stop = asyncio.Event()
        loop_stop.append((asyncio.get_running_loop(), stop))
        await serve.run(
            Settings(**{"api_port": 0, **settings}),  # type: ignore[arg-type]
            clock or ManualClock(NOW_US), database_url, metrics or Metrics(), stop, ready,
        )  # fmt: skip

    def run() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:
            failure.append(error)
        finally:
            started.set()
            stopping.set()

    thread = threading.Thread(target=run, name="api under test")
    thread.start()
    started.wait(patient(20))
    try:
        if failure or not address:
            raise RuntimeError("the API did not start") from (failure[0] if failure else None)
        yield address[0]
    finally:
        if loop_stop and not stopping.is_set():
            loop, stop = loop_stop[0]
            loop.call_soon_threadsafe(stop.set)
        thread.join(patient(15))
        assert not thread.is_alive(), "the API did not end"
    if failure:
        raise failure[0]


@dataclass(frozen=True)
class Api:
    """A running API over a seeded database."""

    url: str
    seeded: Seeded
    client: httpx.Client

    def get(self, path: str, role: str, tenant: str = "own", **headers: str) -> httpx.Response:
        """GET with a role's key; headers with _ for -."""
        return self.client.get(path, headers=self._headers(role, tenant, headers))

    def post(
        self, path: str, role: str, json: object = None, tenant: str = "own", **headers: str
    ) -> httpx.Response:
        """POST with a role's key."""
        given = self._headers(role, tenant, headers)
        if json is None:
            return self.client.post(path, headers=given)
        return self.client.post(path, headers=given, json=json)

    def _headers(self, role: str, tenant: str, headers: dict[str, str]) -> dict[str, str]:
        own = {name.replace("_", "-"): value for name, value in headers.items()}
        return {**self.seeded.bearer(role, tenant), **own}


@pytest.fixture(scope="session")
def _seeded_template(postgres_url: str, _template: str) -> Iterator[tuple[str, Seeded]]:
    """A seeded database to copy; nobody may be connected to it."""
    name = f"{_template}_api"
    copy_database(postgres_url, name, _template)
    seeded = seed(database_of(postgres_url, name))
    leave_alone(postgres_url, name)
    yield name, seeded
    _execute(postgres_url, f"drop database if exists {name} with (force)")


@pytest.fixture(scope="module")
def api(
    postgres_url: str, _seeded_template: tuple[str, Seeded], request: pytest.FixtureRequest
) -> Iterator[Api]:
    """The API over a seeded database of this module's own."""
    template, seeded = _seeded_template
    name = f"{template}_{abs(hash(request.node.name)) % 10**9}"
    copy_database(postgres_url, name, template)
    try:
        with (
            running_api(database_of(postgres_url, name), api_requests_per_minute=10**6) as url,
            httpx.Client(base_url=url, timeout=patient(20.0)) as client,
        ):
            yield Api(url, replace(seeded, url=database_of(postgres_url, name)), client)
    finally:
        _execute(postgres_url, f"drop database if exists {name} with (force)")


def pages(api: Api, path: str, role: str, limit: int) -> Iterator[dict[str, Any]]:
    """All rows of a list, page by page."""
    after = ""
    while True:
        sign = "&" if "?" in path else "?"
        found = api.get(f"{path}{sign}limit={limit}{after}", role).json()
        yield from found["data"]
        if not found["pagination"]["has_next_page"]:
            return
        after = f"&after={found['pagination']['end_cursor']}"


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The answer is this problem, complete."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == code and body["type"] == f"urn:tachowatt:problem:{code}"
    assert body["status"] == status and body["title"] and body["detail"] and body["user_message"]
    assert body["resolution"] and body["request_id"] == answer.headers["x-request-id"]
    return dict(body)
