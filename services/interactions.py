"""Record interactions that other systems report: the one use case of API, files and topics."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from contracts.channels import CHANNELS
from contracts.interactions import INTERACTIONS, STOP_WORDS
from contracts.purposes import Method
from runtime.secret_box import SecretBox
from services import consent, own_values
from services.customer_keys import CustomerKeys
from store.people import interactions
from store.people.interactions import InteractionRow
from store.postgres.pool import Connection
from store.secrets.own_columns import INTERACTIONS as INTERACTION_TEXTS

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
    box: SecretBox,
    tenant: str,
    reported: Sequence[NewInteraction],
    recorded_by: str,
    now_us: int,
) -> list[Answer]:
    """Record interactions, each once, and join anonymous ones; return an answer for each.

    What is about a customer is sealed with their key; what is anonymous, when it is joined. In the
    caller's transaction. What is refused keeps nothing else from being recorded. A reply that says
    STOP withdraws the channel that it came by.
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
    keys = CustomerKeys(box)
    sealed = _sealed(connection, keys, tenant, list(fresh.values()), now_us)
    stored = interactions.put(connection, sealed, recorded_by, now_us)
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
    if interactions.join(connection, tenant, visitors):
        _seal_joined(connection, keys, tenant, visitors, now_us)
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


def _sealed(
    connection: Connection,
    keys: CustomerKeys,
    tenant: str,
    rows: list[InteractionRow],
    now_us: int,
) -> list[InteractionRow]:
    of_customers = [row for row in rows if row.customer is not None]
    customers = [(tenant, row.customer or "") for row in of_customers]
    keys.make_all(connection, tenant, {customer for _, customer in customers}, now_us)
    vectors = own_values.hashed_vectors(
        connection, keys, customers, [row.words for row in of_customers], now_us
    )
    by_id = {row.interaction_id: v for row, v in zip(of_customers, vectors, strict=True)}

    def of(row: InteractionRow) -> InteractionRow:
        if row.customer is None:
            return row

        def seal(column: str, clear: str) -> str:
            bound_to = INTERACTION_TEXTS.bound_to(column, row.interaction_id)
            return keys.seal(connection, tenant, row.customer or "", clear, bound_to, now_us)

        return replace(
            row,
            summary=seal("summary", row.summary),
            body=seal("body", row.body) if row.body else "",
            words="",
            vector=by_id[row.interaction_id],
        )

    return [of(row) for row in rows]


def _seal_joined(
    connection: Connection, keys: CustomerKeys, tenant: str, visitors: set[str], now_us: int
) -> None:
    """Seal what was anonymous with the key of whom it belongs to now."""
    rows = interactions.anonymous_of(connection, tenant, visitors)
    own_values.open_interactions(connection, keys, rows)
    own_values.seal_rows(connection, keys, INTERACTION_TEXTS, rows, now_us)


def _row(tenant: str, one: NewInteraction) -> InteractionRow:
    facts = INTERACTIONS[one.kind]
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
        own_values.text_of_words(one.kind, facts.channel, one.summary, one.body, one.reference),
        None,
    )


def _id(tenant: str, one: NewInteraction) -> str:
    parts = json.dumps([tenant, one.source, one.external_id])
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


def _digest(one: NewInteraction) -> str:
    return hashlib.sha256(json.dumps(asdict(one), sort_keys=True).encode()).hexdigest()
