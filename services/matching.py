"""Find customers who may be one, and let a person decide: merge them, or keep them apart for good.

Nothing is merged without a person, however sure it is. What is compared: names, dates of birth,
and keyed hashes of numbers and addresses. An address is opened only where it decides about a pair.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import permutations

from contracts.approvals import MERGE_CUSTOMERS
from contracts.contact_points import PointKind
from contracts.identifiers import NAMES, Identifier
from customer_context.four_eyes.rule import Actor
from customer_context.identity.matching import (
    Match,
    Record,
    candidates,
    match,
    needs_address,
    without_shared,
)
from runtime.errors import NotAllowed, NotFound
from runtime.settings import Settings, pairs_of
from services import four_eyes, merging
from services.contact_points import ContactPoint, ContactPoints
from store.people import match_pairs, match_records
from store.people.approvals import ChangeRow
from store.people.match_pairs import Pair
from store.people.merges import Merge
from store.postgres.pool import Connection
from store.postgres.times import from_us

Progress = Callable[[int, int], None]

_KINDS = {
    PointKind.EMAIL: Identifier.EMAIL,
    PointKind.PHONE: Identifier.PHONE,
    PointKind.MOBILE: Identifier.PHONE,  # they are compared alike
    PointKind.POSTAL: Identifier.POSTAL,
}
_AT_ONCE = 5_000
_STEP = 2_000
"""Pairs between two reports of progress."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """propose_from, sure_from : scores, 0 to 1. shared_from : customers who use a number that is no
    sign any more. block_most : customers of a block that are compared."""

    propose_from: float
    sure_from: float
    shared_from: int
    block_most: int


def thresholds_of(settings: Settings) -> Thresholds:
    """Return the thresholds of the settings."""
    return Thresholds(
        settings.match_propose_from,
        settings.match_sure_from,
        settings.match_shared_from,
        settings.match_block_most,
    )


def four_eyes_below(settings: Settings, tenant: str) -> float:
    """Return the score below which the merge of a proposed pair needs a second person."""
    own = pairs_of(settings.match_four_eyes_below).get(tenant)
    return settings.match_sure_from if own is None else float(own)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found. compared : pairs; left_out : blocks with too many customers; new : pairs
    proposed now that were not before; sure : of those found."""

    customers: int
    compared: int
    left_out: int
    found: list[Match]
    sure: int
    new: int


def find(
    connection: Connection,
    points: ContactPoints,
    tenant: str,
    limits: Thresholds,
    now_us: int,
    *,
    dry_run: bool = False,
    progress: Progress = lambda done, of: None,
) -> Found:
    """Compare the customers of a tenant; propose pairs, in the caller's transaction."""
    at = from_us(now_us)
    records = _records(connection, tenant, limits, at)
    pairs = candidates(records, limits.block_most)
    decided = match_records.decided(connection, tenant)
    asked = [
        (one, other)
        for one, other in pairs.pairs
        if (records[one].customer, records[other].customer) not in decided
        and records[one].kind == records[other].kind
    ]
    found: list[Match] = []
    for number, (one, other) in enumerate(asked):
        if number % _STEP == 0:
            progress(number, len(asked))
        compared = match(records[one], records[other])
        if needs_address(compared, limits.propose_from):
            compared = match(
                _with_address(connection, points, tenant, records[one], at),
                _with_address(connection, points, tenant, records[other], at),
            )
        if compared.score >= limits.propose_from:
            found.append(compared)
    progress(len(asked), len(asked))
    new = 0
    if not dry_run:
        for start in range(0, len(found), _AT_ONCE):
            part = found[start : start + _AT_ONCE]
            new += match_pairs.propose(
                connection,
                tenant,
                [
                    (
                        one.one,
                        one.other,
                        one.score,
                        {str(which): value for which, value in one.agreement.items()},
                    )
                    for one in part
                ],
                at,
            )
    sure = sum(one.score >= limits.sure_from for one in found)
    return Found(len(records), len(asked), pairs.left_out, found, sure, new)


