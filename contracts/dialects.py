"""Dialects: their record, and the router from topics to dialects.

A `Dialect` has all facts about a dialect: topics, decoders, examples and rights at the broker.
Each file of `ingest/decoding/dialects/` has one; `ingest/decoding/catalogue.py` collects them into
a list and a `Router`, which all other code reads. A level of a topic in braces is a part of the
device's address: that of `owntracks/{user}/{device}` is `user/device`.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Generic, NamedTuple, TypeVar

from contracts.partition import key_of
from contracts.topics import Route

MESSAGE_KINDS = ("telemetry", "reading", "event", "status")

DEVICE_KIND = {"telemetry": "vehicle", "reading": "meter"}
"""Kind of message → the kind of device that sends it. Every device may send the other kinds."""

NATIVE = "native"
"""Our own dialect, the only one whose messages are numbered and acknowledged end to end."""

_FIELD = re.compile(r"\{([a-z_]+)\}\Z")
_LITERAL = re.compile(r"[^/+#{}$\x00-\x20][^/+#{}\x00-\x20]*\Z")

_NO_TOPIC = re.compile(r"[+#$\x00-\x20\x7f]")
"""Characters of an address that no right at a broker may have: wildcards, `$share`, blanks."""

D = TypeVar("D", bound=Callable[..., Any])


class Right(NamedTuple):
    """What a device may do at the broker. verb : write (publish) or read (subscribe)."""

    verb: str
    topic: str


@dataclass(frozen=True)
class DialectRoute(Generic[D]):
    """The messages of one kind, and their decoder.

    kind : one of `MESSAGE_KINDS`.
    topics : their topics; publishers use the first.
    decoder : body, content type and context → samples.
    examples : files below contracts/examples, one body each.
    """

    kind: str
    topics: tuple[str, ...]
    decoder: D
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Dialect(Generic[D]):
    """All facts about a dialect. Raises `ValueError` where they are inconsistent.

    name : in the registry and the ledger; also the name of its file.
    title : the name shown to people.
    routes : one for each kind of message.
    example : an example of an address.
    acl : rights of a device at the broker besides publishing on its topics, such as
    `read tw/v1/{tenant}/{device}/ack`: each has the whole address, so it is the device's own.
    level : a regular expression for one part of an address.
    mapping : what the registry may say of a device's names in its bodies, `object` and columns;
    empty where bodies leave nothing to choose.
    propose : body → mappings to choose from, for a body that is refused for want of one.
    """

    name: str
    title: str
    routes: tuple[DialectRoute[D], ...]
    example: str
    acl: tuple[str, ...] = ()
    level: str = r"[^/]+"
    mapping: tuple[str, ...] = ()
    propose: Callable[[bytes], list[dict[str, str]]] | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            raise ValueError(f"dialect {self.name!r}: a name is small letters, digits and '_'")
        if not self.routes:
            raise ValueError(f"dialect {self.name}: it has no route")
        kinds = [route.kind for route in self.routes]
        for route in self.routes:
            where = f"dialect {self.name}, {route.kind}"
            if route.kind not in MESSAGE_KINDS:
                raise ValueError(f"{where}: expected one of {', '.join(MESSAGE_KINDS)}")
            if kinds.count(route.kind) > 1:
                raise ValueError(f"{where}: two routes; give one route several topics")
            if not callable(route.decoder):
                raise ValueError(f"{where}: {route.decoder!r} is no decoder")
            if not route.topics or not route.examples:
                raise ValueError(f"{where}: a route needs a topic and an example")
            for topic in route.topics:
                fields = _fields(topic, where)
                if fields != self.fields:
                    raise ValueError(
                        f"{where}: the address in {topic!r} is {'/'.join(fields)!r}, in "
                        f"{self.routes[0].topics[0]!r} it is {self.address!r}"
                    )
        for entry in self.acl:
            verb, _, topic = entry.partition(" ")
            where = f"dialect {self.name}, acl {entry!r}"
            if verb not in ("read", "write"):
                raise ValueError(f"{where}: expected `read` or `write` and a topic")
            if _fields(topic, where) != self.fields:
                raise ValueError(f"{where}: a right without {self.address} is not the device's own")
        if not self.is_address(self.example):
            raise ValueError(f"dialect {self.name}: {self.example!r} is no {self.address}")

    @property
    def fields(self) -> tuple[str, ...]:
        """The parts of an address."""
        return _fields(self.routes[0].topics[0], f"dialect {self.name}")

    @property
    def address(self) -> str:
        """The format of an address: `user/device`."""
        return "/".join(self.fields)

    @property
    def topics(self) -> tuple[str, ...]:
        """All topics, with fields in braces."""
        return tuple(topic for route in self.routes for topic in route.topics)

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """The topic filters for a gateway's subscriptions."""
        return tuple(re.sub(r"\{[a-z_]+\}", "+", topic) for topic in self.topics)

    def user(self, address: str) -> str:
        """Return the user name of a device at the broker: `native/acme/car-1`.

        The dialect precedes the address, so that a device of one dialect is no user of another.
        """
        return f"{self.name}/{address}"

    def rights(self, address: str) -> tuple[Right, ...]:
        """Return all that a device may do at the broker.

        Raises `ValueError` for an invalid address, or one that a broker would read as a pattern.
        """
        if not self.is_address(address):
            raise ValueError(f"{address!r} is no {self.address}")
        if _NO_TOPIC.search(address):
            raise ValueError(f"{address!r} has +, #, $ or control characters: no name in a topic")
        parts = dict(zip(self.fields, address.split("/"), strict=True))
        entries = (*(f"write {topic}" for topic in self.topics), *self.acl)
        return tuple(Right(*entry.format_map(parts).split(" ", 1)) for entry in entries)

    def is_address(self, address: str) -> bool:
        """Return whether an address is valid in this dialect."""
        return re.fullmatch("/".join([self.level] * len(self.fields)), address) is not None

    def topics_of(self, kind: str, address: str) -> tuple[str, ...]:
        """Return the topics on which a device publishes messages of a kind.

        Raises `ValueError` for an unknown kind, or an invalid address.
        """
        if not self.is_address(address):
            raise ValueError(f"{address!r} is no {self.address}")
        found = next((route for route in self.routes if route.kind == kind), None)
        if found is None:
            raise ValueError(f"{self.name} has no {kind}")
        parts = dict(zip(self.fields, address.split("/"), strict=True))
        return tuple(topic.format_map(parts) for topic in found.topics)


