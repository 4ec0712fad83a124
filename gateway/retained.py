"""Recognise retained messages that were taken already.

A broker sends them at each subscription: with MQTT 3.1.1 always, with MQTT 5 as we ask it to, where
it complies. A copy of one that was taken is passed on without its body, and ingest counts it as
ignored; so a spoilt one is dead-lettered once, and acknowledgements stay in order.
"""

from collections.abc import Sequence
from hashlib import blake2b

from contracts.raw import RawMessage

_MAX_BYTES = 8 * 1024 * 1024
_ENTRY_BYTES = 300


class RetainedMessages:
    """The retained messages that the log has, by topic; the newest of each, in bounded memory."""

    def __init__(self) -> None:
        self._taken: dict[str, bytes] = {}
        self._waiting: dict[int, tuple[str, bytes]] = {}
        self._size = 0

    def strip(self, messages: list[RawMessage], mids: list[int], copies: Sequence[int]) -> None:
        """Remove the bodies of those that were taken already, in place.

        copies : positions of retained messages. One that is not acknowledged yet counts as not
        taken, because it may be lost with the connection.
        """
        for i in copies:
            message = messages[i]
            digest = blake2b(message.body, digest_size=16).digest()
            if self._taken.get(message.topic) == digest:
                messages[i] = message._replace(body=b"", properties=None)
            elif mids[i]:
                self._waiting[mids[i]] = (message.topic, digest)
            else:
                self._take(message.topic, digest)  # QoS 0: the window keeps it

    def acknowledged(self, mids: Sequence[int]) -> None:
        """Note that the log has these messages."""
        if not self._waiting:
            return
        for mid in mids:
            found = self._waiting.pop(mid, None)
            if found is not None:
                self._take(*found)

    def lost_connection(self) -> None:
        """Forget what is not acknowledged."""
        self._waiting.clear()

    def _take(self, topic: str, digest: bytes) -> None:
        if topic not in self._taken:
            self._size += len(topic) + _ENTRY_BYTES
            if self._size > _MAX_BYTES:
                self._taken.clear()
                self._size = len(topic) + _ENTRY_BYTES
        self._taken[topic] = digest