def _records(connection: Connection, tenant: str, limits: Thresholds, at: datetime) -> list[Record]:
    points = without_shared(
        (
            (customer, _KINDS[PointKind(kind)], digest)
            for customer, kind, digest in match_records.points(connection, tenant, at)
        ),
        match_records.shared(connection, tenant),
        limits.shared_from - 1,
    )
    return [
        Record(customer, kind, name, born, points.get(customer, {}))
        for customer, kind, name, born in match_records.customers(connection, tenant)
    ]


def _with_address(
    connection: Connection, points: ContactPoints, tenant: str, record: Record, at: datetime
) -> Record:
    found = [
        point.value
        for point in points.of_customer(connection, tenant, record.customer, at)
        if point.kind == PointKind.POSTAL and point.customer == record.customer
    ]
    return replace(record, postal=found[0] if found else None)


def accept(
    connection: Connection,
    tenant: str,
    one: str,
    other: str,
    survivor: str,
    by: str,
    now_us: int,
    *,
    second: "Second | None" = None,
) -> Merge:
    """Merge a pair; return the merge. survivor : one of both.

    second : who acts, and what needs a second person; None = nothing does. Raises `NotFound`,
    `NotAllowed`, and `NeedsApproval` where a second person has not approved it.
    """
    pair = _waiting(connection, tenant, one, other)
    if survivor not in (pair.one, pair.other):
        raise NotAllowed(f"customer {survivor!r} is none of this pair")
    merged = pair.other if survivor == pair.one else pair.one
    approve(connection, tenant, merged, survivor, second, now_us)
    agreed = ", ".join(
        NAMES[identifier]("en") for identifier, value in pair.agreement.items() if value >= AGREED
    )
    reason = f"the same {agreed}" if agreed else "a person said so"
    return merging.merge(connection, tenant, merged, survivor, reason, by, now_us, overrule=True)


@dataclass(frozen=True, slots=True)
class Second:
    """Who merges, and the score below which a second person has to approve it."""

    actor: Actor
    below: float


class NeedsApproval(NotAllowed):
    """A second person has to approve a merge. request : that waits for them; None = none does."""

    def __init__(self, message: str, request: ChangeRow | None) -> None:
        super().__init__(message)
        self.request = request


def subject_of(merged: str, survivor: str) -> str:
    """Return what a request to merge one customer into another one is about."""
    return f"customer:{merged}:{survivor}"


def approve(
    connection: Connection,
    tenant: str,
    merged: str,
    survivor: str,
    second: Second | None,
    now_us: int,
) -> None:
    """Use the approval of a doubtful merge, in the transaction that merges; each is used once.

    Raises `NeedsApproval` where the pair was proposed, is doubtful, and is not approved.
    """
    pair = match_pairs.get(connection, tenant, merged, survivor)
    if second is None or pair is None or pair.state != "proposed" or pair.score >= second.below:
        return
    subject = subject_of(merged, survivor)
    row = four_eyes.of_subjects(connection, tenant, MERGE_CUSTOMERS, [subject]).get(subject)
    mine = row is not None and row.requested_by == second.actor.person
    if row is not None and mine and four_eyes.state_of(row, now_us) == "approved":
        four_eyes.execute_merge(connection, second.actor, row.request_id, now_us)
        return
    waits = row is not None and four_eyes.state_of(row, now_us) in ("waiting", "approved")
    raise NeedsApproval(
        f"the pair is doubtful ({pair.score:.2f}, not {second.below:.2f}): a second person has to "
        + (
            "decide, and then who asked for it merges"
            if waits
            else f"approve it; ask for {MERGE_CUSTOMERS} of {subject}"
        ),
        row if waits else None,
    )


def ask(
    connection: Connection,
    actor: Actor,
    name: str,
    merged: str,
    survivor: str,
    reason: str,
    now_us: int,
) -> ChangeRow:
    """Ask a second person to approve a merge. Raises `four_eyes.Refused`, `NotFound`."""
    subject = subject_of(merged, survivor)
    return four_eyes.ask(connection, actor, name, MERGE_CUSTOMERS, subject, reason, now_us)


