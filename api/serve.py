"""The API server: opens its dependencies, binds a socket, serves until stopped."""

import asyncio
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.http.changes import Changes
from api.http.connections import Limits, Server
from api.http.deps import Deps
from api.http.oidc import provider_of
from api.http.ratelimit import FailureLimit, RateLimit
from api.http.site import Site
from api.http.tls import Certificate, certificate_of
from api.resources import scores
from api.routes.operators.health import readiness
from runtime.clock import Clock
from runtime.endpoint import Missing
from runtime.errors import Retry, Stop
from runtime.metrics import Metrics
from runtime.secret_box import box_of
from runtime.settings import Settings
from store.people import person_sessions, sessions
from store.postgres.pool import Pool
from store.postgres.roles import READER

log = logging.getLogger("api")

_GRACE_S = 3
_CLEAN_UP_EVERY_S = 3600.0


@contextmanager
def open_deps(
    settings: Settings, clock: Clock, database_url: str, metrics: Metrics
) -> Iterator[Deps]:
    """Open the dependencies of one process; close them at the end."""
    url = settings.api_database_url or database_url
    box = box_of(settings)
    pool = Pool(url, most=settings.api_connections, role=READER, box=box)
    changes = Changes(url)
    changes.start()
    try:
        rate = RateLimit(settings.api_requests_per_minute)
        failures = FailureLimit(settings.api_failures_per_minute)
        site = Site(settings.api_base_url)
        provider = provider_of(settings, clock)
        yield Deps(pool, settings, clock, metrics, changes, rate, failures, site, box, provider)
    finally:
        changes.close()
        pool.close()


def bind(host: str, port: int, remembered: int = 0) -> socket.socket:
    """Bind a socket. Port 0 takes `remembered` if it is free, otherwise any free port.

    Raises `Stop` if a given port is in use.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in [port] if port else [remembered, 0] if remembered else [0]:
        # Without IPPROTO_TCP asyncio leaves Nagle's algorithm on: 40 ms more per response.
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, candidate))
            return listening
        except OSError as error:
            listening.close()
            if port:
                raise Stop(
                    f"{host}:{port} for the API cannot be used ({error.strerror}); set "
                    "TACHOWATT_API_PORT to another or 0"
                ) from error
    raise Stop(f"no port of {host} is free")


def url_of(listening: socket.socket, scheme: str = "http") -> str:
    """Return scheme://host:port of a bound socket."""
    host, port = listening.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


async def run(
    settings: Settings,
    clock: Clock,
    database_url: str,
    metrics: Metrics,
    stop: asyncio.Event,
    ready: Callable[[str], None],
    remembered_port: int = 0,
    needs: list[Missing] | None = None,
) -> None:
    """Serve until `stop`; call `ready` with the address once the server responds.

    needs : a function that says what is missing is added to it, for /ready of the port of metrics.
    At shutdown streams end first, then requests have 3 s to finish.
    """
    await asyncio.to_thread(scores.warm_up)
    certificate = certificate_of(settings)
    listening = bind(settings.api_host, settings.api_port, remembered_port)
    with listening, open_deps(settings, clock, database_url, metrics) as deps:
        if needs is not None:
            needs.append(lambda: "; ".join(readiness(deps).missing) or None)
        server = _server(create_app(deps), settings, clock, certificate)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        cleaning = asyncio.create_task(_clean_up(deps))
        stopping = asyncio.create_task(stop.wait())
        starting = asyncio.create_task(_started(server))
        await asyncio.wait({serving, starting}, return_when=asyncio.FIRST_COMPLETED)
        starting.cancel()
        if not serving.done():
            ready(url_of(listening, "http" if certificate is None else "https"))
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        deps.changes.end()
        server.should_exit = True
        stopping.cancel()
        cleaning.cancel()
        await serving
        if not stop.is_set():
            raise Stop("the API ended by itself")


class _Server(Server):
    """Handles no signals: `run` stops it, after the streams have ended.

    If it handled signals, sse-starlette would react to them and cut off streams mid-response.
    """

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()


def _server(
    app: FastAPI, settings: Settings, clock: Clock, certificate: Certificate | None
) -> uvicorn.Server:
    limits = Limits.of(settings)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        proxy_headers=bool(settings.api_trusted_proxies),
        forwarded_allow_ips=settings.api_trusted_proxies.replace(" ", "").split(","),
        limit_concurrency=limits.connections + 1,
        timeout_graceful_shutdown=_GRACE_S,
    )
    return _Server(config, limits, clock, certificate)


async def _started(server: uvicorn.Server) -> None:
    while not server.started:
        await asyncio.sleep(0.01)


async def _clean_up(deps: Deps) -> None:
    """Delete expired sessions and stored responses, once an hour."""
    while True:
        try:
            await asyncio.to_thread(_delete_expired, deps)
        except Retry as error:
            log.info("tidying waits: %s", error)
        await asyncio.sleep(_CLEAN_UP_EVERY_S)


def _delete_expired(deps: Deps) -> None:
    with deps.pool.connection() as connection:
        now_us = deps.clock.now_us()
        sessions.forget_expired(connection, now_us)
        person_sessions.forget_expired(connection, now_us)
