"""The remote log: passes batches over TCP to ingest in another process."""

import asyncio
import logging
from collections.abc import Sequence
from urllib.parse import urlsplit

from contracts.raw import DeviceAck, RawMessage, Receipt
from contracts.wire import (
    batches_of,
    greet_as_gateway,
    pack_messages,
    read_frame,
    unpack_receipt,
    write_frame,
)
from runtime.backoff import pause_after
from runtime.errors import Stop

log = logging.getLogger("gateway.remote_log")


class RemoteLog:
    """A `Log` that sends batches to `tachowatt ingest --listen`.

    A batch whose answer was lost is sent again; ingest then counts it as duplicate.
    token : what both ends prove to have.
    """

    def __init__(self, url: str, token: str = "") -> None:
        parts = urlsplit(url)
        if parts.scheme != "tcp" or not parts.hostname or not parts.port:
            raise Stop(f"{url!r} is no log; expected tcp://host:port of `tachowatt ingest`")
        self._token = token
        self._host, self._port = parts.hostname, parts.port
        self._stream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._turn = asyncio.Lock()
        self._away: str | None = None

    def missing(self) -> str | None:
        """Return why ingest takes no batches at present; None = no failure is known."""
        return self._away

    async def append(self, messages: Sequence[RawMessage]) -> Receipt:
        """Send a batch; waits as long as ingest is away. Batches are sent one by one, in order."""
        acks: list[DeviceAck] = []
        async with self._turn:
            for part in batches_of(messages):
                acks += (await self._send(pack_messages(part))).acks
        return Receipt(acks)

    async def _send(self, frame: bytes) -> Receipt:
        attempt = 0
        while True:
            try:
                if self._stream is None:
                    self._stream = await asyncio.open_connection(self._host, self._port)
                    await greet_as_gateway(*self._stream, self._token)
                reader, writer = self._stream
                write_frame(writer, frame)
                await writer.drain()
                receipt = unpack_receipt(await read_frame(reader))
                self._away = None
                return receipt
            except (OSError, EOFError, ValueError) as error:
                await self.close()
                pause = pause_after(attempt)
                attempt += 1
                self._away = f"no answer from ingest at {self._host}:{self._port}"
                log.warning(
                    "no answer from ingest at %s:%d (%s); again in %.1f s",
                    self._host,
                    self._port,
                    error or type(error).__name__,
                    pause,
                )
                await asyncio.sleep(pause)

    async def close(self) -> None:
        """Close the connection."""
        if self._stream is not None:
            self._stream[1].close()
            self._stream = None
