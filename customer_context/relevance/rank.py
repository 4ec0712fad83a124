"""Relevance: rank all known occasions of a customer by what matters now, with reasons. Pure.

Items of one occasion (a crash, its case and the messages about it) are one row: the item with the
highest weight, with the others as its parts. An item's weight is

    severity · usefulness · 0.5 ^ (age / half-life)  +  open, urgent and due  +  relation to open

Severity is 1 to 3, doubled for urgent items. An open item also gets a fixed weight that does not
depend on its age, and more where its deadline is near or past. An item that is related to an open
one (same case, vehicle or meter) gets more weight. So does a crash of the last hours on which
nothing is open, by its severity: safety comes first. Usefulness is what agents and customers made
of the item, shrunk towards what they made of such items (`learnt`, 1 without feedback):

    2 · (learnt + used + opened / 2) / (2 + used + opened + dismissed)

It lowers nothing that is open, urgent, undelivered or related to something open. Then the
occasions are taken one after the other: the
more of a kind are taken already, the less the next one of it weighs (0.7 for each), so that ten
notices of one kind do not hide the one of another. What is open, urgent or undelivered keeps its
weight. All numbers are our own choice; they only order. Oracle: tests/oracles/relevance.py.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from contracts.kinds import RELEVANCE_HALF_LIFE_S
from customer_context.relevance.usefulness import NEUTRAL, OWN_PRIOR, shrunk

US_PER_S = 1_000_000

_CRASH, _CRASH_HALF_LIFE_S = 2.0, 6 * 3_600.0
_OPEN = 3.0
_OVERDUE = 4.0
_DUE_SOON = 2.0
_DUE_SOON_S = 3_600.0
_RELATED = 1.5
_UNDELIVERED = 2.0
_NOT_IN_FORCE = 0.1
_FAILED = "undelivered"
_SAME_KIND = 0.7
_USEFUL, _DISMISSED = 1.25, 0.75


class Reason(NamedTuple):
    """A reason for an item's rank. code : stable; text : English; de : German."""

    code: str
    text: str
    de: str


_OTHER_KIND = Reason("diversity", "of another kind than those above", "anderer Art als die darüber")


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
    opened, used, dismissed : how often agents and customers did this with it.
    learnt : factor of such items (customer_context/relevance/usefulness.py); topic : which those
    are, such as a kind of anomaly. purpose : that it rests on, None = the contract.
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
    opened: int = 0
    used: int = 0
    dismissed: int = 0
    learnt: float = NEUTRAL
    topic: str = ""
    purpose: str | None = None

    @property
    def stands(self) -> bool:
        """Whether it keeps its weight, whatever else is shown and however useful such items are."""
        return self.in_force and (self.open or self.urgent or self.failed)


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
    return _diverse([_joined(ranked) for ranked in occasions.values()], most)


def _diverse(ranked: list[Ranked], most: int) -> list[Ranked]:
    """Take the heaviest, one after the other; each taken one makes others of its kind lighter."""
    left, found = list(ranked), list[Ranked]()
    taken: dict[str, int] = {}
    while left and len(found) < most:

        def weight(one: Ranked) -> float:
            return one.weight * (
                1.0 if one.item.stands else _SAME_KIND ** taken.get(one.item.kind, 0)
            )

        best = max(range(len(left)), key=lambda i: (weight(left[i]), -i))
        one = replace(left[best], weight=weight(left[best]))
        if best > 0 and left[0].weight > one.weight:
            one = replace(one, reasons=(*one.reasons, _OTHER_KIND))
        left.pop(best)
        taken[one.item.kind] = taken.get(one.item.kind, 0) + 1
        found.append(one)
    return found


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
    related = not item.open and (item.subject in subjects or item.case_id in cases)
    useful = usefulness(item, related=related)
    parts = [(severity * useful * recency, _recent(item, age_s))]
    if useful >= _USEFUL:
        parts.append((0.0, Reason("useful", "such items were useful", "solche waren nützlich")))
    if useful <= _DISMISSED:
        parts.append(
            (0.0, Reason("dismissed", "such items were dismissed", "solche wurden verworfen"))
        )
    if item.open:
        parts.append((_OPEN, Reason("open", "still open", "noch offen")))
    if item.urgent and item.open:
        parts.append((severity, Reason("urgent", "urgent", "dringend")))
    if item.severity > 1:
        text, de = f"severity {item.severity} of 3", f"Schwere {item.severity} von 3"
        parts.append((item.severity / 10, Reason("severity", text, de)))
    if item.open and item.due_us is not None:
        parts += _due(item.due_us, now_us)
    if related:
        text, de = "about the same as something that is open", "betrifft dasselbe wie Offenes"
        parts.append((_RELATED, Reason("related", text, de)))
    if item.kind == "crash" and not item.open and not related:
        safety = _CRASH * item.severity * 0.5 ** (age_s / _CRASH_HALF_LIFE_S)
        parts.append((safety, Reason("safety", "a crash comes first", "ein Unfall geht vor")))
    if item.failed:
        parts.append(
            (_UNDELIVERED, Reason(_FAILED, "it did not reach the customer", "kam nicht an"))
        )
    if not item.in_force:
        parts = [
            (_NOT_IN_FORCE * recency, Reason("ended", "no longer in force", "nicht mehr gültig"))
        ]
    parts.sort(key=lambda part: -part[0])
    return Ranked(item, sum(weight for weight, _ in parts), _shown_reasons(parts))


def _shown_reasons(parts: Sequence[tuple[float, Reason]]) -> tuple[Reason, ...]:
    """Return all reasons; a low recency is omitted where there is another reason."""
    fading = ("recent", "safety")
    kept = [reason for weight, reason in parts if weight > 0.05 or reason.code not in fading]
    return tuple(kept or [reason for _, reason in parts])


def _due(due_us: int, now_us: int) -> list[tuple[float, Reason]]:
    left_s = (due_us - now_us) / US_PER_S
    if left_s < 0:
        late, de = _span(-left_s)
        return [(_OVERDUE, Reason("overdue", f"overdue by {late}", f"überfällig seit {de}"))]
    left, de = _span(left_s)
    if left_s < _DUE_SOON_S:
        return [(_DUE_SOON, Reason("due_soon", f"due in {left}", f"fällig in {de}"))]
    return [(0.0, Reason("due", f"due in {left}", f"fällig in {de}"))]


def _recent(item: Item, age_s: float) -> Reason:
    if item.kind == "contract":
        return Reason("in_force", "in force", "gültig")
    ago, de = _span(age_s)
    return Reason("recent", f"{ago} ago", f"vor {de}")


def usefulness(item: Item, *, related: bool = False) -> float:
    """Return the factor of an item's recency by feedback; at least 1 for what stands, and for what
    is related to something open."""
    found = shrunk(item.learnt, OWN_PRIOR, item.opened, item.used, item.dismissed)
    return max(NEUTRAL, found) if item.stands or related else found


def _span(seconds: float) -> tuple[str, str]:
    """Return a duration in English and in German (dative)."""
    if seconds < 90:
        return "a minute", "einer Minute"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} minutes", f"{seconds / 60:.0f} Minuten"
    if seconds < 36 * 3_600:
        return f"{seconds / 3_600:.0f} hours", f"{seconds / 3_600:.0f} Stunden"
    return f"{seconds / 86_400:.0f} days", f"{seconds / 86_400:.0f} Tagen"
