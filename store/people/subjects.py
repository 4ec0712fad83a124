"""Subjects of API requests: customers, their contracts, devices and signals, their consent now.

Every query uses an index for the few rows it needs; nothing here loads the whole registry.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from store.people.consent import DECIDED
from store.postgres import rows
from store.postgres.merged import same_as
from store.postgres.pool import Connection, scalar
from store.postgres.together import OWN, Query, alone

# The contract that covers a subject at a time; where several do, the one that began last, as in
# customer_context.identity.holders.
COVERING = (
    "select k.customer, k.contract, k.valid_from, k.valid_to from customers.contract k "
    "where k.tenant = {tenant} and k.{column} = {value} and k.valid_from <= {at} "
    "and (k.valid_to is null or k.valid_to > {at}) "
    "order by k.valid_from desc, k.contract desc limit 1"
)


def customer(connection: Connection, tenant: str, customer_id: str) -> dict[str, Any] | None:
    """Return a customer: customer, name, language."""
    return rows.one(
        connection,
        "select customer, name, language from customers.customer "
        "where tenant = %s and customer = %s",
        (tenant, customer_id),
    )


def search(
    connection: Connection, tenant: str, text: str, after: str | None, limit: int
) -> list[tuple[str, bool]]:
    """Return (customer, exact) of those whose name, id, contract, meter or plate fits a text.

    First at most 100 whose id, contract, meter or plate it is (exact), in each call; then those
    that contain it, by customer, after one. All words must be in the name; a word of one or two
    letters begins a word of it. An id and the others may be written with spaces and hyphens.
    """
    words = [word.strip(",;") for word in text.split()]
    return [
        (customer, exact)
        for customer, exact in connection.execute(
            "select customer, exact from customers.find(%s, %s, customers.code_of(%s), %s, %s)",
            (tenant, [word for word in words if word], text, after, limit),
        ).fetchall()
    ]


_MERGED = (
    "exists (select from customers.merge m where m.tenant = c.tenant and m.merged = c.customer "
    "and m.split_at is null)"
)
_SAME = "{column} = any(customers.same_as(c.tenant, c.customer))"


def listed_customers(
    connection: Connection,
    tenant: str,
    *,
    of: Collection[str] | None = None,
    after: str | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Return customers by id, with the number of all their contracts and of unresolved cases.

    of : only these. One that is merged into another is not in the list; its survivor stands for it.
    """
    where = rows.Conditions("c.tenant = %s", tenant).add("c.customer > %s", after)
    where.add(f"not {_MERGED} and %s", True)
    where.add("c.customer = any(%s)", None if of is None else list(of))
    return rows.all_(
        connection,
        "select c.customer, c.name, c.language, "
        "(select count(*) from customers.contract k where k.tenant = c.tenant "
        f"and {_SAME.format(column='k.customer')}) as contracts, "
        "(select count(*) from contacts.service_case s where s.tenant = c.tenant "
        f"and {_SAME.format(column='s.customer')} and s.state <> 'resolved') as open_cases "
        f"from customers.customer c where {where.sql} order by c.customer limit %s",
        [*where.values, limit],
    )


def count_customers(connection: Connection, tenant: str, most: int) -> int:
    """Count the customers of a tenant, up to `most`."""
    return int(
        scalar(
            connection,
            "select count(*) from (select 1 from customers.customer where tenant = %s limit %s) "
            "as counted",
            (tenant, most),
        )
    )


_CONTRACT = "contract, customer, kind, vehicle, meter, valid_from, valid_to"


CONTRACTS_OF = Query(
    f"select {_CONTRACT} from customers.contract where tenant = %(tenant)s and customer {OWN} "
    "order by valid_from desc, contract",
    ("valid_from", "valid_to"),
)
"""A customer's contracts, newest first."""


def contracts_of(connection: Connection, tenant: str, customer_id: str) -> list[dict[str, Any]]:
    """Return a customer's contracts, newest first."""
    own = same_as(connection, tenant, customer_id)
    return alone(connection, CONTRACTS_OF, {"tenant": tenant, "own": own})


def contract(connection: Connection, tenant: str, contract_id: str) -> dict[str, Any] | None:
    """Return one contract."""
    return rows.one(
        connection,
        f"select {_CONTRACT} from customers.contract where tenant = %s and contract = %s",
        (tenant, contract_id),
    )


