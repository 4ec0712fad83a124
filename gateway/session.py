"""One persistent MQTT session inside asyncio: no network thread, manual acknowledgement.

paho runs the protocol; the event loop calls it when its socket can be read or written. Source
of the pattern: paho's own documentation of "external event loop support".

MQTT 5 over plain TCP is read here, 256 KiB at a time (gateway/frames.py): PUBLISH frames are cut
out, every other frame is passed to paho. TLS, websockets and MQTT 3.1.1 are read by paho. MQTT
3.1.1 has no Receive Maximum and no content type: there the window is bounded because we stop
reading, and the first byte of a body decides between JSON and CBOR.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Sequence
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from contracts.raw import RawMessage
from gateway.frames import FrameCutter
from gateway.paho_client import PahoClient
from gateway.publish_packet import Malformed, Publish
from gateway.retained import RetainedMessages
from runtime.backoff import pause_after
from runtime.errors import Stop

log = logging.getLogger("gateway.session")

KEEP_ALIVE_S = 30
SESSION_EXPIRY_S = 7 * 86_400
"""How long a broker keeps our session, and the messages for it, while we are away."""

_STABLE_AFTER_S = 5.0
"""A connection that broke sooner counts as a failure: the next attempt waits longer."""


# paho reads one packet per call; number of calls before other tasks of the loop run.
_READS_AT_ONCE = 64

_PORTS = {"mqtt": 1883, "mqtts": 8883, "ws": 80, "wss": 443}
"""Scheme of a broker's URL → default port."""

Version = Literal["5", "3.1.1"]

_RECEIVE_BYTES = 256 * 1024


