"""Stored decisions as a backtest reads them, and those for which no action won (migration 0085)."""

import sys
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import compress
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from psycopg.types.json import Jsonb

from runtime.read_ahead import read_ahead
from store.casework import next_actions
from store.postgres import rows
from store.postgres.binary import ARRAY_HEAD, EPOCH_2000_US, HEADER, TRAILER
from store.postgres.pool import Connection
from store.postgres.times import from_us

PART, _KEPT = 1024, 32_768
"""Decisions that are handed over at once, and customers for whom the same bytes are read once."""
_AHEAD = 4
"""Parts that are read while others are played: PostgreSQL sends them meanwhile."""
_STATEMENT = 32 * PART
"""Decisions of a statement: one that takes long is ended for pages."""
T = TypeVar("T")
_IN_ORDER = "order by decided_at, decision_id limit %(most)s"
# Each table by its index: the two are merged, where one order of both would be a sort on disk.
_EVERY = (
    "((select {} from contacts.next_action {where} {order}) union all "
    "(select {} from contacts.no_action {where} {order})) as d"
)
_COMMON = "decision_id, decided_at, customer, digest, purposes, request"
# What differs from day to day comes first: the rest is equal bytes, which are read once.
_BETWEEN = (
    "copy (select decided_at, decision_id::char(32) as id, fact_values, fact_at, customer, digest, "
    "purposes, request, winners, outbound, facts from "
    + _EVERY.format(
        f"{_COMMON}, winners, direction = 'outbound' as outbound, null::text as facts, "
        "null::float8[] as fact_values, null::timestamptz[] as fact_at",
        f"{_COMMON}, null::jsonb, true, facts, fact_values, fact_at",
        where="where tenant = %(tenant)s and decided_at < %(until)s "
        "and (decided_at, decision_id) > (%(since)s, %(last)s)",
        order=_IN_ORDER,
    )
    + f" {_IN_ORDER}) to stdout (format binary)"
).encode()
_SHORT = "customer, digest, decided_at, decision_id"
_OF_PERIOD = "where tenant = %(tenant)s and decided_at >= %(since)s and decided_at < %(until)s"


@dataclass(frozen=True, slots=True)
class NewWithoutWinner:
    """An outbound decision for which no action won. facts, values, at_us : in the compact form."""

    decision_id: str
    customer: str
    purposes: Sequence[str]
    facts: str
    values: Sequence[float]
    at_us: Sequence[int]
    request: dict[str, Any]


class About(NamedTuple):
    """How many decisions there are about a customer by the same files."""

    customer: str
    digest: str
    decisions: int


