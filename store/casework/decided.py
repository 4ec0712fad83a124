"""Stored decisions as a backtest reads them, and those for which no action won (migration 0085)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from psycopg.adapt import Loader
from psycopg.pq import Format
from psycopg.types.json import Jsonb

from store.casework import next_actions
from store.postgres import rows
from store.postgres.pool import Connection
from store.postgres.times import from_us

_PART = 1024
"""Decisions that are read at once."""
_EPOCH_US = 946_684_800_000_000
"""2000-01-01, from which PostgreSQL counts."""
_WHERE = "where tenant = %(tenant)s and decided_at >= %(since)s and decided_at < %(until)s"
_BETWEEN = (
    "select decision_id, customer, digest, purposes, convert_to(request::text, 'UTF8'), "
    "convert_to(winners::text, 'UTF8'), outbound, decided_at, facts, fact_values, fact_at from ("
    "select decision_id, customer, digest, purposes, request, winners, decided_at, "
    "direction = 'outbound' as outbound, null::text as facts, null::float8[] as fact_values, "
    f"null::timestamptz[] as fact_at from contacts.next_action {_WHERE} "
    "union all select decision_id, customer, digest, purposes, request, null, decided_at, "
    f"true, facts, fact_values, fact_at from contacts.no_action {_WHERE}) as d "
    "order by decided_at, decision_id"
).encode()
_HEADER = 20
"""Bytes of an array before its elements: dimensions, flags, type, length, lower bound."""


@dataclass(frozen=True, slots=True)
class NewWithoutWinner:
    """An outbound decision for which no action won. facts, values, at_us : in the compact form."""

    decision_id: str
    tenant: str
    customer: str
    digest: str
    purposes: Sequence[str]
    facts: str
    values: Sequence[float]
    at_us: Sequence[int]
    request: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored decision. request, winners : JSON; outbound : it made a message, or would have;
    facts : names, in the compact form; None = they are in the request."""

    decision_id: str
    customer: str
    digest: str
    purposes: list[str]
    request: bytes
    winners: bytes | None
    outbound: bool
    decided_us: int
    facts: str | None


@dataclass(frozen=True, slots=True)
class Part:
    """Some decisions. values, at_us : of the facts of those in the compact form, one decision after
    the other."""

    stored: list[Stored]
    values: npt.NDArray[np.float64]
    at_us: npt.NDArray[np.int64]


def put(connection: Connection, new: NewWithoutWinner, files: dict[str, str], now_us: int) -> None:
    """Store a decision and the files that it had, once."""
    next_actions.keep_files(connection, new.tenant, new.digest, files, now_us)
    connection.execute(
        "insert into contacts.no_action (decision_id, tenant, customer, digest, purposes, "
        "facts, fact_values, fact_at, request, decided_at) "
        "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing",
        (
            new.decision_id, new.tenant, new.customer, new.digest, list(new.purposes), new.facts,
            list(new.values), list(map(from_us, new.at_us)), Jsonb(new.request), from_us(now_us),
        ),
    )  # fmt: skip


def without_winner(connection: Connection, tenant: str, decision_id: str) -> dict[str, Any] | None:
    """Return a decision for which no action won, while it is kept."""
    return rows.one(
        connection,
        "select * from contacts.no_action where tenant = %s and decision_id = %s",
        (tenant, decision_id),
    )


def between(
    connection: Connection, tenant: str, since: datetime, until: datetime
) -> Iterator[Part]:
    """Yield decisions in [since, until) by time, with those that had no winner."""
    period = {"tenant": tenant, "since": since, "until": until}
    with connection.cursor(name="decisions_between", binary=True) as cursor:
        for name in ("float8", "timestamptz"):
            cursor.adapters.register_loader(cursor.adapters.types[name].array_oid, _Raw)
        cursor.adapters.register_loader("timestamptz", _Raw)
        cursor.execute(_BETWEEN, period)
        while found := cursor.fetchmany(_PART):
            yield Part(
                [
                    Stored(*row[:7], _us(row[7]), row[8])  # type: ignore[call-arg]  # of length 7
                    for row in found
                ],
                _elements([row[9] for row in found if row[9] is not None], ">f8", np.float64),
                _elements([row[10] for row in found if row[10] is not None], ">i8", np.int64)
                + _EPOCH_US,
            )


def _us(sent: bytes) -> int:
    return int.from_bytes(sent, "big", signed=True) + _EPOCH_US


class _Raw(Loader):
    """What the server sends, which numpy reads in whole columns."""

    format = Format.BINARY

    def load(self, data: Any) -> bytes:
        return bytes(data)


def _elements(arrays: Sequence[bytes], form: str, type_: type) -> npt.NDArray[Any]:
    """Return the elements of arrays without nulls, one array after the other."""
    joined = b"".join([array[_HEADER:] for array in arrays])
    return np.frombuffer(joined, dtype=[("length", ">i4"), ("value", form)])["value"].astype(type_)
