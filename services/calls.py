"""Incoming calls: who may be calling, verify the caller, and when the call ends.

Nothing of the customer is shown before the caller is verified; services/desk.py shows it then.
"""

import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from customer_context.verification import questions as rule
from customer_context.verification.questions import Question, Tries
from runtime.errors import Invalid, NotAllowed, NotFound
from runtime.secret_box import SecretBox, SecretError
from services.contact_points import ContactPoints
from store.casework import calls
from store.people import contact_points as stored_points
from store.people import customers, subjects
from store.postgres.pool import Connection
from store.postgres.times import from_us
from store.secrets.columns import CALL_ADDRESS, CALL_CODE

CODE_VALID = timedelta(minutes=10)
_WINDOW = timedelta(seconds=rule.WINDOW_S)
_WAITING = 20


@dataclass(frozen=True, slots=True)
class Call:
    """A call, as the desk shows it before and after the caller is verified.

    match : one, several or unknown: customers with the number. customer : None before the caller is
    verified. asked : the questions, empty where the record knows too little or no customer is
    chosen. left : wrong tries that are still allowed. code : no_address, possible or sent.
    """

    call_id: str
    version: int
    agent: str
    state: str
    match: str
    started_at: datetime
    closed_at: datetime | None
    customer: str | None
    chosen: bool
    asked: Sequence[Question]
    left: int
    code: str
    verified_at: datetime | None
    verified_by: str | None
    verified_how: str | None


def open_(
    connection: Connection,
    points: ContactPoints,
    tenant: str,
    number: str,
    agent: str,
    now_us: int,
) -> Call:
    """Record a call that rings at an agent; return it. Raises `Invalid` for what is no number."""
    compared = points.compared(number)
    if compared is None or not compared.startswith("tel:"):
        raise Invalid("number: expected a phone number such as +49 30 123456")
    lookup = points.keyed_hash(connection, tenant, compared)
    found = stored_points.customers_with(connection, tenant, lookup, from_us(now_us))
    call_id = secrets.token_hex(16)
    calls.open_(
        connection,
        call_id=call_id,
        tenant=tenant,
        agent=agent,
        customer=found[0] if len(found) == 1 else None,
        lookup=lookup,
        now_us=now_us,
    )
    return get(connection, tenant, call_id, now_us)


def get(connection: Connection, tenant: str, call_id: str, now_us: int) -> Call:
    """Return a call. Raises `NotFound`."""
    return _shown(connection, calls.get(connection, tenant, call_id), now_us)


def waiting(connection: Connection, tenant: str, agent: str) -> list[dict[str, Any]]:
    """Return id, state and begin of an agent's calls that have not ended, the newest first."""
    found = calls.waiting(connection, tenant, agent, _WAITING)
    return [{name: row[name] for name in ("call_id", "state", "started_at")} for row in found]


def answer(connection: Connection, tenant: str, call_id: str, agent: str, now_us: int) -> Call:
    """Open a ringing call on the desk of an agent. Raises `NotFound`."""
    row = calls.get(connection, tenant, call_id, lock=True)
    if row["state"] == "ringing":
        row = calls.write(connection, row, state="open")
    return _shown(connection, row, now_us)


def choose(connection: Connection, tenant: str, call_id: str, customer: str, now_us: int) -> Call:
    """Say who calls, as the caller says; they are not verified by that.

    Raises `NotFound`, and `NotAllowed` where the call has ended or another caller is verified.
    """
    row = _open_call(connection, tenant, call_id)
    if row["verified_at"] is not None:
        raise NotAllowed("the caller is verified already: begin another call for somebody else")
    if not customers.customer_exists(connection, tenant, customer):
        raise NotFound(f"there is no customer {customer!r}")
    calls.forget_code(connection, call_id)
    return _shown(connection, calls.write(connection, row, customer=customer), now_us)


def verify(
    connection: Connection,
    tenant: str,
    call_id: str,
    by: str,
    said: Mapping[str, str],
    now_us: int,
) -> Call:
    """Compare what the caller says with the record; return the call, verified or with a try less.

    Raises `NotFound`, and `NotAllowed` where no try is left or the record knows too little.
    """
    row = _trying(connection, tenant, call_id, now_us)
    answers = _answers(connection, tenant, row["customer"])
    questions = rule.asked(answers, call_id)
    if not questions:
        raise NotAllowed("the record knows too little for questions: send a code, or call back")
    return _tried(connection, row, by, "questions", rule.right(answers, questions, said), now_us)


