"""What a phone sends again until it is answered: done once, and never lost where it comes too late.

An action that meets a step which somebody else has done meanwhile, with other values, becomes an
exception of the case that names both.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from customer_context.cases.case_state import ENDED, What
from runtime.errors import NotAllowed
from services import case_flow, case_steps, matter
from store.casework import case_actions, cases
from store.postgres.pool import Connection

DONE, CONFLICT, REFUSED = "done", "conflict", "refused"
"""Results of an action."""
_MOST_TEXT = 480


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

    Under the lock of the case: the same key at once in two requests runs once. Raises `NotAllowed`
    for a key that was used for something else.
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
    author = matter.author_of(customer)
    text = f"{title}: {both}"
    if plan.state.state in ENDED:
        case_flow.note(connection, tenant, case_id, author, text[:4_000], now_us)
    else:
        case_steps.act(
            connection, tenant, case_id, author, now_us, What.EXCEPTION, text=text[:_MOST_TEXT]
        )
    return CONFLICT
