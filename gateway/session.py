"""One persistent MQTT 5 session inside asyncio: no network thread, acknowledgement by hand.

paho does the protocol; the event loop tells it when its socket can be read or written. Source
of the pattern: paho's own documentation of "external event loop support".

Over plain TCP the socket is read here, 256 KiB at a time (gateway/frames.py): PUBLISH frames are
taken out, every other frame is laid where paho reads next. Over TLS paho reads by itself.
"""

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from contracts.raw import RawMessage
from gateway.frames import FrameCutter
from gateway.publish_packet import Malformed, Publish, qos_0, read
from runtime.errors import Stop

log = logging.getLogger("gateway.session")

KEEP_ALIVE_S = 30
SESSION_EXPIRY_S = 7 * 86_400
"""How long a broker keeps our session, and the messages for it, while we are away."""

_STABLE_AFTER_S = 5.0
"""A connection that broke sooner is no success: the next waits longer."""

_BACKOFF_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)

# paho reads one packet a call; so many calls before the loop may do something else.
_READS_AT_ONCE = 64

_RECEIVE_BYTES = 256 * 1024


class _Client(mqtt.Client):
    """paho, but for the reading of PUBLISH packets (gateway/publish_packet.py).

    handed : frames that somebody else read from the socket and paho is to read next; None = paho
    reads the socket itself.
    """

    def __init__(self, client_id: str, on_publish: Callable[[Publish], None]) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=mqtt.MQTTv5,
            manual_ack=True,
        )
        self._on_publish_packet = on_publish
        self.handed: bytearray | None = None

    def _sock_recv(self, bufsize: int) -> bytes:
        if self.handed is None:
            return bytes(super()._sock_recv(bufsize))
        if not self.handed:
            raise BlockingIOError
        data = bytes(self.handed[:bufsize])
        del self.handed[:bufsize]
        return data

    def alive(self, deaf: bool) -> MQTTErrorCode:
        """Keep-alive. deaf : we do not read for now, so an answer to our ping may lie unread."""
        if deaf:
            self._ping_t = 0.0
        return self.loop_misc()

    def acknowledge(self, mids: Sequence[int]) -> None:
        """PUBACK these packet ids, in order and in one write.

        paho sends what stands in its queue as it is, so many packets may stand there as one.
        """
        packets = b"".join(b"\x40\x02" + mid.to_bytes(2, "big") for mid in mids)
        self._packet_queue(mqtt.PUBACK, packets, mids[-1], 1)

    def publish_all(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """PUBLISH with QoS 0 and no properties, all in one write, in the same manner.

        Not queued as PUBLISH: for one of those paho would call back for each.
        """
        packets = b"".join(qos_0(topic, body) for topic, body in messages)
        self._packet_queue(mqtt.PUBACK, packets, 0, 0)

    def _handle_publish(self) -> MQTTErrorCode:
        try:
            message = read(self._in_packet["command"], bytes(self._in_packet["packet"]))
        except Malformed as error:
            log.error("the broker sent a malformed PUBLISH: %s", error)
            return mqtt.MQTT_ERR_PROTOCOL
        self._on_publish_packet(message)
        return mqtt.MQTT_ERR_SUCCESS


class Session:
    """Keeps one session alive until closed.

    on_messages(messages, mids) : what one look at the socket brought, in order, and the packet
    ids to acknowledge; 0 for QoS 0.
    now_us() : microseconds since 1970 UTC, for `received_us`.
    on_lost() : the connection broke; what was not acknowledged comes again.
    """

    def __init__(
        self,
        url: str,
        client_id: str,
        subscriptions: Sequence[str],
        receive_maximum: int,
        on_messages: Callable[[list[RawMessage], list[int]], None],
        on_lost: Callable[[], None],
        now_us: Callable[[], int],
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise Stop(f"{url!r} is no MQTT URL; expected mqtt://host:1883 or mqtts://host:8883")
        self._host = parts.hostname
        self._port = parts.port or (8883 if parts.scheme == "mqtts" else 1883)
        self._subscriptions = list(subscriptions)
        self._receive_maximum = receive_maximum
        self._on_messages = on_messages
        self._on_lost = on_lost
        self._closing = False
        self._now_us = now_us
        self._frames = FrameCutter(self._hand_over)
        self._paused = False
        self._misc: asyncio.Task[None] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._lost = asyncio.Event()
        self.connected = asyncio.Event()
        self._tls = parts.scheme == "mqtts"
        client = _Client(client_id, self._read_by_paho)
        if parts.username:
            client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
        if self._tls:
            client.tls_set()
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected
        client.on_socket_open = self._socket_open
        client.on_socket_close = self._socket_close
        client.on_socket_register_write = self._register_write
        client.on_socket_unregister_write = self._unregister_write
        self._client = client

    async def start(self) -> None:
        """Begin to connect, and keep connected. Returns at once; see `connected`."""
        self._keeper = asyncio.create_task(self._keep_connected(), name="mqtt-keeper")

    async def _keep_connected(self) -> None:
        attempt = 0
        while not self._closing:
            self._lost.clear()
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's
            properties.SessionExpiryInterval = SESSION_EXPIRY_S
            properties.ReceiveMaximum = self._receive_maximum
            try:
                # Connecting blocks for as long as TCP and TLS take, so it has a thread of its own.
                await asyncio.to_thread(self._open_socket)
                self._client.connect(
                    self._host,
                    self._port,
                    keepalive=KEEP_ALIVE_S,
                    clean_start=False,
                    properties=properties,
                )
            except OSError as error:
                pause = _BACKOFF_S[min(attempt, len(_BACKOFF_S) - 1)]
                attempt += 1
                log.warning(
                    "no connection to %s:%d (%s); again in %.1f s",
                    self._host,
                    self._port,
                    error,
                    pause,
                )
                await asyncio.sleep(pause)
                continue
            began = asyncio.get_running_loop().time()
            self._misc = asyncio.create_task(self._keep_alive(), name="mqtt-misc")
            await self._lost.wait()
            self._misc.cancel()
            self.connected.clear()
            if asyncio.get_running_loop().time() - began > _STABLE_AFTER_S:
                attempt = 0
            self._on_lost()
            if not self._closing:
                pause = _BACKOFF_S[min(attempt, len(_BACKOFF_S) - 1)]
                attempt += 1
                await asyncio.sleep(pause)

    def _open_socket(self) -> None:
        """Find out without blocking the loop whether anybody listens."""
        socket.create_connection((self._host, self._port), timeout=5).close()

    async def _keep_alive(self) -> None:
        while self._client.alive(self._paused) == mqtt.MQTT_ERR_SUCCESS:
            await asyncio.sleep(1)

    # ── callbacks of paho, all in the event loop ────────────────────────────────────────────

    def _connected(
        self, client: mqtt.Client, _: Any, flags: Any, reason: Any, properties: Any
    ) -> None:
        if reason.is_failure:
            log.error("the broker refused the connection: %s", reason)
            return
        log.info(
            "connected to %s:%d (session %s)",
            self._host,
            self._port,
            "resumed" if flags.session_present else "new",
        )
        # Also on a resumed session: this version may want other topics than the last.
        client.subscribe([(topic, SubscribeOptions(qos=1)) for topic in self._subscriptions])
        self.connected.set()

    def _disconnected(self, _client: Any, _: Any, _flags: Any, reason: Any, _props: Any) -> None:
        if not self._closing:
            log.warning("connection to the broker lost: %s", reason)
        self._lost.set()

    def _socket_open(self, client: mqtt.Client, _: Any, sock: Any) -> None:
        loop = asyncio.get_running_loop()
        if self._tls:
            loop.add_reader(sock, self._readable_by_paho)
            return
        self._client.handed = bytearray()
        self._frames = FrameCutter(self._hand_over)
        self._paused = False
        loop.add_reader(sock, self._readable, sock)

    def _socket_close(self, client: mqtt.Client, _: Any, sock: Any) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(sock)
        loop.remove_writer(sock)
        self._lost.set()

    def _readable(self, sock: socket.socket) -> None:
        """One `recv`, then the loop may do something else."""
        try:
            data = sock.recv(_RECEIVE_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._client.handed = None  # paho finds the end by itself
            self._client.loop_read()
            return
        try:
            self._frames.feed(data, self._now_us())
        except Malformed as error:
            log.error("the broker sent a malformed frame: %s", error)
            sock.shutdown(socket.SHUT_RDWR)
        self._hand_on()

    def _hand_over(self, frame: bytes) -> None:
        """A frame that is no PUBLISH of ours. Those before it go first."""
        self._hand_on()
        if self._client.handed is not None:
            self._client.handed += frame
            self._client.loop_read()

    def _hand_on(self) -> None:
        frames = self._frames
        if frames.messages:
            messages, mids = frames.messages, frames.mids
            frames.messages, frames.mids = [], []
            self._on_messages(messages, mids)

    def _read_by_paho(self, found: Publish) -> None:
        message = RawMessage(found.topic, found.body, self._now_us(), found.content_type)
        self._frames.messages.append(message)
        self._frames.mids.append(found.mid)

    def _readable_by_paho(self) -> None:
        """Read until a call brings no message, but not for ever: others want the loop too."""
        client = self._client
        for _ in range(_READS_AT_ONCE):
            before = len(self._frames.mids)
            if client.loop_read() != mqtt.MQTT_ERR_SUCCESS or len(self._frames.mids) == before:
                break
        self._hand_on()
        # TLS may hold decrypted bytes for which the socket will not become readable again.
        pending = getattr(client.socket(), "pending", None)
        if pending is not None and pending():
            asyncio.get_running_loop().call_soon(self._readable_by_paho)

    def _register_write(self, client: mqtt.Client, _: Any, sock: Any) -> None:
        asyncio.get_running_loop().add_writer(sock, client.loop_write)

    def _unregister_write(self, client: mqtt.Client, _: Any, sock: Any) -> None:
        asyncio.get_running_loop().remove_writer(sock)

    # ── what the gateway asks of it ─────────────────────────────────────────────────────────

    def pause(self) -> None:
        """Read no more for now. Brokers are bound by Receive Maximum, but Mosquitto 2.0 sends all
        that a session has queued at once; then TCP holds it back. Over TLS paho goes on reading."""
        sock = self._client.socket()
        if not self._tls and not self._paused and sock is not None:
            self._paused = True
            asyncio.get_running_loop().remove_reader(sock)

    def resume(self) -> None:
        """Read again."""
        sock: Any = self._client.socket()
        if self._paused and sock is not None:
            asyncio.get_running_loop().add_reader(sock, self._readable, sock)
        self._paused = False

    def acknowledge(self, mids: Sequence[int]) -> None:
        """Tell the broker, in this order, that QoS 1 messages need to be kept no longer."""
        if mids:
            self._client.acknowledge(mids)

    def publish(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Send downwards with QoS 0, in one write; dropped while disconnected."""
        if self.connected.is_set() and messages:
            self._client.publish_all(messages)

    async def close(self) -> None:
        """Disconnect; the session and what is not acknowledged stay with the broker."""
        self._closing = True
        if self._client.is_connected():
            self._client.disconnect()
            try:
                await asyncio.wait_for(self._lost.wait(), 1)
            except TimeoutError:
                log.warning("the broker did not close the connection in time")
        self._lost.set()
        for task in (self._misc, self._keeper):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
