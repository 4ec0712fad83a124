"""Cases: what a reader sees of them; write notes, outcomes and answers, change state and owner.

Functions that return cases return them as `services.visibility` shows them. reader : the customer
who reads; None = anybody else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from customer_context.cases import outcomes, states, work_queue
from customer_context.cases.states import CaseChange
from runtime.errors import NotFound
from services import case_steps, case_texts, crash_labels, visibility
from services.visibility import Kind
from store.casework import cases
from store.casework.filters import Queue
from store.postgres.merged import same_as
from store.postgres.pool import Connection
from store.postgres.rows import After
from store.postgres.times import from_us
from store.reads import pages as reads


def list_(
    connection: Connection,
    tenant: str,
    *,
    reader: str | None = None,
    side: str | None = None,
    state: str | None = None,
    customer: str | None = None,
    owner: str | None = None,
    after: After = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Return cases, newest first; the filters are those of `store.casework.cases.list_`."""
    rows = cases.list_(
        connection,
        tenant,
        side=side,
        state=state,
        customer=customer,
        owner=owner,
        after=after,
        limit=limit,
    )
    return visibility.shown(connection, tenant, Kind.CASE, rows, reader=reader)


def queue(
    connection: Connection,
    tenant: str,
    which: Queue,
    *,
    after: After = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Return cases of the work queue, most urgent first; after : (rank_at, case_id) of the last.

    A filter by kind leaves out cases whose purpose is withdrawn: what they are about is hidden.
    """
    rows = cases.queue(connection, tenant, which, after=after, limit=limit)
    shown = visibility.shown(connection, tenant, Kind.CASE, rows, reader=None)
    return [row for row in shown if which.kind is None or row["withdrawn"] is None]


def count(connection: Connection, tenant: str, which: Queue, most: int = reads.COUNTED) -> int:
    """Count the cases of the work queue, up to `most`."""
    return cases.count(connection, tenant, which, most)


def visible(
    connection: Connection,
    tenant: str,
    side: str | None,
    case_id: str,
    *,
    reader: str | None = None,
) -> dict[str, Any] | None:
    """Return a case of the tenant, and of the side where one is given; else None."""
    case = cases.get(connection, tenant, case_id)
    if case is None or side not in (None, case["side"]):
        return None
    return visibility.one(connection, tenant, Kind.CASE, case, reader=reader)


def diary(connection: Connection, case: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
    """Return the diary of a case that was returned by a function of this module, oldest first."""
    return visibility.diary(case, case_texts.diary(connection, case["case_id"]))


def signal_of(
    connection: Connection, case: dict[str, Any], *, reader: str | None = None
) -> dict[str, Any] | None:
    """Return the signal that opened the case, while the case's customer grants its purpose.

    A signal whose type has no purpose is shown to nobody (docs/adr/0012).
    """
    if case["signal_id"] is None or case["customer"] is None:
        return None
    tenant = case["tenant"]
    signal = reads.signal(connection, tenant, case["signal_id"])
    if signal is None:
        return None
    owned = {**signal, "customer": case["customer"]}
    return visibility.one(connection, tenant, Kind.SIGNAL, owned, reader=reader)


def note(
    connection: Connection, tenant: str, case_id: str, author: str, text: str, now_us: int
) -> dict[str, Any]:
    """Write a note into the diary; return the case. Raises `NotFound`."""
    case = cases.lock(connection, tenant, case_id)
    return _shown(
        connection, case_texts.write(connection, case, author, now_us, entries=[("note", text)])
    )


def change(
    connection: Connection,
    tenant: str,
    case_id: str,
    author: str,
    now_us: int,
    *,
    state: str | None = None,
    owner: str | None = None,
    resolution: str | None = None,
    expected_version: int | None = None,
) -> dict[str, Any]:
    """Change state or owner by the rules of `customer_context.cases.states`; return the case.

    Raises `NotFound`, `Stale`, `NotAllowed`.
    """
    case = cases.lock(connection, tenant, case_id, expected_version)
    changed = states.change(
        case, author, from_us(now_us), state=state, owner=owner, resolution=resolution
    )
    if not changed.fields:
        return _shown(connection, case)
    return _shown(connection, _write(connection, case, author, now_us, changed))


def outcome(
    connection: Connection,
    tenant: str,
    case_id: str,
    author: str,
    now_us: int,
    code: str,
    *,
    call_back_at: datetime | None = None,
    note: str | None = None,
    expected_version: int | None = None,
) -> dict[str, Any]:
    """Record what a call came to (customer_context.cases.outcomes); return the case.

    Raises `NotFound`, `Stale`, `NotAllowed`.
    """
    case = cases.lock(connection, tenant, case_id, expected_version)
    changed = outcomes.record(
        case, author, from_us(now_us), code, call_back_at=call_back_at, note=note
    )
    changed = _waiting(changed, None)
    kept = outcomes.before(case, author, from_us(now_us)) | {
        "plan": case_steps.as_it_is(connection, case)
    }
    changed = replace(changed, fields={**changed.fields, "before_outcome": kept})
    return _shown(connection, _write(connection, case, author, now_us, changed))


def undo_outcome(
    connection: Connection,
    tenant: str,
    case_id: str,
    author: str,
    now_us: int,
    *,
    leads: bool = False,
    expected_version: int | None = None,
) -> dict[str, Any]:
    """Undo the last outcome of a case, with its plan; return the case.

    Raises `NotFound`, `Stale`, `NotAllowed`.
    """
    case = cases.lock(connection, tenant, case_id, expected_version)
    changed = outcomes.undo(case, author, from_us(now_us), leads=leads)
    case_steps.put_back(connection, case, case["before_outcome"]["plan"])
    after = cases.write(
        connection, case, author, now_us, fields=changed.fields, entries=changed.entries
    )
    crash_labels.follow(connection, after, author, now_us)
    return _shown(connection, after)


def answer(
    connection: Connection, tenant: str, customer: str, case_id: str, said: str, now_us: int
) -> dict[str, Any]:
    """Record a customer's answer to the notice of their crash; return the case.

    Raises `NotFound`, also for a case of somebody else, and `NotAllowed`.
    """
    case = cases.lock(connection, tenant, case_id)
    if case["customer"] not in same_as(connection, tenant, customer):
        raise NotFound(f"there is no case {case_id!r}")
    author = f"{cases.CUSTOMER}{customer}"
    typed = case_steps.answer_at_scene(connection, case, author, now_us, said)
    changed = outcomes.answer(case, from_us(now_us), said)
    if typed and said == "no_crash":  # its plan goes on: what was it?
        changed = CaseChange({}, changed.entries[:1])
    case = cases.lock(connection, tenant, case_id)
    if changed.fields.get("state", case["state"]) != "resolved":
        since = work_queue.waits(True, case["waiting_since"], from_us(now_us))
        changed = _waiting(changed, since)
    _write(connection, case, author, now_us, changed)
    found = visible(connection, tenant, None, case_id, reader=customer)
    assert found is not None, "customers see their own cases"
    return found


def _waiting(changed: CaseChange, since: datetime | None) -> CaseChange:
    """Add since when the customer waits."""
    return replace(changed, fields={**changed.fields, "waiting_since": since})


def _write(
    connection: Connection, case: Mapping[str, Any], author: str, now_us: int, changed: CaseChange
) -> dict[str, Any]:
    """Write a change; the plan of a case with a type ends with the case."""
    if changed.fields.get("state") == "resolved":
        changed = _waiting(changed, None)
        why = changed.fields.get("outcome") or "resolved"
        case_steps.close(connection, case, author, now_us, why)
    after = case_texts.write(
        connection, case, author, now_us, fields=changed.fields, entries=changed.entries
    )
    crash_labels.follow(connection, after, author, now_us)
    return after


def _shown(connection: Connection, case: dict[str, Any]) -> dict[str, Any]:
    found = visibility.one(connection, case["tenant"], Kind.CASE, case, reader=None)
    assert found is not None, "cases are hidden, not left out"
    return found
