"""Custom attributes: what a tenant has declared, and the values (migration 0047)."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from store.people.registry import refusing
from store.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class Attribute:
    """A declared attribute. purpose : None = it rests on the contract; label : language → name."""

    kind: str
    name: str
    type: str
    choices: tuple[str, ...]
    purpose: str | None
    label: Mapping[str, str]


def declared(connection: Connection, tenant: str, kind: str | None = None) -> list[Attribute]:
    """Return the attributes of a tenant, of one kind or all, by kind and name."""
    found = connection.execute(
        "select kind, name, type, choices, purpose, label from customers.attribute "
        "where tenant = %s and (%s::text is null or kind = %s) order by 1, 2",
        (tenant, kind, kind),
    )
    return [
        Attribute(kind, name, type_, tuple(choices), purpose, label)
        for kind, name, type_, choices, purpose, label in found
    ]


def declare(connection: Connection, tenant: str, attribute: Attribute) -> None:
    """Declare an attribute, or change choices, purpose and label of one; its type stays."""
    with refusing():
        connection.execute(
            "insert into customers.attribute as a "
            "(tenant, kind, name, type, choices, purpose, label) "
            "values (%s, %s, %s, %s, %s, %s, %s) on conflict (tenant, kind, name) do update "
            "set choices = excluded.choices, purpose = excluded.purpose, label = excluded.label",
            (
                tenant, attribute.kind, attribute.name, attribute.type, list(attribute.choices),
                attribute.purpose, Jsonb(dict(attribute.label)),
            ),
        )  # fmt: skip


def values(
    connection: Connection, tenant: str, kind: str, objects: Collection[str]
) -> dict[str, dict[str, Any]]:
    """Return object → name → value."""
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for object_id, name, value in connection.execute(
        "select object, name, value from customers.attribute_value "
        "where tenant = %s and kind = %s and object = any(%s) order by name",
        (tenant, kind, list(objects)),
    ):
        found[object_id][name] = value
    return dict(found)


def put(
    connection: Connection, tenant: str, kind: str, said: Mapping[str, Mapping[str, Any]]
) -> None:
    """Record values: object → name → value; None removes one. Equal ones stay as they are."""
    rows = [
        (object_id, name, value) for object_id, one in said.items() for name, value in one.items()
    ]
    removed = [(object_id, name) for object_id, name, value in rows if value is None]
    written: Sequence[tuple[str, str, Any]] = [row for row in rows if row[2] is not None]
    with refusing(), connection.cursor() as cursor:
        if removed:
            cursor.execute(
                "delete from customers.attribute_value where tenant = %s and kind = %s "
                "and (object, name) in (select * from unnest(%s::text[], %s::text[]))",
                (tenant, kind, [one[0] for one in removed], [one[1] for one in removed]),
            )
        if written:
            cursor.execute(
                "insert into customers.attribute_value as a (tenant, kind, object, name, value) "
                "select %s, %s, object, name, value "
                "from unnest(%s::text[], %s::text[], %s::jsonb[]) "
                "as n (object, name, value) on conflict (tenant, kind, object, name) do update "
                "set value = excluded.value, recorded_at = excluded.recorded_at "
                "where a.value <> excluded.value",
                (
                    tenant, kind, [one[0] for one in written], [one[1] for one in written],
                    [Jsonb(one[2]) for one in written],
                ),
            )  # fmt: skip
