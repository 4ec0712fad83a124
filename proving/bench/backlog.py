"""A backlog in a broker: a persistent session, and messages queued for it.

The publisher writes MQTT 5 to a bare socket. Its cost is not measured, but a slow client would take
a minute to make a backlog of a minute.
"""

import socket
import threading
from collections.abc import Iterable
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from gateway.publish_packet import frame
from gateway.session import SESSION_EXPIRY_S
from ingest.decoding.catalogue import ROUTER
from runtime.errors import Retry, Stop
from simulators.encode import Message

_WITHIN_S = 10.0
_SAYS_WITHIN_S = 2.0
_MOST_UNACKED = 5_000
_AT_ONCE = 500
_PUBACK, _CONNACK = 0x40, 0x20


def make_session(url: str, client_id: str) -> None:
    """Subscribe like the gateway and disconnect, so that the broker queues its messages.

    Raises `Retry` if the broker does not answer.
    """
    name, port = host(url)
    subscribed = threading.Event()
    client = mqtt.Client(
        mqtt.CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5
    )

    def subscribe(*_: object) -> None:
        client.subscribe([(topic, SubscribeOptions(qos=1)) for topic in ROUTER.subscriptions])

    client.on_connect = subscribe
    client.on_subscribe = lambda *_: subscribed.set()
    properties = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = SESSION_EXPIRY_S
    try:
        client.connect(name, port, clean_start=False, properties=properties)
    except OSError as error:
        raise Retry(f"no MQTT broker at {name}:{port}: {error}") from error
    client.loop_start()
    done = subscribed.wait(_WITHIN_S)
    client.disconnect()
    client.loop_stop()
    if not done:
        raise Retry(f"the broker at {name}:{port} did not answer a subscription")


def end_session(url: str, client_id: str) -> None:
    """Delete a session and its queue from the broker."""
    with socket.create_connection(host(url), _WITHIN_S) as line:
        connect_mqtt(line, client_id.encode())  # a clean start, and no expiry
        line.sendall(b"\xe0\x00")


def version(url: str) -> str | None:
    """Return the version that the broker publishes (Mosquitto does); None if it publishes none."""
    name, port = host(url)
    versions: list[str] = []
    received = threading.Event()

    def on_message(_client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        versions.append(message.payload.decode("utf-8", "replace"))
        received.set()

    def subscribe(*_: object) -> None:
        client.subscribe("$SYS/broker/version")

    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.on_connect = subscribe
    client.on_message = on_message
    client.connect(name, port)
    client.loop_start()
    received.wait(_SAYS_WITHIN_S)
    client.disconnect()
    client.loop_stop()
    return versions[0] if versions else None


def publish(url: str, messages: Iterable[Message]) -> int:
    """Publish with QoS 1 as fast as the broker accepts; return the count. Raises `Stop`."""
    with socket.create_connection(host(url), _WITHIN_S) as line:
        connect_mqtt(line, b"tachowatt-bench")
        acks = Acks(line)
        sent, frames = 0, bytearray()
        for message in messages:
            frames += publish_frame(message, sent % 65_535 + 1)
            sent += 1
            if sent % _AT_ONCE == 0:
                line.sendall(frames)
                frames.clear()
                acks.wait(sent - _MOST_UNACKED)
        line.sendall(frames)
        acks.wait(sent)
        line.sendall(b"\xe0\x00")
    return sent


def connect_mqtt(line: socket.socket, client_id: bytes) -> None:
    """Send CONNECT with a clean start and wait for CONNACK. Raises `Stop` if refused."""
    line.sendall(_connect(client_id))
    if line.recv(256)[:1] != bytes([_CONNACK]):
        raise Stop("the broker refuses the bench's connection")


class Acks:
    """Counts PUBACKs."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._count = 0
        self._rest = b""

    def wait(self, count: int) -> None:
        """Wait until this many have arrived."""
        while self._count < count:
            received = self._line.recv(65_536)
            if not received:
                raise Stop("the broker closed the connection of the bench's publisher")
            data, at = self._rest + received, 0
            while at + 2 <= len(data) and at + 2 + data[at + 1] <= len(data):
                self._count += data[at] & 0xF0 == _PUBACK
                at += 2 + data[at + 1]
            self._rest = data[at:]


def host(url: str) -> tuple[str, int]:
    """Return host and port of a broker's URL."""
    parts = urlsplit(url)
    return parts.hostname or "127.0.0.1", parts.port or 1883


def _connect(client_id: bytes) -> bytes:
    name = len(client_id).to_bytes(2, "big") + client_id
    return frame(0x10, b"\x00\x04MQTT\x05\x02\x00\x3c\x00" + name)


def publish_frame(message: Message, mid: int) -> bytes:
    """Return a PUBLISH packet of QoS 1 with the packet id `mid`."""
    topic = message.topic.encode()
    media = (message.content_type or "").encode()
    properties = b"\x03" + len(media).to_bytes(2, "big") + media if media else b""
    head = len(topic).to_bytes(2, "big") + topic + mid.to_bytes(2, "big")
    return frame(0x32, head + bytes([len(properties)]) + properties + message.payload())
