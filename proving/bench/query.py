"""`tachowatt bench query`: response times of the API over histories of different size."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import numpy as np

from api.http.scopes import OF_ROLE
from app.processes.stack import prepare_secrets
from proving.bench import history
from proving.bench.served_api import key_of, served
from proving.testbed.database import database_of
from runtime.clock import US_PER_S, Clock
from runtime.errors import Stop
from runtime.settings import Settings
from services.contact_points import contact_points_of
from store.postgres.pool import connect
from store.postgres.times import from_us
from store.schema.migrate import migrate
from store.testing import bench_data, measurements

_WARM = 30
_FLAT = 1.5
_SCORE_P99_MS = 20.0
_DESK_P99_MS = 30.0
_DESK = ("search", "queue", "the fleet")
"""Beginnings of the names of queries that an agent waits for."""
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Question:
    """A query about the i-th subject. body : of a POST; None = GET. page : with a session."""

    name: str
    role: str
    path: Callable[[int], str]
    body: Callable[[int], dict[str, Any]] | None = None
    page: bool = False


def run(
    settings: Settings, clock: Clock, sizes: list[int], requests: int, progress: Progress
) -> dict[str, Any]:
    """Fill a database for each size and send each query `requests` times; return milliseconds.

    Each size gets its own PostgreSQL under `settings.state_dir`. If `database_url` is set, only one
    size is possible, in that database, which must be empty.
    """
    if settings.database_url is not None and len(sizes) > 1:
        raise Stop("a database that is given can be filled once: give one --samples")
    found: dict[str, Any] = {"vehicles": history.VEHICLES, "sizes": []}
    for number, samples in enumerate(sizes):
        directory = settings.state_dir / str(number)
        directory.mkdir()
        with database_of(settings, clock, directory) as url:
            own = settings.model_copy(update={"state_dir": directory})
            found["sizes"].append(_one(own, url, clock, samples, requests, progress))
    found["flat"] = _flatness(found["sizes"])
    found["problems"] = _problems(found)
    return found


def _one(
    settings: Settings, url: str, clock: Clock, samples: int, requests: int, progress: Progress
) -> dict[str, Any]:
    directory = settings.state_dir
    migrate(url)
    prepare_secrets(settings, url, clock)
    progress(f"{samples:,} samples: filling", 0, 1)
    now_us, began = clock.now_us(), clock.monotonic()
    with connect(url) as connection:
        measurements.require_empty(connection)
        history.fill(connection, samples, now_us, contact_points_of(settings))
        filled_s = clock.monotonic() - began
        keys = {role: key_of(connection, role, now_us) for role in OF_ROLE if role != "customer"}
        keys |= {"customer": key_of(connection, "customer", now_us, f"c{history.vehicle(1)}")}
        tables = bench_data.table_sizes(connection)
        versions = measurements.versions(connection)
        connection.commit()
    with served(directory, url, clock) as address:
        rows = {}
        asked = _questions(now_us)
        for number, question in enumerate(asked):
            progress(f"{samples:,} samples: asking", number, len(asked))
            key = keys[question.role]
            headers = {"Accept": "text/html"}
            if not question.page:
                headers = {"Authorization": f"Bearer {key}"}
            with httpx.Client(base_url=address, timeout=30.0, headers=headers) as client:
                if question.page:
                    _sign_in(client, key)
                rows[question.name] = _measure(client, clock, question, requests)
    return {
        "samples": samples,
        "filled_s": round(filled_s, 1),
        "tables": tables,
        "versions": versions,
        "requests": requests,
        "latency_ms": rows,
    }


def _questions(now_us: int) -> list[Question]:
    """Return the questions; `90 days` and `30 days` bound the answer."""
    day_us = 86_400 * US_PER_S
    since = quote(from_us(now_us - (history.RECENT_DAYS + 1) * day_us).isoformat())
    month = quote(from_us(now_us - 30 * day_us).isoformat())
    meters = history.ASKED_METERS
    v = history.vehicle

    def m(i: int) -> int:
        return i % meters

    api: list[tuple[str, str, Callable[[int], str]]] = [
        ("score by vehicle, 90 days", "insurer",
         lambda i: f"/v1/driving-scores?vehicle=v{v(i)}&from={since}"),
        ("score by driver, 90 days", "insurer",
         lambda i: f"/v1/driving-scores?driver=c{v(i)}&from={since}"),
        ("score by vehicle, all time", "insurer", lambda i: f"/v1/driving-scores?vehicle=v{v(i)}"),
        ("score history", "insurer", lambda i: f"/v1/driving-scores/history?driver=c{v(i)}"),
        ("scores of the fleet, a page", "insurer", lambda i: "/v1/driving-scores"),
        ("trips of a vehicle, 90 days", "insurer",
         lambda i: f"/v1/trips?vehicle=v{v(i)}&from={since}"),
        ("mileage of a contract, 90 days", "insurer",
         lambda i: f"/v1/mileage?contract=k{v(i)}&from={since}"),
        ("crashes of a vehicle", "insurer", lambda i: f"/v1/crashes?limit=20&vehicle=v{v(i)}"),
        ("open alerts, a page", "utility", lambda i: "/v1/alerts?state=open"),
        ("alerts of a meter", "utility", lambda i: f"/v1/alerts?meter=m{m(i)}"),
        ("days of a meter", "utility", lambda i: f"/v1/meters/m{m(i)}/features?limit=30"),
        ("intervals of a meter, 30 days", "utility",
         lambda i: f"/v1/meters/m{m(i)}/intervals?from={month}"),
        ("context of a customer", "agent", lambda i: f"/v1/customers/c{v(i)}/context"),
        ("open cases, a page", "agent", lambda i: "/v1/cases?state=open"),
        ("own trips", "customer", lambda i: f"/v1/customers/c{v(1)}/trips?limit=10"),
        ("queue of cases, a page", "agent", lambda i: "/v1/cases/queue"),
    ]  # fmt: skip
    return [*(Question(*each) for each in api), *_desk()]


def _desk() -> list[Question]:
    """Return what people at a desk wait for: searches, and the first pages of queue and fleet."""
    v = history.vehicle
    searches: dict[str, Callable[[int], str]] = {
        "by name": lambda i: bench_data.name(v(i)),
        "by part of a name": lambda i: bench_data.name(v(i))[1:6].strip(),
        "by a common beginning": lambda i: bench_data.name(v(i))[:2],
        "by id": lambda i: f"c{v(i)}",
        "by contract": lambda i: f"K {v(i)}",
        "by meter number": lambda i: f"1EMH{i % history.METERS:010d}",
        "by number plate": lambda i: f"bs {chr(65 + v(i) % 26)} {v(i)}",
        "by phone": history.phone,
        "by e-mail": history.email,
        "without a match": lambda i: f"xq{i}zz",
    }
    return [
        *(_search(name, text) for name, text in searches.items()),
        Question("queue, the page", "agent", lambda i: "/cases", page=True),
        Question("queue of an insurer, the page", "insurer", lambda i: "/cases", page=True),
        Question("the fleet, the page", "insurer", lambda i: "/fleet", page=True),
    ]


def _sign_in(client: httpx.Client, key: str) -> None:
    """Open a session as a browser does."""
    token = re.search(r'name="csrf" value="([^"]+)"', client.get("/login").text)
    assert token is not None, "the sign-in page has a form"
    answer = client.post("/login", data={"csrf": token[1], "key": key, "next": "/"})
    if answer.status_code != 303:
        raise Stop(f"POST /login answered {answer.status_code}")


def _search(name: str, text: Callable[[int], str]) -> Question:
    def body(i: int) -> dict[str, Any]:
        return {"q": text(i), "limit": 25}

    return Question(f"search {name}", "agent", lambda _: "/v1/customers/search", body)


def _measure(
    client: httpx.Client, clock: Clock, question: Question, requests: int
) -> dict[str, float]:
    chosen, took = random.Random(7), []
    for number in range(_WARM + requests):
        subject = chosen.randrange(history.ASKED_VEHICLES)
        asked = question.path(subject)
        body = None if question.body is None else question.body(subject)
        began = clock.monotonic()
        answer = client.get(asked) if body is None else client.post(asked, json=body)
        if number >= _WARM:
            took.append(1_000 * (clock.monotonic() - began))
        if answer.status_code != 200:
            raise Stop(f"{asked} answered {answer.status_code}: {answer.text[:300]}")
    p50, p95, p99 = np.percentile(took, [50, 95, 99])
    return {"p50": round(float(p50), 2), "p95": round(float(p95), 2), "p99": round(float(p99), 2)}


def _flatness(sizes: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Return the ratio of the largest size to the smallest: p50 and p99 of each query."""
    if len(sizes) < 2:
        return {}
    small, large = sizes[0]["latency_ms"], sizes[-1]["latency_ms"]
    return {
        name: {p: round(large[name][p] / small[name][p], 2) for p in ("p50", "p99")}
        for name in small
    }


def _problems(found: dict[str, Any]) -> list[str]:
    """Return queries of the score and of the desk that miss the promised times."""
    score = "score by vehicle, 90 days"
    wrong = [
        f"{score}: p99 {size['latency_ms'][score]['p99']} ms at {size['samples']:,} samples"
        for size in found["sizes"]
        if size["latency_ms"][score]["p99"] >= _SCORE_P99_MS
    ]
    wrong += [
        f"{name}: p99 {latency['p99']} ms at {size['samples']:,} samples"
        for size in found["sizes"]
        for name, latency in size["latency_ms"].items()
        if name.startswith(_DESK) and latency["p99"] >= _DESK_P99_MS
    ]
    if found["flat"] and found["flat"][score]["p50"] > _FLAT:
        wrong.append(f"{score}: {found['flat'][score]['p50']} × from the smallest to the largest")
    return wrong
