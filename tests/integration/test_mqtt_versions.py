"""Clients at their defaults (MQTT 3.1.1) and by MQTT 5, on both brokers that `serve` starts."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.operations.broker_control import BrokerControl
from app.operations.devices import Device, issue
from app.operations.registry_import import validate, write
from app.processes.local_broker import LocalBroker
from app.processes.stack import Stack
from app.servers.dynamic_security import ADMIN
from app.servers.secured_mosquitto import plugin
from runtime.clock import SystemClock
from runtime.settings import Settings
from store.pipeline import ledger
from store.postgres.pool import connect
from tests.conftest import missing_server
from tests.fix_registry import registry
from tests.mqtt_client import Client, until
from tests.process import Tachowatt

CLOCK = SystemClock()
DEVICE = Device.of("t1/car0", "native")


@pytest.fixture(params=["embedded", "mosquitto"])
def service(
    request: pytest.FixtureRequest, tmp_path: Path, new_database: Callable[[], str]
) -> Iterator[tuple[Tachowatt, LocalBroker, str]]:
    if request.param == "mosquitto" and plugin() is None:
        missing_server("Mosquitto with its plugin (Debian: apt-get install mosquitto)")
    url = new_database()
    write(url, validate(registry(), "test"), CLOCK.now_us())
    made = Tachowatt(
        "serve", state=tmp_path, TACHOWATT_BROKER=request.param, TACHOWATT_DATABASE_URL=url
    )
    try:
        addresses = made.wait_ready()
        found = Stack(Settings(state_dir=tmp_path), CLOCK).local_broker(addresses["mqtt_url"])
        assert found is not None and found.kind == request.param
        yield made, found, url
    finally:
        made.kill()


def test_each_version_where_serve_says_it_is(
    service: tuple[Tachowatt, LocalBroker, str], tmp_path: Path
) -> None:
    process, broker, url = service
    process.wait_for("tachowatt is ready")
    for address in (broker.url, broker.url_3):
        assert address in process.log
    assert "3.1.1" in process.log
    user, password = None, ""
    if broker.kind == "mosquitto":
        assert "tachowatt device add" in process.log and broker.url == broker.url_3
        assert Client(_port(broker.url)).refused
        with BrokerControl(broker.of_user(tmp_path, ADMIN), CLOCK) as control:
            ((_, password),) = issue(control, [DEVICE])
        user = DEVICE.user
    else:
        assert "no credentials" in process.log and broker.url != broker.url_3
    for number, (address, version) in enumerate([(broker.url_3, None), (broker.url, 5)], 1):
        # The wheel's broker takes the end of one client without an id for that of the next.
        name = "" if version is None else "car0"
        client = Client(_port(address), user, password, name, version=version)
        assert not client.refused
        assert client.subscribe(f"tw/v1/{DEVICE.address}/ack")
        t0_ms = CLOCK.now_us() // 1000 - 10_000 + number
        body = {"v": 1, "run": 1, "seq": number, "t0": t0_ms, "dt_ms": [0], "speed_kmh": [50.0]}
        assert client.publish(f"tw/v1/{DEVICE.address}/telemetry", json.dumps(body).encode())
        # Committed, and said so to a client of this version.
        assert until(lambda client=client: client.got), process.log  # type: ignore[misc]
        assert json.loads(client.got[-1][1]) == {"v": 1, "run": 1, "seq": number}
        client.close()
    with connect(url) as connection:
        entries = ledger.read(connection)
    assert entries[("t1", "native")].stored == 2


def _port(url: str) -> int:
    return int(url.rpartition(":")[2])
