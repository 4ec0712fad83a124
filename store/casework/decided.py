"""Stored decisions as a backtest reads them, and those for which no action won (migration 0085)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import compress
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from psycopg.types.json import Jsonb

from store.casework import next_actions
from store.postgres import rows
from store.postgres.binary import ARRAY_HEAD, EPOCH_2000_US, HEADER, TRAILER
from store.postgres.pool import Connection
from store.postgres.times import from_us

PART = 1024
"""Decisions that are read at once."""
_WHERE = "where tenant = %(tenant)s and decided_at >= %(since)s and decided_at < %(until)s"
_EVERY = (
    "select {} from contacts.next_action " + _WHERE + " union all "
    "select {} from contacts.no_action " + _WHERE
)
_WITH_WINNER = (
    "decision_id, customer, digest, purposes, request, winners, direction = 'outbound', "
    "decided_at, null::text, null::float8[], null::timestamptz[]"
)
_WITHOUT_WINNER = (
    "decision_id, customer, digest, purposes, request, null, true, "
    "decided_at, facts, fact_values, fact_at"
)
_ORDER = "order by decided_at, decision_id limit %(most)s"
_BETWEEN = (
    f"copy ({_EVERY.format(_WITH_WINNER, _WITHOUT_WINNER)} {_ORDER}) to stdout (format binary)"
).encode()
_FIELDS, _JSON = 11, [4, 5]
_SHORT = "customer, digest, decided_at, decision_id"
_ABOUT = (
    "select customer, digest, count(*) as decisions from ("
    f"{_EVERY.format(_SHORT, _SHORT)} {{}}) as d group by customer, digest"
)


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


@dataclass(frozen=True, slots=True)
class Part:
    """Some decisions by time, in lists of one length.

    requests, winners : JSON; None = without winner; outbound : it made a message, or would have;
    facts : names, in the compact form; None = they are in the request. values, at_us : of the facts
    of those in the compact form, one decision after the other.
    """

    ids: list[str]
    customers: list[str]
    digests: list[str]
    purposes: list[frozenset[str]]
    requests: list[bytes]
    winners: list[bytes | None]
    outbound: list[bool]
    decided_us: npt.NDArray[np.int64]
    facts: list[str | None]
    values: npt.NDArray[np.float64]
    at_us: npt.NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of decisions."""
        return len(self.ids)

    def only(self, wanted: npt.NDArray[np.bool_]) -> "Part":
        """Return some of the decisions. wanted : bool[decisions]."""
        counts = [0 if names is None else len(names.split()) for names in self.facts]
        of_facts = np.repeat(wanted, counts)
        return Part(
            list(compress(self.ids, wanted)),
            list(compress(self.customers, wanted)),
            list(compress(self.digests, wanted)),
            list(compress(self.purposes, wanted)),
            list(compress(self.requests, wanted)),
            list(compress(self.winners, wanted)),
            list(compress(self.outbound, wanted)),
            self.decided_us[wanted],
            list(compress(self.facts, wanted)),
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
    query = _ABOUT.format("" if most is None else _ORDER)
    return [About(*row) for row in connection.execute(query.encode(), values).fetchall()]


def between(
    connection: Connection, tenant: str, since: datetime, until: datetime, most: int | None = None
) -> Iterator[Part]:
    """Yield decisions in [since, until) by time, with those that had no winner.

    most : the first so many. The connection can do nothing else until all are read.
    """
    values = {"tenant": tenant, "since": since, "until": until, "most": most}
    names = _Names()
    with connection.cursor() as cursor, cursor.copy(_BETWEEN, values) as copy:
        read: list[bytes] = []
        skip = len(HEADER)
        for block in copy:  # a row each
            if len(block) > skip + len(TRAILER):
                read.append(bytes(block[skip:]))
            skip = 0
            if len(read) == PART:
                yield _part(read, names)
                read = []
    if read:
        yield _part(read, names)


class _Names(dict[bytes, str]):
    """Texts that come again and again, each decoded once."""

    def __missing__(self, sent: bytes) -> str:
        found = self[sent] = sent.decode()
        return found


def _part(read: Sequence[bytes], names: _Names) -> Part:
    """Return decisions from rows of the binary format."""
    sent = b"".join(read)
    data = np.frombuffer(sent, np.uint8)
    bounds = _bounds(data, np.array([len(row) for row in read]))
    bounds[_JSON, 0] += 1  # the version of its form
    times = data[bounds[7, 0][:, np.newaxis] + np.arange(8)].view(">i8")[:, 0]
    return Part(
        [one.decode() for one in _field(sent, bounds[0])],
        [names[one] for one in _field(sent, bounds[1])],
        [names[one] for one in _field(sent, bounds[2])],
        [_texts(one) for one in _field(sent, bounds[3])],
        _field(sent, bounds[4]),
        _or_none(sent, bounds[5]),
        data[bounds[6, 0]].astype(np.bool_).tolist(),
        times.astype(np.int64) + EPOCH_2000_US,
        [None if one is None else one.decode() for one in _or_none(sent, bounds[8])],
        _elements(_field(sent, bounds[9]), ">f8"),
        _elements(_field(sent, bounds[10]), ">i8") + EPOCH_2000_US,
    )


def _field(sent: bytes, bounds: npt.NDArray[np.int64]) -> list[bytes]:
    begins, ends = bounds.tolist()
    return [sent[begin:end] for begin, end in zip(begins, ends, strict=True)]


def _or_none(sent: bytes, bounds: npt.NDArray[np.int64]) -> list[bytes | None]:
    found: list[bytes | None] = list(_field(sent, bounds))
    for number in np.flatnonzero(bounds[1] < bounds[0]).tolist():
        found[number] = None
    return found


def _bounds(data: npt.NDArray[np.uint8], sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return int64[fields, 2, rows]: where each begins and ends; of NULL the end is before the
    beginning. sizes : of the rows."""
    bounds = np.empty((_FIELDS, 2, len(sizes)), np.int64)
    at = np.cumsum(sizes) - sizes + 2  # the number of fields
    for begin, end in bounds:
        lengths = data[at[:, np.newaxis] + np.arange(4)].view(">i4")[:, 0].astype(np.int64)
        np.add(at, 4, out=begin)
        np.add(begin, lengths, out=end)
        at = np.maximum(begin, end)
    return bounds


def _elements(arrays: Iterable[bytes], form: str) -> npt.NDArray[Any]:
    """Return the elements of arrays without nulls, one array after the other."""
    joined = b"".join([array[ARRAY_HEAD:] for array in arrays])
    return np.frombuffer(joined, [("length", ">i4"), ("value", form)])["value"].astype(form[1:])


@lru_cache(maxsize=4_096)
def _texts(sent: bytes) -> frozenset[str]:
    """Return the elements of an array of texts without nulls."""
    found, at = [], ARRAY_HEAD
    while at < len(sent):
        begin = at + 4
        at = begin + int.from_bytes(sent[at:begin], "big")
        found.append(sent[begin:at].decode())
    return frozenset(found)
