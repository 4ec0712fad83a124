"""Outermost middleware: request ids, body limits, security headers, metrics, unhandled errors."""

import re
import secrets

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http import problems
from api.http.problems import Problem
from api.http.site import HSTS, Site
from runtime.clock import Clock
from runtime.metrics import Metrics

MAX_BODY_BYTES = 64 * 1024
_JSON = "application/json"
NDJSON = "application/x-ndjson"
BULK = "/bulk"
"""End of the paths that take many objects, one a line."""
_REGISTRY = frozenset(
    f"/v1/{kind}" for kind in ("customers", "contracts", "vehicles", "meters", "assignments")
)
"""Paths that take the same, without that end."""
MAX_BULK_BYTES = 2 * 1024 * 1024
MAX_UPLOAD_BYTES = 10 * 1024 * 1024
"""Photos of one form (services/photo.py limits each)."""
_UPLOAD = re.compile(r"/matter/[^/]+/files|/reading/(by-link/)?[^/]+")
_CLIENT_GONE = 499
"""Status in the metrics of a request whose client went away before it was complete."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "private, no-cache",
}
"""Defaults that an endpoint may override; pages set their own policy. `no-cache` lets a client keep
a response and revalidate it with If-None-Match."""


class Edge:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, clock: Clock, metrics: Metrics, site: Site) -> None:
        self._app = app
        self._site = site
        self._clock = clock
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        began = self._clock.monotonic()
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                out = MutableHeaders(scope=message)
                out["X-Request-Id"] = request_id
                rate = state.get("rate")
                if rate is not None:
                    out.update(rate.headers())
                for name, value in _HEADERS.items():
                    out.setdefault(name, value)
                if self._site.secure:
                    out["Strict-Transport-Security"] = HSTS
                self._count(scope, status, self._clock.monotonic() - began)
            await send(message)

        refused = self._site.wrong_host(scope["path"], headers) or _refused(scope, headers)
        try:
            if refused is not None:
                raise refused
            await self._app(scope, _limited(receive, _most(scope)), sending)
        except ClientDisconnect:
            if not status:
                self._count(scope, _CLIENT_GONE, self._clock.monotonic() - began)
        except Exception as error:
            if status:
                raise  # the response has started; the server closes the connection
            response = problems.answer(Request(scope), problems.of(error))
            await response(scope, receive, sending)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "-")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.request_seconds.labels(route).observe(seconds)


def _refused(scope: Scope, headers: Headers) -> Problem | None:
    """Return the problem of a request that is refused unread: body too large, or not JSON."""
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > _most(scope):
        return _too_large(_most(scope))
    has_body = length != "0" or "transfer-encoding" in headers
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    takes = NDJSON if _bulk(scope) else _JSON
    if has_body and scope["path"].startswith("/v1/") and media_type not in (takes, _JSON):
        return Problem(
            415,
            "not_json",
            f"The body is {media_type or 'of no declared type'}; this path takes {takes}.",
            f"Send JSON with `Content-Type: {takes}`.",
        )
    return None


def _bulk(scope: Scope) -> bool:
    path: str = scope["path"]
    return path in _REGISTRY or (path.startswith("/v1/") and path.endswith(BULK))


def _most(scope: Scope) -> int:
    """Return how many bytes a body may have."""
    if scope["method"] == "POST" and _UPLOAD.fullmatch(scope["path"]):
        return MAX_UPLOAD_BYTES
    return MAX_BULK_BYTES if _bulk(scope) else MAX_BODY_BYTES


def _too_large(most: int) -> Problem:
    return Problem(
        413,
        "too_large",
        f"The body is larger than {most} bytes.",
        "Send less.",
        user_message="That is too much text.",
    )


def _limited(receive: Receive, most: int) -> Receive:
    """Limit a body without Content-Length while it is received."""
    left = most

    async def receiving() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise _too_large(most)
        return message

    return receiving
