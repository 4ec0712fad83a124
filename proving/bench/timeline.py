"""`tachowatt bench timeline`: response times of one customer's timeline with many entries."""

from collections.abc import Callable
from typing import Any

import numpy as np

from proving.testbed.database import database_of
from runtime.clock import Clock
from runtime.secret_box import SecretBox, box_with, new_key
from runtime.settings import Settings
from services import own_values, timeline
from services.timeline import Filter, Found
from store.people.timeline import Key
from store.postgres import roles
from store.postgres.pool import connect
from store.postgres.roles import set_tenant_scope
from store.schema.migrate import migrate
from store.testing import bench_data, bench_timeline, measurements

_WARM = 10
_LIMIT = 50
_PAGE_P99_MS, _SEARCH_P99_MS = 50.0, 100.0
_FAR_PAGE = 1_000
Progress = Callable[[str, int, int], None]

SEARCHES = {
    "a rare word": "wallbox",
    "a word in one language of three entries in ten": "Rechnungen",
    "a word of every entry": "number",
    "a number": "20117",
    "two words": "Rechnung wallbox",
    "a word without another": "number -Rechnung",
    "a phrase": '"order number"',
    "a word of messages": "bonus",
    "the name of a signal": "Fahrt",
    "nothing": "xylophone",
}
"""Name → words."""


def run(
    settings: Settings, clock: Clock, entries: int, requests: int, progress: Progress
) -> dict[str, Any]:
    """Fill a database and read one customer's timeline; return milliseconds.

    As the API's role: one transaction a request, with what a page shows, without HTTP.
    `settings.database_url` must be empty where it is given; else our own server.
    """
    with database_of(settings, clock) as url:
        progress(f"{entries:,} entries: filling", 0, 1)
        box = box_with(new_key())

        def sealed(rows: int) -> None:
            progress("sealing with the keys of customers", rows, entries)

        migrate(url)
        with connect(url) as connection:
            measurements.require_empty(connection)
            kinds = bench_timeline.fill(connection, entries, clock.now_us())
            versions = measurements.versions(connection)
            connection.commit()
            own_values.seal(connection, box, clock.now_us(), done=sealed)
            connection.commit()
            connection.autocommit = True
            connection.execute("analyze")
        found = _measured(url, box, clock, requests, progress)
    result = {
        "entries": sum(kinds.values()), "kinds": kinds, "versions": versions,
        "requests": requests, "page": _LIMIT, **found,
    }  # fmt: skip
    result["problems"] = _problems(result)
    return result


def _measured(
    url: str, box: SecretBox, clock: Clock, requests: int, progress: Progress
) -> dict[str, Any]:
    customer, tenant = bench_timeline.CUSTOMER, bench_data.TENANT
    with connect(url, role=roles.READER) as connection:

        def asked(words: str | None, after: Key | None, limit: int = _LIMIT) -> Found:
            with connection.transaction():
                set_tenant_scope(connection, [tenant])
                return timeline.read(
                    connection, box, tenant, customer, Filter(), words=words, after=after,
                    limit=limit,
                )  # fmt: skip

        progress("finding the far page", 0, 1)
        after: Key | None = None
        pages = 1
        while pages < _FAR_PAGE:
            found = asked(None, after)
            if found.after is None:
                break
            after, pages = found.after, pages + 1
        questions: list[tuple[str, str | None, Key | None]] = [
            ("first page", None, None),
            (f"page {pages:,}", None, after),
            *((f"search: {name}", words, None) for name, words in SEARCHES.items()),
        ]
        latency: dict[str, dict[str, float]] = {}
        for number, (name, words, start) in enumerate(questions):
            progress("asking", number, len(questions))
            took: list[float] = []
            for turn in range(_WARM + requests):
                began = clock.monotonic()
                count = len(asked(words, start).entries)
                if turn >= _WARM:
                    took.append(1_000 * (clock.monotonic() - began))
            p50, p95, p99 = np.percentile(took, [50, 95, 99])
            latency[name] = {
                "p50": round(float(p50), 2), "p95": round(float(p95), 2),
                "p99": round(float(p99), 2), "found": count,
            }  # fmt: skip
    return {"far_page": pages, "latency_ms": latency}


def _problems(found: dict[str, Any]) -> list[str]:
    """Return what misses the promised times."""
    return [
        f"{name}: p99 {row['p99']} ms, {most:.0f} ms is the most"
        for name, row in found["latency_ms"].items()
        if row["p99"] >= (most := _SEARCH_P99_MS if name.startswith("search") else _PAGE_P99_MS)
    ]
