"""Customers as persons, holders of vehicles and meters, and names of subjects."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from store.postgres.pool import Connection, scalar
from store.postgres.rows import pair_columns


@dataclass(frozen=True, slots=True)
class Person:
    """A customer with the fields that messages need; timezone is the tenant's.

    addresses : kind (contracts.channels) → address.
    """

    tenant: str
    customer: str
    name: str
    language: str
    addresses: dict[str, str]
    timezone: str


def numbers_of(connection: Connection, tenant: str, customer: str) -> dict[str, list[str]]:
    """Return what is written on a customer's things: meters (numbers) and plates of vehicles."""
    rows = connection.execute(
        "select 'meters', coalesce(m.number, m.meter) from customers.contract c "
        "join customers.meter m using (tenant, meter) where c.tenant = %s and c.customer = %s "
        "union select 'plates', v.plate from customers.contract c "
        "join customers.vehicle v using (tenant, vehicle) where c.tenant = %s "
        "and c.customer = %s and v.plate is not null order by 1, 2",
        (tenant, customer, tenant, customer),
    )
    found: dict[str, list[str]] = {"meters": [], "plates": []}
    for what, text in rows.fetchall():
        found[what].append(text)
    return found


def customer_exists(connection: Connection, tenant: str, customer: str) -> bool:
    """Return True where the registry has the customer."""
    return bool(
        scalar(
            connection,
            "select exists (select 1 from customers.customer where tenant = %s and customer = %s)",
            (tenant, customer),
        )
    )


def side_of(connection: Connection, tenant: str, customer: str) -> str | None:
    """Return the side (insurer or utility) of a customer's newest contract; None without one."""
    found: str | None = scalar(
        connection,
        "select case when vehicle is null then 'utility' else 'insurer' end "
        "from customers.contract where tenant = %s and customer = %s "
        "order by valid_from desc, contract limit 1",
        (tenant, customer),
    )
    return found


def persons(
    connection: Connection, customers: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], Person]:
    """Return the customers among (tenant, customer) that the registry has."""
    rows = connection.execute(
        "select c.tenant, c.customer, c.name, c.language, coalesce((select "
        "jsonb_object_agg(a.kind, a.value) from customers.address a where a.tenant = c.tenant "
        "and a.customer = c.customer), '{}'::jsonb), t.timezone "
        "from customers.customer c join customers.tenant t using (tenant) "
        "where (c.tenant, c.customer) in (select * from unnest(%s::text[], %s::text[]))",
        pair_columns(customers),
    )
    return {(row[0], row[1]): Person(*row) for row in rows.fetchall()}


def person(connection: Connection, tenant: str, customer: str) -> Person | None:
    """Return one customer; None where the registry has none with this id."""
    return persons(connection, [(tenant, customer)]).get((tenant, customer))


def holders_at(
    connection: Connection, asked: Sequence[tuple[str, str, datetime]]
) -> list[tuple[str, str | None] | None]:
    """Return the holder of each (tenant, subject) at a time: (customer, contract); None = nobody.

    subject : vehicle:<id> or meter:<id>; where contracts overlap, the one that began last counts.
    The holder of customer:<id> is that customer, without a contract.
    """
    found: list[tuple[str, str | None] | None] = [None] * len(asked)
    for position, customer, contract in connection.execute(
        "select a.position, held.customer, held.contract "
        "from unnest(%s::text[], %s::text[], %s::timestamptz[]) "
        "with ordinality as a (tenant, subject, at, position) "
        "join lateral (select c.customer, c.contract from customers.contract c "
        "where c.tenant = a.tenant and (c.vehicle = substr(a.subject, 9) "
        "and a.subject like 'vehicle:%%' or c.meter = substr(a.subject, 7) "
        "and a.subject like 'meter:%%') and c.valid_from <= a.at "
        "and a.at < coalesce(c.valid_to, 'infinity') "
        "order by c.valid_from desc, c.contract desc limit 1) as held on true "
        "union all select a.position, c.customer, null "
        "from unnest(%s::text[], %s::text[]) with ordinality as a (tenant, subject, position) "
        "join customers.customer c on c.tenant = a.tenant "
        "and c.customer = substr(a.subject, 10) and a.subject like 'customer:%%'",
        (
            [tenant for tenant, _, _ in asked],
            [subject for _, subject, _ in asked],
            [at for _, _, at in asked],
            [tenant for tenant, _, _ in asked],
            [subject for _, subject, _ in asked],
        ),
    ).fetchall():
        found[position - 1] = (customer, contract)
    return found


def holder_at(
    connection: Connection, tenant: str, subject: str, at: datetime
) -> tuple[str, str | None] | None:
    """Return the holder of one subject at a time; see `holders_at`."""
    return holders_at(connection, [(tenant, subject, at)])[0]


def plate(connection: Connection, tenant: str, vehicle: str) -> str | None:
    """Return a vehicle's number plate; None where it is not known."""
    found: str | None = scalar(
        connection,
        "select plate from customers.vehicle where tenant = %s and vehicle = %s",
        (tenant, vehicle),
    )
    return found


def subject_names(
    connection: Connection, subjects: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    """Return (tenant, subject) → its name: of a vehicle its name, of a meter its number or id."""
    rows = connection.execute(
        "select v.tenant, 'vehicle:' || v.vehicle, v.name from unnest(%s::text[], %s::text[]) "
        "as a (tenant, vehicle) join customers.vehicle v using (tenant, vehicle) "
        "union all select m.tenant, 'meter:' || m.meter, coalesce(m.number, m.meter) "
        "from unnest(%s::text[], %s::text[]) as a (tenant, meter) "
        "join customers.meter m using (tenant, meter)",
        (*_ids(subjects, "vehicle:"), *_ids(subjects, "meter:")),
    )
    return {(tenant, subject): name for tenant, subject, name in rows.fetchall()}


def _ids(subjects: Sequence[tuple[str, str]], prefix: str) -> tuple[list[str], list[str]]:
    """Return tenants and ids of the subjects that begin with a prefix, as columns."""
    found = sorted({(t, s.removeprefix(prefix)) for t, s in subjects if s.startswith(prefix)})
    return pair_columns(found)