def _fields(topic: str, where: str) -> tuple[str, ...]:
    """Return the fields of a topic. Raises `ValueError` where it is malformed."""
    levels = topic.split("/")
    fields = tuple(found[1] for level in levels if (found := _FIELD.match(level)))
    if not all(_FIELD.match(level) or _LITERAL.match(level) for level in levels):
        raise ValueError(f"{where}: {topic!r}: a level is a fixed text or one {{field}}")
    if not fields or len(set(fields)) != len(fields):
        raise ValueError(f"{where}: {topic!r} needs fields of different names, for the address")
    if len(fields) == len(levels):
        raise ValueError(f"{where}: {topic!r} has no fixed level, and so matches other dialects'")
    return fields


# How to parse topics of one shape: dialect, kind, the levels of the address, whether the first of
# them is a tenant, and a check of the address.
_Entry = tuple[str, str, "itemgetter[Any]", bool, Callable[[str], object]]


class Router:
    """Maps a topic to dialect and device, for a list of dialects; immutable.

    Where two dialects match a topic, the one with more fixed levels is used; then the first.
    subscriptions : topic filters of gateways, QoS 1.
    """

    def __init__(self, dialects: Iterable[Dialect[Any]]) -> None:
        """Build the tables. Raises `ValueError` where two dialects have the same topic."""
        dialects = tuple(dialects)
        self.subscriptions: tuple[str, ...] = tuple(
            topic for dialect in dialects for topic in dialect.subscriptions
        )
        # Topics with the same number of levels and the same fixed levels share one table, so the
        # cost of a look-up does not depend on the number of dialects.
        tables: dict[tuple[int, tuple[int, ...]], dict[Any, _Entry]] = {}
        for dialect in dialects:
            for route in dialect.routes:
                for topic in route.topics:
                    self._add(tables, dialect, route.kind, topic)
        self._shapes: dict[int, list[tuple[itemgetter[Any], dict[Any, _Entry]]]] = {}
        for (levels, fixed), table in sorted(tables.items(), key=lambda item: -len(item[0][1])):
            self._shapes.setdefault(levels, []).append((itemgetter(*fixed), table))

    @staticmethod
    def _add(
        tables: dict[tuple[int, tuple[int, ...]], dict[Any, _Entry]],
        dialect: Dialect[Any],
        kind: str,
        topic: str,
    ) -> None:
        levels = topic.split("/")
        at = [i for i, level in enumerate(levels) if _FIELD.match(level)]
        fixed = tuple(i for i in range(len(levels)) if i not in at)
        fields = itemgetter(*at) if len(at) > 1 else itemgetter(slice(at[0], at[0] + 1))
        matches = re.compile("/".join([dialect.level] * len(at)) + r"\Z").match
        table = tables.setdefault((len(levels), fixed), {})
        key = itemgetter(*fixed)(levels)
        if key in table:
            raise ValueError(f"{table[key][0]} and {dialect.name} have the same topic {topic!r}")
        table[key] = (dialect.name, kind, fields, dialect.fields[0] == "tenant", matches)

    def route(self, topic: str) -> Route | None:
        """Parse a topic; return None when no dialect matches."""
        levels = topic.split("/")
        for fixed, table in self._shapes.get(len(levels), ()):
            entry = table.get(fixed(levels))
            if entry is not None:
                dialect, kind, fields, has_tenant, matches = entry
                parts = fields(levels)
                address = "/".join(parts)
                if matches(address) is not None:
                    # Half the time of Route(…), and this runs for each message.
                    tenant = parts[0] if has_tenant else ""
                    return tuple.__new__(Route, (dialect, tenant, address, kind))
        return None

    def key_of_topic(self, topic: str) -> str:
        """Return the key of a message in a log (`contracts.partition`), from its topic alone."""
        found = self.route(topic)
        return topic if found is None else key_of(found.dialect, found.address)
