"""paho as any client has it, for tests that ask what a broker allows."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import paho.mqtt.client as paho

from runtime.calibration import Limit
from runtime.clock import SystemClock

CLOCK = SystemClock()


def until(there: Callable[[], object], seconds: float = 15.0) -> bool:
    """Whether it came to be, in time."""
    limit = Limit(CLOCK, seconds)
    while not there():
        if limit.over():
            return False
        threading.Event().wait(0.01)
    return True


@dataclass
class _Heard:
    """What paho's callbacks say. They refer to this and not to `Client`: paho closes its sockets
    when nothing refers to it any more, and the collector of circles may come late."""

    got: list[tuple[str, bytes]] = field(default_factory=list)
    reasons: list[Any] = field(default_factory=list)
    answered: threading.Event = field(default_factory=threading.Event)
    lost: threading.Event = field(default_factory=threading.Event)

    def answer(self, reasons: list[Any]) -> None:
        self.reasons = reasons
        self.answered.set()

    def end(self) -> None:
        self.lost.set()
        self.answered.set()


class Client:
    """A connected client, or one that was refused.

    got : topics and bodies that came; lost : set when the connection ends. version : None = paho's
    default, which is MQTT 3.1.1, with a client id that the broker makes.
    """

    def __init__(
        self,
        port: int,
        user: str | None = None,
        password: str = "",
        client_id: str = "",
        *,
        version: int | None = paho.MQTTv5,
        will: str | None = None,
    ) -> None:
        heard = self._heard = _Heard()
        self.got, self.lost = heard.got, heard.lost
        made: dict[str, Any] = {} if version is None else {"protocol": version}
        self._client = paho.Client(
            paho.CallbackAPIVersion.VERSION2, client_id, reconnect_on_failure=False, **made
        )
        if user is not None:
            self._client.username_pw_set(user, password)
        if will is not None:
            self._client.will_set(will, b"will", 1)
        self._client.on_connect = lambda _c, _u, _f, reason, _p: heard.answer([reason])
        self._client.on_message = lambda _c, _u, m: heard.got.append((m.topic, m.payload))
        self._client.on_subscribe = lambda _c, _u, _m, reasons, _p: heard.answer(reasons)
        self._client.on_publish = lambda _c, _u, _m, reason, _p: heard.answer([reason])
        self._client.on_disconnect = lambda *_: heard.end()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._wait()
        self.refused = any(reason.is_failure for reason in heard.reasons)

    def subscribe(self, topic: str, qos: int = 1) -> bool:
        """Whether the broker grants it."""
        self._client.subscribe(topic, qos)
        self._wait()
        return not any(reason.is_failure for reason in self._heard.reasons)

    def publish(self, topic: str, body: bytes = b"x", *, retain: bool = False) -> bool:
        """Whether the broker takes it. MQTT 3.1.1 has no answer that says no."""
        self._client.publish(topic, body, 1, retain)
        self._wait()
        return not any(getattr(reason, "is_failure", False) for reason in self._heard.reasons)

    def break_off(self) -> None:
        """End without DISCONNECT, so that the broker publishes the will."""
        sock = self._client.socket()
        assert sock is not None
        sock.shutdown(2)
        assert until(self.lost.is_set)
        self._client.loop_stop()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _wait(self) -> None:
        limit = Limit(CLOCK, 20.0)
        while not self._heard.answered.wait(1.0):
            assert not limit.over(), "the broker did not answer"
        self._heard.answered.clear()
