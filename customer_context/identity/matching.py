"""How likely two records of customers are one. Pure.

Each identifier that both have is compared; how far they agree becomes log-odds, in the way of
Fellegi and Sunter (A Theory for Record Linkage, 1969): how much more often two records of one
customer agree than two of different ones. The sum is a probability. A person decides in each case.
"""

import functools
import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations

from rapidfuzz import fuzz
from rapidfuzz.distance import JaroWinkler

from contracts.identifiers import Identifier


@dataclass(frozen=True, slots=True)
class Record:
    """What is compared of a customer.

    name : as it was entered. points : keyed hashes by identifier, without those that others share.
    postal : the address as text; None = not known.
    """

    customer: str
    kind: str
    name: str
    birth_date: date | None = None
    points: Mapping[Identifier, frozenset[bytes]] = field(default_factory=dict)
    postal: str | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A pair that may be one. one sorts before other; agreement : 0 to 1, of what both have."""

    one: str
    other: str
    score: float
    agreement: Mapping[Identifier, float]


PRIOR = -7.0
"""Log-odds that two records of one block are one, before anything is compared."""

WEIGHTS: Mapping[Identifier, tuple[float, float]] = {
    # A family shares address, number and mailbox: first names that differ outweigh all three.
    Identifier.NAME: (-9.0, 4.0),
    Identifier.BIRTH_DATE: (-5.0, 5.0),
    Identifier.EMAIL: (-0.5, 6.0),
    Identifier.PHONE: (-0.5, 5.0),
    Identifier.POSTAL: (-1.5, 4.0),
}
"""Log-odds of an identifier where both disagree, and where they agree."""

_DISAGREE, _AGREE = 0.6, 0.95
"""Agreement at which an identifier has its whole weight; between, it is proportional."""


def match(one: Record, other: Record) -> Match:
    """Compare two records."""
    first, second = sorted((one, other), key=lambda record: record.customer)
    agreement = {
        identifier: value
        for identifier, value in (
            (Identifier.NAME, name_agreement(one.name, other.name)),
            (Identifier.BIRTH_DATE, _dates(one.birth_date, other.birth_date)),
            (Identifier.EMAIL, _points(one, other, Identifier.EMAIL)),
            (Identifier.PHONE, _points(one, other, Identifier.PHONE)),
            (Identifier.POSTAL, _addresses(one, other)),
        )
        if value is not None
    }
    score = 0.0 if one.kind != other.kind else _score(agreement)
    return Match(first.customer, second.customer, score, agreement)


def needs_address(found: Match, threshold: float) -> bool:
    """Return whether the text of two addresses that are not equal may lead to another answer."""
    if found.agreement.get(Identifier.POSTAL) != 0.0:
        return False
    alike = _score({**found.agreement, Identifier.POSTAL: 1.0})
    return found.score < threshold <= alike


def _score(agreement: Mapping[Identifier, float]) -> float:
    odds = PRIOR + sum(_weight(identifier, value) for identifier, value in agreement.items())
    return 1 / (1 + math.exp(-odds))


def _weight(identifier: Identifier, agreement: float) -> float:
    low, high = WEIGHTS[identifier]
    share = (agreement - _DISAGREE) / (_AGREE - _DISAGREE)
    return low + (high - low) * min(1.0, max(0.0, share))


_TITLES = frozenset({"dr", "prof", "herr", "frau", "mr", "mrs", "ms", "dipl", "ing", "med"})
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_INITIAL = 0.9
"""An initial that fits is nearly as good as the name."""


@functools.lru_cache(maxsize=200_000)
def words_of(name: str) -> tuple[str, ...]:
    """Return the words of a name for comparison: without titles, accents and signs."""
    text = unicodedata.normalize("NFC", name).casefold().translate(_UMLAUTS)
    plain = "".join(
        sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign)
    )
    words = re.findall(r"[^\W_]+", plain)
    return tuple(word for word in words if word not in _TITLES) or tuple(words)


def name_agreement(one: str, other: str) -> float | None:
    """Return how far two names agree, 0 to 1: as far as the word that fits worst.

    Every word of the shorter name needs one of the longer name, in any order. None = one is empty.
    """
    few, many = sorted((words_of(one), words_of(other)), key=len)
    if not few:
        return None
    left, worst = list(many), 1.0
    for word in sorted(few, key=len, reverse=True):
        best = max(left, key=lambda candidate: _words(word, candidate))
        worst = min(worst, _words(word, best))
        left.remove(best)
    # A surname alone fits everybody of the family.
    return min(worst, 0.7) if len(few) == 1 < len(many) else worst


def _words(one: str, other: str) -> float:
    if 1 in (len(one), len(other)) and one[0] == other[0]:
        return 1.0 if one == other else _INITIAL
    return JaroWinkler.similarity(one, other)


def _dates(one: date | None, other: date | None) -> float | None:
    if one is None or other is None:
        return None
    if one == other:
        return 1.0
    swapped = (one.year, one.month, one.day) == (other.year, other.day, other.month)
    digits = sum(a != b for a, b in zip(one.isoformat(), other.isoformat(), strict=True))
    return 0.8 if swapped or digits == 1 else 0.0


def _points(one: Record, other: Record, identifier: Identifier) -> float | None:
    first, second = one.points.get(identifier), other.points.get(identifier)
    if not first or not second:
        return None
    return 1.0 if first & second else 0.0


def _addresses(one: Record, other: Record) -> float | None:
    same = _points(one, other, Identifier.POSTAL)
    if same == 1.0 or one.postal is None or other.postal is None:
        return same
    first, second = (" ".join(words_of(text)) for text in (one.postal, other.postal))
    # House numbers and postcodes tell neighbours apart, and are a small part of the text.
    if sorted(re.findall(r"\d+", first)) != sorted(re.findall(r"\d+", second)):
        return 0.0
    return fuzz.token_sort_ratio(first, second) / 100


# ── blocks: who is compared with whom ───────────────────────────────────────────────────────────

Block = tuple[str, object]


def blocks_of(record: Record) -> Iterator[Block]:
    """Yield the blocks of a record: two records are compared only where they have one in common."""
    words = words_of(record.name)
    for identifier, digests in record.points.items():
        for digest in digests:
            yield identifier, digest
    yield "name", tuple(sorted(words))
    if record.birth_date is not None:
        yield "born", (record.birth_date, *sorted({word[:1] for word in words})[:1])
        for word in words:
            yield "born like", (record.birth_date.year, word)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs to compare, as positions. left_out : blocks with too many records to mean anything."""

    pairs: list[tuple[int, int]]
    left_out: int


