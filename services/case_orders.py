"""Automatic steps of cases: each goes as an event to the systems of the case's side, which answer.

The order is a row that is written with the event that activates the step. One contact for each
receiver is made of it, in the transaction that marks the row, so that a kill between the two loses
nothing and doubles nothing. A system answers by `POST /v1/cases/{case_id}/steps/{step}`.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from contracts.contacts import contact_id
from customer_context.cases.case_state import ENDED, State, What
from runtime.errors import NotAllowed, NotFound
from services import case_steps
from services.visibility import TYPED
from store.casework import case_orders, cases, contacts, receivers
from store.casework.contacts import NewContact
from store.postgres.pool import Connection

BATCH = 100
TYPE = "case.step.due"
NOBODY = "no system takes orders: tachowatt receiver add"


def decide_due(connection: Connection, now_us: int, limit: int = BATCH) -> int:
    """Hand over automatic steps that wait, in the caller's transaction; return their number."""
    rows = case_orders.due(connection, now_us, limit)
    for row in rows:
        case_orders.done(connection, row, _hand_over(connection, row, now_us), now_us)
    return len(rows)


def _hand_over(connection: Connection, row: Mapping[str, Any], now_us: int) -> str:
    """Make the contacts of a step; return why there is none, else ''."""
    tenant, case_id, item = row["tenant"], row["case_id"], row["item"]
    case = cases.get(connection, tenant, case_id)
    plan = case_steps.plan_of(connection, tenant, case_id)
    if case is None or plan is None or plan.state.state in ENDED:
        return "the case has ended"
    now = plan.state.items.get(item)
    if now is None or now.state != State.ACTIVE or now.times != row["times"]:
        return "the step has ended"
    to = receivers.active(connection, [tenant]).get((tenant, case["side"]), [])
    if not to:
        _fail(connection, tenant, case_id, item, now_us)
        return NOBODY
    contacts.put(connection, [_contact(case, plan, row, one) for one in to], now_us)
    return ""


def _fail(connection: Connection, tenant: str, case_id: str, item: str, now_us: int) -> None:
    """Let people sort out a step that no system takes."""
    with suppress(NotAllowed, NotFound):  # somebody has ended it at this moment
        case_steps.act(
            connection, tenant, case_id, cases.AUTHOR, now_us, What.FAIL, item=item, text=NOBODY
        )


def _contact(
    case: Mapping[str, Any], plan: case_steps.Plan, row: Mapping[str, Any], receiver: int
) -> NewContact:
    attempt = f"order {row['item']} {row['times']} {row['due_at'].isoformat()}"
    return NewContact(
        contact_id=contact_id(case["case_id"], TYPED, attempt, receiver),
        tenant=case["tenant"],
        customer=case["customer"],
        channel="webhook",
        receiver_id=receiver,
        address=None,
        purpose=case["purpose"],
        language="en",
        type=TYPE,
        subject="",
        body="",
        payload={
            "type": TYPE,
            "timestamp": row["due_at"].isoformat(),
            "data": {
                "case_id": case["case_id"],
                "case_type": plan.type.id,
                "step": row["item"],
                "times": row["times"],
                "action": row["action"],
                "customer": case["customer"],
                "subject": case["subject"],
            },
        },
        urgent=bool(case["urgent"]),
        signal_id=None,
        signal_revision=None,
        playbook=TYPED,
        treatment="order",
        case_id=case["case_id"],
        alert_id=None,
    )
