"""Changes of the registry for other systems: what has changed, and a snapshot to begin with."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from services import back_office
from services.back_office import Kind
from store.people import changes, consent, identity, merges, registry
from store.people.changes import Change
from store.postgres.pool import Connection

CONSENT = "consent"
"""Kind of a change of somebody's consents; all others are changes of the registry."""

_KINDS = {str(kind).removesuffix("s"): kind for kind in Kind if kind is not Kind.ASSIGNMENTS}
_ORDER = ("customer", "vehicle", "meter", "contract", "assignment", "merge", CONSENT)
"""Kinds of a snapshot; one comes after those that it refers to."""


@dataclass(frozen=True, slots=True)
class Item:
    """An object as it is now. data : None where it is gone, or has no form here (contact points,
    devices and drivers). change : None in a snapshot."""

    kind: str
    object: str
    data: Any
    change: Change | None = None


def begin(connection: Connection) -> int:
    """Return the transaction from which to follow after a snapshot that begins now."""
    return changes.horizon(connection)


def oldest(connection: Connection) -> int:
    """Return the transaction after which changes are kept."""
    return changes.forgotten(connection)


def after(connection: Connection, tenant: str, cursor: tuple[int, int], limit: int) -> list[Item]:
    """Return the next changes. Raises `changes.Forgotten`."""
    return window(connection, tenant, cursor, limit)[0]


def window(
    connection: Connection,
    tenant: str,
    cursor: tuple[int, int],
    limit: int,
    wanted: Callable[[str], bool] = lambda kind: True,
) -> tuple[list[Item], tuple[int, int]]:
    """Return those of the next changes whose kind is wanted, and the cursor after all of them.

    Raises `changes.Forgotten`.
    """
    found = changes.page(connection, tenant, cursor, limit)
    end = (found[-1].xid, found[-1].change_id) if found else cursor
    found = [change for change in found if wanted(_shown(change)[0])]
    named = [(_shown(change)) for change in found]
    data = _data(connection, tenant, named)
    items = [
        Item(kind, object_id, data.get((kind, object_id)), change)
        for (kind, object_id), change in zip(named, found, strict=True)
    ]
    return items, end


def after_all(
    connection: Connection, cursor: tuple[int, int], limit: int
) -> tuple[list[Item], tuple[int, int]]:
    """Return the next changes of all tenants, and the cursor after them. Raises
    `changes.Forgotten`."""
    found = changes.page(connection, None, cursor, limit)
    data: dict[tuple[str, str, str], Any] = {}
    for tenant in dict.fromkeys(change.tenant for change in found):
        named = [_shown(change) for change in found if change.tenant == tenant]
        for (kind, object_id), row in _data(connection, tenant, named).items():
            data[(tenant, kind, object_id)] = row
    items = [
        Item(kind, object_id, data.get((change.tenant, kind, object_id)), change)
        for change in found
        for kind, object_id in [_shown(change)]
    ]
    return items, (found[-1].xid, found[-1].change_id) if found else cursor


def _shown(change: Change) -> tuple[str, str]:
    """Return kind and id for others: an id in another system is a part of its object."""
    if change.kind == "external_id":
        kind, _, object_id = change.object.partition(":")
        return kind, object_id
    return change.kind, change.object


def objects(
    connection: Connection,
    tenant: str,
    position: tuple[str, str],
    limit: int,
    wanted: Callable[[str], bool] = lambda kind: True,
) -> list[Item]:
    """Return objects of a snapshot after (kind, id), of the kinds that are wanted."""
    found: list[Item] = []
    kind, object_id = position
    for one in filter(wanted, _ORDER[_ORDER.index(kind) if kind in _ORDER else 0 :]):
        ids = registry.ids_after(
            connection, one, tenant, object_id if one == kind else "", limit - len(found)
        )
        data = _data(connection, tenant, [(one, id_) for id_ in ids])
        found += [Item(one, id_, data.get((one, id_))) for id_ in ids]
        if len(found) >= limit:
            break
    return found


def _data(
    connection: Connection, tenant: str, named: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], Any]:
    by_kind: dict[str, set[str]] = defaultdict(set)
    for kind, object_id in named:
        by_kind[kind].add(object_id)
    found: dict[tuple[str, str], Any] = {}
    for kind, ids in by_kind.items():
        if kind in _KINDS:
            for object_id, row in back_office.current(
                connection, tenant, _KINDS[kind], sorted(ids)
            ).items():
                found[(kind, object_id)] = row
        elif kind == "assignment":
            for device, rows in identity.assignments_by_device(
                connection, tenant, sorted(ids)
            ).items():
                found[(kind, device)] = [
                    {
                        "subject": row.value[0],
                        "valid_from": row.valid_from,
                        "valid_to": row.valid_to,
                    }
                    for row in rows
                ]
    pairs = [(tenant, customer) for customer in sorted(by_kind.get(CONSENT, ()))]
    for (_, customer), purposes in (consent.in_force(connection, pairs) if pairs else {}).items():
        found[(CONSENT, customer)] = [
            {"purpose": purpose, "state": one.state, "recorded_at": one.recorded_at}
            for purpose, one in sorted(purposes.items())
        ] or None
    merged = sorted(by_kind.get("merge", ()))
    for customer, merge in merges.of_ids(connection, tenant, merged).items():
        found[("merge", customer)] = {
            "merged": customer,
            "survivor": merge.survivor,
            "merged_at": merge.merged_at,
            "split_at": merge.split_at,
        }
    return found
