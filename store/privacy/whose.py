"""Which rows are a customer's: the keys that the registry's conditions ask for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.people.registry import Holding
from store.postgres.pool import Connection
from store.privacy.personal_data import Entry


@dataclass(frozen=True, slots=True)
class DeviceSpan:
    """A device and a time [begin, end) in which its data were the customer's."""

    device_id: int
    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Keys:
    """A customer and everything by which their rows are found.

    vehicles, meters : that no other customer has a contract of. parameters : of conditions.
    """

    tenant: str
    customer: str
    spans: tuple[DeviceSpan, ...]
    parameters: dict[str, Any]


def subjects_of(
    connection: Connection, tenant: str, customer: str
) -> tuple[dict[str, list[tuple[str, Holding]]], dict[int, list[Holding]]]:
    """Return contracts and assignments of all vehicles and meters that a customer ever had.

    subject → (customer, holding), of every customer; device id → holdings.
    """
    theirs = (
        "select coalesce('vehicle:' || vehicle, 'meter:' || meter) from customers.contract "
        "where tenant = %s and customer = %s"
    )
    subject = "coalesce('vehicle:' || t.vehicle, 'meter:' || t.meter)"
    contracts: dict[str, list[tuple[str, Holding]]] = {}
    for of, name, begin, end in connection.execute(
        f"select t.customer, {subject}, t.valid_from, t.valid_to from customers.contract t "
        f"where t.tenant = %s and {subject} in ({theirs})",
        (tenant, tenant, customer),
    ).fetchall():
        contracts.setdefault(name, []).append((of, Holding(name, begin, end)))
    assignments: dict[int, list[Holding]] = {}
    for device_id, name, begin, end in connection.execute(
        f"select t.device_id, {subject}, t.valid_from, t.valid_to from customers.assignment t "
        "where t.device_id in (select a.device_id from customers.assignment a where a.tenant = %s "
        "and coalesce('vehicle:' || a.vehicle, 'meter:' || a.meter) in (" + theirs + "))",
        (tenant, tenant, customer),
    ).fetchall():
        assignments.setdefault(device_id, []).append(Holding(name, begin, end))
    return contracts, assignments


def keys_of(
    connection: Connection,
    tenant: str,
    customer: str,
    spans: Sequence[DeviceSpan],
    same: Sequence[str] = (),
) -> Keys:
    """Gather the keys of a customer's rows, of this id.

    spans : customer_context/identity/holders.py. same : ids of the customer; a vehicle that only
    they have had is theirs.
    """
    parameters: dict[str, Any] = {
        "tenant": tenant,
        "customer": customer,
        "same": list(same) or [customer],
        "devices": sorted({span.device_id for span in spans}),
        "span_devices": [span.device_id for span in spans],
        "begins": [span.begin for span in spans],
        "ends": [span.end for span in spans],
    }
    signals = connection.execute(
        "select id, sequence from pipeline.signal "
        "where tenant = %(tenant)s and subject = 'customer:' || %(customer)s "
        "union select s.id, s.sequence from unnest(%(span_devices)s::bigint[], "
        "%(begins)s::timestamptz[], %(ends)s::timestamptz[]) as o (device_id, begin_at, end_at) "
        "join pipeline.signal s on s.device_id = o.device_id and s.time >= o.begin_at "
        "and s.time < o.end_at",
        parameters,
    ).fetchall()
    parameters["signals"] = sorted({id_ for id_, _ in signals})
    parameters["sequences"] = sorted(sequence for _, sequence in signals)
    for name, query in _KEYS.items():
        parameters[name] = [row[0] for row in connection.execute(query.encode(), parameters)]
    return Keys(tenant, customer, tuple(spans), parameters)


def _only_theirs(thing: str) -> str:
    return (
        f"select distinct t.{thing} from customers.contract t where t.tenant = %(tenant)s "
        f"and t.customer = %(customer)s and t.{thing} is not null and not exists (select from "
        f"customers.contract o where o.tenant = t.tenant and o.{thing} = t.{thing} "
        "and o.customer <> all(%(same)s))"
    )


_CUSTOMER = "t.tenant = %(tenant)s and t.customer = %(customer)s"

# A later query uses what earlier ones found.
_KEYS = {
    "persons": f"select t.person_id from access.person t where {_CUSTOMER}",
    "keys": f"select t.key_id from access.api_key t where {_CUSTOMER} "
    "or t.person_id = any(%(persons)s)",
    "contracts": f"select t.contract from customers.contract t where {_CUSTOMER}",
    "vehicles": _only_theirs("vehicle"),
    "meters": _only_theirs("meter"),
    "numbers": "select coalesce(t.number, t.meter) from customers.meter t "
    "where t.tenant = %(tenant)s and t.meter = any(%(meters)s)",
    "cases": f"select t.case_id from contacts.service_case t where {_CUSTOMER} "
    "or t.tenant = %(tenant)s and t.customer is null and t.signal_id = any(%(signals)s)",
    "alerts": f"select t.alert_id from contacts.alert t where {_CUSTOMER} "
    "or t.tenant = %(tenant)s and t.customer is null and t.alert_id = any(%(signals)s)",
    "contacts": f"select t.contact_id from contacts.contact t where {_CUSTOMER} "
    "or t.tenant = %(tenant)s and (t.case_id = any(%(cases)s) or t.alert_id = any(%(alerts)s) "
    "or t.customer is null and t.signal_id = any(%(signals)s))",
}


def parameters_of(entry: Entry, keys: Keys) -> Iterator[dict[str, Any]]:
    """Yield the parameters of an entry's condition: once, or for each span of a device."""
    if not entry.whose.span:
        yield keys.parameters
        return
    for span in keys.spans:
        yield {"device": span.device_id, "begin": span.begin, "end": span.end}
