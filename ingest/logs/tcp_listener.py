"""Ingest in a separate process: accepts batches from gateways over TCP."""

import asyncio
import logging

from contracts.raw import Log
from contracts.wire import (
    TokenRefused,
    greet_as_listener,
    pack_receipt,
    read_frame,
    unpack_messages,
    write_frame,
)

log = logging.getLogger("ingest.logs.tcp_listener")


class Listener:
    """Serves a log to gateways that have its token; `port` is known after `start`."""

    def __init__(self, log_: Log, host: str, port: int, token: str = "") -> None:
        self._log = log_
        self._token = token
        self._host = host
        self.port = port
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen. Raises OSError where the port is taken."""
        self._server = await asyncio.start_server(self._serve, self._host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        try:
            await greet_as_listener(reader, writer, self._token)
            while True:
                messages = unpack_messages(await read_frame(reader))
                write_frame(writer, pack_receipt(await self._log.append(messages)))
                await writer.drain()
        except TokenRefused as error:
            log.error("a gateway is refused: %s", error)
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            pass  # the gateway has disconnected; it sends unanswered batches again
        except ValueError as error:
            log.error("a client that is no gateway: %s", error)
        finally:
            self._clients.discard(task)
            writer.close()

    async def close(self) -> None:
        """Stop listening and end the connections."""
        if self._server is not None:
            self._server.close()
        for task in list(self._clients):
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