class Session:
    """Keeps one session alive until closed.

    url : mqtt, mqtts, ws or wss; a websocket's path is /mqtt unless the URL has one.
    on_messages(messages, mids) : called with the messages of one read, in order, and the packet ids
    to acknowledge; 0 for QoS 0.
    now_us() : microseconds since 1970 UTC, for `received_us`.
    on_lost() : called after the connection broke; unacknowledged messages come again.
    version : of MQTT. topic_aliases : how many the broker may use, 0 = none. tls : for mqtts and
    wss; None = the system's authorities.
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
        *,
        version: Version = "5",
        topic_aliases: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise Stop(
                f"{url!r} is no MQTT URL; expected mqtt://host:1883, mqtts://host:8883, "
                "ws://host/mqtt or wss://host/mqtt"
            )
        self._host = parts.hostname
        self._port = parts.port or _PORTS[parts.scheme]
        self._subscriptions = list(subscriptions)
        self._receive_maximum = receive_maximum
        self._on_messages = on_messages
        self._on_lost = on_lost
        self._closing = False
        self._now_us = now_us
        self._frames = FrameCutter(self._hand_over)
        self._retained = RetainedMessages()
        self._paused = False
        self._misc: asyncio.Task[None] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._lost = asyncio.Event()
        self.connected = asyncio.Event()
        self.subscribed = asyncio.Event()
        self.not_reached = asyncio.Event()
        self._v5 = version == "5"
        self._topic_aliases = topic_aliases
        websockets = parts.scheme in ("ws", "wss")
        encrypted = parts.scheme in ("mqtts", "wss")
        self._paho_reads = encrypted or websockets or not self._v5
        client = PahoClient(client_id, self._read_by_paho, self._v5, websockets)
        if parts.username:
            client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
        if websockets:
            client.ws_set_options(path=parts.path or "/mqtt")
        if encrypted:
            client.tls_set_context(tls)  # None: the system's authorities
        client.on_connect = self._connected
        client.on_subscribe = self._granted
        client.on_disconnect = self._disconnected
        client.on_socket_open = self._socket_open
        client.on_socket_close = self._socket_close
        client.on_socket_register_write = self._register_write
        client.on_socket_unregister_write = self._unregister_write
        self._client = client

    async def start(self) -> None:
        """Start to connect, and stay connected. Returns at once; see `connected`, `subscribed`:
        from then on the broker keeps published messages for us, `not_reached`: an attempt failed.
        """
        self._keeper = asyncio.create_task(self._keep_connected(), name="mqtt-keeper")

    async def _keep_connected(self) -> None:
        attempt = 0
        while not self._closing:
            self._lost.clear()
            try:
                # Connecting blocks for as long as TCP and TLS take, so it has a thread of its own.
                await asyncio.to_thread(self._open_socket)
                self._connect()
            except OSError as error:
                self.not_reached.set()
                pause = pause_after(attempt)
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
            self.subscribed.clear()
            if asyncio.get_running_loop().time() - began > _STABLE_AFTER_S:
                attempt = 0
            self._retained.lost_connection()
            self._on_lost()
            if not self._closing:
                pause = pause_after(attempt)
                attempt += 1
                await asyncio.sleep(pause)

    def _connect(self) -> None:
        """Connect. Raises OSError."""
        if not self._v5:
            self._client.connect(self._host, self._port, keepalive=KEEP_ALIVE_S)
            return
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = SESSION_EXPIRY_S
        properties.ReceiveMaximum = self._receive_maximum
        if self._topic_aliases:
            properties.TopicAliasMaximum = self._topic_aliases
        self._client.connect(
            self._host,
            self._port,
            keepalive=KEEP_ALIVE_S,
            clean_start=False,
            properties=properties,
        )

    def _open_socket(self) -> None:
        """Check, in a thread, that the port accepts connections. Raises OSError."""
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
            self.not_reached.set()
            return
        log.info(
            "connected to %s:%d (session %s)",
            self._host,
            self._port,
            "resumed" if flags.session_present else "new",
        )
        # Also on a resumed session: this version may subscribe to other topics than the last.
        if self._v5:
            # Retained messages come with a new subscription only, not at each reconnect.
            options = SubscribeOptions(
                qos=1, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB
            )
            client.subscribe([(topic, options) for topic in self._subscriptions])
        else:
            client.subscribe([(topic, 1) for topic in self._subscriptions])
        self.connected.set()

    def _granted(self, client: mqtt.Client, _: Any, mid: int, reasons: Any, _props: Any) -> None:
        refused = [
            topic
            for topic, reason in zip(self._subscriptions, reasons, strict=False)
            if reason.is_failure
        ]
        if refused:
            log.error("the broker refuses the subscription to %s", ", ".join(refused))
            self.not_reached.set()
            return
        self.subscribed.set()

    def _disconnected(self, _client: Any, _: Any, _flags: Any, reason: Any, _props: Any) -> None:
        if not self._closing:
            log.warning("connection to the broker lost: %s", reason)
        self._lost.set()

    def _socket_open(self, client: mqtt.Client, _: Any, sock: Any) -> None:
        self._client.handed = None if self._paho_reads else bytearray()
        self._frames = FrameCutter(self._hand_over)
        self._paused = False
        self._watch(sock)

    def _watch(self, sock: Any) -> None:
        """Read the socket whenever it is readable."""
        loop = asyncio.get_running_loop()
        if self._paho_reads:
            loop.add_reader(sock, self._readable_by_paho)
        else:
            loop.add_reader(sock, self._readable, sock)

    def _socket_close(self, client: mqtt.Client, _: Any, sock: Any) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(sock)
        loop.remove_writer(sock)
        if not self._paho_reads:
            self._read_rest(sock)
        self._lost.set()

    def _read_rest(self, sock: socket.socket) -> None:
        """Take the messages that have arrived on a connection which ends, mostly because a write
        found it broken. A broker that was killed has acknowledged them to their senders, and does
        not have them any more."""
        self._client.handed = None  # what is no message has no reader now
        try:
            while data := sock.recv(_RECEIVE_BYTES):
                self._frames.feed(data, self._now_us())
        except (OSError, Malformed):
            pass
        self._hand_on()

    def _readable(self, sock: socket.socket) -> None:
        """Call `recv` once, so that other tasks of the loop can run."""
        try:
            data = sock.recv(_RECEIVE_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._client.handed = None  # paho reads the end of the connection itself
            self._client.loop_read()
            return
        try:
            self._frames.feed(data, self._now_us())
        except Malformed as error:
            log.error("the broker sent a malformed frame: %s", error)
            self._client.give_up()
        self._hand_on()

    def _hand_over(self, frame: bytes) -> None:
        """Pass a frame that is no PUBLISH of QoS 0 or 1 to paho, after the messages before it."""
        self._hand_on()
        if self._client.handed is not None:
            self._client.handed += frame
            self._client.loop_read()

    def _hand_on(self) -> None:
        frames = self._frames
        if frames.messages:
            messages, mids = frames.messages, frames.mids
            if frames.copies:
                self._retained.strip(messages, mids, frames.copies)
                frames.copies = []
            frames.messages, frames.mids = [], []
            self._on_messages(messages, mids)

    def _read_by_paho(self, found: Publish) -> None:
        self._frames.publish(found, self._now_us())

    def _readable_by_paho(self) -> None:
        """Read until nothing is left, at most `_READS_AT_ONCE` times, so that other tasks run."""
        client = self._client
        for _ in range(_READS_AT_ONCE):
            if self._paused or client.loop_read() != mqtt.MQTT_ERR_SUCCESS:
                return
            self._hand_on()
            if client.drained:
                return
        asyncio.get_running_loop().call_soon(self._readable_by_paho)

    def _register_write(self, client: mqtt.Client, _: Any, sock: Any) -> None:
        asyncio.get_running_loop().add_writer(sock, client.loop_write)

    def _unregister_write(self, client: mqtt.Client, _: Any, sock: Any) -> None:
        asyncio.get_running_loop().remove_writer(sock)

    # ── called by the gateway ───────────────────────────────────────────────────────────────

    def pause(self) -> None:
        """Stop reading, so that TCP slows the broker down. Receive Maximum should limit it, but
        Mosquitto 2.0 sends all queued messages of a session at once."""
        sock = self._client.socket()
        if not self._paused and sock is not None:
            self._paused = True
            asyncio.get_running_loop().remove_reader(sock)

    def resume(self) -> None:
        """Read again."""
        sock: Any = self._client.socket()
        was_paused, self._paused = self._paused, False
        if was_paused and sock is not None:
            self._watch(sock)
            if self._paho_reads:  # it may have buffered bytes, for which no socket gets readable
                asyncio.get_running_loop().call_soon(self._readable_by_paho)

    def acknowledge(self, mids: Sequence[int]) -> None:
        """Send PUBACK for QoS 1 messages, in this order."""
        if mids:
            self._client.acknowledge(mids)
            self._retained.acknowledged(mids)

    def publish(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Publish to devices with QoS 0, in one write; dropped while disconnected."""
        if self.connected.is_set() and messages:
            self._client.publish_all(messages)

    async def close(self) -> None:
        """Disconnect; the broker keeps the session and unacknowledged messages."""
        self._closing = True
        if self._client.is_connected():
            self._client.disconnect()
            try:
                async with asyncio.timeout(1):
                    await self._lost.wait()
            except TimeoutError:
                log.warning("the broker did not close the connection in time")
        self._lost.set()
        for task in (self._misc, self._keeper):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
