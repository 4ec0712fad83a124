"""Malformed messages: seeded mutations of the examples in contracts/examples.

One function per error, in four lists: errors of fields (`mutated_fields.FIELDS`, and `CBOR` for
those that only CBOR can encode), of bytes (`mutated_bytes.BYTES`), and around the body (`AROUND`).
A mutation may by chance leave a valid body: only the mutation is recorded, not validity.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from random import Random
from typing import Any

import numpy as np

from simulators.encode import CBOR as CBOR_TYPE
from simulators.encode import JSON as JSON_TYPE
from simulators.encode import Message, iso, topic
from simulators.loose_encoding import Pairs, cbor_map, json_object
from simulators.mutated_bytes import BYTES
from simulators.mutated_fields import CBOR, FIELDS
from simulators.registry import Registry, draw_owners, stream

TENANT = "malformed"
_S_US = 1_000_000
_DAY_US = 86_400 * _S_US

_RARE = 0.04
"""Weight of a mutation that makes a body of many kilobytes, all of which the dead letter keeps."""
_MORE = 0.2
"""Share of the messages whose bytes are mutated in addition to another mutation."""
_GIVES_UP = 50
"""A device sends its oldest unacknowledged seq after this many messages, or holes would accumulate:
an unreadable body has no number."""


# ── senders: one device for each message of the examples ────────────────────────────────────────


@dataclass(slots=True)
class Sender:
    """A device that sends one message of the examples again and again, each later than the last.

    kind : vehicle or meter; address : of a foreign dialect, else None.
    encoding : json, cbor or cbor-typed. timed : the field of the message's time.
    step_us : from one message to the next, more than a message spans.
    """

    device: str
    kind: str
    topic: str
    encoding: str
    content_type: str | None
    fields: dict[str, Any]
    timed: str
    step_us: int
    address: str | None = None
    sent: int = 0

    def next(self, start_us: int) -> Pairs:
        """The fields of the next good message; the first is of `start_us`."""
        fields = dict(self.fields)
        fields[self.timed] = _moment(start_us + self.sent * self.step_us, fields[self.timed])
        self.sent += 1
        if "device" in fields:
            fields["device"] = self.device
        if "seq" in fields:
            fields["seq"] = self.sent
            if "oldest" in fields or self.sent % _GIVES_UP == 0:
                fields["oldest"] = max(self.sent - 5, 1)
        return list(fields.items())


def _moment(t_us: int, like: Any) -> Any:
    """A time, written as the example writes it: seconds, milliseconds, or text."""
    if isinstance(like, int):
        return t_us // _S_US if like < 10**11 else t_us // 1_000
    if like.endswith("+01:00"):
        return iso(t_us + 3_600 * _S_US)[:-1] + "+01:00"
    return iso(t_us) if like.endswith("Z") else iso(t_us)[:-1]


def senders(each: int) -> list[Sender]:
    """`each` devices for every example that a device sends, in every encoding it may have."""
    found = []
    folder = files("contracts") / "examples"
    for kind in ("telemetry", "reading", "event", "status", "owntracks", "tasmota"):
        for path in sorted((folder / kind / "v1").iterdir(), key=lambda path: path.name):
            fields = json.loads(path.read_text())
            for encoding in _encodings(kind):
                name = f"{kind}-{path.name.removesuffix('.json')}-{encoding}"
                found += [_sender(kind, f"{name}-{i}", encoding, fields) for i in range(each)]
    return found


def _encodings(kind: str) -> tuple[str, ...]:
    if kind in ("owntracks", "tasmota"):
        return ("json",)
    return ("json", "cbor") if kind in ("event", "status") else ("json", "cbor", "cbor-typed")


def _sender(kind: str, device: str, encoding: str, fields: dict[str, Any]) -> Sender:
    timed = next(name for name in ("t0", "at", "tst", "Time") if name in fields)
    step_us = (max(fields.get("dt_ms", [0])) + (900_000 if "reading" in kind else 1_000)) * 1_000
    what = "meter" if kind in ("reading", "tasmota") else "vehicle"
    media: str | None = JSON_TYPE if encoding == "json" else CBOR_TYPE
    where, address = topic(TENANT, device, kind), None
    if kind == "owntracks":
        where, address, media, step_us = f"owntracks/{device}/phone", f"{device}/phone", None, _S_US
    elif kind == "tasmota":
        where, address, media, step_us = f"tele/{device}/SENSOR", device, None, 300 * _S_US
    return Sender(device, what, where, encoding, media, fields, timed, step_us, address)


def registry(of: list[Sender], start_us: int) -> dict[str, Any]:
    """Return the registry of these devices, from long before `start_us`; all customers consent."""
    cars = [sender for sender in of if sender.kind == "vehicle"]
    meters = [sender for sender in of if sender.kind == "meter"]
    owners = draw_owners(len(cars), len(meters), np.random.default_rng(0))
    owners.never.clear()
    owners.withdrawn.clear()
    made = Registry(TENANT, "UTC", start_us)
    made.add_customers(owners, lambda what: stream(0, what), frozenset(owners.car_owner))
    for number, sender in enumerate(cars):
        made.add_car(number, sender.device, owners.car_owner[number], sender.address)
    for number, sender in enumerate(meters):
        owner = owners.meter_owner[number]
        made.add_meter(number, sender.device, owner, sender.address, f"N{number}", 900, 6)
    return made.rows


# ── around the body ─────────────────────────────────────────────────────────────────────────────


_MEDIA = (
    None, "", JSON_TYPE, CBOR_TYPE, "text/plain", "APPLICATION/JSON", "application/cbor-seq",
    "application/json; charset=utf-16", "application/json+cbor", "a\0b", "\ud800", "x" * 2_000,
)  # fmt: skip


def _content_type(rng: Random, sender: Sender, _: list[Sender]) -> tuple[str, str | None]:
    return sender.topic, rng.choice(_MEDIA)


_KINDS = ("telemetry", "reading", "event", "status")
_NAMES = (
    "", " ", "a b", "é", ".a", "-a", "..", "x" * 65, "+", "#", "a\0b", "\ud800", "a\n", "%2f",
)  # fmt: skip
_TOPICS = (
    "", "/", "tw", "tw/v1", "tw/v2/{0}/{1}/telemetry", "$SYS/broker/uptime", "#", "+/+", "/{2}",
    "{2}/", "{2}/x", "tele/{1}/STATE", "tele/{1}/SENSOR", "tele//SENSOR", "owntracks/u", "\0",
    "owntracks//d", "owntracks/{1}/phone", "owntracks/{1}/phone/event", "owntracks/\0/\ud800",
    "tele/+/SENSOR", "tw/v1/+/+/telemetry", "tw/v1/{0}/{1}/ack", "\ud800", "x" * 5_000,
)  # fmt: skip


def _topic(rng: Random, sender: Sender, of: list[Sender]) -> tuple[str, str | None]:
    """A topic without or with another device, of no dialect, with a bad name, kind or wildcards."""
    ghost = f"ghost-{rng.randrange(10**6)}"
    if rng.random() < 0.3:
        return rng.choice(_TOPICS).format(TENANT, ghost, sender.topic), sender.content_type
    if rng.random() < 0.3:
        kind = sender.topic.rpartition("/")[2]
        return topic(TENANT, rng.choice(of).device, kind), sender.content_type
    tenant = rng.choice((TENANT, TENANT, "nobody", rng.choice(_NAMES)))
    device = rng.choice((sender.device, sender.device, ghost, rng.choice(_NAMES)))
    kind = rng.choice((*_KINDS, *_KINDS, "command", "Telemetry", ""))
    return topic(tenant, device, kind), sender.content_type


AROUND: dict[str, Callable[[Random, Sender, list[Sender]], tuple[str, str | None]]] = {
    "content type": _content_type, "topic": _topic,
}  # fmt: skip


# ── messages ────────────────────────────────────────────────────────────────────────────────────

_ENDLESS = "indefinite lengths"
_RARELY = ("gigantic array", "oversized")


@dataclass(slots=True)
class Mutations:
    """Messages of `of`, the first at `start_us` (epoch µs), each with a mutation.

    The same for the same seed. `Message.fault` names the mutation; `seq` is unset, because the
    body may have another.
    """

    of: list[Sender]
    seed: int
    start_us: int
    _random: Random = field(init=False)
    _kinds: dict[bool, tuple[list[str], list[float]]] = field(init=False)

    def __post_init__(self) -> None:
        self._random = Random(self.seed)
        common = [*FIELDS, *BYTES, *AROUND]
        both = {False: common, True: [*common, *CBOR, _ENDLESS]}
        self._kinds = {
            binary: (kinds, [_RARE if kind in _RARELY else 1.0 for kind in kinds])
            for binary, kinds in both.items()
        }

    def __iter__(self) -> Iterator[Message]:
        """Yield messages for ever, from all senders in turn."""
        while True:
            for sender in self.of:
                yield self._message(sender)

    def _message(self, sender: Sender) -> Message:
        rng, binary = self._random, sender.encoding != "json"
        kinds, weights = self._kinds[binary]
        fault = rng.choices(kinds, weights)[0]
        due_us = self.start_us + sender.sent * sender.step_us
        pairs = sender.next(self.start_us)
        spoil = FIELDS.get(fault) or CBOR.get(fault)
        if spoil is not None:
            spoil(rng, pairs)
        if binary:
            body = cbor_map(pairs, sender.encoding == "cbor-typed", fault == _ENDLESS)
        else:
            body = json_object(pairs)
        if fault in BYTES:
            body = BYTES[fault](rng, body)
        elif rng.random() < _MORE and body:
            body = BYTES[rng.choice(("truncated", "bits flipped", "bytes deleted"))](rng, body)
        where, media = sender.topic, sender.content_type
        if fault in AROUND:
            where, media = AROUND[fault](rng, sender, self.of)
        return Message(due_us, where, body, TENANT, sender.device, media, fault=fault)
