"""A receiver of webhooks that answers as a test asks, and a mail server, both real."""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from tests.patience import patient

# aiosmtpd logs each connection, also after pytest has closed its streams.
logging.getLogger("mail.log").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Hit:
    """A request that arrived. verified : by which of the receiver's secrets (-1 = by none)."""

    path: str
    id: str
    timestamp: int
    body: dict[str, Any]
    verified: int
    headers: dict[str, str] = field(default_factory=dict)


def _bound(port: int) -> socket.socket:
    """A socket on a port of the loopback (0 = any) that does not listen yet."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)  # nobody else may bind it too
    return bound


class Receiver:
    """Listens on a free port of the loopback, in a thread of its own.

    retry_after : the header of its answers.
    behaviour : ok, an HTTP status, slow (holds its answer until `release`), garbage (no HTTP),
    endless (a status, then a body that does not end) or halting (200, then a body that does not
    come before `release`). `down` and `up` close and open the port.
    """

    def __init__(self) -> None:
        self.behaviour: str | int = "ok"
        self.retry_after = ""
        self.secrets: list[str] = []
        self.hits: list[Hit] = []
        self.port = 0
        self._arrived = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._release = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._held: socket.socket | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.up()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    @property
    def ids(self) -> list[str]:
        return [hit.id for hit in self.hits]

    def up(self) -> None:
        self._call(self._open())

    def down(self) -> None:
        self._call(self._close())

    def release(self) -> None:
        """Let slow answers go."""
        self._loop.call_soon_threadsafe(self._release.set)

    def wait_for(self, count: int, timeout_s: float = 30.0) -> None:
        """Until so many requests have arrived."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.hits) >= count, patient(timeout_s)):
                raise AssertionError(f"{len(self.hits)} of {count} requests came")

    def close(self) -> None:
        self.release()
        self.down()
        if self._held is not None:
            self._held.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(patient(5))
        self._loop.close()

    def _call(self, coroutine: Any) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(patient(10))

    async def _open(self) -> None:
        held = self._held or _bound(0)
        self._held, self.port = None, held.getsockname()[1]
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what it accepts inherits that
        self._server = await asyncio.start_server(self._serve, sock=held)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            await asyncio.sleep(0)  # the loop lets go of the port
            # Nobody listens, but the port stays ours: else another test's receiver may get it, and
            # what was meant for this one.
            self._held = _bound(self.port)
            for task in asyncio.all_tasks():
                if task is not asyncio.current_task():
                    task.cancel()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                first, *lines = head.strip().split("\r\n")
                fields = {n.lower(): v for n, _, v in (line.partition(": ") for line in lines)}
                body = await reader.readexactly(int(fields.get("content-length", "0")))
                self._note(first.split()[1], fields, body)
                await self._answer(writer)
                await writer.drain()
        writer.close()

    def _note(self, path: str, fields: dict[str, str], body: bytes) -> None:
        with self._arrived:
            signed = f"{fields['webhook-id']}.{fields['webhook-timestamp']}.".encode() + body
            given = fields["webhook-signature"].split(" ")
            valid = [signature(secret, signed) in given for secret in self.secrets]
            self.hits.append(
                Hit(
                    path,
                    fields["webhook-id"],
                    int(fields["webhook-timestamp"]),
                    json.loads(body),
                    valid.index(True) if True in valid else -1,
                    fields,
                )
            )
            self._arrived.notify_all()

    async def _answer(self, writer: asyncio.StreamWriter) -> None:
        status = self.behaviour
        if status == "slow":
            await self._release.wait()
        if status == "garbage":
            writer.write(b"\x00\x01 this is no HTTP\r\n\r\n")
            writer.close()
            return
        if status == "endless":
            writer.write(b"HTTP/1.1 500 Broken\r\n\r\n")
            while True:
                writer.write(b"x" * 65_536)
                await writer.drain()
        if status == "halting":
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n")
            await self._release.wait()
            return
        code = 200 if status in ("ok", "slow") else int(status)
        place = f"location: {self.url}/elsewhere\r\n" if 300 <= code < 400 else ""
        if self.retry_after:
            place += f"retry-after: {self.retry_after}\r\n"
        text = f"status {code}"
        writer.write(
            f"HTTP/1.1 {code} X\r\n{place}content-length: {len(text)}\r\n\r\n{text}".encode()
        )


def signature(secret: str, signed: bytes) -> str:
    """By the text of Standard Webhooks, not by the package that signs."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


class Mailbox:
    """Keeps what an SMTP server received. answer : what it says to RCPT."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.answer = "250 OK"
        self._controller = Controller(self, hostname="127.0.0.1", port=0)

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if self.answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return self.answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        from email import message_from_bytes, policy

        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self._controller.server.sockets[0].getsockname()[1]}"

    def start(self) -> None:
        # The controller asks its own port whether it is up; it does not understand port 0.
        from app.servers.ports import free_port

        self._controller.port = free_port()
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()


@pytest.fixture
def new_receiver() -> Iterator[Callable[[], Receiver]]:
    """Make receivers: `receiver = new_receiver()`."""
    made: list[Receiver] = []

    def make() -> Receiver:
        made.append(Receiver())
        return made[-1]

    yield make
    for receiver in made:
        receiver.close()


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A running mail server."""
    made = Mailbox()
    made.start()
    yield made
    made.stop()
