"""Cases with a type: open one, do its steps, fire its deadlines; one function for all who do so.

The store's rows are locked in this order: the case, its plan, the case whose sub-case it is.
"""

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jsonschema

from customer_context.cases import engine, work_queue
from customer_context.cases.case_state import (
    ENDED,
    CaseState,
    Does,
    Effect,
    Event,
    Outcome,
    State,
    Surroundings,
    What,
)
from customer_context.cases.case_types import CaseType, Item, Step, schema_of
from runtime.errors import Invalid, NotAllowed, NotFound
from services import case_texts, case_types, crash_labels, dispute_progress, rights_progress
from services.visibility import TYPED
from store.casework import case_notices, case_orders, case_plans, cases
from store.casework.case_plans import NewEvent, NewPlan
from store.people import consent, customers
from store.postgres.pool import Connection
from store.postgres.times import from_us, to_us

log = logging.getLogger("services.case_steps")

AT_SCENE = "at-scene"
"""The step of a crash that asks the driver; its first field takes what case_flow.answer takes."""

RUN_BY_US = ("send-claim",)
"""Actions of automatic steps that the contacts process runs; others are for other systems."""
OURS = frozenset({*RUN_BY_US, rights_progress.FULFIL, dispute_progress.TAKE_OUT})
"""Actions that the program does itself; others are orders to other systems."""

_FOLLOW = {
    rights_progress.CASE_TYPE: rights_progress.follow,
    dispute_progress.CASE_TYPE: dispute_progress.follow,
}
"""Case types whose events mean something beyond the case → the function that says what."""

DUE_AT_ONCE = 100
"""Cases whose deadlines one transaction fires."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of a case with its type, as a page or the API shows it."""

    type: CaseType
    state: CaseState
    events: list[dict[str, Any]]
    parent: str | None


def plan_of(connection: Connection, tenant: str, case_id: str) -> Plan | None:
    """Return the plan of a case; None where it has no type."""
    row = case_texts.plan(connection, case_id)
    if row is None or row["tenant"] != tenant:
        return None
    return Plan(
        case_types.of_digest(connection, tenant, row["digest"]),
        CaseState.from_json(row["state"], row["data"]),
        case_texts.events(connection, case_id),
        row["parent"],
    )


def open_(
    connection: Connection,
    tenant: str,
    type_id: str,
    author: str,
    now_us: int,
    *,
    customer: str | None,
    subject: str | None = None,
    data: Mapping[str, Any] | None = None,
    side: str | None = None,
) -> dict[str, Any]:
    """Open a case of a type; return the case. side : that works on it, unless the type says so.

    Raises `NotFound`, also for a customer that the tenant does not have, and `Invalid`.
    """
    case_type = case_types.current(connection, tenant, type_id)
    if side is not None and case_type.spec.side not in (None, side):
        raise NotFound(f"there is no case type {type_id!r}")
    works = case_type.spec.side or side
    if works is None:
        raise Invalid(f"side: {type_id} is for both sides: expected insurer or utility")
    if customer is not None and (tenant, customer) not in customers.persons(
        connection, [(tenant, customer)]
    ):
        raise NotFound(f"there is no customer {customer!r}")
    _check(dict(data or {}), _any_form(case_type), "the case")
    case_id = secrets.token_hex(16)
    _open(connection, tenant, case_id, case_type, works, author, now_us, customer, subject)
    attach(connection, tenant, case_id, case_type, author, now_us, customer, data=data)
    return cases.lock(connection, tenant, case_id)


def _open(
    connection: Connection,
    tenant: str,
    case_id: str,
    case_type: CaseType,
    side: str,
    author: str,
    now_us: int,
    customer: str | None,
    subject: str | None,
) -> None:
    new = cases.NewCase(
        case_id=case_id,
        tenant=tenant,
        side=side,
        kind=case_type.id,
        title=case_type.spec.title.model_dump(),
        urgent=False,
        customer=customer,
        subject=subject,
        signal_id=None,
        playbook=TYPED,
        deadline_us=None,
        purpose=case_type.spec.purpose,
        skill=case_type.spec.skill or "",
    )
    cases.open_(connection, new, now_us, author)


