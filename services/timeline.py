"""One timeline of a customer over all channels: what happened, newest first, by page, and search.

Entries are shown as `services.visibility` shows their rows: what rests on a withdrawn purpose is
left out, and cases and messages about it have a neutral text, by which no search finds them.
"""

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from contracts.channels import PURPOSES
from contracts.interactions import EntryKind
from contracts.kinds import LANGUAGES, SIGNALS, Text, summary_of
from customer_context.consent.state import PENDING
from runtime.secret_box import SecretBox
from services import own_values, visibility
from services.customer_keys import CustomerKeys
from store.people import consent, interactions, timeline
from store.people.read_log import ObjectRead, of_customers
from store.people.timeline import Key, Which
from store.postgres.merged import same_as
from store.postgres.pool import Connection

NUMBERED = frozenset({EntryKind.CONSENT, EntryKind.READ, EntryKind.DECISION})
"""Kinds of entries whose ids are numbers."""

_ROUNDS = 5
"""How often a page is filled up where entries are left out. A page may be short then: its cursor
leads on."""

_CONSENT = {
    "granted": Text("Einwilligung erteilt", "consent granted"),
    "withdrawn": Text("Einwilligung widerrufen", "consent withdrawn"),
}
_ASKED = Text("Um Bestätigung einer Einwilligung gebeten", "confirmation of a consent asked for")
_READ = Text("Daten angesehen", "data read")
_DECISION = {
    "contact": Text("Playbook: Nachricht", "playbook: message"),
    "case": Text("Playbook: Vorgang", "playbook: case"),
    "nothing": Text("Playbook: nichts gesendet", "playbook: nothing sent"),
}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries. None = all. since : inclusive; until : exclusive; channel : of
    contracts.interactions.TIMELINE_CHANNELS."""

    kinds: Sequence[str] | None = None
    channel: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a timeline.

    kind : of EntryKind; type : within its kind: of interaction, signal, message, case, purpose of a
    consent, what was read, type of signal that was decided about. channel : None where it has none.
    summary : language → one line. text : what was written. state : of the interaction, message,
    case, consent or decision. by : system or reader. withdrawn : its content is hidden.
    """

    key: Key
    type: str
    summary: Mapping[str, str]
    channel: str | None = None
    text: str = ""
    state: str | None = None
    subject: str | None = None
    case_id: str | None = None
    reference: str | None = None
    by: str | None = None
    direction: str | None = None
    withdrawn: bool = False

    @property
    def kind(self) -> str:
        """Its kind."""
        return self.key.kind

    @property
    def id(self) -> str:
        """Its id within its kind."""
        return self.key.id.lstrip("0") if self.key.kind in NUMBERED else self.key.id

    @property
    def at(self) -> datetime:
        """When it happened."""
        return self.key.at


@dataclass(frozen=True, slots=True)
class Found:
    """A page of entries. after : where the next page begins; None = there is none."""

    entries: list[Entry]
    after: Key | None


def read(
    connection: Connection,
    box: SecretBox,
    tenant: str,
    customer: str,
    wanted: Filter,
    *,
    words: str | None = None,
    reader: str | None = None,
    after: Key | None = None,
    limit: int = 50,
) -> Found:
    """Return a page of a customer's timeline. reader : the customer who reads; None = others.

    words : only entries with them: interactions, messages and cases, and signals by name. What
    stands under an id that is merged rests on the consents of this id.
    """
    texts = CustomerKeys(box)
    ids = same_as(connection, tenant, customer)
    own = reader is not None and reader in ids
    pages = [
        _of_id(connection, texts, tenant, id_, wanted, words, id_ if own else reader, after, limit)
        for id_ in ids
    ]
    return pages[0] if len(pages) == 1 else _joined(pages, limit)


def _joined(pages: Sequence[Found], limit: int) -> Found:
    """Return one page of several: entries up to where all of them have been read."""
    ends = [page.after for page in pages if page.after is not None]
    last = min(map(_Order, ends), default=None)
    entries = [entry for page in pages for entry in page.entries]
    entries.sort(key=lambda entry: _Order(entry.key))
    shown = [one for one in entries if last is None or _Order(one.key) <= last][:limit]
    more = bool(ends) or len(shown) < len(entries)
    if len(shown) == limit and more:
        return Found(shown, shown[-1].key)
    return Found(shown, min(ends, key=_Order) if ends else None)


