"""What a page sends again until it is answered: done once, and never lost where it comes too late.

A customer's step, or an agent's outcome, that meets what somebody else has done meanwhile becomes
an exception of the case that names both.
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from customer_context.cases.case_state import ENDED, What
from runtime.errors import NotAllowed
from services import case_flow, case_steps, matter
from store.casework import case_actions, cases
from store.postgres.pool import Connection
from store.postgres.times import from_us

DONE, CONFLICT, REFUSED = "done", "conflict", "refused"
"""Results of an action."""
_MOST_TEXT = 480
_BASE = ("state", "owner", "outcome", "attempts", "call_back_at")


def once(
    connection: Connection,
    tenant: str,
    case_id: str,
    key: str,
    sent: Mapping[str, str],
    now_us: int,
    work: Callable[[], str],
) -> str:
    """Run `work` and store its result, or return the stored one where the key was answered before.

    sent : without tokens of a session. Under the lock of the case: the same key at once in two
    requests runs once. Raises `NotAllowed` for a key that was used for something else.
    """
    cases.lock(connection, tenant, case_id)
    text = "\n".join(f"{name}={sent[name]}" for name in sorted(sent))
    fingerprint = hashlib.sha256(text.encode()).digest()
    before = case_actions.get(connection, tenant, case_id, key)
    if before is not None:
        if bytes(before["fingerprint"]) != fingerprint:
            raise NotAllowed("this key was used for another action")
        return str(before["result"])
    result = work()
    case_actions.put(connection, tenant, case_id, key, fingerprint, 200, result, now_us)
    return result


def complete(
    connection: Connection,
    tenant: str,
    case_id: str,
    customer: str,
    step: str,
    times: int,
    data: Mapping[str, Any],
    now_us: int,
) -> str:
    """Complete a customer's own step, also late; return the result.

    Raises `NotFound` for a step that is not theirs, and `Invalid` for values that never fit.
    """
    found = matter.of_case(connection, tenant, case_id, customer)
    plan = found.plan
    open_ = plan is not None and any(
        item.id == step and plan.state.items[step].times == times for item in found.own
    )
    if open_ or plan is None or step not in plan.type.items:
        matter.act(connection, tenant, case_id, customer, now_us, What.COMPLETE, step, data)
        return DONE
    item = plan.type.items[step]
    case_steps.check_form(item, data)
    now = plan.state.data
    differ = [one for one in item.form if one.name in data and now.get(one.name) != data[one.name]]
    if not differ:
        return DONE
    language = found.record["language"] if found.record["language"] in ("de", "en") else "en"
    both = "; ".join(
        f"{getattr(one.label, language)}: {data[one.name]} | {now.get(one.name, '–')}"
        for one in differ
    )
    title = getattr(item.spec.title, language)
    return _both(
        connection, found.case, plan, matter.author_of(customer), f"{title}: {both}", now_us
    )


def base_of(case: Mapping[str, Any]) -> str:
    """Return the version of what an outcome rests on: notes and drafts do not change it."""
    text = "|".join(str(case[name]) for name in _BASE)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def outcome(
    connection: Connection,
    tenant: str,
    case_id: str,
    author: str,
    code: str,
    base: str,
    says: Callable[[Mapping[str, Any]], str],
    now_us: int,
    *,
    call_back_at: datetime | None,
    note: str,
) -> str:
    """Record an agent's outcome, also late; return the result.

    base : of the case that the agent saw (`base_of`). says : (case now) → both, for people.
    """
    case = cases.lock(connection, tenant, case_id)
    if base != base_of(case):
        if case["outcome"] != code:
            text = f"{says(case)}: {note}" if note else says(case)
            plan = case_steps.plan_of(connection, tenant, case_id)
            return _both(connection, case, plan, author, text, now_us)
        if note:
            case_flow.note(connection, tenant, case_id, author, note, now_us)
        return DONE
    if call_back_at is not None and call_back_at <= from_us(now_us):
        call_back_at = None  # agreed without a connection, and over: by the rule of the outcome
    case_flow.outcome(
        connection, tenant, case_id, author, now_us, code, call_back_at=call_back_at,
        note=note or None,
    )  # fmt: skip
    return DONE


def _both(
    connection: Connection,
    case: Mapping[str, Any],
    plan: case_steps.Plan | None,
    author: str,
    text: str,
    now_us: int,
) -> str:
    """Write what two have said: as an exception, else into the diary of a case that is open."""
    tenant, case_id = case["tenant"], case["case_id"]
    if plan is not None and plan.state.state not in ENDED:
        case_steps.act(
            connection, tenant, case_id, author, now_us, What.EXCEPTION, text=text[:_MOST_TEXT]
        )
        return CONFLICT
    case_flow.note(connection, tenant, case_id, author, text[:4_000], now_us)
    if not author.startswith(cases.CUSTOMER) and case["state"] == "resolved":
        case_flow.change(connection, tenant, case_id, author, now_us, state="in_progress")
    return CONFLICT
