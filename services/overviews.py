"""The overviews of an insurer and a utility: sums over many customers, kept for a minute.

Sums over a portfolio read many rows; the same people ask for them again and again. They hold no
data of one customer; what a list shows of one customer is read anew each time.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from contracts.kinds import Anomaly
from customer_context.relevance import silence
from customer_context.relevance.clusters import Cluster, Finding, matters
from runtime.clock import Clock
from store.people import attributes
from store.postgres.pool import Connection
from store.reads import overviews as reads

Row = dict[str, Any]
Found = TypeVar("Found")

KEPT_S = 60.0
_WEEKS = 26
_DAYS = 30
SILENT = "silent"
"""Of a meter that sends nothing now: a gap is an alert only once it sends again."""
_SAMPLES = 100  # the last ones say how often and how late a meter sends
_OUTAGE_KINDS = [str(Anomaly.GAP), str(Anomaly.ZERO)]
_ODD_KINDS = [
    *_OUTAGE_KINDS, str(Anomaly.STUCK), str(Anomaly.NEGATIVE), str(Anomaly.REGISTER_BACKWARDS),
]  # fmt: skip
"""What meters of one place show when what is common to them fails."""
PLACES = ("concentrator", "place")
"""Custom attributes of meters that name their place; the first that a meter has."""
_OUTAGE_BACK = timedelta(days=3)
_MOST = 2_000
_MOST_SILENT = 10_000
_GRAVEST = 8
_OUTAGES = 5


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Scores of a tenant's drivers who consent. mean : None without a driver."""

    drivers: int
    mean: float | None
    bands: list[Row]
    weeks: list[Row]


def portfolio(connection: Connection, tenant: str, now: datetime) -> Portfolio:
    """Return distribution and trend of the driving scores."""
    bands = reads.score_bands(connection, tenant)
    drivers = sum(row["drivers"] for row in bands)
    total = sum(row["drivers"] * row["mean"] for row in bands)
    weeks = reads.score_weeks(connection, tenant, now - timedelta(weeks=_WEEKS))
    return Portfolio(drivers, total / drivers if drivers else None, bands, weeks)


def network_days(connection: Connection, tenant: str, now: datetime) -> list[Row]:
    """Return the energy of all meters by day, oldest first."""
    return reads.network_days(connection, tenant, now - timedelta(days=_DAYS + 1))


@dataclass(frozen=True, slots=True)
class Outages:
    """What is one matter of many meters, the largest first; the alerts and silent meters in it."""

    clusters: list[Cluster]
    alerts: list[Row]
    silent: list[Row]


def silent_meters(connection: Connection, tenant: str, now: datetime) -> list[Row]:
    """Return the meters that fell silent in the last days: meter, customer, last_at."""
    found = reads.meters_not_heard(
        connection, tenant, now - _OUTAGE_BACK, now - silence.LEAST, now, _SAMPLES, _MOST_SILENT
    )
    return [
        row
        for row in found
        if silence.is_silent(
            silence.Heard(row["last_at"], row["samples"], row["pause"], row["lag"]), now
        )
    ]


def silent_id(meter: str) -> str:
    """Return the id of the finding that a meter is silent: there is no alert yet."""
    return f"{SILENT}:{meter}"


def outages(connection: Connection, tenant: str, now: datetime) -> Outages:
    """Return what is one matter of many meters.

    Meters that fell silent or stopped consuming at about one time, and all that are silent or odd
    at one concentrator or place (custom attributes of meters, `PLACES`).
    """
    rows = reads.open_anomalies(connection, tenant, _ODD_KINDS, now - _OUTAGE_BACK, _MOST)
    silent = silent_meters(connection, tenant, now)
    meters = {row["subject"].partition(":")[2] for row in rows if row["subject"] is not None}
    meters |= {row["meter"] for row in silent}
    known = attributes.values(connection, tenant, "meter", meters) if meters else {}
    findings = [
        Finding(
            row["alert_id"], row["kind"], row["subject"], row["happened_at"],
            _place(known.get(row["subject"].partition(":")[2], {})),
        )
        for row in rows
        if row["subject"] is not None
    ]  # fmt: skip
    findings += [
        Finding(
            silent_id(row["meter"]), SILENT, f"meter:{row['meter']}", row["last_at"],
            _place(known.get(row["meter"], {})),
        )
        for row in silent
    ]  # fmt: skip
    found = matters(findings, [*_OUTAGE_KINDS, SILENT])[:_OUTAGES]
    within = {id_ for cluster in found for id_ in cluster.ids}
    return Outages(
        found,
        [row for row in rows if row["alert_id"] in within],
        [row for row in silent if silent_id(row["meter"]) in within],
    )


def _place(values: Mapping[str, Any]) -> str:
    return next((str(values[name]) for name in PLACES if values.get(name)), "")


def gravest(connection: Connection, tenant: str) -> list[Row]:
    """Return the gravest alerts that nobody has resolved."""
    return reads.gravest_alerts(connection, tenant, _GRAVEST)


class Kept:
    """Keeps sums of each tenant for KEPT_S, in this process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._found: dict[tuple[str, str], tuple[float, Any]] = {}

    def get(self, name: str, tenant: str, read: Callable[[], Found]) -> Found:
        """Return what `read` returned within KEPT_S, else call it."""
        with self._lock:
            at, found = self._found.get((name, tenant), (float("-inf"), None))
        if self._clock.monotonic() - at < KEPT_S:
            return found  # type: ignore[no-any-return]
        fresh = read()
        with self._lock:
            self._found[name, tenant] = (self._clock.monotonic(), fresh)
        return fresh
