"""Two people in one form: what each enters, at once, before the step is done.

Each field has a version. Who writes names the version that they have seen: if it is the latest, the
value is accepted and settles what stood beside it; else the value stands beside the accepted one
until somebody who has seen both writes again. No value is dropped. Own values are always seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from customer_context.cases.case_state import State
from customer_context.cases.case_types import Item
from runtime.errors import Invalid, NotAllowed, NotFound
from services import case_steps, case_texts, matter
from store.casework import case_fields, cases
from store.postgres.pool import Connection

MOST_LENGTH = 4_000
MOST_RIVALS = 10
"""Values beside the accepted one; more are refused until somebody chooses."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value with its version, as it was entered."""

    number: int
    value: str
    author: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Entered:
    """A field of an open step. rivals : values whose authors had not seen the latest one."""

    accepted: Value
    rivals: tuple[Value, ...] = ()

    @property
    def number(self) -> int:
        """The version that the next writer has to name."""
        return max(value.number for value in (self.accepted, *self.rivals))

    def only_of(self, author: str) -> bool:
        """Return whether nobody but this author has entered what stands here."""
        return {value.author for value in (self.accepted, *self.rivals)} == {author}


Fields = dict[tuple[str, str], Entered]
"""(step, field) → what was entered, of the present instance of each open step."""


def of_case(connection: Connection, plan: case_steps.Plan, tenant: str, case_id: str) -> Fields:
    """Return what was entered in the steps of a case that are open."""
    found: Fields = {}
    for row in case_texts.fields(connection, tenant, case_id):
        item = plan.type.items.get(row["step"])
        if item is None or not _open(plan, item, row["times"]):
            continue
        key = (row["step"], row["field"])
        value = Value(row["number"], row["value"], row["author"], row["at"])
        before = found.get(key)
        found[key] = (
            Entered(value) if before is None else Entered(before.accepted, (*before.rivals, value))
        )
    return found


def write(
    connection: Connection,
    tenant: str,
    case_id: str,
    author: str,
    step: str,
    times: int,
    field: str,
    value: str,
    base: int,
    now_us: int,
    *,
    customer: str | None = None,
) -> tuple[Entered, bool]:
    """Write a value; return the field, and whether the value was accepted.

    base : the version that the author has seen, 0 = none. customer : who writes, in their own
    steps only. Raises `NotFound`, `NotAllowed` where the step is not open, `Invalid`.
    """
    if len(value) > MOST_LENGTH or "\x00" in value:
        raise Invalid(f"{field}: at most {MOST_LENGTH} characters")
    case = cases.lock(connection, tenant, case_id)
    plan = case_steps.plan_of(connection, tenant, case_id)
    item = None if plan is None else plan.type.items.get(step)
    if plan is None or item is None or field not in {one.name for one in item.form}:
        raise NotFound(f"there is no field {field!r} in step {step!r}")
    if customer is not None and (customer != case["customer"] or not matter.is_own(item)):
        raise NotFound(f"there is no step {step!r}")
    if not _open(plan, item, times):
        raise NotAllowed(f"step {step} is not open any more")
    of = (step, times, field)
    before = of_case(connection, plan, tenant, case_id).get((step, field))
    latest = 0 if before is None else before.number
    if before is not None and (before.accepted.value, before.rivals) == (value, ()):
        return before, True
    accepted = base == latest or (before is not None and before.only_of(author))
    if not accepted and before is not None:
        if len(before.rivals) >= MOST_RIVALS:
            raise NotAllowed(f"{field}: choose one of the values first")
        if value in {one.value for one in (before.accepted, *before.rivals)}:
            return before, not before.rivals  # it stands there already
    stored = case_texts.sealed_field(connection, case, value, now_us)
    if accepted and before is not None and not before.rivals and before.accepted.author == author:
        case_fields.extend(connection, tenant, case_id, of, latest, stored, now_us)
    else:
        case_fields.put(
            connection, tenant, case_id, of, number=latest + 1, base=base, value=stored,
            accepted=accepted, author=author, now_us=now_us,
        )  # fmt: skip
    return of_case(connection, plan, tenant, case_id)[step, field], accepted


def stamp(connection: Connection, tenant: str, case_id: str) -> tuple[object, ...]:
    """Return what changes whenever the case, its fields or its photos do."""
    return case_fields.stamp(connection, tenant, case_id)


def check(
    connection: Connection,
    tenant: str,
    case_id: str,
    author: str,
    item: Item,
    sent: Mapping[str, str],
    bases: Mapping[str, int],
    now_us: int,
) -> list[str]:
    """Compare what a form sends with what was entered since; return the fields that collide.

    sent : field → text; bases : field → the version that the sender has seen. A value that collides
    is kept beside the other one. In the caller's transaction, which must then be kept.
    """
    plan = case_steps.plan_of(connection, tenant, case_id)
    if plan is None:
        return []
    found = of_case(connection, plan, tenant, case_id)
    collide = []
    for field, text in sent.items():
        entered = found.get((item.id, field))
        if entered is None:
            continue
        same = text.strip() == entered.accepted.value.strip() and not entered.rivals
        if same or entered.only_of(author) or bases.get(field, 0) >= entered.number:
            continue
        write(
            connection, tenant, case_id, author, item.id, plan.state.items[item.id].times, field,
            text, bases.get(field, 0), now_us,
        )  # fmt: skip
        collide.append(field)
    return collide


def _open(plan: case_steps.Plan, item: Item, times: int) -> bool:
    state = plan.state.items[item.id]
    return state.state == State.ACTIVE and state.times == times
