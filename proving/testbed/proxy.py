"""A TCP proxy between two processes that can be cut, stalled or slowed down."""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from app.servers.ports import free_port

_CHUNK = 64 * 1024
_SLICES_PER_S = 20
"""Steps per second of a slow connection."""
_RESET = struct.pack("ii", 1, 0)  # close() sends RST and not FIN

Server = Path | int
"""The server behind it: a Unix socket, or a port of the loopback. Called for each connection."""


class Proxy:
    """`port` of the loopback, in front of a server. name : `client>server`."""

    def __init__(self, name: str, server: Callable[[], Server]) -> None:
        self.name = name
        self.port = free_port()
        self._server = server
        self._listener: asyncio.Server | None = None
        self._pairs: set[_Pair] = set()
        self._cut = False
        self.flows = asyncio.Event()
        self.flows.set()
        self.bytes_per_s = 0

    @property
    def open(self) -> int:
        """Number of current connections."""
        return len(self._pairs)

    async def start(self) -> None:
        """Listen."""
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    async def close(self) -> None:
        """Close the listener and all connections."""
        if self._listener is not None:
            self._listener.close()
        tasks = [pair.task for pair in self._pairs if pair.task is not None]
        self.cut()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def cut(self) -> None:
        """Reset all connections, and each new one at once, until `heal`."""
        self._cut = True
        for pair in list(self._pairs):
            pair.cut()

    def stall(self) -> None:
        """Forward no byte until `heal`; connections are accepted but get no answer."""
        self.flows.clear()

    def slow(self, bytes_per_s: int) -> None:
        """Limit the rate in each direction of each connection until `heal`."""
        self.bytes_per_s = bytes_per_s

    def heal(self) -> None:
        """Forward everything again, delayed bytes first."""
        self._cut = False
        self.bytes_per_s = 0
        self.flows.set()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pair = _Pair(self, writer)
        if self._cut:
            pair.cut()
            return
        self._pairs.add(pair)
        pair.task = asyncio.create_task(pair.run(reader, self._server()), name=self.name)
        pair.task.add_done_callback(lambda _: self._pairs.discard(pair))


class _Pair:
    """A connection and its counterpart to the server."""

    def __init__(self, proxy: Proxy, client: asyncio.StreamWriter) -> None:
        self.task: asyncio.Task[None] | None = None
        self._proxy = proxy
        self._writers = [client]

    def cut(self) -> None:
        for writer in self._writers:
            with suppress(OSError, AttributeError):
                found = writer.get_extra_info("socket")
                if found.family == socket.AF_INET:
                    found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()

    async def run(self, reader: asyncio.StreamReader, server: Server) -> None:
        try:
            if isinstance(server, Path):
                behind, writer = await asyncio.open_unix_connection(server)
            else:
                behind, writer = await asyncio.open_connection("127.0.0.1", server)
        except OSError:
            self.cut()
            return
        self._writers.append(writer)
        client = self._writers[0]
        pumps = [
            asyncio.create_task(self._pump(reader, writer)),
            asyncio.create_task(self._pump(behind, client)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for each in self._writers:
                each.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward until one end closes. Later bytes of the other end are dropped: MQTT, Kafka and
        PostgreSQL never close one direction only."""
        proxy = self._proxy
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                while data:
                    await proxy.flows.wait()
                    size = max(proxy.bytes_per_s // _SLICES_PER_S, 1) if proxy.bytes_per_s else 0
                    part, data = (data[:size], data[size:]) if size else (data, b"")
                    writer.write(part)
                    await writer.drain()
                    if size:
                        await asyncio.sleep(1 / _SLICES_PER_S)
