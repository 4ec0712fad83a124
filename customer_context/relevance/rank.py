"""Relevance: rank all known occasions of a customer by what matters now, with reasons. Pure.

Items of one occasion (a crash, its case and the messages about it) are one row: the item with the
highest weight, with the others as its parts. An item's weight is

    severity · 0.5 ^ (age / half-life)  +  open, urgent and due  +  relation to open items

Severity is 1 to 3, doubled for urgent items. An open item also gets a fixed weight that does not
depend on its age, and more where its deadline is near or past. An item that is related to an open
one (same case, vehicle or meter) gets more weight. All numbers are our own choice; they only order
and are shown nowhere.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from contracts.kinds import RELEVANCE_HALF_LIFE_S

US_PER_S = 1_000_000

_OPEN = 3.0
_OVERDUE = 4.0
_DUE_SOON = 2.0
_DUE_SOON_S = 3_600.0
_RELATED = 1.5
_UNDELIVERED = 2.0
_NOT_IN_FORCE = 0.1
_FAILED = "undelivered"


class Reason(NamedTuple):
    """A reason for an item's rank. code : stable; text : English."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Item:
    """A known item about a customer.

    kind : case, crash, alert, score, contact or contract.
    at_us : when it happened, was opened or was sent; for a contract, when it began.
    severity : 1 to 3.
    open : somebody still has to act on it.
    subject : the vehicle or meter it is about; case_id : its case, or the case itself.
    due_us : deadline; failed : it did not reach the customer; in_force : for a contract.
    occasion : what it belongs to, such as a signal; '' = it stands alone.
    """

    kind: str
    id: str
    at_us: int
    severity: int = 1
    open: bool = False
    urgent: bool = False
    subject: str | None = None
    case_id: str | None = None
    due_us: int | None = None
    failed: bool = False
    in_force: bool = True
    occasion: str = ""


@dataclass(frozen=True, slots=True)
class Ranked:
    """The item of an occasion with the highest weight. reasons : for its rank, highest weight
    first; parts : the other items of the occasion, highest weight first."""

    item: Item
    weight: float
    reasons: tuple[Reason, ...]
    parts: tuple[Item, ...] = ()


def rank(items: Iterable[Item], now_us: int, most: int) -> list[Ranked]:
    """Return the `most` occasions with the highest weight; ties by newer, then kind and id."""
    known = list(items)
    subjects = {item.subject for item in known if item.open and item.subject is not None}
    cases = {item.case_id for item in known if item.open and item.case_id is not None}
    found = [_weigh(item, now_us, subjects, cases) for item in known]
    found.sort(key=lambda r: (-r.weight, -r.item.at_us, r.item.kind, r.item.id))
    occasions: dict[tuple[str, str], list[Ranked]] = {}
    for one in found:
        alone = (one.item.kind, one.item.id)
        key = ("occasion", one.item.occasion) if one.item.occasion else alone
        occasions.setdefault(key, []).append(one)
    return [_joined(ranked) for ranked in list(occasions.values())[:most]]


def _joined(ranked: Sequence[Ranked]) -> Ranked:
    """Join an occasion's items, highest weight first. A part that did not arrive is a reason."""
    first, *others = ranked
    reasons = first.reasons
    for other in others:
        reasons += tuple(r for r in other.reasons if r.code == _FAILED and r not in reasons)
    return replace(first, reasons=reasons, parts=tuple(other.item for other in others))


def _weigh(item: Item, now_us: int, subjects: set[str], cases: set[str]) -> Ranked:
    age_s = max(0.0, (now_us - item.at_us) / US_PER_S)
    severity = item.severity * (2.0 if item.urgent else 1.0)
    recency = 0.5 ** (age_s / RELEVANCE_HALF_LIFE_S[item.kind])
    parts = [(severity * recency, _recent(item, age_s))]
    if item.open:
        parts.append((_OPEN, Reason("open", "still open")))
    if item.urgent and item.open:
        parts.append((severity, Reason("urgent", "urgent")))
    if item.severity > 1:
        parts.append((item.severity / 10, Reason("severity", f"severity {item.severity} of 3")))
    if item.open and item.due_us is not None:
        parts += _due(item.due_us, now_us)
    if not item.open and (item.subject in subjects or item.case_id in cases):
        related = Reason("related", "about the same as something that is open")
        parts.append((_RELATED, related))
    if item.failed:
        parts.append((_UNDELIVERED, Reason(_FAILED, "it did not reach the customer")))
    if not item.in_force:
        parts = [(_NOT_IN_FORCE * recency, Reason("ended", "no longer in force"))]
    parts.sort(key=lambda part: -part[0])
    return Ranked(item, sum(weight for weight, _ in parts), _shown_reasons(parts))


def _shown_reasons(parts: Sequence[tuple[float, Reason]]) -> tuple[Reason, ...]:
    """Return all reasons; a low recency is omitted where there is another reason."""
    kept = [reason for weight, reason in parts if weight > 0.05 or reason.code != "recent"]
    return tuple(kept or [reason for _, reason in parts])


def _due(due_us: int, now_us: int) -> list[tuple[float, Reason]]:
    left_s = (due_us - now_us) / US_PER_S
    if left_s < 0:
        return [(_OVERDUE, Reason("overdue", f"overdue by {_span(-left_s)}"))]
    if left_s < _DUE_SOON_S:
        return [(_DUE_SOON, Reason("due_soon", f"due in {_span(left_s)}"))]
    return [(0.0, Reason("due", f"due in {_span(left_s)}"))]


def _recent(item: Item, age_s: float) -> Reason:
    if item.kind == "contract":
        return Reason("in_force", "in force")
    return Reason("recent", f"{_span(age_s)} ago")


def _span(seconds: float) -> str:
    if seconds < 90:
        return "a minute"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} minutes"
    if seconds < 36 * 3_600:
        return f"{seconds / 3_600:.0f} hours"
    return f"{seconds / 86_400:.0f} days"
