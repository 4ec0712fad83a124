"""A message as it was received, and the log that takes it.

The log is one protocol with several implementations (direct in one process, a socket between two,
Kafka) and one conformance suite, `tests/conformance/test_log.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol


class Properties(NamedTuple):
    """What else the publisher said of a message (MQTT 5, 3.3.2.3).

    user : pairs of name and value in their order, where a name may stand twice.
    expiry_s : what was left, in seconds, when the broker sent it; None = for ever. A message that
    the broker gave us before it expired is used, however long it lies with us afterwards: what is
    acknowledged is never dropped.
    """

    user: tuple[tuple[str, str], ...] = ()
    expiry_s: int | None = None

    @property
    def size(self) -> int:
        """Characters of the user properties."""
        return sum([len(name) + len(value) for name, value in self.user])


class RawMessage(NamedTuple):
    """One publication, untouched. A tuple, because one is made for each message.

    received_us : microseconds since 1970 UTC, the gateway's clock.
    content_type : the MQTT 5 property, None when absent.
    properties : None where the message has none of them, as nearly all.
    """

    topic: str
    body: bytes
    received_us: int
    content_type: str | None = None
    properties: Properties | None = None


@dataclass(frozen=True, slots=True)
class DeviceAck:
    """All messages of this device's `run` up to `seq` have been dealt with and committed."""

    tenant: str
    device: str
    run: int
    seq: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the log answers when it has a batch for good.

    acks is empty where the log is durable before the store has seen the batch.
    """

    acks: Sequence[DeviceAck] = field(default_factory=tuple)


class Log(Protocol):
    """Where the gateway puts messages, in order."""

    async def append(self, messages: Sequence[RawMessage]) -> Receipt:
        """Take the messages for good, in their order.

        Returns only when nothing can lose them any more. Waits while the store is away; raises
        `Stop` when going on makes no sense. After an exception none, some or all of them may have
        been taken: appending them again is harmless.
        """
        ...
