"""A guard for unit tests: no connection, no listener, no database; they stay in one process."""

import socket
from typing import Any, NoReturn

import pytest


class SocketOpened(AssertionError):
    """A unit test went to the network; such a test belongs to tests/integration."""


def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise SocketOpened("a test of tests/unit opens a socket: move it to tests/integration")


@pytest.fixture(autouse=True)
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse Python's sockets, and libpq's, which are not Python's. asyncio may have its pair."""
    from psycopg import generators

    for name in ("connect", "connect_ex", "bind", "sendto"):
        monkeypatch.setattr(socket.socket, name, _refuse)
    monkeypatch.setattr(generators, "connect", _refuse)