def send_code(
    connection: Connection, box: SecretBox, tenant: str, call_id: str, now_us: int
) -> Call:
    """Let a code go to the customer's known e-mail address; it replaces an earlier one.

    Raises `NotFound`, and `NotAllowed` without an address or when no try is left.
    """
    row = _trying(connection, tenant, call_id, now_us)
    person = customers.person(connection, tenant, row["customer"])
    address = None if person is None else person.addresses.get("email")
    if person is None or address is None:
        raise NotAllowed("no e-mail address is known: ask the questions, or call back")
    code = f"{secrets.randbelow(10**6):06}"
    calls.put_code(
        connection,
        row,
        code=box.seal(code, CALL_CODE.bound_to(call_id)),
        address=box.seal(address, CALL_ADDRESS.bound_to(call_id)),
        language=person.language,
        now_us=now_us,
        expires_at=from_us(now_us) + CODE_VALID,
    )
    return _shown(connection, row, now_us)


def enter_code(
    connection: Connection,
    box: SecretBox,
    tenant: str,
    call_id: str,
    by: str,
    code: str,
    now_us: int,
) -> Call:
    """Compare a code with the one that was sent; return the call.

    Raises `NotFound`, and `NotAllowed` where none was sent, or no try is left.
    """
    row = _trying(connection, tenant, call_id, now_us)
    sealed = calls.code(connection, call_id, now_us)
    if sealed is None:
        raise NotAllowed("no code is valid: send one")
    try:
        sent = box.open(sealed, CALL_CODE.bound_to(call_id))
    except SecretError:
        raise NotAllowed("the code can no longer be read: send another one") from None
    good = hmac.compare_digest(sent.encode(), rule.compared(code).encode())
    return _tried(connection, row, by, "code", good, now_us)


def close(connection: Connection, tenant: str, call_id: str, now_us: int) -> Call:
    """End a call; ending it again changes nothing. Raises `NotFound`."""
    row = calls.get(connection, tenant, call_id, lock=True)
    if row["state"] != "closed":
        calls.forget_code(connection, call_id)
        row = calls.write(connection, row, state="closed", closed_at=from_us(now_us))
    return _shown(connection, row, now_us)


def _open_call(connection: Connection, tenant: str, call_id: str) -> dict[str, Any]:
    row = calls.get(connection, tenant, call_id, lock=True)
    if row["state"] == "closed":
        raise NotAllowed("the call has ended")
    return row


def _trying(connection: Connection, tenant: str, call_id: str, now_us: int) -> dict[str, Any]:
    """Return a locked call whose caller may be verified; tries of a customer come one by one."""
    row = _open_call(connection, tenant, call_id)
    if row["customer"] is None:
        raise NotAllowed("nobody is chosen yet: who is calling?")
    if row["verified_at"] is not None:
        raise NotAllowed("the caller is verified already")
    calls.lock_customer(connection, tenant, row["customer"])
    if _tries(connection, row, now_us).left == 0:
        raise NotAllowed("too many wrong answers: call back to the number that is known")
    return row


def _tried(
    connection: Connection, row: dict[str, Any], by: str, how: str, good: bool, now_us: int
) -> Call:
    calls.add_try(connection, row, by, how, good, now_us)
    if good:
        calls.forget_code(connection, row["call_id"])
        row = calls.write(
            connection, row, state="open", verified_at=from_us(now_us), verified_by=by,
            verified_how=how,
        )  # fmt: skip
    return _shown(connection, row, now_us)


def _tries(connection: Connection, row: Mapping[str, Any], now_us: int) -> Tries:
    since = from_us(now_us) - _WINDOW
    return Tries(*calls.wrong(connection, row["tenant"], row["call_id"], row["customer"], since))


def _answers(connection: Connection, tenant: str, customer: str) -> dict[Question, frozenset[str]]:
    """Return what the record answers. Postal addresses are sealed, and not asked for yet."""
    contracts = subjects.contracts_of(connection, tenant, customer)
    numbers_of = customers.numbers_of(connection, tenant, customer)
    person = customers.person(connection, tenant, customer)
    email = None if person is None else person.addresses.get("email")
    return rule.known(
        {
            Question.CONTRACT: [row["contract"] for row in contracts],
            Question.METER: numbers_of["meters"],
            Question.PLATE: numbers_of["plates"],
            Question.EMAIL: [email] if email else [],
        }
    )


def _shown(connection: Connection, row: Mapping[str, Any], now_us: int) -> Call:
    customer, tenant = row["customer"], row["tenant"]
    found = stored_points.customers_with(connection, tenant, row["lookup"], row["started_at"])
    verified = row["verified_at"] is not None
    open_ = customer is not None and not verified and row["state"] != "closed"
    answers = _answers(connection, tenant, customer) if open_ else {}
    code = "no_address"
    if open_ and Question.EMAIL in answers:
        code = "sent" if calls.has_code(connection, row["call_id"], now_us) else "possible"
    return Call(
        row["call_id"],
        row["version"],
        row["agent"],
        row["state"],
        "one" if len(found) == 1 else "several" if found else "unknown",
        row["started_at"],
        row["closed_at"],
        customer if verified else None,
        customer is not None,
        rule.asked(answers, row["call_id"]) if open_ else (),
        _tries(connection, row, now_us).left if open_ else 0,
        code,
        row["verified_at"],
        row["verified_by"],
        row["verified_how"],
    )