AGREED = 0.9
"""Agreement from which both say the same about an identifier."""


def reject(connection: Connection, tenant: str, one: str, other: str, by: str, now_us: int) -> None:
    """Keep a pair apart: nobody is asked about it again. Raises `NotFound`, `NotAllowed`."""
    pair = _waiting(connection, tenant, one, other)
    match_pairs.decide(connection, tenant, pair.one, pair.other, "rejected", by, from_us(now_us))


def _waiting(connection: Connection, tenant: str, one: str, other: str) -> Pair:
    pair = match_pairs.get(connection, tenant, one, other)
    if pair is None:
        raise NotFound(f"{one!r} and {other!r} are no pair that was proposed")
    if pair.state != "proposed":
        raise NotAllowed(f"somebody has decided about this pair: it is {pair.state}")
    return pair


def flag_shared(
    connection: Connection,
    points: ContactPoints,
    tenant: str,
    text: str,
    reason: str,
    by: str,
    now_us: int,
) -> None:
    """Say that several people use a number or e-mail address: it is no sign any more.

    Raises `NotAllowed` where the text is none.
    """
    digest = points.digest(connection, tenant, text)
    if digest is None:
        raise NotAllowed("expected a phone number or an e-mail address")
    match_records.flag_shared(connection, tenant, digest, reason, by, from_us(now_us))


@dataclass(frozen=True, slots=True)
class Side:
    """One of a pair, with what a person compares."""

    customer: str
    name: str
    birth_date: date | None
    contracts: int
    points: list[ContactPoint]


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A pair that waits for a decision.

    ends : purposes that a merge would end. request : to merge it, that was not rejected and has not
    expired; None = nobody has asked.
    """

    one: Side
    other: Side
    score: float
    agreement: Mapping[str, float]
    proposed_at: datetime
    ends: Sequence[str] = ()
    request: ChangeRow | None = None

    def needs_second(self, below: float) -> bool:
        """Whether a second person has to approve the merge."""
        return self.score < below


def queue(
    connection: Connection,
    points: ContactPoints,
    tenant: str,
    now_us: int,
    *,
    after: tuple[float, str, str] | None = None,
    limit: int,
) -> list[Doubtful]:
    """Return pairs that wait, the surest first; after : score and ids of the last one."""
    pairs = match_pairs.waiting(connection, tenant, after=after, limit=limit)
    return _doubtful(connection, points, tenant, pairs, now_us)


def one(
    connection: Connection, points: ContactPoints, tenant: str, of: str, and_: str, now_us: int
) -> Doubtful | None:
    """Return one pair that waits for a decision."""
    pair = match_pairs.get(connection, tenant, of, and_)
    if pair is None or pair.state != "proposed":
        return None
    return _doubtful(connection, points, tenant, [pair], now_us)[0]


def _doubtful(
    connection: Connection, points: ContactPoints, tenant: str, pairs: Sequence[Pair], now_us: int
) -> list[Doubtful]:
    ids = sorted({customer for pair in pairs for customer in (pair.one, pair.other)})
    rows = match_records.shown(connection, tenant, ids)
    sides = {
        customer: Side(
            customer,
            *rows[customer],
            points.of_customer(connection, tenant, customer, from_us(now_us)),
        )
        for customer in ids
    }
    both = [(one, other) for pair in pairs for one, other in permutations((pair.one, pair.other))]
    requests = four_eyes.of_subjects(
        connection, tenant, MERGE_CUSTOMERS, [subject_of(*ids) for ids in both]
    )
    asked = {
        frozenset(ids): row
        for ids in both
        if (row := requests.get(subject_of(*ids))) is not None
        and four_eyes.state_of(row, now_us) in ("waiting", "approved")
    }
    return [
        Doubtful(
            sides[pair.one],
            sides[pair.other],
            pair.score,
            pair.agreement,
            pair.proposed_at,
            merging.would_end(connection, tenant, pair.one, pair.other, now_us),
            asked.get(frozenset((pair.one, pair.other))),
        )
        for pair in pairs
    ]
