"""Connections of clients: accepting them, their number, and how long each may take.

A connection waits for its client while a head or a body is incomplete, and between two requests.
Where there are as many connections as allowed, the one that has waited longest makes room for a new
one, so that clients which send nothing do not keep others out. Heads, bodies and unread answers
have a time limit each. Nothing here is logged more than once a minute: a client decides how often
it happens.
"""

import asyncio
import errno
import logging
import os
import resource
import secrets
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.http.problem_titles import TITLES
from api.http.problems import MEDIA_TYPE, ProblemBody
from api.http.tls import Certificate
from runtime.clock import Clock
from runtime.settings import Settings

log = logging.getLogger("api.connections")

_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_FEWEST = 16
_RESERVED_FILES = 64
"""File descriptors left to other parts of the process, beside those that are open at the start."""
_BACKLOG = 1_024
_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 1.0
_QUIET_S = 60.0

Phase = Literal["idle", "head", "body", "busy"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What clients are allowed. connections : at once; the others in seconds."""

    connections: int
    head_s: float
    body_s: float
    unread_s: float

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """Read the settings; fewer connections where the process may not open so many files."""
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        reserved = _open_files() + _RESERVED_FILES + settings.api_connections
        most = max(_FEWEST, min(settings.api_clients, files - reserved))
        if most < settings.api_clients:
            log.info("%d clients at once, because the process may open %d files", most, files)
        return cls(
            most, settings.api_head_timeout_s, settings.api_body_timeout_s,
            settings.api_unread_timeout_s,
        )  # fmt: skip


def _open_files() -> int:
    listed = Path("/proc/self/fd")
    return len(os.listdir(listed)) if listed.is_dir() else _RESERVED_FILES


class _Seldom(logging.Filter):
    """Passes errors, and everything else once a minute for each message."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno >= logging.ERROR:
            return True
        now, message = self._clock.monotonic(), str(record.msg)
        if now - self._said.get(message, -_QUIET_S) < _QUIET_S:
            return False
        self._said[message] = now
        return True


class Connection(H11Protocol):
    """One client: uvicorn's protocol with time limits."""

    def __init__(self, server: "Server") -> None:
        super().__init__(server.config, server.server_state, {})
        self.logger = server.quiet_log
        self._server = server
        self._limits = server.limits
        self._phase: Phase = "busy"
        self._timer: asyncio.TimerHandle | None = None
        self._unread_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._enter("head")

    def connection_lost(self, exc: Exception | None) -> None:
        self._enter("busy")
        self.resume_writing()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        super().handle_events()
        if self.transport.is_closing():
            self._enter("busy")
        elif self.conn.their_state is h11.SEND_BODY:
            self._enter("body")
        elif self.conn.their_state is h11.IDLE:
            between = self.timeout_keep_alive_task is not None and not self.conn.trailing_data[0]
            self._enter("idle" if between else "head")
        else:
            self._enter("busy")

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._unread_timer is None:
            self._unread_timer = self.loop.call_later(self._limits.unread_s, self.cut)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "bad_http", msg, "Send HTTP/1.1 as RFC 9112 describes it.")

    def cut(self) -> None:
        """Close at once, whatever is under way."""
        self._enter("busy")
        self.transport.abort()

    def _enter(self, phase: Phase) -> None:
        """Note whom the connection waits for; the time of a phase begins when it is entered."""
        if phase == self._phase:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting = self._server.waiting
        waiting.pop(self, None)
        if phase != "busy":
            waiting[self] = None
        if phase in ("head", "body"):
            seconds = self._limits.head_s if phase == "head" else self._limits.body_s
            self._timer = self.loop.call_later(seconds, self._time_is_up, phase, seconds)
        self._phase = phase

    def _time_is_up(self, phase: Phase, seconds: float) -> None:
        if phase == "head" and not self.conn.trailing_data[0]:
            self.transport.close()  # it never said anything
            return
        self._refuse(
            408,
            "too_slow",
            f"The {phase} of the request was not complete after {seconds:g} s.",
            "Send the request again, all of it.",
        )

    def _refuse(self, status: int, code: str, detail: str, resolution: str) -> None:
        """Respond with a problem, unless a response has begun, and close the connection."""
        self._enter("busy")
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True  # a reader of the body learns that it ends
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._write_problem(status, code, detail, resolution)
        self.transport.close()

    def _write_problem(self, status: int, code: str, detail: str, resolution: str) -> None:
        reason = h11_reason(status)
        body = ProblemBody(
            type=f"urn:tachowatt:problem:{code}",
            title=TITLES.get(code) or reason.decode(),
            status=status,
            detail=detail,
            instance="-",
            code=code,
            request_id=secrets.token_hex(8),
            resolution=resolution,
            user_message="The request was not understood.",
        ).model_dump_json(exclude_none=True)
        headers = [
            ("content-type", MEDIA_TYPE),
            ("content-length", str(len(body.encode()))),
            ("connection", "close"),
        ]
        for event in (
            h11.Response(status_code=status, headers=headers, reason=reason),
            h11.Data(data=body.encode()),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")


def h11_reason(status: int) -> bytes:
    """Return the phrase of a status that this module sends."""
    return {400: b"Bad Request", 408: b"Request Timeout"}[status]


class Server(uvicorn.Server):
    """uvicorn's server with its own way of accepting connections.

    asyncio's way has no limit, and logs thousands of lines a second once no file can be opened.
    waiting : connections that wait for their client, the longest first.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        limits: Limits,
        clock: Clock,
        certificate: Certificate | None = None,
    ) -> None:
        super().__init__(config)
        self.limits = limits
        self._certificate = certificate
        self._greeting: dict[asyncio.Task[None], None] = {}
        self.waiting: dict[Connection, None] = {}
        self.quiet_log = logging.Logger("api.connections")
        self.quiet_log.parent = log
        self.quiet_log.addFilter(_Seldom(clock))
        self._accepting: list[asyncio.Task[None]] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.servers = []
        for listening in sockets or []:
            listening.listen(_BACKLOG)
            listening.setblocking(False)
            self._accepting.append(asyncio.create_task(self._accept(listening), name="accept"))
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        ending = [*self._accepting, *self._greeting]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        for connection in list(self.waiting):
            connection.cut()
        await super().shutdown(sockets)

    async def _accept(self, listening: socket.socket) -> None:
        loop, pause_s = asyncio.get_running_loop(), _SHORTEST_PAUSE_S
        while True:
            try:
                client, _ = await loop.sock_accept(listening)
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    self._make_room()
                self.quiet_log.warning("no connection can be accepted: %s", error)
                await asyncio.sleep(pause_s)
                pause_s = min(2.0 * pause_s, _LONGEST_PAUSE_S)
                continue
            pause_s = _SHORTEST_PAUSE_S
            if len(self.server_state.connections) + len(self._greeting) >= self.limits.connections:
                self._make_room()
            if self._certificate is None:
                await self._connect(client, None)
                continue
            greeting = loop.create_task(self._connect(client, self._certificate.context))
            self._greeting[greeting] = None
            greeting.add_done_callback(lambda task: self._greeting.pop(task, None))

    async def _connect(self, client: socket.socket, tls: ssl.SSLContext | None) -> None:
        """Make an accepted client a connection, with TLS after its handshake."""
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: Connection(self),
                client,
                ssl=tls,
                ssl_handshake_timeout=None if tls is None else self.limits.head_s,
            )
        except OSError:  # the client is away already, or does not speak TLS
            client.close()
        except asyncio.CancelledError:
            client.close()
            raise

    def _make_room(self) -> None:
        """Close the connection that has waited longest for its client, handshakes first."""
        greeting = next(iter(self._greeting), None)
        if greeting is not None:
            self.quiet_log.warning("too many connections: handshakes that wait longest are ended")
            self._greeting.pop(greeting)
            greeting.cancel()
            return
        longest = next(iter(self.waiting), None)
        if longest is None:
            self.quiet_log.warning("all connections are busy; new requests are answered 503")
            return
        self.quiet_log.warning("too many connections: those that wait longest are closed")
        longest.cut()
