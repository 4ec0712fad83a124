"""TCP ports on the loopback, for servers started here."""

import random
import socket
import threading
from pathlib import Path

from runtime.clock import Clock
from runtime.errors import Stop

_FREE_WITHIN_S = 5.0

# Below the range of ports for outgoing connections: a client that retries an unused port of that
# range eventually connects to itself, which occupies the port.
_PORTS = range(20_000, 30_000)

_given: set[int] = set()


def free_port() -> int:
    """Return an unused TCP port on the loopback, a different one on each call.

    The previous caller may not have opened its port yet.
    """
    if len(_given) > len(_PORTS) // 2:
        _given.clear()
    for port in random.SystemRandom().sample(_PORTS, 400):
        if port not in _given and _free(port):
            _given.add(port)
            return port
    raise Stop("no free TCP port between 20000 and 29999")


def the_same_or_free(port: int, remembered: Path, clock: Clock) -> int | None:
    """Return a stable port: `port`, or for 0 the port in the file if free, else any free one.

    None if `port` is taken.
    """
    if port == 0 and remembered.is_file():
        port = int(remembered.read_text())
        if not becomes_free(port, clock):
            port = 0
    if port == 0:
        return free_port()
    return port if becomes_free(port, clock) else None


def becomes_free(port: int, clock: Clock) -> bool:
    """Wait until the port is free: after a crash the last server may take a moment to end."""
    deadline = clock.monotonic() + _FREE_WITHIN_S
    while not _free(port):
        if clock.monotonic() > deadline:
            return False
        threading.Event().wait(0.05)
    return True


def listening(port: int) -> bool:
    """Return whether a server accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
