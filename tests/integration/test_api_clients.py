"""Clients that send half of something, too many of them, and those that go away."""

import asyncio
import contextlib
import errno
import logging
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn

from api.http.connections import Limits, Server
from api.serve import bind
from runtime.metrics import Metrics
from tests.fix_api import Api, running_api
from tests.integration.test_api_stream import stream
from tests.patience import patient
from tests.process import CLOCK, Tachowatt

HALF_A_HEAD = b"GET /health HTTP/1.1\r\nHost: x\r\nX-Half: "
HALF_A_BODY = (
    b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\nkey="
)


@contextlib.contextmanager
def clients(url: str, count: int, sending: bytes) -> Iterator[list[socket.socket]]:
    """So many connections that have sent so much."""
    host, port = httpx.URL(url).host, httpx.URL(url).port
    assert port is not None
    with contextlib.ExitStack() as stack:
        opened = []
        for _ in range(count):
            client = socket.create_connection((host, port), timeout=patient(20.0))
            stack.enter_context(client)
            with contextlib.suppress(ConnectionError):
                client.sendall(sending)
            opened.append(client)
        yield opened


def until_closed(client: socket.socket, trickle: bytes = b"") -> bytes:
    """What the server says until it closes; one byte of `trickle` is sent again and again."""
    client.settimeout(0.05)
    found, deadline = b"", CLOCK.monotonic() + patient(20.0)
    while CLOCK.monotonic() < deadline:
        try:
            if trickle:
                client.sendall(trickle)
            part = client.recv(4_096)
        except TimeoutError:
            continue
        except ConnectionError:
            return found
        if not part:
            return found
        found += part
    raise AssertionError("the server waits for ever")


def test_three_hundred_half_open_connections_keep_nobody_out(
    registered: str, tmp_path: Path
) -> None:
    environment = {"TACHOWATT_DATABASE_URL": registered, "TACHOWATT_API_HEAD_TIMEOUT_S": "600"}
    process = Tachowatt("api", state=tmp_path / "state", files=256, **environment)
    try:
        url = process.wait_ready()["api_url"]
        for sending in (HALF_A_HEAD, HALF_A_BODY, b""):
            with clients(url, 300, sending):
                for _ in range(3):
                    answer = httpx.get(f"{url}/ready", timeout=patient(10.0))
                    assert answer.json()["ready"] is True
        assert process.terminate() == 0
    finally:
        process.kill()
    assert len(process.log) < 100_000
    assert "Too many open files" not in process.log


@pytest.mark.parametrize(
    ("half", "trickle"),
    [(HALF_A_HEAD, b""), (HALF_A_HEAD, b"x"), (HALF_A_BODY, b""), (HALF_A_BODY, b"x")],
    ids=["head", "trickling head", "body", "trickling body"],
)
def test_what_is_never_complete_is_answered_408(api: Api, half: bytes, trickle: bytes) -> None:
    limits = {"api_head_timeout_s": 0.5, "api_body_timeout_s": 0.5}
    body = half == HALF_A_BODY
    half = half.replace(b"100", b"60000") if body else half
    with running_api(api.seeded.url, **limits) as url, clients(url, 1, half) as (client,):
        answer = until_closed(client, trickle)
        assert answer.startswith(b"HTTP/1.1 408 ") and b'"too_slow"' in answer
        assert (b"The body" if body else b"The head") in answer
        assert httpx.get(f"{url}/health").status_code == 200


def test_a_body_that_nobody_reads_has_its_time_too(api: Api) -> None:
    half = HALF_A_BODY.replace(b"POST /login", b"POST /nowhere").replace(b"100", b"60000")
    with (
        running_api(api.seeded.url, api_body_timeout_s=0.5) as url,
        clients(url, 1, half) as (client,),
    ):
        assert until_closed(client, b"x").startswith(b"HTTP/1.1 404 ")


def test_a_stream_is_not_cut_off_for_those_who_send_nothing(api: Api) -> None:
    headers = api.seeded.bearer("utility")
    with contextlib.ExitStack() as stack:
        with running_api(api.seeded.url, api_clients=16) as url:
            live = stack.enter_context(stream(url, headers))
            assert next(live).name == "opened"
            with clients(url, 60, HALF_A_HEAD):
                assert httpx.get(f"{url}/health", timeout=patient(10.0)).status_code == 200
        assert list(live) == [], "it ended in order, with the server"


def test_more_streams_than_connections_are_refused_and_not_waited_for(api: Api) -> None:
    headers = api.seeded.bearer("utility")
    with contextlib.ExitStack() as stack, running_api(api.seeded.url, api_clients=16) as url:
        streams = [stack.enter_context(stream(url, headers)) for _ in range(16)]
        assert {next(live).name for live in streams} == {"opened"}
        assert httpx.get(f"{url}/health", timeout=patient(10.0)).status_code == 503


def test_a_form_that_is_broken_off_is_no_error(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    metrics, caught = Metrics(), threading.Event()
    gone = {"method": "POST", "route": "-", "status": "499"}
    with running_api(api.seeded.url, metrics=metrics) as url, caplog.at_level(logging.INFO):
        with clients(url, 5, HALF_A_BODY):
            pass
        deadline = CLOCK.monotonic() + patient(20.0)
        while metrics.registry.get_sample_value("tachowatt_http_requests_total", gone) != 5.0:
            assert CLOCK.monotonic() < deadline, "they were not noticed"
            caught.wait(0.01)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_nonsense_fills_no_log(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    with running_api(api.seeded.url) as url, caplog.at_level(logging.INFO):
        for _ in range(20):
            with clients(url, 1, b"\x16\x03\x01 no HTTP\r\n\r\n") as (client,):
                assert until_closed(client).startswith(b"HTTP/1.1 400 ")
    said = [record for record in caplog.records if "Invalid HTTP" in record.getMessage()]
    assert len(said) == 1


def test_no_file_to_open_makes_room_and_pauses(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As accept answers then: nobody can exhaust the files of the process that runs the tests."""

    async def app(scope: object, receive: object, send: Callable[..., Awaitable[None]]) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async def main() -> tuple[bytes, bytes]:
        loop = asyncio.get_running_loop()
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
        config.load()
        server = Server(config, Limits(100, 600.0, 600.0, 600.0), CLOCK)
        server.lifespan = config.lifespan_class(config)
        listening = bind("127.0.0.1", 0)
        address = listening.getsockname()[:2]
        accept, left = loop.sock_accept, 0

        async def exhausted(sock: socket.socket) -> tuple[socket.socket, object]:
            nonlocal left
            client, address = await accept(sock)
            if left:
                left -= 1
                client.close()
                raise OSError(errno.EMFILE, "Too many open files")
            return client, address

        monkeypatch.setattr(loop, "sock_accept", exhausted)
        await server.startup([listening])
        waiting, _ = await asyncio.open_connection(*address)
        while not server.waiting:
            await asyncio.sleep(0)
        left = 3
        answer = b""
        while not answer:  # those before were not accepted
            reader, writer = await asyncio.open_connection(*address)
            with contextlib.suppress(ConnectionError):
                writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                answer = await reader.read(12)
            writer.close()
        closed = await waiting.read()
        await server.shutdown([listening])
        return answer, closed

    with caplog.at_level(logging.INFO):
        answer, closed = asyncio.run(asyncio.wait_for(main(), patient(20.0)))
    assert (answer, closed) == (b"HTTP/1.1 204", b"")
    assert sum("no connection can be accepted" in message for message in caplog.messages) == 1
