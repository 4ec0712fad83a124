"""Record interactions that other systems report: the one use case of API, files and topics."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from contracts.channels import CHANNELS
from contracts.interactions import INTERACTION_CHANNELS, INTERACTIONS, STOP_WORDS
from contracts.kinds import LANGUAGES
from contracts.purposes import Method
from services import consent
from store.people import interactions
from store.people.interactions import InteractionRow
from store.postgres.pool import Connection

AHEAD_US = 300_000_000
"""How far the clock of a reporting system may be ahead of ours."""


@dataclass(frozen=True, slots=True)
class NewInteraction:
    """An interaction as it was reported. (source, external_id) identifies it.

    kind : of contracts/interactions.py; customer, visitor : at least one; purpose : None where it
    rests on the contract or on the request itself; direction : inbound or outbound; state :
    completed, open or broken_off.
    """

    source: str
    external_id: str
    kind: str
    at_us: int
    customer: str | None
    visitor: str | None
    purpose: str | None
    direction: str
    state: str
    summary: str
    body: str
    reference: str | None


class Outcome(StrEnum):
    """What became of one interaction."""

    RECORDED = "recorded"
    DUPLICATE = "duplicate"
    ID_REUSED = "id_reused"
    """Its source has reported another content with this id before."""
    UNKNOWN_CUSTOMER = "unknown_customer"
    IN_THE_FUTURE = "in_the_future"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one interaction. id : None where it is refused."""

    outcome: Outcome
    id: str | None = None


def record(
    connection: Connection,
    tenant: str,
    reported: Sequence[NewInteraction],
    recorded_by: str,
    now_us: int,
) -> list[Answer]:
    """Record interactions, each once, and join anonymous ones; return an answer for each.

    In the caller's transaction. What is refused keeps nothing else from being recorded. A reply
    that says STOP withdraws the channel that it came by.
    """
    named = {one.customer for one in reported if one.customer is not None}
    known = interactions.known_customers(connection, tenant, named)
    answers: list[Answer | None] = [None] * len(reported)
    fresh: dict[str, InteractionRow] = {}
    for index, one in enumerate(reported):
        if one.customer is not None and one.customer not in known:
            answers[index] = Answer(Outcome.UNKNOWN_CUSTOMER)
        elif one.at_us > now_us + AHEAD_US:
            answers[index] = Answer(Outcome.IN_THE_FUTURE)
        else:
            row = _row(tenant, one)
            fresh.setdefault(row.interaction_id, row)
    stored = interactions.put(connection, list(fresh.values()), recorded_by, now_us)
    counted: set[str] = set()
    for index, one in enumerate(reported):
        if answers[index] is None:
            id_, found = _id(tenant, one), stored[_id(tenant, one)]
            if found.digest != _digest(one):
                answers[index] = Answer(Outcome.ID_REUSED)
            elif found.new and id_ not in counted:
                _stop_if_asked(connection, tenant, one, now_us)
                answers[index] = Answer(Outcome.RECORDED, id_)
            else:
                answers[index] = Answer(Outcome.DUPLICATE, id_)
            counted.add(id_)
    visitors = {row.visitor for id_, row in fresh.items() if row.visitor and stored[id_].new}
    interactions.join(connection, tenant, visitors)
    return [answer for answer in answers if answer is not None]


def _stop_if_asked(connection: Connection, tenant: str, one: NewInteraction, now_us: int) -> None:
    """Withdraw a channel where a customer's reply says so; nothing where it is not granted."""
    spec = CHANNELS.get(INTERACTIONS[one.kind].channel)
    if spec is None or spec.purpose is None or one.customer is None or one.direction != "inbound":
        return
    lines = [line.strip() for line in (one.body or one.summary).splitlines() if line.strip()]
    if not lines or lines[0].rstrip(".!").casefold() not in STOP_WORDS:
        return
    if spec.purpose in consent.of_customer(connection, tenant, one.customer, now_us).granted:
        consent.decide(
            connection, tenant, one.customer, spec.purpose, consent.WITHDRAWN, now_us,
            notice_version="stop", source="stop reply", method=Method.STOP_REPLY,
        )  # fmt: skip


def _row(tenant: str, one: NewInteraction) -> InteractionRow:
    facts = INTERACTIONS[one.kind]
    channel = INTERACTION_CHANNELS[facts.channel]
    names = [text(language) for text in (facts.name, channel) for language in LANGUAGES]
    return InteractionRow(
        _id(tenant, one),
        tenant,
        one.source,
        one.external_id,
        _digest(one),
        one.kind,
        facts.channel,
        one.at_us,
        one.customer,
        one.visitor,
        one.purpose,
        one.direction,
        one.state,
        one.summary,
        one.body,
        one.reference,
        " ".join([*names, one.summary, one.body, one.reference or ""]),
    )


def _id(tenant: str, one: NewInteraction) -> str:
    parts = json.dumps([tenant, one.source, one.external_id])
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


def _digest(one: NewInteraction) -> str:
    return hashlib.sha256(json.dumps(asdict(one), sort_keys=True).encode()).hexdigest()
