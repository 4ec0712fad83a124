"""Calibration: the rate of paho's own reader on the same broker and the same messages."""

from collections.abc import Iterable

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gateway.session import SESSION_EXPIRY_S
from proving.bench import backlog
from runtime.clock import Clock
from runtime.errors import Stop
from simulators.encode import Message

_CLIENT_ID = "tachowatt-bench-paho"
_SILENT_S = 20.0


def rate(url: str, messages: Iterable[Message], clock: Clock) -> float:
    """Return the messages/s at which a plain paho client drains a backlog of these messages.

    It reads with `loop`, lets paho acknowledge each message, and counts them. Raises `Stop` if the
    broker does not deliver all messages.
    """
    backlog.make_session(url, _CLIENT_ID)
    try:
        return _drain(url, backlog.publish(url, messages), clock)
    finally:
        backlog.end_session(url, _CLIENT_ID)


def _drain(url: str, expected: int, clock: Clock) -> float:
    count = 0

    def on_message(*_: object) -> None:
        nonlocal count
        count += 1

    client = mqtt.Client(
        mqtt.CallbackAPIVersion.VERSION2, client_id=_CLIENT_ID, protocol=mqtt.MQTTv5
    )
    client.on_message = on_message
    properties = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = SESSION_EXPIRY_S
    began = last_received = clock.monotonic()
    client.connect(*backlog.host(url), clean_start=False, properties=properties)
    while count < expected:
        before = count
        if client.loop(timeout=1.0) != mqtt.MQTT_ERR_SUCCESS:
            raise Stop("paho's reader lost its connection while it was measured")
        now = clock.monotonic()
        if count > before:
            last_received = now
        elif now - last_received > _SILENT_S:
            raise Stop(f"paho's reader got {count} of {expected} messages, then nothing")
    seconds = clock.monotonic() - began
    client.disconnect()
    return expected / seconds
