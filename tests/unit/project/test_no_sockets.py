"""The guard of tests/unit bites (tests/no_sockets.py)."""

import asyncio
import socket
import urllib.request
from collections.abc import Callable

import psycopg
import pytest

from store.postgres.pool import connect
from tests.no_sockets import SocketOpened


def _listen() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))


def _unix() -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect("/nowhere")


async def _serve() -> None:
    await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)


@pytest.mark.parametrize(
    "opens",
    [
        _listen,
        _unix,
        lambda: socket.create_connection(("127.0.0.1", 9)),
        lambda: urllib.request.urlopen("http://127.0.0.1:9/"),
        lambda: asyncio.run(_serve()),
        lambda: psycopg.connect("host=/nowhere"),
        lambda: connect("postgresql://postgres@127.0.0.1:9/postgres"),
        lambda: asyncio.run(psycopg.AsyncConnection.connect("host=/nowhere")),
    ],
)
def test_a_socket_is_refused(opens: Callable[[], object]) -> None:
    with pytest.raises(SocketOpened):
        opens()


def test_a_loop_and_a_pair_are_let_be() -> None:
    assert asyncio.run(asyncio.sleep(0, "done")) == "done"
    left, right = socket.socketpair()
    with left, right:
        left.sendall(b"x")
        assert right.recv(1) == b"x"