@functools.total_ordering
class _Order:
    """The order of a timeline: newest first, then by kind, then by id, descending."""

    def __init__(self, key: Key) -> None:
        self._key = key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Order) and self._key == other._key

    def __lt__(self, other: "_Order") -> bool:
        one, two = self._key, other._key
        if one.at != two.at:
            return one.at > two.at
        if one.kind != two.kind:
            return one.kind < two.kind
        return one.id > two.id


def _of_id(
    connection: Connection,
    texts: CustomerKeys,
    tenant: str,
    customer: str,
    wanted: Filter,
    words: str | None,
    reader: str | None,
    after: Key | None,
    limit: int,
) -> Found:
    which = _which(connection, tenant, customer, wanted, reader, after)

    def all_of(which: Which, limit: int) -> list[Key]:
        return timeline.page(connection, tenant, customer, which, limit)

    if words is None:
        return _filled(connection, texts, tenant, customer, which, reader, limit, all_of)
    own = _hashed(connection, texts, tenant, customer, words)
    named = [type_ for type_ in which.types if _named(words, SIGNALS[type_].name)]

    def with_words(which: Which, limit: int) -> list[Key]:
        found = timeline.search(connection, tenant, customer, words, own, which, limit)
        if named and EntryKind.SIGNAL in which.kinds:
            found += all_of(replace(which, kinds=[EntryKind.SIGNAL], types=named), limit)
        return sorted(found, key=_Order)[:limit]

    return _filled(
        connection, texts, tenant, customer, which, reader, limit, with_words, known=True
    )


_WORD = re.compile(r"'((?:[^']|'')*)'")


def _hashed(
    connection: Connection, keys: CustomerKeys, tenant: str, customer: str, words: str
) -> str | None:
    """Return the query of words with their keyed hashes; None where the customer has no key."""
    keys.load(connection, tenant, (customer,))
    query = interactions.query_of(connection, words)

    def plain(found: str) -> str:
        return found.replace("''", "'").replace("\\\\", "\\")

    hashes = keys.hashes(tenant, customer, {plain(word) for word in _WORD.findall(query)})
    if not hashes:
        return None
    return _WORD.sub(lambda match: f"'{hashes[plain(match[1])]}'", query)


def _named(words: str, name: Text) -> bool:
    """Return whether each word begins a word of the name, in one of the languages."""
    wanted = words.casefold().split()
    return any(
        bool(wanted) and all(any(w.startswith(one) for w in name(language).casefold().split())
        for one in wanted)
        for language in LANGUAGES
    )  # fmt: skip


def _which(
    connection: Connection,
    tenant: str,
    customer: str,
    wanted: Filter,
    reader: str | None,
    after: Key | None,
) -> Which:
    own = reader == customer
    granted = PURPOSES if own else tuple(consent.granted_of(connection, tenant, customer))
    return Which(
        kinds=tuple(EntryKind) if wanted.kinds is None else tuple(wanted.kinds),
        types=[type_ for type_, facts in SIGNALS.items() if facts.purpose in granted],
        purposes=granted,
        channel=wanted.channel,
        since=wanted.since,
        until=wanted.until,
        after=after,
    )


def _filled(
    connection: Connection,
    texts: CustomerKeys,
    tenant: str,
    customer: str,
    which: Which,
    reader: str | None,
    limit: int,
    read: Callable[[Which, int], list[Key]],
    *,
    known: bool = False,
) -> Found:
    """Read until the page is full. known : leave out entries whose content is hidden."""
    entries: list[Entry] = []
    for _ in range(_ROUNDS):
        asked = limit + 1 - len(entries)
        keys = read(which, asked)
        shown = _entries(connection, texts, tenant, customer, keys, reader)
        entries += [entry for entry in shown if not (known and entry.withdrawn)]
        if len(entries) > limit:
            return Found(entries[:limit], entries[limit - 1].key)
        if len(keys) < asked:
            return Found(entries, None)
        which = replace(which, after=keys[-1])
    return Found(entries, which.after)


