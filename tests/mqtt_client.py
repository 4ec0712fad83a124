"""paho as any client has it, for tests that ask what a broker allows."""

import threading
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as paho

from runtime.clock import SystemClock
from tests.patience import patient

CLOCK = SystemClock()


def until(there: Callable[[], object], seconds: float = 15.0) -> bool:
    """Whether it came to be, in time."""
    deadline = CLOCK.monotonic() + patient(seconds)
    while not there():
        if CLOCK.monotonic() > deadline:
            return False
        threading.Event().wait(0.01)
    return True


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
        self.got: list[tuple[str, bytes]] = []
        self.refused = False
        self.lost = threading.Event()
        self._answered = threading.Event()
        self._reasons: list[Any] = []
        made: dict[str, Any] = {} if version is None else {"protocol": version}
        self._client = paho.Client(
            paho.CallbackAPIVersion.VERSION2, client_id, reconnect_on_failure=False, **made
        )
        if user is not None:
            self._client.username_pw_set(user, password)
        if will is not None:
            self._client.will_set(will, b"will", 1)
        self._client.on_connect = self._connected
        self._client.on_message = lambda _c, _u, m: self.got.append((m.topic, m.payload))
        self._client.on_subscribe = lambda _c, _u, _m, reasons, _p: self._answer(reasons)
        self._client.on_publish = lambda _c, _u, _m, reason, _p: self._answer([reason])
        self._client.on_disconnect = self._disconnected
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._wait()

    def subscribe(self, topic: str, qos: int = 1) -> bool:
        """Whether the broker grants it."""
        self._client.subscribe(topic, qos)
        self._wait()
        return not any(reason.is_failure for reason in self._reasons)

    def publish(self, topic: str, body: bytes = b"x", *, retain: bool = False) -> bool:
        """Whether the broker takes it. MQTT 3.1.1 has no answer that says no."""
        self._client.publish(topic, body, 1, retain)
        self._wait()
        return not any(getattr(reason, "is_failure", False) for reason in self._reasons)

    def break_off(self) -> None:
        """End without DISCONNECT, so that the broker publishes the will."""
        sock = self._client.socket()
        assert sock is not None
        sock.shutdown(2)
        assert self.lost.wait(patient(10))
        self._client.loop_stop()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(self, _c: Any, _u: Any, _flags: Any, reason: Any, _more: Any) -> None:
        self.refused = reason.is_failure
        self._answer([reason])

    def _disconnected(self, *_: Any) -> None:
        self.lost.set()
        self._answered.set()

    def _answer(self, reasons: list[Any]) -> None:
        self._reasons = reasons
        self._answered.set()

    def _wait(self) -> None:
        assert self._answered.wait(patient(10)), "the broker did not answer"
        self._answered.clear()
