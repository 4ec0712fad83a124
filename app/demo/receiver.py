"""Destinations of the demo's contacts: a small webhook receiver, and a mail server.

The mail server stores no text. Both listen on free ports of the loopback, in one thread with its
own event loop.

`/insurer` and `/utility` accept webhooks and verify their signature like a real receiver (Standard
Webhooks); `/` lists arrivals for people, `/received` for programs.
"""

import asyncio
import html
import json
import logging
import socket
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from typing import Any

import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from runtime.calibration import known_slowness
from runtime.clock import Clock
from runtime.errors import Stop

SIDES = ("insurer", "utility")
_START_WITHIN_S = 10.0
_STOP_WITHIN_S = 5
_SHOWN = 200
"""Newest rows on the page; /received has all."""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook that arrived. at_s : when it was verified, monotonic seconds of the clock.

    at_us : epoch µs; reason : '' if the signature is valid; body : None if it is not a JSON
    object.
    """

    side: str
    webhook_id: str
    type: str
    at_s: float
    at_us: int
    verified: bool
    reason: str
    body: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that arrived, without its text. at_us : epoch µs."""

    message_id: str
    recipients: tuple[str, ...]
    at_us: int


class DemoReceiver:
    """Receives webhooks and mails; `trust` sets the secrets.

    Attributes
    ----------
    url, smtp_url : its addresses, once `start` has returned
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._secrets: dict[str, tuple[str, ...]] = {}
        self._deliveries: list[Delivery] = []
        self._mails: list[Mail] = []
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._up = threading.Event()
        self.url = self.smtp_url = ""

    def start(self) -> None:
        """Listen. Raises `Stop` on failure."""
        logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd logs each command
        web, mail = _listen(), _listen()
        self.url = f"http://127.0.0.1:{web.getsockname()[1]}"
        self.smtp_url = f"smtp://127.0.0.1:{mail.getsockname()[1]}"
        config = uvicorn.Config(
            _application(self),
            log_level="warning",
            access_log=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=_STOP_WITHIN_S,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=asyncio.run, args=(self._run(web, mail),), name="demo-receiver", daemon=True
        )
        self._thread.start()
        if not self._up.wait(_START_WITHIN_S * known_slowness(self._clock)):
            raise Stop("the demo's receiver of webhooks did not start")

    def stop(self) -> None:
        """Stop both servers; arrivals stay readable."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(2 * _STOP_WITHIN_S)
            self._server = self._thread = None

    def trust(self, side: str, *secrets: str) -> None:
        """Accept signatures of `side` by any of these secrets (several during rotation)."""
        self._secrets[side] = secrets

    def deliveries(self) -> list[Delivery]:
        """Return all webhooks so far, in order of arrival."""
        return list(self._deliveries)

    def mails(self) -> list[Mail]:
        """Return all mails so far, in order of arrival."""
        return list(self._mails)

    def accept(self, side: str, raw: bytes, headers: Mapping[str, str]) -> Delivery:
        """Verify and record one webhook."""
        reason = _why_not(self._secrets.get(side, ()), raw, headers)
        body = _object(raw)
        delivery = Delivery(
            side,
            headers.get("webhook-id", ""),
            str((body or {}).get("type", "")),
            self._clock.monotonic(),
            self._clock.now_us(),
            not reason,
            reason,
            body,
        )
        self._deliveries.append(delivery)
        return delivery

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Record one mail (hook of aiosmtpd)."""
        content = envelope.content
        raw = content if isinstance(content, bytes) else str(content).encode()
        message_id = str(message_from_bytes(raw).get("Message-ID", "")).strip()
        self._mails.append(Mail(message_id, tuple(envelope.rcpt_tos), self._clock.now_us()))
        return "250 kept"

    async def _run(self, web: socket.socket, mail: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        smtp = await loop.create_server(
            lambda: SMTP(self, hostname="localhost", enable_SMTPUTF8=True, loop=loop), sock=mail
        )
        self._up.set()
        assert self._server is not None
        async with smtp:
            await self._server.serve(sockets=[web])


def _listen() -> socket.socket:
    """Return a listening socket, so that its address is known at once."""
    made = socket.socket()
    made.bind(("127.0.0.1", 0))
    made.listen(128)
    return made


def _why_not(secrets: tuple[str, ...], raw: bytes, headers: Mapping[str, str]) -> str:
    """Return why no secret matches; '' if one does."""
    reason = "no secret is known"
    for secret in secrets:
        try:
            Webhook(secret).verify(raw, dict(headers), json_parse=False)
        except (WebhookVerificationError, ValueError) as error:  # ValueError: no signature at all
            reason = str(error)
        else:
            return ""
    return reason


def _object(raw: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(raw)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _application(receiver: DemoReceiver) -> FastAPI:
    web = FastAPI(openapi_url=None)

    @web.get("/")
    def page() -> Response:
        return HTMLResponse(_page(receiver), headers=_HEADERS)

    @web.get("/received")
    def received() -> dict[str, Any]:
        return {
            "webhooks": [asdict(delivery) for delivery in receiver.deliveries()],
            "mails": [asdict(mail) for mail in receiver.mails()],
        }

    @web.post("/{side}")
    async def webhook(side: str, request: Request) -> Response:
        if side not in SIDES:
            raise HTTPException(404)
        delivery = receiver.accept(side, await request.body(), request.headers)
        return Response(status_code=204 if delivery.verified else 401)

    return web


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="3">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>What arrived</title>
<style>
:root {{ color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }}
body {{ max-width: 72rem; margin: 0 auto; padding: 1rem; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0;
  border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }}
code {{ font-size: .85em; overflow-wrap: anywhere; }}
</style></head><body>
<h1>What arrived</h1>
<p>A receiver of webhooks, as an insurer or a utility would run one. {webhooks} webhooks,
{mails} mails. As JSON: <a href="/received">/received</a>.</p>
<table><thead><tr><th>Time (UTC)</th><th>To</th><th>Type</th><th>Signature</th><th>Body</th></tr>
</thead><tbody>{rows}</tbody></table>
</body></html>
"""


def _page(receiver: DemoReceiver) -> str:
    deliveries = receiver.deliveries()
    rows = "".join(_row(delivery) for delivery in reversed(deliveries[-_SHOWN:]))
    return _PAGE.format(
        webhooks=len(deliveries),
        mails=len(receiver.mails()),
        rows=rows or '<tr><td colspan="5">Nothing yet.</td></tr>',
    )


def _row(delivery: Delivery) -> str:
    at = datetime.fromtimestamp(delivery.at_us // 1_000_000, UTC).strftime("%H:%M:%S")
    signature = "right" if delivery.verified else f"refused: {delivery.reason}"
    body = "no JSON object" if delivery.body is None else json.dumps(delivery.body.get("data"))
    cells = (at, delivery.side, delivery.type, signature)
    plain = "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
    return f"<tr>{plain}<td><code>{html.escape(body)}</code></td></tr>"
