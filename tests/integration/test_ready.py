"""/ready of processes says what is missing, and they go on by themselves when it is there again."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.servers.embedded_broker import Broker
from app.servers.ports import free_port
from runtime.clock import SystemClock
from simulators.fleet import Fleet
from store.postgres.pool import connect
from tests.fix_fleet import deliver, only_native
from tests.patience import patient
from tests.process import Tachowatt

CLOCK = SystemClock()


class Process:
    """A command, and what its /ready says."""

    def __init__(self, *arguments: str, state: Path, **environment: str) -> None:
        self._port = free_port()
        environment["TACHOWATT_METRICS_PORT"] = str(self._port)
        self.command = Tachowatt(*arguments, state=state, **environment)

    def until(self, ready: bool, *, missing: str = "") -> None:
        """Wait for the answer, and for what is missing with it."""
        deadline = CLOCK.monotonic() + patient(60)
        found: Any = None
        while CLOCK.monotonic() < deadline:
            assert self.command.wait(0.05) is None, self.command.log
            try:
                answer = httpx.get(f"http://127.0.0.1:{self._port}/ready")
            except httpx.TransportError:
                continue
            found = answer.json()
            assert (answer.status_code == 200) == found["ready"]
            if found["ready"] == ready and missing in "; ".join(found["missing"]):
                return
        raise AssertionError(f"{found}\n{self.command.log}")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    running: list[Process] = []

    def begin(*arguments: str, **environment: str) -> Process:
        made = Process(*arguments, state=tmp_path / f"process-{len(running)}", **environment)
        running.append(made)
        return made

    yield begin
    for process in running:
        process.command.kill()


def default(url: str, setting: str) -> None:
    """Of new sessions; those of ingest end, as they do at a fail-over."""
    with connect(url) as connection:
        name = connection.info.dbname
        connection.execute("set default_transaction_read_only = off")
        connection.execute("set transaction read write")
        connection.execute(f'alter database "{name}" {setting}'.encode())
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where application_name = 'tachowatt-ingest' and datname = current_database()"
        )
        connection.commit()


def test_what_is_missing_is_said_and_does_not_stop_it(
    tmp_path: Path, start: Any, fleet: Fleet, database_of_fleet: Callable[[], str]
) -> None:
    url, port, native = database_of_fleet(), free_port(), only_native(fleet)
    broker, mqtt_port = Broker(tmp_path, CLOCK), free_port()
    ingest = start("ingest", "--listen", f"127.0.0.1:{port}", TACHOWATT_DATABASE_URL=url)
    ingest.until(True)
    gateway = start(
        "gateway", "--mqtt-url", f"mqtt://127.0.0.1:{mqtt_port}", "--log", f"tcp://127.0.0.1:{port}"
    )
    gateway.until(False, missing="no subscription at the MQTT broker")
    mqtt_url = broker.start(mqtt_port)
    try:
        gateway.until(True)
        default(url, "set default_transaction_read_only = on")
        ingest.until(False, missing="read-only")
        default(url, "reset default_transaction_read_only")
        ingest.until(True)
        asyncio.run(deliver(mqtt_url, native))
    finally:
        broker.stop()
    gateway.until(False, missing="no subscription")
