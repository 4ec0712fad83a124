"""The back office's rows: write many at once, each answered; API, files and events call this.

A row that is refused does not stop the others. `dry_run` does everything and takes it back, so that
its answers are those of the real run.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from pydantic import ValidationError

from runtime.errors import NotFound
from services import attributes as values
from services import identity
from services.registry_rows import (
    AssignmentRow,
    ContractRow,
    CustomerRow,
    Known,
    MeterRow,
    Refusal,
    VehicleRow,
    refusal_of,
)
from store.people import attributes, external_ids, households, preferences, registry
from store.people.recording import record_at
from store.postgres.pool import Connection, Unstorable, translated

AT_ONCE = 1_000
"""Rows written with one savepoint; a refused one among them is found by writing each alone."""


class Kind(StrEnum):
    """What a row is."""

    CUSTOMERS = "customers"
    CONTRACTS = "contracts"
    VEHICLES = "vehicles"
    METERS = "meters"
    ASSIGNMENTS = "assignments"


MODELS: Mapping[Kind, type[Known]] = {
    Kind.CUSTOMERS: CustomerRow,
    Kind.CONTRACTS: ContractRow,
    Kind.VEHICLES: VehicleRow,
    Kind.METERS: MeterRow,
}


class Result(StrEnum):
    """What became of a row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to one row. id : None where the row names none."""

    id: str | None
    result: Result
    errors: Sequence[Refusal] = field(default_factory=tuple)


class _TakenBack(Exception):
    """Ends the savepoint of a dry run."""


def apply(
    connection: Connection,
    tenant: str,
    kind: Kind,
    rows: Sequence[Any],
    now_us: int,
    *,
    dry_run: bool = False,
) -> list[Outcome]:
    """Write rows in the caller's transaction, in their order; return the outcome of each."""
    outcomes: list[Outcome] = []
    with suppress(_TakenBack), connection.transaction():
        record_at(connection, now_us)
        for i in range(0, len(rows), AT_ONCE):
            part = rows[i : i + AT_ONCE]
            if kind is Kind.ASSIGNMENTS:
                outcomes += [_assign(connection, tenant, row, now_us) for row in part]
            else:
                outcomes += _upsert(connection, tenant, kind, part)
        if any(one.result in (Result.CREATED, Result.UPDATED) for one in outcomes):
            registry.bump(connection)
        if dry_run:
            raise _TakenBack
    return outcomes


def change(
    connection: Connection,
    tenant: str,
    kind: Kind,
    object_id: str,
    changes: Mapping[str, Any],
    now_us: int,
    *,
    dry_run: bool = False,
) -> Outcome:
    """Change some fields of an object; the others stay. Raises `NotFound`."""
    found = current(connection, tenant, kind, [object_id]).get(object_id)
    if found is None:
        raise NotFound(f"there is no such object {object_id!r}")
    if changes.get("id", object_id) != object_id:
        refusal = Refusal(field="id", message="an id stays as it is")
        return Outcome(object_id, Result.REFUSED, (refusal,))
    row = {**found, **changes}
    for name in ("external_ids", "attributes"):
        if name in changes and isinstance(changes[name], Mapping):
            row[name] = {**found[name], **changes[name]}
    return apply(connection, tenant, kind, [row], now_us, dry_run=dry_run)[0]


