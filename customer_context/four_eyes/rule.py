"""The rule of four eyes: a change is made only after a second person has approved it.

Oracle: tests/oracles/four_eyes.py.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum


class Refusal(StrEnum):
    """Why somebody may not ask, decide or execute."""

    NO_PERSON = "no_person"
    """A machine: nobody knows who holds its key."""
    NOT_FOUND = "not_found"
    """A change of another tenant is as if it did not exist."""
    WRONG_ROLE = "wrong_role"
    OWN_REQUEST = "own_request"
    """The requester is not the second person, whatever session or key they come with."""
    NOT_REQUESTER = "not_requester"
    EXPIRED = "expired"
    DECIDED = "decided"
    NOT_APPROVED = "not_approved"
    EXECUTED = "executed"
    CHANGED = "changed"
    """The subject is not what it was when the change was asked for."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. person : their id, whatever they came with; None = a machine."""

    person: str | None
    tenant: str
    role: str


@dataclass(frozen=True, slots=True)
class Request:
    """A request and what became of it.

    digest : of the change and its subject, as asked for. verdict : approved, rejected or None.
    Times in microseconds since 1970 UTC; it is valid before `expires_us`.
    """

    tenant: str
    requested_by: str
    digest: str
    expires_us: int
    verdict: str | None = None
    executed: bool = False


def may_request(actor: Actor, requesters: Collection[str]) -> Refusal | None:
    """Return why somebody may not ask for a change; None = they may."""
    if actor.person is None:
        return Refusal.NO_PERSON
    return None if actor.role in requesters else Refusal.WRONG_ROLE


def may_decide(
    request: Request, actor: Actor, approvers: Collection[str], digest_now: str | None, now_us: int
) -> Refusal | None:
    """Return why somebody may not approve or reject a request; None = they may.

    digest_now : of the change and its subject as it is now; None = the subject is gone.
    """
    if actor.tenant != request.tenant:
        return Refusal.NOT_FOUND
    if actor.person is None:
        return Refusal.NO_PERSON
    if actor.person == request.requested_by:
        return Refusal.OWN_REQUEST
    if actor.role not in approvers:
        return Refusal.WRONG_ROLE
    if request.verdict is not None:
        return Refusal.DECIDED
    return _stale(request, digest_now, now_us)


def may_execute(
    request: Request, actor: Actor, requesters: Collection[str], digest_now: str | None, now_us: int
) -> Refusal | None:
    """Return why somebody may not make the change of a request; None = they may.

    The requester does, once, and only while their role may still ask for it.
    """
    if actor.tenant != request.tenant:
        return Refusal.NOT_FOUND
    if actor.person is None:
        return Refusal.NO_PERSON
    if actor.person != request.requested_by:
        return Refusal.NOT_REQUESTER
    if actor.role not in requesters:
        return Refusal.WRONG_ROLE
    if request.verdict != "approved":
        return Refusal.NOT_APPROVED
    if request.executed:
        return Refusal.EXECUTED
    return _stale(request, digest_now, now_us)


def _stale(request: Request, digest_now: str | None, now_us: int) -> Refusal | None:
    if now_us >= request.expires_us:
        return Refusal.EXPIRED
    return None if digest_now == request.digest else Refusal.CHANGED
