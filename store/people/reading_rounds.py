"""Reading rounds: windows in which customers read their meters, and what became of each meter."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.postgres import notify, rows
from store.postgres.pool import Connection

COUNTS = ("meters", "invited", "reminded", "read", "estimated", "done")


@dataclass(frozen=True, slots=True)
class NewRound:
    """A round before it is stored."""

    round_id: str
    tenant: str
    name: str
    opens_at: datetime
    remind_at: datetime
    closes_at: datetime
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class ReadingLink:
    """A meter of a round as its link opens it. opened_at : None = nobody has opened it."""

    link_id: str
    tenant: str
    round_id: str
    meter: str
    customer: str
    opened_at: datetime | None
    opens_at: datetime
    closes_at: datetime


_LINK = ", ".join(ReadingLink.__slots__)


def put(connection: Connection, new: NewRound, meters: Sequence[str] | None) -> int:
    """Store a round with its meters; return their number.

    meters : None = all that a contract covers and no device reads. A meter without contract at the
    opening, or in another round that is not over, is left out.
    """
    names = NewRound.__slots__
    connection.execute(
        f"insert into customers.reading_round ({', '.join(names)}) "
        f"values ({', '.join(['%s'] * len(names))})".encode(),
        [getattr(new, name) for name in names],
    )
    done = connection.execute(
        "insert into customers.reading_round_meter (round_id, tenant, meter, customer, due_at) "
        "select %s, m.tenant, m.meter, k.customer, %s from customers.meter m "
        "cross join lateral (select c.customer from customers.contract c where c.tenant = m.tenant "
        "and c.meter = m.meter and c.valid_from <= %s "
        "and (c.valid_to is null or c.valid_to > %s) "
        "order by c.valid_from desc, c.contract desc limit 1) as k "
        "where m.tenant = %s and case when %s::text[] is null then not exists ("
        "select from customers.assignment a join customers.device d using (device_id) "
        "where a.tenant = m.tenant and a.meter = m.meter and not starts_with(d.device, 'by-hand-') "
        "and (a.valid_to is null or a.valid_to > %s)) else m.meter = any(%s) end "
        "and not exists (select from customers.reading_round_meter o where o.tenant = m.tenant "
        "and o.meter = m.meter and o.next <> 'done')",
        (
            new.round_id, new.opens_at, new.opens_at, new.opens_at, new.tenant,
            None if meters is None else list(meters), new.opens_at, list(meters or ()),
        ),
    )  # fmt: skip
    notify.wake(connection, notify.CONTACT)
    return done.rowcount


_COUNTED = (
    "(select count(*) from customers.reading_round_meter m where m.round_id = r.round_id "
    "and {where}) as {name}"
)
_PROGRESS = ", ".join(
    _COUNTED.format(where=where, name=name)
    for name, where in zip(
        COUNTS,
        (
            "true", "m.invited_at is not null", "m.reminded_at is not null",
            "m.reading_id is not null and not m.estimated", "m.estimated", "m.next = 'done'",
        ),
        strict=True,
    )
)  # fmt: skip
_ROUND = (
    "r.round_id, r.name, r.opens_at, r.remind_at, r.closes_at, r.created_at, r.created_by, "
    + _PROGRESS
)


def list_(connection: Connection, tenant: str, limit: int = 50) -> list[dict[str, Any]]:
    """Return rounds with their progress (`COUNTS`), newest first."""
    return rows.all_(
        connection,
        f"select {_ROUND} from customers.reading_round r where r.tenant = %s "
        "order by r.opens_at desc, r.round_id limit %s",
        (tenant, limit),
    )


def get(connection: Connection, tenant: str, round_id: str) -> dict[str, Any] | None:
    """Return one round with its progress."""
    return rows.one(
        connection,
        f"select {_ROUND} from customers.reading_round r where r.tenant = %s and r.round_id = %s",
        (tenant, round_id),
    )


def meters(
    connection: Connection, tenant: str, round_id: str, limit: int = 500
) -> list[dict[str, Any]]:
    """Return the meters of a round, those that nothing came of first."""
    return rows.all_(
        connection,
        "select m.meter, m.customer, m.next, m.due_at, m.invited_at, m.invited_by, m.reminded_at, "
        "m.reminded_by, m.thanked_by, m.reading_id, m.estimated, m.reason, e.kwh, e.read_at, "
        "e.status from customers.reading_round_meter m left join customers.entered_reading e "
        "using (reading_id) where m.tenant = %s and m.round_id = %s "
        "order by m.reading_id is not null, m.estimated desc, m.meter limit %s",
        (tenant, round_id, limit),
    )


def due(connection: Connection, now: datetime, limit: int) -> list[dict[str, Any]]:
    """Lock and return meters for which something is to be done, without those that another worker
    has: due ones, and those of open rounds that were read meanwhile."""
    return rows.all_(
        connection,
        "select m.round_id, m.tenant, m.meter, m.customer, m.next, r.name, r.opens_at, "
        "r.remind_at, r.closes_at, ("
        "select e.reading_id from customers.entered_reading e where e.tenant = m.tenant "
        "and e.meter = m.meter and e.source <> 'estimate' and e.read_at >= r.opens_at "
        "and e.read_at <= r.closes_at and not exists (select from customers.entered_reading n "
        "where n.replaces = e.reading_id) order by e.read_at desc limit 1) as given "
        "from customers.reading_round_meter m join customers.reading_round r using (round_id) "
        "where m.next <> 'done' and (m.due_at <= %s or (m.next <> 'invite' and exists ("
        "select from customers.entered_reading e where e.tenant = m.tenant and e.meter = m.meter "
        "and e.source <> 'estimate' and e.read_at >= r.opens_at))) "
        "order by m.due_at, m.round_id, m.meter limit %s for update of m skip locked",
        (now, limit),
    )


def step(connection: Connection, row: dict[str, Any], **fields: Any) -> None:
    """Write what was done with a locked meter. fields : columns."""
    names = ", ".join(f"{name} = %s" for name in fields)
    connection.execute(
        f"update customers.reading_round_meter set {names} "
        "where round_id = %s and meter = %s".encode(),
        (*fields.values(), row["round_id"], row["meter"]),
    )


def find_link(connection: Connection, link_id: str) -> ReadingLink | None:
    """Return what a link of any tenant opens; the caller checks its secret."""
    found = rows.one(connection, f"select {_LINK} from access.reading_link_of(%s)", (link_id,))
    return None if found is None else ReadingLink(**found)


def links_of(connection: Connection, tenant: str, customer: str) -> list[ReadingLink]:
    """Return the links of meters that a customer is to read, of rounds that are not over."""
    found = rows.all_(
        connection,
        "select m.link_id, m.tenant, m.round_id, m.meter, m.customer, m.opened_at, r.opens_at, "
        "r.closes_at from customers.reading_round_meter m join customers.reading_round r "
        "using (round_id) where m.tenant = %s and m.customer = %s and m.next <> 'done' "
        "order by r.closes_at, m.meter",
        (tenant, customer),
    )
    return [ReadingLink(**row) for row in found]


def opened(connection: Connection, link_id: str, now: datetime) -> None:
    """Record the first opening of a link."""
    connection.execute(
        "update customers.reading_round_meter set opened_at = %s "
        "where link_id = %s and opened_at is null",
        (now, link_id),
    )


def lock(connection: Connection, link_id: str) -> None:
    """Lock the meter of a link until the end of the transaction."""
    connection.execute(
        "select from customers.reading_round_meter where link_id = %s for update", (link_id,)
    )


def given(connection: Connection, link: ReadingLink) -> dict[str, Any] | None:
    """Return the newest reading of a person in the round's window: kwh, read_at, status."""
    return rows.one(
        connection,
        "select e.kwh, e.read_at, e.status from customers.entered_reading e where e.tenant = %s "
        "and e.meter = %s and e.source <> 'estimate' and e.read_at >= %s and e.read_at <= %s "
        "and not exists (select from customers.entered_reading n "
        "where n.replaces = e.reading_id) order by e.read_at desc limit 1",
        (link.tenant, link.meter, link.opens_at, link.closes_at),
    )