def candidates(records: Sequence[Record], most: int) -> Candidates:
    """Return the pairs that have a block in common. most : records of a block that counts."""
    blocks: dict[Block, list[int]] = defaultdict(list)
    for position, record in enumerate(records):
        for block in set(blocks_of(record)):
            blocks[block].append(position)
    found: set[tuple[int, int]] = set()
    left_out = 0
    for members in blocks.values():
        if len(members) > most:
            left_out += 1
            continue
        found.update(combinations(members, 2))
    return Candidates(sorted(found), left_out)


def without_shared(
    points: Iterable[tuple[str, Identifier, bytes]], flagged: frozenset[bytes], most: int
) -> dict[str, dict[Identifier, frozenset[bytes]]]:
    """Return customer → identifier → digests, without what more than `most` customers use."""
    rows = [row for row in points if row[2] not in flagged]
    users: dict[bytes, set[str]] = defaultdict(set)
    for customer, _, digest in rows:
        users[digest].add(customer)
    found: dict[str, dict[Identifier, set[bytes]]] = defaultdict(lambda: defaultdict(set))
    for customer, identifier, digest in rows:
        if len(users[digest]) <= most:
            found[customer][identifier].add(digest)
    return {
        customer: {identifier: frozenset(digests) for identifier, digests in by_kind.items()}
        for customer, by_kind in found.items()
    }
