"""`tachowatt api` as a child process, for benches over HTTP."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from api.http.scopes import OF_ROLE
from app.processes.stack import Stack
from app.servers.supervise import Child
from runtime.clock import Clock
from runtime.errors import Stop
from runtime.settings import Settings
from store.people import keys
from store.testing import bench_data

_READY_WITHIN_S = 60.0


@contextmanager
def served(
    directory: Path,
    url: str,
    clock: Clock,
    more: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[str]:
    """Start the API on a free port and yield its address; end it. more : of its environment."""
    child = Child(
        [sys.executable, "-m", "app.cli", "api"],
        directory / "api.log",
        environment={
            **os.environ,
            "TACHOWATT_STATE_DIR": str(directory),
            "TACHOWATT_DATABASE_URL": url,
            "TACHOWATT_API_PORT": "0",
            "TACHOWATT_API_REQUESTS_PER_MINUTE": str(10**9),
            **more,
        },
        directory=Path.cwd(),
    )
    try:
        yield _address(child, directory, clock)
    finally:
        child.stop()


def key_of(connection: Any, role: str, now_us: int, customer: str | None = None) -> str:
    """Create a key of a role."""
    return keys.create_key(
        connection, tenant=bench_data.TENANT, role=role, name=role, scopes=OF_ROLE[role],
        now_us=now_us, customer=customer,
    )[1]  # fmt: skip


def _address(child: Child, directory: Path, clock: Clock) -> str:
    stack = Stack(Settings(state_dir=directory), clock)
    deadline = clock.monotonic() + _READY_WITHIN_S
    while clock.monotonic() < deadline and child.alive():
        running = stack.running()
        if running is not None and running.api_url:
            return running.api_url
        child.wait(0.05)
    log = (directory / "api.log").read_text(errors="replace")[-2000:]
    raise Stop(f"the API did not start; the end of its log:\n{log}")
