"""One MQTT 5 connection inside asyncio: paho without its thread.

paho owns the protocol; the event loop reports when its socket is readable or writable (the way
of aiomqtt and Home Assistant). The connection comes back by itself, with growing pauses.
"""

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0
_CONNECT_TIMEOUT_S = 5.0
_MISC_S = 1.0
_KEEPALIVE_S = 30
_RECEIVE_MAXIMUM = 65_535
"""What MQTT 5 says when the server names none."""


class Connection:
    """Connects, subscribes, publishes at QoS 1, and reconnects until it is stopped.

    Parameters
    ----------
    url : mqtt://[user:password@]host[:port], mqtts:// for TLS
    subscriptions : topics, QoS 1, subscribed anew after every connect
    on_connect : called after each CONNACK, `on_message(topic, body)` for what arrives
    tls : for mqtts://; None = the system's authorities
    """

    def __init__(
        self,
        url: str,
        client_id: str,
        subscriptions: list[str],
        on_connect: Callable[[], None],
        on_message: Callable[[str, bytes], None],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        parts = urlsplit(url if "//" in url else f"mqtt://{url}")
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise ValueError(f"{url!r} is no broker address; write mqtt://host:port or mqtts://…")
        self._host = parts.hostname
        self._port = parts.port or (8_883 if parts.scheme == "mqtts" else 1_883)
        self._subscriptions = subscriptions
        self._connected_hook, self._message_hook = on_connect, on_message
        self.receive_maximum = _RECEIVE_MAXIMUM
        self.inflight: set[int] = set()
        self.connects = 0
        self.refused = 0
        self.up = asyncio.Event()
        self.room = asyncio.Event()
        self._down = asyncio.Event()
        self._watching = False
        self._tasks: list[asyncio.Task[None]] = []
        client = paho.Client(
            paho.CallbackAPIVersion.VERSION2, client_id, protocol=paho.MQTTv5, transport="tcp"
        )
        # 0 = paho does not count: the window is ours (its own scan for queued messages is linear
        # in the messages in flight, for each PUBACK)
        client.max_inflight_messages_set(0)
        client.max_queued_messages_set(0)
        client.connect_timeout = _CONNECT_TIMEOUT_S
        if parts.username:
            password = unquote(parts.password) if parts.password else None
            client.username_pw_set(unquote(parts.username), password)
        if parts.scheme == "mqtts":
            client.tls_set_context(tls or ssl.create_default_context())
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_socket_open = self._on_socket_open
        client.on_socket_close = self._on_socket_close
        client.on_socket_register_write = self._on_register_write
        client.on_socket_unregister_write = self._on_unregister_write
        self._client = client

    def start(self) -> None:
        """Begin to connect; `up` is set when it has worked."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._tasks = [
            self._loop.create_task(self._keep_connected()),
            self._loop.create_task(self._misc()),
        ]

    async def stop(self) -> None:
        """Say goodbye and end the tasks."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.up.is_set():
            self._client.disconnect()
            for _ in range(20):
                if self._client.socket() is None:
                    break
                self._client.loop_write()
                await asyncio.sleep(0.01)
        if (left := self._client.socket()) is not None:
            self._on_socket_close(self._client, None, left)
            left.close()

    def publish(self, topic: str, body: bytes, properties: Properties | None) -> bool:
        """Hand one message to paho, QoS 1; False if it cannot take it now.

        What paho took is sent again after a reconnect until its PUBACK has come.
        """
        info = self._client.publish(topic, body, 1, False, properties)
        if info.rc == paho.MQTT_ERR_QUEUE_SIZE:
            return False
        self.inflight.add(info.mid)
        return True

    def flush(self) -> None:
        """Write what is queued, as far as the socket takes it."""
        client = self._client
        sock = client.socket()
        if sock is None or not client.want_write():
            return
        client.loop_write()
        if client.want_write() and not self._watching and client.socket() is sock:
            self._watching = True
            self._loop.add_writer(sock, client.loop_write)

    async def _keep_connected(self) -> None:
        pause = _FIRST_PAUSE_S
        properties = Properties(PacketTypes.CONNECT)
        properties.ReceiveMaximum = _RECEIVE_MAXIMUM
        while True:
            self._down.clear()
            try:
                # name resolution and connect() block; nothing else of paho leaves the loop
                await asyncio.to_thread(
                    self._client.connect,
                    self._host,
                    self._port,
                    _KEEPALIVE_S,
                    clean_start=True,
                    properties=properties,
                )
                async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                    await self.up.wait()
                pause = _FIRST_PAUSE_S
                await self._down.wait()
            except (OSError, TimeoutError, ssl.SSLError):
                pass
            self.up.clear()
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    async def _misc(self) -> None:
        while True:
            await asyncio.sleep(_MISC_S)
            if self.up.is_set():
                self._client.loop_misc()

    # paho's callbacks

    def _on_connect(self, client: Any, _data: Any, _flags: Any, code: Any, properties: Any) -> None:
        if code.is_failure:
            self.refused += 1
            return
        self.receive_maximum = getattr(properties, "ReceiveMaximum", _RECEIVE_MAXIMUM)
        for topic in self._subscriptions:
            client.subscribe(topic, qos=1)
        self.connects += 1
        self.up.set()
        self._connected_hook()

    def _on_disconnect(self, *_: Any) -> None:
        self.up.clear()
        self._loop.call_soon_threadsafe(self._down.set)

    def _on_publish(self, _client: Any, _data: Any, mid: int, _code: Any, _props: Any) -> None:
        self.inflight.discard(mid)
        self.room.set()

    def _on_message(self, _client: Any, _data: Any, message: Any) -> None:
        self._message_hook(message.topic, message.payload)

    # paho's socket: opened in the connecting thread, then served by the loop

    def _on_socket_open(self, client: Any, _data: Any, sock: Any) -> None:
        def watch() -> None:
            if client.socket() is sock:
                self._loop.add_reader(sock, client.loop_read)

        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self._loop.call_soon_threadsafe(watch)

    def _on_socket_close(self, _client: Any, _data: Any, sock: Any) -> None:
        # the number is free as soon as paho has closed the socket: forget it before that
        if sock.fileno() >= 0:
            self._loop.remove_reader(sock)
            self._loop.remove_writer(sock)
        self._watching = False

    def _on_register_write(self, _client: Any, _data: Any, _sock: Any) -> None:
        # most of the time the socket takes everything at once, and no watching is needed
        if threading.get_ident() == self._thread:
            self._loop.call_soon(self.flush)
        else:
            self._loop.call_soon_threadsafe(self.flush)

    def _on_unregister_write(self, _client: Any, _data: Any, sock: Any) -> None:
        if self._watching and sock.fileno() >= 0:
            self._loop.remove_writer(sock)
        self._watching = False
