"""A request for a decision as a file: facts and consents of a customer at an instant.

It is decided without a database, so that actions can be tried and judged from outside
(docs/actions.md).
"""

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from contracts.channels import PURPOSES
from customer_context.contact_policy.policy import CONVERSATION, Outcome, Person, Reaction, Sent
from customer_context.facts.known import US_PER_S, FactError, FactValue, checked
from customer_context.next_best_action.decide import Request
from customer_context.next_best_action.model import PLACES
from runtime.errors import Usage


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class TimedFact(_Form):
    """A value with its time. at : None = as_of."""

    value: bool | int | float | str
    at: AwareDatetime | None = None
    confidence: float = Field(default=1.0, ge=0, le=1)


class FileContact(_Form):
    """A message that was delivered or is to be. household : to another one of the household."""

    at: AwareDatetime
    channel: str
    household: bool = False
    exempt: list[str] = Field(default_factory=list)


class FileReaction(_Form):
    """A reaction. outcome : delivered, opened, clicked, accepted, rejected, complaint, solved."""

    at: AwareDatetime
    outcome: Outcome
    action: str
    channel: str = "agent"
    group: str = ""
    issue: str = ""


class FileRequest(_Form):
    """A request. places : where it can be said; None = in a conversation with an agent.

    consents : purposes in force; not_by : pairs of purpose and channel that are not wanted.
    """

    as_of: AwareDatetime
    facts: dict[str, TimedFact | bool | int | float | str]
    consents: list[str]
    places: list[str] | None = None
    zone: str = "Europe/Berlin"
    most: int = Field(default=1, ge=1, le=50)
    not_by: list[tuple[str, str]] = Field(default_factory=list)
    contacts: list[FileContact] = Field(default_factory=list)
    reactions: list[FileReaction] = Field(default_factory=list)
    draws: dict[str, float] = Field(default_factory=dict)
    preferred: dict[str, str] = Field(default_factory=dict)
    name: str = ""
    language: str = "en"


def read(text: str, file: str) -> FileRequest:
    """Read a file. Raises `Usage` with the place and the expected value."""
    try:
        found = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Usage(f"{file}: not JSON: {error}") from None
    try:
        request = FileRequest.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "file"
        value = first["input"]
        shown = "" if isinstance(value, dict | list) else f" (found {value!r})"
        raise Usage(f"{file}: {place}: {first['msg']}{shown}") from None
    _check(request, file)
    return request


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number of JSON")


def _check(request: FileRequest, file: str) -> None:
    for name, given in request.facts.items():
        try:
            checked(name, given.value if isinstance(given, TimedFact) else given)
        except FactError as error:
            raise Usage(f"{file}: facts: {error}") from None
    for purpose in request.consents:
        if purpose not in PURPOSES:
            expected = ", ".join(PURPOSES)
            raise Usage(f"{file}: consents: expected {expected} (found {purpose!r})")
    for place in request.places or ():
        if place not in PLACES:
            raise Usage(f"{file}: places: expected {', '.join(PLACES)} (found {place!r})")
    try:
        ZoneInfo(request.zone)
    except (ValueError, OSError, KeyError):
        raise Usage(f"{file}: zone: no IANA time zone: {request.zone!r}") from None


def request_of(given: FileRequest) -> Request:
    """Return the request of a file."""
    now_us = _us(given.as_of)
    return Request(
        now_us,
        frozenset(given.places if given.places is not None else CONVERSATION[:1]),
        tuple(_fact(name, one, now_us) for name, one in given.facts.items()),
        Person(
            given.zone,
            frozenset(given.consents),
            frozenset(given.not_by),
            tuple(
                Sent(_us(one.at), one.channel, not one.household, frozenset(one.exempt))
                for one in given.contacts
            ),
            tuple(
                Reaction(_us(one.at), one.outcome, one.channel, one.action, one.group, one.issue)
                for one in given.reactions
            ),
        ),
        given.draws,
        given.preferred,
        given.most,
    )


def _fact(name: str, given: Any, now_us: int) -> FactValue:
    if isinstance(given, TimedFact):
        at_us = now_us if given.at is None else _us(given.at)
        return FactValue(name, given.value, at_us, given.confidence)
    return FactValue(name, given, now_us)


def _us(at: datetime) -> int:
    return round(at.timestamp() * US_PER_S)
