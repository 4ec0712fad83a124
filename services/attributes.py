"""Custom attributes: declare them, check values, and show those whose purpose is granted.

A value is a part of its object: the back office writes it with the object and sees it there.
Everybody else sees it while the purpose that its attribute names is granted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.attributes import AttributeKind, AttributeType, problem_of
from runtime.errors import NotAllowed
from services.registry_rows import Refusal
from store.people import attributes, consent, subjects
from store.people.attributes import Attribute
from store.postgres.merged import same_as
from store.postgres.pool import Connection


def declare(connection: Connection, tenant: str, attribute: Attribute) -> None:
    """Declare an attribute, or change what is declared. Raises `NotAllowed` for another type, and
    for choices that are in use and not named again."""
    before = {one.name: one for one in attributes.declared(connection, tenant, attribute.kind)}.get(
        attribute.name
    )
    if before is not None and before.type != attribute.type:
        raise NotAllowed(
            f"the attribute {attribute.name!r} has the type {before.type}; declare another one"
        )
    if before is not None and attribute.type == AttributeType.CHOICE:
        missing = sorted(set(before.choices) - set(attribute.choices))
        if missing:
            raise NotAllowed(f"{missing[0]!r} may be in use: name all choices that there were")
    attributes.declare(connection, tenant, attribute)


def problems(
    connection: Connection, tenant: str, kind: str, said: Mapping[str, Mapping[str, Any]]
) -> dict[str, tuple[Refusal, ...]]:
    """Return object → what is wrong with its values; only objects with problems."""
    if not any(said.values()):
        return {}
    known = {one.name: one for one in attributes.declared(connection, tenant, kind)}
    found: dict[str, tuple[Refusal, ...]] = {}
    for object_id, of_object in said.items():
        wrong = []
        for name, value in of_object.items():
            facts = known.get(name)
            if facts is None:
                message = "no such attribute is declared"
            elif value is None:
                continue
            else:
                message = problem_of(facts.type, facts.choices, value) or ""
            if message:
                wrong.append(Refusal(field=f"attributes.{name}", message=message))
        if wrong:
            found[object_id] = tuple(wrong)
    return found


@dataclass(frozen=True, slots=True)
class Shown:
    """A value, with the attribute that says what it is. object : its id within the kind."""

    attribute: Attribute
    object: str
    value: Any


def of_customer(
    connection: Connection, tenant: str, customer: str, *, reader: str | None = None
) -> list[Shown]:
    """Return the values of a customer, their contracts, vehicles and meters that may be shown.

    reader : the customer who reads their own; None = somebody else, who sees what rests on the
    contract, or on a purpose that is granted.
    """
    known = {(one.kind, one.name): one for one in attributes.declared(connection, tenant)}
    if not known:
        return []
    ids = same_as(connection, tenant, customer)
    own = reader is not None and reader in ids
    contracts = subjects.contracts_of(connection, tenant, customer)
    found: list[Shown] = []
    for kind, owners in _objects(ids, contracts).items():
        values = attributes.values(connection, tenant, kind, list(owners))
        granted = {
            owner: consent.granted_of(connection, tenant, owner)
            for owner in {owners[object_id] for object_id in values}
        }
        for object_id, of_object in sorted(values.items()):
            for name, value in of_object.items():
                facts = known[(kind, name)]
                allowed = facts.purpose is None or facts.purpose in granted[owners[object_id]]
                if own or allowed:
                    found.append(Shown(facts, object_id, value))
    return found


def _objects(
    ids: Sequence[str], contracts: Sequence[Mapping[str, Any]]
) -> dict[str, dict[str, str]]:
    """Return kind → object → the id whose consents it rests on; newest contracts first."""
    found: dict[str, dict[str, str]] = {
        AttributeKind.CUSTOMER: {id_: id_ for id_ in ids},
        AttributeKind.CONTRACT: {},
        AttributeKind.VEHICLE: {},
        AttributeKind.METER: {},
    }
    for row in contracts:
        found[AttributeKind.CONTRACT].setdefault(row["contract"], row["customer"])
        # A car that was sold is not theirs any more: what is said of it may be the new holder's.
        if row["valid_to"] is not None:
            continue
        for kind in (AttributeKind.VEHICLE, AttributeKind.METER):
            if row[kind] is not None:
                found[kind].setdefault(row[kind], row["customer"])
    return found