def attach(
    connection: Connection,
    tenant: str,
    case_id: str,
    case_type: CaseType,
    author: str,
    now_us: int,
    customer: str | None,
    *,
    signal: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    parent: tuple[str, str] | None = None,
) -> None:
    """Give a case that was opened in this transaction the plan of its type.

    parent : (case, step) whose sub-case it is.
    """
    case_types.keep(connection, tenant, case_type, cases.AUTHOR, now_us)
    event = Event(What.OPEN, now_us, data=dict(data or {}))
    around = _around(connection, tenant, customer, dict(signal or {}), now_us)
    outcome = engine.open_(case_type, event, around)
    plan = NewPlan(
        case_id,
        tenant,
        case_type.id,
        case_type.digest,
        outcome.state.to_json(),
        outcome.state.data,
        dict(signal or {}),
        outcome.state.next_due_us,
        *(parent or (None, None)),
    )
    case = cases.lock(connection, tenant, case_id)
    if not case_texts.put_plan(connection, case, plan, now_us):
        return
    _carry_out(connection, case, case_type, event, outcome, author, parent)


def act(
    connection: Connection,
    tenant: str,
    case_id: str,
    author: str,
    now_us: int,
    what: What,
    *,
    item: str = "",
    data: Mapping[str, Any] | None = None,
    text: str = "",
    expected_version: int | None = None,
) -> dict[str, Any]:
    """Do something in a case with a type; return the case.

    data : of the step's form, checked by its JSON schema. Raises `NotFound`, `Stale`,
    `NotAllowed`, and `Invalid` where the data do not fit.
    """
    case = cases.lock(connection, tenant, case_id, expected_version)
    row = case_texts.plan(connection, case_id)
    if row is None:
        raise NotAllowed(f"case {case_id} has no type: it has no steps")
    case_type = case_types.of_digest(connection, tenant, row["digest"])
    given = dict(data or {})
    if what == What.COMPLETE and item in case_type.items:
        _check(given, schema_of(case_type.items[item]), item)
    elif what == What.DATA:
        _check(given, _any_form(case_type), "data")
    elif given:
        raise Invalid(f"{what} has no data")
    return _apply(connection, case, row, case_type, Event(what, now_us, item, given, text), author)


