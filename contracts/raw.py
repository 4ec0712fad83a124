"""A message as received, and the log that stores it.

The log is one protocol with several implementations (direct in one process, a socket between two,
Kafka) and one conformance suite, `tests/conformance/test_log.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol


class Properties(NamedTuple):
    """Further MQTT 5 properties of a message (MQTT 5, 3.3.2.3).

    user : pairs of name and value in their order; a name may occur twice.
    expiry_s : remaining seconds when the broker sent it; None = no expiry. A message that the
    broker delivered before it expired is used, however long it then waits: an acknowledged message
    is never dropped.
    """

    user: tuple[tuple[str, str], ...] = ()
    expiry_s: int | None = None

    @property
    def size(self) -> int:
        """Number of characters in the user properties."""
        return sum([len(name) + len(value) for name, value in self.user])


class RawMessage(NamedTuple):
    """One MQTT publication, unchanged. A tuple, because one is created for each message.

    received_us : microseconds since 1970 UTC, the gateway's clock.
    content_type : the MQTT 5 property, None when absent.
    properties : None where the message has none of them, like almost all messages.
    """

    topic: str
    body: bytes
    received_us: int
    content_type: str | None = None
    properties: Properties | None = None


@dataclass(frozen=True, slots=True)
class DeviceAck:
    """All messages of this device's `run` up to `seq` are processed and committed."""

    tenant: str
    device: str
    run: int
    seq: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """The log's answer when it has stored a batch durably.

    acks is empty where the log is durable before the store has the batch.
    """

    acks: Sequence[DeviceAck] = field(default_factory=tuple)


class Log(Protocol):
    """The log to which the gateway appends messages, in order."""

    async def append(self, messages: Sequence[RawMessage]) -> Receipt:
        """Append messages durably, in their order.

        Returns only when they cannot be lost any more. Waits while the store is unavailable;
        raises `Stop` when the log cannot continue. After an exception none, some or all of them
        may have been appended: appending them again is harmless.
        """
        ...
