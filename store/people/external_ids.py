"""Ids of objects in other systems: a CRM, a billing system, a market partner."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from store.people.registry import refusing
from store.postgres.pool import Connection


def of(
    connection: Connection, tenant: str, kind: str, objects: Sequence[str]
) -> dict[str, dict[str, str]]:
    """Return object → system → its id there."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for object_id, system, external_id in connection.execute(
        "select object, system, external_id from customers.external_id "
        "where tenant = %s and kind = %s and object = any(%s)",
        (tenant, kind, list(objects)),
    ):
        found[object_id][system] = external_id
    return dict(found)


def put(
    connection: Connection, tenant: str, kind: str, ids: Mapping[str, Mapping[str, str]]
) -> None:
    """Record ids: object → system → id. Raises `Refused` where it is another object's id."""
    rows = [
        (tenant, kind, object_id, system, external_id)
        for object_id, of_object in ids.items()
        for system, external_id in of_object.items()
    ]
    if not rows:
        return
    with refusing(), connection.cursor() as cursor:
        cursor.executemany(
            "insert into customers.external_id (tenant, kind, object, system, external_id) "
            "values (%s, %s, %s, %s, %s) on conflict (tenant, kind, object, system) "
            "do update set external_id = excluded.external_id",
            rows,
        )