def as_it_is(connection: Connection, case: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return as JSON the plan of a locked case, to be put back; None where it has none."""
    row = case_plans.get(connection, case["case_id"])
    if row is None:
        return None
    due = row["next_due"]
    return {
        "state": row["state"],
        "next_due_us": None if due is None else to_us(due),
        "sub_case": row["parent"] is not None,
    }


def put_back(
    connection: Connection, case: Mapping[str, Any], kept: Mapping[str, Any] | None
) -> None:
    """Put the plan of a locked case back to what `as_it_is` returned, with the data of now.

    Raises `NotAllowed` where the case above has been given the end of this one.
    """
    row = case_plans.get(connection, case["case_id"])
    if row is None or kept is None or row["state"] == kept["state"]:
        return
    if kept["sub_case"]:
        raise NotAllowed(f"case {case['case_id']} is part of another, which goes on without it")
    case_plans.put_back(connection, case["case_id"], kept["state"], kept["next_due_us"])


def answer_at_scene(
    connection: Connection, case: Mapping[str, Any], author: str, now_us: int, said: str
) -> bool:
    """Complete the step that asks the driver, where the case's plan has it open; return whether."""
    plan = plan_of(connection, case["tenant"], case["case_id"])
    item = None if plan is None else plan.type.items.get(AT_SCENE)
    if plan is None or item is None or plan.state.items[AT_SCENE].state != State.ACTIVE:
        return False
    act(
        connection, case["tenant"], case["case_id"], author, now_us, What.COMPLETE, item=AT_SCENE,
        data={item.form[0].name: said},
    )  # fmt: skip
    return True


def check_form(item: Item, data: Mapping[str, Any]) -> None:
    """Raise `Invalid` with the first value that does not fit the form of a step."""
    _check(data, schema_of(item), item.id)


def close(
    connection: Connection, case: Mapping[str, Any], author: str, now_us: int, why: str
) -> None:
    """End the plan of a locked case that was resolved otherwise; nothing where it has none."""
    row = case_texts.plan(connection, case["case_id"])
    if row is None or row["state"]["state"] in ENDED:
        return
    case_type = case_types.of_digest(connection, case["tenant"], row["digest"])
    _apply(connection, case, row, case_type, Event(What.CLOSE, now_us, text=why), author)


def extend(
    connection: Connection,
    tenant: str,
    case_id: str,
    author: str,
    now_us: int,
    until: datetime,
    reason: str,
) -> None:
    """Move the deadline of a case, with the reason in its diary; nothing where it is resolved.

    Deadlines of its steps stay as they are.
    """
    case = cases.lock(connection, tenant, case_id)
    if case["state"] != "resolved":
        entries = [("note", reason)]
        case_texts.write(
            connection, case, author, now_us, fields={"deadline": until}, entries=entries
        )


def fire_due(connection: Connection, now_us: int, limit: int = DUE_AT_ONCE) -> int:
    """Fire the deadlines that have ended, in the caller's transaction; return the cases looked at.

    A case that somebody changes at this moment is left for the next time.
    """
    found = case_plans.due(connection, now_us, limit)
    done = 0
    for tenant, case_id in found:
        case = cases.lock_free(connection, tenant, case_id)
        row = case_texts.plan(connection, case_id)  # as it is under the lock
        if case is None or row is None or row["next_due"] is None:
            continue
        if row["next_due"] > from_us(now_us):
            continue  # another worker has fired it since
        case_type = case_types.of_digest(connection, tenant, row["digest"])
        _apply(connection, case, row, case_type, Event(What.TIME, now_us), cases.AUTHOR)
        done += 1
    return done


def _apply(
    connection: Connection,
    case: Mapping[str, Any],
    row: Mapping[str, Any],
    case_type: CaseType,
    event: Event,
    author: str,
) -> dict[str, Any]:
    state = CaseState.from_json(row["state"], row["data"])
    around = _around(connection, case["tenant"], case["customer"], row["signal"], event.at_us)
    outcome = engine.apply(case_type, state, event, around)
    after = outcome.state
    case_texts.write_plan(connection, case, row, after, event.text, event.at_us)
    parent = None if row["parent"] is None else (row["parent"], row["parent_item"])
    written = _carry_out(connection, case, case_type, event, outcome, author, parent)
    crash_labels.follow(connection, written, author, event.at_us)
    follow = _FOLLOW.get(case_type.id)
    if follow is None:
        return written
    for next_ in follow(connection, written, event, outcome, author):
        changed = case_texts.plan(connection, case["case_id"])
        assert changed is not None
        written = cases.lock(connection, case["tenant"], case["case_id"])
        written = _apply(connection, written, changed, case_type, next_, cases.AUTHOR)
    return written


def _carry_out(
    connection: Connection,
    case: Mapping[str, Any],
    case_type: CaseType,
    event: Event,
    outcome: Outcome,
    author: str,
    parent: tuple[str, str] | None,
) -> dict[str, Any]:
    """Write what an event led to: history, the case itself, sub-cases and the case above."""
    tenant, case_id = case["tenant"], case["case_id"]
    case_texts.add_event(
        connection,
        case,
        NewEvent(
            event.at_us,
            author,
            event.what,
            event.item,
            event.text,
            [(change.item, change.state, change.why) for change in outcome.changes],
            [(e.does, e.item, e.times, e.name) for e in outcome.effects],
        ),
        event.at_us,
    )
    fields: dict[str, Any] = {}
    entries: list[tuple[str, str]] = []
    if event.what != What.OPEN and author != cases.AUTHOR:
        by_customer = author.startswith(cases.CUSTOMER)
        now = from_us(event.at_us)
        fields["waiting_since"] = work_queue.waits(by_customer, case["waiting_since"], now)
    ended = outcome.state.state in ENDED
    next_us = outcome.state.next_due_us
    if next_us is not None and (event.what != What.OPEN or case["deadline"] is None):
        fields["deadline"] = from_us(next_us)
    people = event.what != What.OPEN and author != cases.AUTHOR
    if people and not ended and case["state"] == "open":
        fields["state"] = "in_progress"
        entries.append(("state", "in_progress"))
    if ended and event.what != What.CLOSE and case["state"] != "resolved":
        fields |= {"state": "resolved", "resolved_at": from_us(event.at_us)}
        fields["waiting_since"] = None
        entries.append(("state", "resolved"))
    if any(e.does in (Does.ESCALATE, Does.EXCEPTION) for e in outcome.effects) and not ended:
        fields["urgent"] = True
    for effect in outcome.effects:
        if effect.does == Does.OPEN_CASE:
            _open_sub_case(connection, case, effect.item, effect.name, event.at_us)
        _ask_notice(connection, case, case_type, effect, event.at_us)
        if effect.does == Does.RUN and effect.name not in OURS:
            case_orders.put(
                connection, tenant, case_id, effect.item, effect.times, effect.name, event.at_us
            )
    written = case_texts.write(
        connection, case, author, event.at_us, fields=fields, entries=entries
    )
    if ended and parent is not None:
        _tell_parent(connection, tenant, parent, outcome, event.at_us)
    return written


def _ask_notice(
    connection: Connection,
    case: Mapping[str, Any],
    case_type: CaseType,
    effect: Effect,
    now_us: int,
) -> None:
    """Ask for the customer's notice of a milestone, or of their own step that still waits."""
    tenant, case_id = case["tenant"], case["case_id"]
    if effect.does == Does.RUN and effect.name in RUN_BY_US:
        case_notices.put(
            connection, tenant, case_id, effect.item, effect.times, "run", effect.name, now_us
        )
    if case["customer"] is None:
        return
    spec = case_type.items[effect.item].spec if effect.item in case_type.items else None
    if not isinstance(spec, Step):
        return
    if effect.does == Does.REACHED and spec.notice is not None:
        kind, name = "milestone", ""
    elif effect.does == Does.REMIND and spec.who == "customer":
        kind, name = "reminder", effect.name
    else:
        return
    case_notices.put(
        connection, case["tenant"], case["case_id"], effect.item, effect.times, kind, name, now_us
    )


def _open_sub_case(
    connection: Connection, case: Mapping[str, Any], item: str, type_id: str, now_us: int
) -> None:
    tenant, sub_id = case["tenant"], secrets.token_hex(16)
    case_type = case_types.current(connection, tenant, type_id)
    customer = case["customer"]
    side = case_type.spec.side or case["side"]
    _open(
        connection, tenant, sub_id, case_type, side, cases.AUTHOR, now_us, customer, case["subject"]
    )
    attach(
        connection, tenant, sub_id, case_type, cases.AUTHOR, now_us, customer,
        parent=(case["case_id"], item),
    )  # fmt: skip


def _tell_parent(
    connection: Connection, tenant: str, parent: tuple[str, str], outcome: Outcome, now_us: int
) -> None:
    """Complete or fail the step of the case above; it may have ended meanwhile."""
    above, item = parent
    good = outcome.state.state == State.COMPLETED
    what = What.COMPLETE if good else What.FAIL
    try:
        act(
            connection, tenant, above, cases.AUTHOR, now_us, what, item=item,
            text="" if good else "the sub-case was terminated",
        )  # fmt: skip
    except (NotAllowed, NotFound) as error:
        log.info("case %s does not take the end of its sub-case: %s", above, error)


def _around(
    connection: Connection,
    tenant: str,
    customer: str | None,
    signal: Mapping[str, Any],
    now_us: int,
) -> Surroundings:
    if customer is None:
        return Surroundings(signal)
    person = customers.persons(connection, [(tenant, customer)]).get((tenant, customer))
    who = (tenant, customer)
    granted = consent.granted_to(connection, [who], from_us(now_us))[who]
    if person is None:
        return Surroundings(signal, granted=frozenset(granted))
    record = {"language": person.language, "name": person.name}
    return Surroundings(signal, record, frozenset(granted), person.timezone)


def _any_form(case_type: CaseType) -> dict[str, Any]:
    """Return the schema of all fields of a type, none of them required."""
    properties: dict[str, Any] = {}
    for item in case_type.items.values():
        properties |= schema_of(item)["properties"]
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _check(data: Mapping[str, Any], schema: Mapping[str, Any], where: str) -> None:
    """Raise `Invalid` with the first field that does not fit the schema."""
    errors = jsonschema.Draft202012Validator(schema).iter_errors(data)
    first = min(errors, key=lambda error: list(map(str, error.path)), default=None)
    if first is not None:
        field = ".".join(map(str, first.path))
        raise Invalid(f"{where}{': ' if field else ''}{field}: {first.message[:200]}")