def current(
    connection: Connection, tenant: str, kind: Kind, ids: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return id → the object as it is, in the form in which it is sent."""
    table = str(kind).removesuffix("s")
    found = registry.objects(connection, table, tenant, ids)
    named = external_ids.of(connection, tenant, table, list(found))
    said = attributes.values(connection, tenant, table, list(found))
    of_customers = table == "customer"
    member = households.of(connection, tenant, list(found)) if of_customers else {}
    chosen = preferences.of(connection, tenant, list(found)) if of_customers else {}
    return {
        object_id: {
            **{("id" if name == table else name): value for name, value in row.items()},
            "external_ids": named.get(object_id, {}),
            "attributes": said.get(object_id, {}),
            **(
                {"household": member.get(object_id), "channels": chosen.get(object_id, {})}
                if of_customers
                else {}
            ),
        }
        for object_id, row in found.items()
    }


def _upsert(connection: Connection, tenant: str, kind: Kind, rows: Sequence[Any]) -> list[Outcome]:
    """Write rows of a table; outcomes in their order."""
    valid: list[tuple[int, Known]] = []
    outcomes: dict[int, Outcome] = {}
    for position, row in enumerate(rows):
        try:
            valid.append((position, MODELS[kind].model_validate(row)))
        except ValidationError as error:
            outcomes[position] = _refused(row, error)
    # A row may be sent twice: the later one is compared with what the earlier one has written.
    for turn in _turns(valid):
        before = current(connection, tenant, kind, [row.id for _, row in turn])
        written = [(position, row, _result(row, before.get(row.id))) for position, row in turn]
        wrong = values.problems(
            connection,
            tenant,
            str(kind).removesuffix("s"),
            {row.id: row.attributes for _, row in turn},
        )
        todo = [
            row
            for _, row, result in written
            if result is not Result.UNCHANGED and row.id not in wrong
        ]
        refusals = _each(connection, todo, lambda some: _write(connection, tenant, kind, some))
        for position, row, result in written:
            found = wrong.get(row.id, ())
            if not found and result is not Result.UNCHANGED and row.id in refusals:
                found = (refusals[row.id],)
            outcomes[position] = Outcome(row.id, Result.REFUSED if found else result, found)
    return [outcomes[position] for position in range(len(rows))]


def _turns(rows: Sequence[tuple[int, Known]]) -> list[list[tuple[int, Known]]]:
    """Divide rows so that no turn has an id twice."""
    turns: list[list[tuple[int, Known]]] = [[]]
    ids: set[str] = set()
    for position, row in rows:
        if row.id in ids:
            turns.append([])
            ids.clear()
        ids.add(row.id)
        turns[-1].append((position, row))
    return turns


def _result(row: Known, before: Mapping[str, Any] | None) -> Result:
    if before is None:
        return Result.CREATED
    said = row.model_dump(mode="python")
    # External ids and attributes are added to those that are there.
    said["external_ids"] = {**before["external_ids"], **said["external_ids"]}
    both = {**before["attributes"], **said["attributes"]}
    said["attributes"] = {name: value for name, value in both.items() if value is not None}
    if "channels" in said:
        chosen = {**before["channels"], **said["channels"]}
        said["channels"] = {matter: one for matter, one in chosen.items() if one is not None}
    if "household" in said and "household" not in row.model_fields_set:
        said["household"] = before["household"]
    return Result.UNCHANGED if said == before else Result.UPDATED


def _write(connection: Connection, tenant: str, kind: Kind, rows: Sequence[Known]) -> None:
    table = str(kind).removesuffix("s")
    apart = {"external_ids", "attributes", "household", "channels"}
    dumped = [row.model_dump(mode="python", exclude=apart) for row in rows]
    registry.upsert(
        connection, table, [{**row, "tenant": tenant, table: row["id"]} for row in dumped]
    )
    external_ids.put(
        connection, tenant, table, {row.id: row.external_ids for row in rows if row.external_ids}
    )
    attributes.put(
        connection, tenant, table, {row.id: row.attributes for row in rows if row.attributes}
    )
    said = {
        row.id: row.household
        for row in rows
        if isinstance(row, CustomerRow) and "household" in row.model_fields_set
    }
    if said:
        households.put(connection, tenant, said)
    for row in rows:
        if isinstance(row, CustomerRow):
            for matter, channel in row.channels.items():
                preferences.put(connection, tenant, row.id, matter, channel, None, "import")


def _each(
    connection: Connection, rows: Sequence[Known], write: Callable[[Sequence[Known]], None]
) -> dict[str, Refusal]:
    """Write rows together, or each alone where one is refused; return id → why."""
    if not rows:
        return {}
    try:
        with translated(), connection.transaction():
            write(rows)
        return {}
    except (registry.Refused, Unstorable) as error:
        if len(rows) == 1:
            return {rows[0].id: Refusal(field=None, message=str(error))}
    middle = len(rows) // 2
    return {
        **_each(connection, rows[:middle], write),
        **_each(connection, rows[middle:], write),
    }


def _assign(connection: Connection, tenant: str, sent: Any, now_us: int) -> Outcome:
    try:
        row = AssignmentRow.model_validate(sent)
    except ValidationError as error:
        return replace(_refused(sent, error), id=_text(sent, "device"))
    subject = f"vehicle:{row.vehicle}" if row.vehicle is not None else f"meter:{row.meter}"
    try:
        with translated(), connection.transaction():
            found = identity.correct_assignment(
                connection,
                tenant,
                row.device,
                subject,
                row.valid_from,
                row.valid_to,
                now_us,
                overrule=row.correct,
            )
    except identity.Overrules as error:
        return Outcome(row.device, Result.REFUSED, (Refusal(field="correct", message=str(error)),))
    except (NotFound, registry.Refused, Unstorable) as error:
        return Outcome(row.device, Result.REFUSED, (Refusal(field=None, message=str(error)),))
    return Outcome(row.device, Result.UPDATED if found else Result.UNCHANGED)


def _refused(sent: Any, error: ValidationError) -> Outcome:
    errors = error.errors(include_url=False, include_input=False, include_context=False)
    refusals = tuple(refusal_of(dict(one)) for one in errors[:20])
    return Outcome(_text(sent, "id"), Result.REFUSED, refusals)


def _text(sent: Any, name: str) -> str | None:
    found = sent.get(name) if isinstance(sent, Mapping) else None
    return found[:64] if isinstance(found, str) else None
