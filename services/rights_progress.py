"""What the steps of a case of the type customer-rights mean for its request.

`services.case_steps` calls `follow` after each event of such a case, in the same transaction.
"""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from contracts.rights import RIGHTS, AskedBy, LimitKind, RequestState, Right
from customer_context.cases.case_state import ENDED, Does, Event, Outcome, State, What
from customer_context.rights.deadlines import due_at
from store.people import customers, registry
from store.postgres import notify
from store.postgres.merged import same_as
from store.postgres.pool import Connection
from store.postgres.times import from_us
from store.privacy import rights as store

CASE_TYPE = "customer-rights"
FULFIL = "fulfil-right"
"""The action of the automatic steps of that type."""


def bound_to(column: str, row: Mapping[str, Any]) -> str:
    """Return what a sealed text of a request is bound to."""
    return f"privacy.rights_request.{column}:{row['request_id']}"


def new_row(
    tenant: str,
    customer: str,
    right: Right,
    asked_by: AskedBy,
    author: str,
    received_at: datetime,
    timezone: str,
) -> dict[str, Any]:
    """Return a new request without details and case."""
    return {
        "request_id": secrets.token_hex(12),
        "tenant": tenant,
        "customer": customer,
        "kind": str(right),
        "state": str(RequestState.OPEN),
        "details": "",
        "asked_by": str(asked_by),
        "author": author,
        "received_at": received_at,
        "due_at": due_at(received_at, timezone),
        "case_id": None,
    }


def begin_limit(
    connection: Connection, row: Mapping[str, Any], kind: LimitKind, now_us: int
) -> None:
    """Set a limit of a request; it applies from the next message and decision on."""
    registry.bump(connection)
    store.begin_limit(
        connection, row["tenant"], row["customer"], kind, row["request_id"], from_us(now_us)
    )


def follow(
    connection: Connection, case: Mapping[str, Any], event: Event, outcome: Outcome, author: str
) -> Sequence[Event]:
    """Write what an event of the case means for its request; return what the program does next.

    A case that was opened without a request gets one when its right is known.
    """
    row = store.of_case(connection, case["case_id"])
    if row is None:
        row = _recorded(connection, case, event, outcome, author)
    if row is None or row["state"] in (RequestState.WITHDRAWN, RequestState.ANSWERED):
        return ()
    fields: dict[str, Any] = {}
    next_: list[Event] = []
    at, data = from_us(event.at_us), outcome.state.data
    done = event.item if event.what == What.COMPLETE else ""
    if done == "identity" and data.get("identified") is True:
        by = "session" if row["asked_by"] in (AskedBy.PAGE, AskedBy.API) else author
        fields |= {"identified_at": at, "identified_by": by}
    if done == "carry-out":
        fields |= _carried_out(connection, row, data, author, event.at_us)
    if done == "assess" and data.get("erase") is False:
        fields["answer"] = str(data.get("refusal_grounds") or "")
    for effect in outcome.effects:
        if effect.does == Does.RUN and effect.name == FULFIL:
            if row["kind"] == Right.RESTRICTION:
                begin_limit(connection, row, LimitKind.PROCESSING, event.at_us)
                proof = {"restricted_since": at.isoformat()}
                fields |= {"state": RequestState.EXECUTED, "executed_at": at, "proof": proof}
                next_.append(Event(What.COMPLETE, event.at_us, effect.item))
            else:
                fields["state"] = RequestState.EXECUTING
                notify.wake(connection, notify.RIGHT)
    answered_here = row["asked_by"] in (AskedBy.PAGE, AskedBy.API)
    if done == "execute" and answered_here and _active(outcome, "tell"):
        # Who asked on the page reads the answer there.
        next_.append(Event(What.COMPLETE, event.at_us, "tell", {"answer_sent": True}))
    if outcome.state.state in ENDED:
        fields |= _ended(row | fields, data, event, at)
    if fields:
        store.write(connection, row["request_id"], **fields)
    return next_


def _recorded(
    connection: Connection, case: Mapping[str, Any], event: Event, outcome: Outcome, author: str
) -> dict[str, Any] | None:
    right, customer = outcome.state.data.get("right"), case["customer"]
    if event.item != "which" or right not in tuple(RIGHTS) or customer is None:
        return None
    person = customers.person(connection, case["tenant"], customer)
    if person is None:
        return None
    row = new_row(
        case["tenant"], customer, Right(right), AskedBy.DESK, author, case["opened_at"],
        person.timezone,
    )  # fmt: skip
    row["case_id"] = case["case_id"]
    store.put(connection, row)
    if right == Right.OBJECTION:
        begin_limit(connection, row, LimitKind.AUTOMATED_DECISIONS, event.at_us)
    return store.of_case(connection, case["case_id"])


def _carried_out(
    connection: Connection,
    row: Mapping[str, Any],
    data: Mapping[str, Any],
    author: str,
    at_us: int,
) -> dict[str, Any]:
    at = from_us(at_us)
    if data.get("fulfilled") is True:
        proof = {"decided_by": author, "decided_at": at.isoformat()}
        text = str(data.get("done_text") or "")
        return {
            "state": RequestState.EXECUTED, "executed_at": at, "answer": text, "proof": proof,
        }  # fmt: skip
    if row["kind"] == Right.OBJECTION:
        registry.bump(connection)
        store.end_limit(
            connection, row["tenant"],
            same_as(connection, row["tenant"], row["customer"]), LimitKind.AUTOMATED_DECISIONS,
            author, at,
        )  # fmt: skip
    return {"answer": str(data.get("refusal_grounds") or "")}


def _ended(
    row: Mapping[str, Any], data: Mapping[str, Any], event: Event, at: datetime
) -> dict[str, Any]:
    refused = data.get("fulfilled") is False or data.get("erase") is False
    refused = refused or row["executed_at"] is None
    fields: dict[str, Any] = {
        "state": RequestState.REFUSED if refused else RequestState.ANSWERED, "closed_at": at,
    }  # fmt: skip
    if refused and not row["answer"]:
        fields["answer"] = event.text
    return fields


def _active(outcome: Outcome, item: str) -> bool:
    found = outcome.state.items.get(item)
    return found is not None and found.state == State.ACTIVE
