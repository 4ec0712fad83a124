"""Which partition of a log a device's messages go to.

``crc32(key) mod partitions``, key = ``dialect/address`` of the topic (`Router.key_of_topic`) in
UTF-8, for example ``native/acme/car-1``; the whole topic where no dialect knows it. CRC-32 is that
of zlib, and so the result is that of librdkafka's partitioners ``consistent`` and
``consistent_random`` (its default) for the same key: whoever produces with one of those and this
key puts messages where we expect them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

KeyOfTopic = Callable[[str], str]
"""A topic → the key of its messages: `Router.key_of_topic` of the dialects."""


def key_of(dialect: str, address: str) -> str:
    """The key of a device's messages."""
    return f"{dialect}/{address}"


def partition_of(key: str, partitions: int) -> int:
    """0 … partitions - 1."""
    # Topics are UTF-8 by MQTT's rules; a broker that lets half a character through stops nobody.
    return crc32(key.encode("utf-8", "surrogatepass")) % partitions


@dataclass(frozen=True, slots=True)
class Partition:
    """One of the partitions of a log.

    log : direct or kafka.
    """

    number: int = 0
    of: int = 1
    log: str = "direct"

    def holds(self, dialect: str, address: str) -> bool:
        """Whether the messages of this device come here."""
        return self.of == 1 or partition_of(key_of(dialect, address), self.of) == self.number


DIRECT = Partition()
"""The only one of the direct log."""
