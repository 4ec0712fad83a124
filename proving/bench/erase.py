"""`tachowatt bench erase`: erase a customer with a year of data, among many others."""

from collections.abc import Callable
from typing import Any

from proving.testbed.database import database_of
from runtime.clock import Clock
from runtime.secret_box import box_with, new_key
from runtime.settings import Settings
from services.erasure import Eraser, keys_of
from store.postgres.pool import Connection, connect
from store.privacy import erasure
from store.privacy.whose import Keys
from store.schema.migrate import migrate
from store.testing import bench_data, bench_erase, measurements

MOST_S = 60.0
_SLOWEST = 8
Progress = Callable[[str, int, int], None]


def run(
    settings: Settings, clock: Clock, customers: int, samples: int, progress: Progress
) -> dict[str, Any]:
    """Fill a database, erase one customer and verify; return seconds and rows.

    `settings.database_url` must be empty where it is given; else our own server.
    """
    tenant, customer = bench_data.TENANT, bench_erase.CUSTOMER
    with database_of(settings, clock) as url:
        progress(f"{samples:,} samples, {customers:,} customers: filling", 0, 1)
        migrate(url)
        with connect(url) as connection:
            measurements.require_empty(connection)
            bench_erase.fill(connection, customers, samples)
            compressed = bench_data.compress(connection, clock.now_us())
            versions = measurements.versions(connection)
            bench_data.vacuum_analyze(connection)
            progress("looking for the customer's rows, table by table", 0, 1)
            keys = keys_of(connection, tenant, customer)
            looked = _by_table(connection, clock, keys)
            connection.rollback()
            progress("erasing", 0, 1)
            eraser = Eraser(box_with(new_key()), settings.erasure_physical_days)
            began = clock.monotonic()
            done = eraser.erase(connection, tenant, customer, clock.now_us(), erased_by="bench")
            erased_s = clock.monotonic() - began
            progress("verifying", 0, 1)
            began = clock.monotonic()
            _, left = eraser.verify(connection)
            verified_s = clock.monotonic() - began
    result = {
        "customers": customers,
        "samples": samples,
        "versions": versions,
        "compressed_chunks": compressed,
        "rows": sum(done.deleted.values()),
        "erased_s": round(erased_s, 2),
        "verified_s": round(verified_s, 2),
        "slowest_to_find_ms": dict(sorted(looked.items(), key=lambda one: -one[1])[:_SLOWEST]),
        "leftovers": [[one.place, one.rows] for one in left],
    }
    result["problems"] = problems(result)
    return result


def _by_table(connection: Connection, clock: Clock, keys: Keys) -> dict[str, float]:
    """Return table → milliseconds to find the customer's rows."""
    found, began = {}, clock.monotonic()
    for place, _ in erasure.count_each(connection, keys):
        ended = clock.monotonic()
        found[place] = round(1_000 * (ended - began), 1)
        began = ended
    return found


def problems(found: dict[str, Any]) -> list[str]:
    """Return what misses the promise."""
    said = [f"{rows} rows of {place} are still there" for place, rows in found["leftovers"]]
    if found["erased_s"] >= MOST_S:
        said.append(f"erasing took {found['erased_s']} s, {MOST_S:.0f} s is the most")
    if found["rows"] < found["samples"]:
        said.append("fewer rows were erased than the customer had samples")
    return said