def _entries(
    connection: Connection,
    texts: CustomerKeys,
    tenant: str,
    customer: str,
    keys: Sequence[Key],
    reader: str | None,
) -> list[Entry]:
    """Return the entries of keys, in their order; without those that are left out."""
    found: dict[Key, Entry] = {}
    for kind, (get, id_, rests_on, entry) in _KINDS.items():
        mine = {_plain(key): key for key in keys if key.kind == kind}
        if not mine:
            continue
        rows = get(connection, tenant, list(mine))
        if kind == EntryKind.INTERACTION:
            own_values.open_interactions(connection, texts, rows)
        if rests_on is not None:
            rows = visibility.shown(
                connection, tenant, rests_on, rows, reader=reader, customer=customer
            )
        for row in rows:
            key = mine[str(row[id_])]
            found[key] = entry(key, row)
    return [found[key] for key in keys if key in found]


def _plain(key: Key) -> str:
    return str(int(key.id)) if key.kind in NUMBERED else key.id


def _interaction(key: Key, row: Mapping[str, Any]) -> Entry:
    return Entry(
        key,
        row["kind"],
        dict.fromkeys(LANGUAGES, row["summary"]),
        channel=row["channel"],
        text=row["body"],
        state=row["state"],
        reference=row["reference"],
        by=row["source"],
        direction=row["direction"],
    )


def _contact(key: Key, row: Mapping[str, Any]) -> Entry:
    hidden = row["withdrawn"] is not None
    return Entry(
        key,
        row["type"],
        visibility.CONTACT.titles()
        if hidden
        else dict.fromkeys(LANGUAGES, row["subject"] or row["type"]),
        channel=row["channel"],
        text=row["body"] or "",
        state=row["state"],
        case_id=row["case_id"],
        direction="outbound",
        withdrawn=hidden,
    )


def _case(key: Key, row: Mapping[str, Any]) -> Entry:
    return Entry(
        key,
        row["kind"],
        row["title"],
        text=row["resolution"] or "",
        state=row["state"],
        subject=row["subject"],
        case_id=row["case_id"],
        withdrawn=row["withdrawn"] is not None,
    )


def _signal(key: Key, row: Mapping[str, Any]) -> Entry:
    return Entry(key, row["type"], summary_of(row["type"], row["data"]), subject=row["subject"])


def _consent(key: Key, row: Mapping[str, Any]) -> Entry:
    name = _ASKED if row["opt_in"] == PENDING else _CONSENT.get(row["state"])
    titles = dict.fromkeys(LANGUAGES, row["state"]) if name is None else name.titles()
    return Entry(key, row["purpose"], titles, state=row["state"], by=row["source"])


def _read(key: Key, row: Mapping[str, Any]) -> Entry:
    return Entry(key, row["what"], _READ.titles(), text=row["why"], by=row["reader"])


def _decision(key: Key, row: Mapping[str, Any]) -> Entry:
    return Entry(
        key,
        row["signal_type"],
        _DECISION[row["outcome"]].titles(),
        text=row["reason"],
        state=row["outcome"],
        subject=row["subject"],
        reference=row["playbook"],
    )


_Get = Callable[[Connection, str, Sequence[str]], list[dict[str, Any]]]
_KINDS: Mapping[
    str, tuple[_Get, str, visibility.Kind | None, Callable[[Key, Mapping[str, Any]], Entry]]
] = {
    EntryKind.INTERACTION: (
        interactions.of_ids, "interaction_id", visibility.Kind.INTERACTION, _interaction,
    ),
    EntryKind.CONTACT: (timeline.contacts, "contact_id", visibility.Kind.CONTACT, _contact),
    EntryKind.CASE: (timeline.cases, "case_id", visibility.Kind.CASE, _case),
    EntryKind.SIGNAL: (timeline.signals, "id", visibility.Kind.SIGNAL, _signal),
    EntryKind.CONSENT: (timeline.consents, "consent_id", None, _consent),
    EntryKind.READ: (timeline.reads, "read_id", None, _read),
    EntryKind.DECISION: (timeline.decisions, "decision_id", visibility.Kind.DECISION, _decision),
}  # fmt: skip
assert set(_KINDS) == set(EntryKind), "each kind of entry needs its row here"


_OBJECTS = (EntryKind.INTERACTION, EntryKind.CONTACT, EntryKind.CASE, EntryKind.SIGNAL)


def reads(customer: str, entries: Sequence[Entry]) -> list[ObjectRead]:
    """Return what a reader of these entries reads, for the read log."""
    objects = [
        ObjectRead(customer, entry.kind, entry.id) for entry in entries if entry.kind in _OBJECTS
    ]
    return of_customers([customer]) + objects
