"""Kafka as the log: its topics, and a message as a record. Clients: runtime/kafka.py.

A record's key is that of its partition (`contracts.partition`), its value the unchanged body of the
message. Headers: ``topic``; ``received_us``, decimal; ``content_type`` where the message has one;
``properties``, CBOR ``[user, expiry_s]``, where it has others; ``cut``, decimal, the full length of
a body longer than `MOST_BODY_BYTES`, which is truncated.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import cbor2

from contracts.raw import Properties, RawMessage

Headers = Sequence[tuple[str, bytes]]

MOST_BODY_BYTES = 8 * 1024 * 1024
MOST_RECORD_BYTES = MOST_BODY_BYTES + 1024 * 1024
"""Maximum size of a record in the topics: body, topic and headers, with a reserve."""

_RAW = "telemetry.raw"


@dataclass(frozen=True, slots=True)
class Topics:
    """Names in Kafka, each with `prefix`.

    raw : messages as received. acks : committed sequence numbers of devices, for the gateways.
    dead : dead letters, signals : findings of features, both for other systems. customers : rows of
    back offices; changes : what has changed in the registry, for other systems.
    """

    prefix: str = ""

    @classmethod
    def with_raw(cls, raw: str) -> "Topics":
        """Return the names with the prefix for which `raw` is the topic of messages."""
        return cls(raw.removesuffix(_RAW))

    @property
    def raw(self) -> str:
        return f"{self.prefix}{_RAW}"

    @property
    def acks(self) -> str:
        return f"{self.prefix}telemetry.acks"

    @property
    def dead(self) -> str:
        return f"{self.prefix}telemetry.dead"

    @property
    def signals(self) -> str:
        return f"{self.prefix}signals"

    @property
    def customers(self) -> str:
        return f"{self.prefix}customers"

    @property
    def changes(self) -> str:
        return f"{self.prefix}customers.changes"

    @property
    def registry(self) -> str:
        """The consumer group of those who write rows of back offices."""
        return f"{self.prefix}tachowatt-registry"

    @property
    def ingest(self) -> str:
        """The consumer group of the ingest workers."""
        return f"{self.prefix}tachowatt-ingest"

    def gateways(self, broker: str) -> str:
        """Return the consumer group of the gateways of one MQTT broker, by the broker's name."""
        return f"{self.prefix}tachowatt-gateway-{broker}"


def to_record(message: RawMessage) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Return value and headers of a message."""
    headers = [
        ("topic", message.topic.encode("utf-8", "surrogatepass")),
        ("received_us", b"%d" % message.received_us),
    ]
    if message.content_type is not None:
        headers.append(("content_type", message.content_type.encode("utf-8", "surrogatepass")))
    if message.properties is not None:
        headers.append(("properties", cbor2.dumps(list(message.properties))))
    body = message.body
    if len(body) > MOST_BODY_BYTES:
        headers.append(("cut", b"%d" % len(body)))
        body = body[:MOST_BODY_BYTES]
    return body, headers


def from_record(value: bytes | None, headers: Iterable[tuple[str, bytes]]) -> RawMessage:
    """Return the message of a record; a foreign record has an empty topic, unknown to dialects."""
    found = dict(headers)
    content_type = found.get("content_type")
    properties = None
    try:
        received_us = int(found.get("received_us", b"0"))
        if "properties" in found:
            user, expiry_s = cbor2.loads(found["properties"])
            properties = Properties(tuple((str(n), str(v)) for n, v in user), expiry_s)
    except (ValueError, TypeError, cbor2.CBORDecodeError):
        received_us = 0
    return RawMessage(
        _text(found.get("topic", b"")),
        value or b"",
        received_us,
        None if content_type is None else _text(content_type),
        properties,
    )


@lru_cache(100_000)
def _text(raw: bytes) -> str:
    """Decode with a cache, because few distinct topics repeat."""
    return raw.decode("utf-8", "backslashreplace")
