"""What people write into a case, and what its forms collect, sealed with its customer's key.

Everything between services and the store that has such a text goes through here (docs/adr/0064):
notes, resolutions, forms, reasons of events, claims. A case that is nobody's stays clear. A text
whose key has ended is empty.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from customer_context.cases.case_state import CaseState
from services import own_values
from services.customer_keys import CustomerKeys, own_keys
from store.casework import case_fields, case_plans, cases, claim_files
from store.casework.case_plans import NewEvent, NewPlan
from store.postgres.pool import Connection
from store.secrets.own_columns import CLAIMS, FIELDS, FORMS, NOTES, OWN, REASONS, RESOLUTIONS
from store.secrets.own_columns import OwnTable as Table

Row = dict[str, Any]


def _seal(
    connection: Connection,
    keys: CustomerKeys,
    case: Mapping[str, Any],
    of: tuple[Table, str],
    text: str,
    now_us: int,
) -> str:
    if case["customer"] is None or not text:
        return text
    table, column = of
    bound_to = table.bound_to(column, case["case_id"])
    return keys.seal(connection, case["tenant"], case["customer"], text, bound_to, now_us)


def _open(
    connection: Connection, keys: CustomerKeys, case_id: str, of: tuple[Table, str], stored: str
) -> str:
    table, column = of
    return keys.open(connection, stored, table.bound_to(column, case_id))


# ── the case and its diary ───────────────────────────────────────────────────────────────────────


def opened(
    connection: Connection, rows: Sequence[Mapping[str, Any]]
) -> Sequence[Mapping[str, Any]]:
    """Return cases with their resolutions in clear."""
    stored = [row.get("resolution") or "" for row in rows]
    if not any(text.startswith(OWN) for text in stored):
        return rows
    keys = own_keys(connection)
    keys.load_for(connection, stored)
    of = RESOLUTIONS, "resolution"
    return [
        {**row, "resolution": _open(connection, keys, row["case_id"], of, text)} if text else row
        for row, text in zip(rows, stored, strict=True)
    ]


def write(
    connection: Connection,
    case: Mapping[str, Any],
    author: str,
    now_us: int,
    *,
    fields: Mapping[str, Any] | None = None,
    entries: Iterable[tuple[str, str]] = (),
) -> Row:
    """Write changed columns and diary entries of a locked case; return the case as it is stored."""
    keys, changed = own_keys(connection), dict(fields or {})
    if "resolution" in changed:
        text, changed["words"] = changed["resolution"], None
        if text and case["customer"] is not None:
            of = [{**case, "resolution": text}]
            changed["words"] = own_values.case_words(connection, keys, of, now_us)[0]
            changed["resolution"] = _seal(
                connection, keys, case, (RESOLUTIONS, "resolution"), text, now_us
            )
    sealed = [
        (kind, _seal(connection, keys, case, (NOTES, "text"), text, now_us))
        if kind == "note"
        else (kind, text)
        for kind, text in entries
    ]
    return cases.write(connection, case, author, now_us, fields=changed, entries=sealed)


def diary(connection: Connection, case_id: str) -> list[Row]:
    """Return the diary of a case with its notes in clear, oldest first."""
    keys, rows = own_keys(connection), cases.entries(connection, case_id)
    keys.load_for(connection, [row["text"] for row in rows if row["kind"] == "note"])
    for row in rows:
        if row["kind"] == "note":
            row["text"] = _open(connection, keys, case_id, (NOTES, "text"), row["text"])
    return rows


# ── the plan ─────────────────────────────────────────────────────────────────────────────────────


def plan(connection: Connection, case_id: str) -> Row | None:
    """Return the plan of a case in clear; None where it has none.

    said : the strings of its state that quote what people wrote.
    """
    row = case_plans.get(connection, case_id)
    if row is None:
        return None
    keys, said = own_keys(connection), set[str]()

    def open_(stored: str) -> str:
        text = _open(connection, keys, case_id, (FORMS, "state"), stored)
        said.add(text)
        return text

    if isinstance(row["data"], str):
        text = _open(connection, keys, case_id, (FORMS, "data"), row["data"])
        row["data"] = json.loads(text) if text else {}
    row["state"] = own_values.with_opened(row["state"], open_)
    return {**row, "said": frozenset(said)}


def put_plan(connection: Connection, case: Mapping[str, Any], new: NewPlan, now_us: int) -> bool:
    """Store a new plan; return False where the case has one. new : in clear."""
    if case["customer"] is not None and new.data:
        data = _form(connection, own_keys(connection), case, new.data, now_us)
        new = NewPlan(**{name: getattr(new, name) for name in NewPlan.__slots__} | {"data": data})
    return case_plans.put(connection, new)


def write_plan(
    connection: Connection,
    case: Mapping[str, Any],
    before: Mapping[str, Any],
    after: CaseState,
    text: str,
    now_us: int,
) -> None:
    """Write the plan of a locked case. before : of `plan`; text : of the event."""
    keys = own_keys(connection)

    def seal(one: str) -> str:
        return _seal(connection, keys, case, (FORMS, "state"), one, now_us)

    state = own_values.with_sealed(after.to_json(), before["said"] | {text}, seal)
    data = _form(connection, keys, case, after.data, now_us)
    case_plans.write(connection, case["case_id"], state, data, after.next_due_us)


def _form(
    connection: Connection,
    keys: CustomerKeys,
    case: Mapping[str, Any],
    data: Mapping[str, Any] | str,
    now_us: int,
) -> Mapping[str, Any] | str:
    if case["customer"] is None or isinstance(data, str) or not data:
        return data
    return _seal(connection, keys, case, (FORMS, "data"), json.dumps(dict(data)), now_us)


def add_event(
    connection: Connection, case: Mapping[str, Any], event: NewEvent, now_us: int
) -> None:
    """Append an event to the history of a locked case; one with a text is sealed."""
    if event.text and case["customer"] is not None:
        keys = own_keys(connection)

        def seal(column: str, text: str) -> str:
            return _seal(connection, keys, case, (REASONS, column), text, now_us)

        event = NewEvent(
            event.at_us, event.author, event.what, event.item,
            seal("text", event.text),
            seal("changes", json.dumps([list(one) for one in event.changes])),
            seal("effects", json.dumps([list(one) for one in event.effects])),
        )  # fmt: skip
    case_plans.add_event(connection, case["case_id"], event)


def events(connection: Connection, case_id: str) -> list[Row]:
    """Return the history of a case in clear, oldest first."""
    keys, rows = own_keys(connection), case_plans.events(connection, case_id)
    keys.load_for(connection, [row["text"] for row in rows])
    for row in rows:
        row["text"] = _open(connection, keys, case_id, (REASONS, "text"), row["text"])
        for column in REASONS.json:
            if isinstance(row[column], str):
                text = _open(connection, keys, case_id, (REASONS, column), row[column])
                row[column] = json.loads(text) if text else []
    return rows


# ── forms of open steps, and claims ──────────────────────────────────────────────────────────────


def fields(connection: Connection, tenant: str, case_id: str) -> list[Row]:
    """Return what was entered in forms, in clear (store.casework.case_fields.latest)."""
    keys, rows = own_keys(connection), case_fields.latest(connection, tenant, case_id)
    keys.load_for(connection, [row["value"] for row in rows])
    for row in rows:
        row["value"] = _open(connection, keys, case_id, (FIELDS, "value"), row["value"])
    return rows


def sealed_field(connection: Connection, case: Mapping[str, Any], value: str, now_us: int) -> str:
    """Return a value of a form as it is stored."""
    return _seal(connection, own_keys(connection), case, (FIELDS, "value"), value, now_us)


def sealed_claim(connection: Connection, case: Mapping[str, Any], jws: str, now_us: int) -> str:
    """Return a signed claim as it is stored."""
    return _seal(connection, own_keys(connection), case, (CLAIMS, "jws"), jws, now_us)


def claim(connection: Connection, tenant: str, case_id: str) -> Row | None:
    """Return the signed claim of a case; None where there is none that can be read."""
    row = claim_files.get(connection, tenant, case_id)
    if row is None:
        return None
    row["jws"] = _open(connection, own_keys(connection), case_id, (CLAIMS, "jws"), row["jws"])
    return row if row["jws"] else None