class Stored(NamedTuple):
    """What a decision has in common with others about the same customer.

    request, winners : JSON; None = without winner; outbound : it made a message, or would have;
    facts : names, in the compact form; None = they are in the request.
    """

    customer: str
    digest: str
    purposes: frozenset[str]
    request: bytes
    winners: bytes | None
    outbound: bool
    facts: str | None


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """Some decisions by time. stored : what was made of `Stored`, equal ones once.

    counts : facts in the compact form of each; values, at_us : these, one decision after the other.
    """

    stored: list[T]
    ids: npt.NDArray[np.bytes_]
    decided_us: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    at_us: npt.NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of decisions."""
        return len(self.stored)

    def only(self, wanted: npt.NDArray[np.bool_]) -> "Part[T]":
        """Return some of the decisions. wanted : bool[decisions]."""
        of_facts = np.repeat(wanted, self.counts)
        return Part(
            list(compress(self.stored, wanted.tolist())),
            self.ids[wanted],
            self.decided_us[wanted],
            self.counts[wanted],
            self.values[of_facts],
            self.at_us[of_facts],
        )


def put(
    connection: Connection,
    tenant: str,
    every: Sequence[NewWithoutWinner],
    digest: str,
    files: dict[str, str],
    now_us: int,
) -> None:
    """Store decisions of a tenant by the same files, and the files, once."""
    next_actions.keep_files(connection, tenant, digest, files, now_us)
    at = from_us(now_us)
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into contacts.no_action (decision_id, tenant, customer, digest, purposes, "
            "facts, fact_values, fact_at, request, decided_at) "
            "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing",
            [
                (
                    new.decision_id, tenant, new.customer, digest, list(new.purposes), new.facts,
                    list(new.values), list(map(from_us, new.at_us)), Jsonb(new.request), at,
                )
                for new in every
            ],
        )  # fmt: skip


def without_winner(connection: Connection, tenant: str, decision_id: str) -> dict[str, Any] | None:
    """Return a decision for which no action won, while it is kept."""
    return rows.one(
        connection,
        "select * from contacts.no_action where tenant = %s and decision_id = %s",
        (tenant, decision_id),
    )


def about(
    connection: Connection, tenant: str, since: datetime, until: datetime, most: int | None = None
) -> list[About]:
    """Return whom the decisions in [since, until) are about, and which files made them.

    most : of the first so many decisions only.
    """
    values = {"tenant": tenant, "since": since, "until": until, "most": most}
    order = "" if most is None else _IN_ORDER
    every = _EVERY.format(_SHORT, _SHORT, where=_OF_PERIOD, order=order)
    query = (
        f"select customer, digest, count(*) from (select * from {every} {order}) as e "
        "group by customer, digest"
    )
    return [About(*row) for row in connection.execute(query.encode(), values).fetchall()]


def between(
    connection: Connection,
    tenant: str,
    since: datetime,
    until: datetime,
    made: Callable[[Stored], T],
    most: int | None = None,
) -> Iterator[Part[T]]:
    """Yield decisions in [since, until) by time, with those that had no winner.

    made : called once for what is equal; most : the first so many. The connection can do nothing
    else until all are read.
    """

    @lru_cache(maxsize=_KEPT)
    def once(sent: bytes) -> T:
        return made(_stored(sent))

    left = sys.maxsize if most is None else most
    last = ""
    while left > 0:
        limit = min(left, _STATEMENT)
        values = {"tenant": tenant, "since": since, "until": until, "last": last, "most": limit}
        count = 0
        for read in read_ahead(_rows(connection, values), _AHEAD):
            part = _part(read, once)
            count += len(part)
            yield part
        if count < limit:
            return
        left -= count
        since, last = from_us(int(part.decided_us[-1])), part.ids[-1].decode().rstrip()


def _rows(connection: Connection, values: Mapping[str, Any]) -> Generator[list[bytes], None, None]:
    """Yield rows of one statement in the binary format."""
    read: list[bytes] = []
    with connection.cursor() as cursor, cursor.copy(_BETWEEN, values) as copy:
        skip = len(HEADER)
        for block in copy:  # a row each
            if len(block) > skip + len(TRAILER):
                read.append(bytes(block[skip:]))
            skip = 0
            if len(read) == PART:
                yield read
                read = []
    if read:
        yield read


def _part(read: Sequence[bytes], once: Callable[[bytes], T]) -> Part[T]:
    """Return decisions from rows of the binary format."""
    own = np.frombuffer(b"".join([row[:_FIXED] for row in read]), _ROW)
    sizes = own["size"].astype(np.int64)
    counts = np.maximum(sizes - ARRAY_HEAD, 0) // _ELEMENT
    # With its length before it, the head of an array is as long as two of its elements.
    begin = _FIXED - 4
    rest = _FIXED + 4 + 2 * np.maximum(sizes, 0)
    ends = np.where(counts > 0, rest, begin).tolist()
    arrays = b"".join([row[begin:end] for row, end in zip(read, ends, strict=True)])
    heads = np.where(counts > 0, 2, 0)
    what = np.repeat(
        np.tile(np.array([_HEAD, _VALUE, _HEAD, _TIME], np.int8), len(read)),
        np.stack([heads, counts, heads, counts], axis=1).ravel(),
    )
    return Part(
        [once(row[at:]) for row, at in zip(read, rest.tolist(), strict=True)],
        own["id"],
        own["at"].astype(np.int64) + EPOCH_2000_US,
        counts,
        _elements(arrays, ">f8")[what == _VALUE].astype(np.float64),
        _elements(arrays, ">i8")[what == _TIME].astype(np.int64) + EPOCH_2000_US,
    )


_ROW = np.dtype(
    {
        "names": ["at", "id", "size"],
        "formats": [">i8", "S32", ">i4"],
        "offsets": [2 + 4, 2 + 4 + 8 + 4, 2 + 4 + 8 + 4 + 32],
        "itemsize": 2 + 4 + 8 + 4 + 32 + 4,
    }
)
"""The number of fields, two fields with their lengths, and the length of the values."""
_FIXED = _ROW.itemsize
_ELEMENT = 12
_HEAD, _VALUE, _TIME = range(3)


def _elements(arrays: bytes, form: str) -> npt.NDArray[Any]:
    return np.frombuffer(arrays, [("length", ">i4"), ("value", form)])["value"]


def _stored(sent: bytes) -> Stored:
    """Return what is in the last fields of a row."""
    customer, digest, purposes, request, winners, outbound, facts = _fields(sent)
    assert customer and digest and purposes and request and outbound, "columns without NULL"
    return Stored(
        customer.decode(),
        digest.decode(),
        frozenset(one.decode() for one in _fields(purposes[ARRAY_HEAD:]) if one is not None),
        request[1:],  # after the version of its form
        None if winners is None else winners[1:],
        outbound == b"\1",
        None if facts is None else facts.decode(),
    )


def _fields(sent: bytes) -> Iterator[bytes | None]:
    """Yield fields, each after its length; None = NULL."""
    at = 0
    while at < len(sent):
        begin = at + 4
        length = int.from_bytes(sent[at:begin], "big", signed=True)
        at = begin + max(length, 0)
        yield None if length < 0 else sent[begin:at]