def has_contract(connection: Connection, tenant: str, customer_id: str, kind: str) -> bool:
    """Return True where the customer has, or had, a contract of this kind (motor, electricity)."""
    found = rows.one(
        connection,
        "select 1 as one from customers.contract where tenant = %s and customer = any(%s) "
        "and kind = %s limit 1",
        (tenant, same_as(connection, tenant, customer_id), kind),
    )
    return found is not None


def drivers(
    connection: Connection, tenant: str, purpose: str, *, after: str | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """Return customers who have, or had, a motor contract and grant the purpose now, by id.

    Rows have customer and consent_id.
    """
    decided = DECIDED.format(tenant="c.tenant", customer="c.customer", purpose="%s")
    where = rows.Conditions("c.tenant = %s", tenant).add("c.customer > %s", after)
    return rows.all_(
        connection,
        f"select c.customer, d.consent_id from customers.customer c "
        f"cross join lateral ({decided}) as d where {where.sql} and d.state = 'granted' "
        "and exists (select 1 from customers.contract k where k.tenant = c.tenant "
        "and k.customer = c.customer and k.kind = 'motor') order by c.customer limit %s",
        [purpose, *where.values, limit],
    )


def devices_of(connection: Connection, tenant: str, customer_id: str) -> list[dict[str, Any]]:
    """Return devices assigned to a customer's vehicles and meters while a contract covers them.

    Rows have the number of samples stored for that time, and the times of the first and last.
    """
    return rows.all_(
        connection,
        "select d.device, d.kind, d.dialect, c.contract, c.vehicle, c.meter, "
        "span.since as valid_from, nullif(span.until, 'infinity') as valid_to, "
        "s.samples, s.first_at, s.last_at "
        "from customers.contract c join customers.assignment a on a.tenant = c.tenant "
        "and (a.vehicle = c.vehicle or a.meter = c.meter) "
        "join customers.device d using (device_id) "
        "cross join lateral (select greatest(a.valid_from, c.valid_from) as since, "
        "least(a.valid_to, c.valid_to, 'infinity') as until) "
        "as span cross join lateral ("
        "select count(*) as samples, min(observed_at) as first_at, max(observed_at) as last_at "
        "from (select observed_at from shown.vehicle_time v where d.kind = 'vehicle' "
        "and v.device_id = d.device_id and observed_at >= span.since and observed_at < span.until "
        "union all select observed_at from shown.meter_time m where d.kind = 'meter' "
        "and m.device_id = d.device_id and observed_at >= span.since and observed_at < span.until) "
        "as samples) as s "
        "where c.tenant = %s and c.customer = any(%s) and span.since < span.until "
        "order by d.device, span.since",
        (tenant, same_as(connection, tenant, customer_id)),
    )


def signals_of(
    connection: Connection,
    tenant: str,
    customer_id: str,
    types: Collection[str],
    since: datetime,
    limit: int = 100,
) -> list[dict[str, Any]]:
    """Return signals about a customer that are not retracted, newest first, with their newest data.

    They are about the customer, or about a vehicle or meter during the customer's contract (where
    contracts overlap, the one that began last counts).
    """
    newest = (
        "s.tenant = %s and s.type = any(%s) and s.time >= %s and not exists ("
        "select 1 from pipeline.signal later where later.id = s.id "
        "and later.revision > s.revision) and not (s.data ->> 'retracted')::boolean"
    )
    same = (tenant, list(types), since)
    return rows.all_(
        connection,
        "select s.id, s.revision, s.type, s.subject, s.time, s.data, c.contract "
        "from customers.contract c join pipeline.signal s on s.subject = "
        "case when c.vehicle is null then 'meter:' || c.meter else 'vehicle:' || c.vehicle end "
        "and s.time >= c.valid_from and (c.valid_to is null or s.time < c.valid_to) "
        f"where c.tenant = %s and c.customer = %s and {newest} and not exists ("
        "select 1 from customers.contract other where other.tenant = c.tenant "
        "and (other.vehicle = c.vehicle or other.meter = c.meter) "
        "and other.valid_from > c.valid_from and other.valid_from <= s.time "
        "and s.time < coalesce(other.valid_to, 'infinity')) "
        "union all select s.id, s.revision, s.type, s.subject, s.time, s.data, null "
        f"from pipeline.signal s where s.subject = %s and {newest} "
        "order by time desc, id limit %s",
        (tenant, customer_id, *same, f"customer:{customer_id}", *same, limit),
    )
