"""The partition of a log for a device's messages.

``crc32(key) mod partitions``, key = ``dialect/address`` of the topic (`Router.key_of_topic`) in
UTF-8, for example ``native/acme/car-1``; the whole topic where no dialect matches. CRC-32 is that
of zlib. librdkafka's partitioners ``consistent`` and ``consistent_random`` (its default) give the
same result for the same key, so a producer with one of them and this key uses the same partitions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

KeyOfTopic = Callable[[str], str]
"""Topic → key of its messages: `Router.key_of_topic` of the dialects."""


def key_of(dialect: str, address: str) -> str:
    """Return the key of a device's messages."""
    return f"{dialect}/{address}"


def partition_of(key: str, partitions: int) -> int:
    """Return the partition of a key, 0 … partitions - 1."""
    # MQTT requires UTF-8 topics; a lone surrogate that a broker lets through must not raise.
    return crc32(key.encode("utf-8", "surrogatepass")) % partitions


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition of a log.

    log : direct or kafka.
    """

    number: int = 0
    of: int = 1
    log: str = "direct"

    def holds(self, dialect: str, address: str) -> bool:
        """Return whether this device's messages go to this partition."""
        return self.of == 1 or partition_of(key_of(dialect, address), self.of) == self.number


DIRECT = Partition()
"""The only partition of the direct log."""
