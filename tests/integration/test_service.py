"""`tachowatt serve` as a process, on real brokers and a real PostgreSQL."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.operations.registry_import import validate, write
from app.servers.embedded_broker import Broker
from app.servers.ports import free_port
from runtime.clock import SystemClock
from simulators.fleet import Fleet
from simulators.publisher import Publisher
from store.pipeline import ledger
from store.postgres.pool import connect
from tests.fix_fleet import caught_up, deliver, only_native, settle, undisturbed
from tests.patience import patient
from tests.process import Tachowatt
from tests.store_state import assert_same_state, store_state

CLOCK = SystemClock()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Tachowatt]]:
    running: list[Tachowatt] = []

    def begin(*arguments: str, **environment: str) -> Tachowatt:
        # What is open when a car falls silent depends on time, and two runs are compared here.
        environment = {"TACHOWATT_SILENCE_S": "3600", **environment}
        made = Tachowatt(*arguments, state=tmp_path / "state", **environment)
        running.append(made)
        return made

    yield begin
    for process in running:
        process.kill()


def test_serves_and_ends_on_sigterm(
    broker: Any, start: Any, fleet: Fleet, database_of_fleet: Callable[[], str]
) -> None:
    mqtt_url, url = broker.start(0), database_of_fleet()
    service = start("serve", TACHOWATT_MQTT_URL=mqtt_url, TACHOWATT_DATABASE_URL=url)
    service.wait_ready()
    service.wait_for("tachowatt is ready")  # subscribed: who is not numbered sends only once
    asyncio.run(deliver(mqtt_url, fleet))
    caught_up(url, fleet)
    settle(url)
    assert service.terminate(5.0) == 0
    with connect(url) as connection:
        entries = ledger.read(connection)
    assert all(entry.closes for entry in entries.values())
    assert (
        sum(entry.refused for entry in entries.values()) > 0 or not fleet.truth["refused_devices"]
    )
    assert_same_state(store_state(url), undisturbed(fleet, database_of_fleet()))


def test_kill_9_under_load_changes_nothing(
    broker: Any, start: Any, fleet: Fleet, database_of_fleet: Callable[[], str]
) -> None:
    if isinstance(broker, Broker):
        # rumqttd now and then loses what it had under way to a client that was killed. Numbered
        # devices send that again; the others get what their broker promises (docs/devices.md).
        fleet = only_native(fleet)
    mqtt_url, url = broker.start(0), database_of_fleet()
    environment = {"TACHOWATT_MQTT_URL": mqtt_url, "TACHOWATT_DATABASE_URL": url}
    services = [start("serve", **environment)]
    services[0].wait_ready()

    async def kill_twice(publisher: Publisher) -> None:
        for share in (0.2, 0.6):
            while publisher.counters.published < share * len(fleet.history):
                await asyncio.sleep(0.01)
            services[-1].send_signal(signal.SIGKILL)
            await asyncio.to_thread(services[-1].wait)
            services.append(start("serve", **environment))

    asyncio.run(deliver(mqtt_url, fleet, kill_twice))
    services[-1].wait_ready()
    caught_up(url, fleet)
    settle(url)
    assert services[-1].terminate() == 0
    assert_same_state(store_state(url), undisturbed(fleet, database_of_fleet()))


def test_crash_of_the_embedded_broker_loses_nothing(
    tmp_path: Path, start: Any, fleet: Fleet, database_of_fleet: Callable[[], str]
) -> None:
    native = [m for m in [*fleet.history, *fleet.live] if m.topic.startswith("tw/")]
    broker = Broker(tmp_path, CLOCK)
    port = free_port()
    mqtt_url, url = broker.start(port), database_of_fleet()
    service = start("serve", TACHOWATT_MQTT_URL=mqtt_url, TACHOWATT_DATABASE_URL=url)
    service.wait_ready()

    async def crash(publisher: Publisher) -> None:
        while publisher.counters.published < len(native) // 2:
            await asyncio.sleep(0.01)
        assert broker._child is not None
        os.killpg(broker._child.pid, signal.SIGKILL)
        broker.stop()
        broker.start(port)

    async def run() -> None:
        async with Publisher(mqtt_url, CLOCK, tenant=fleet.tenant, resend_after_s=1.0) as publisher:
            assert await publisher.connected()
            crashing = asyncio.create_task(crash(publisher))
            await publisher.run(native)
            await crashing
            assert await publisher.drain(patient(60)), publisher.counters

    try:
        asyncio.run(run())
        settle(url)
    finally:
        broker.stop()
    service.terminate()
    expected = database_of_fleet()
    assert_same_state(store_state(url), undisturbed(only_native(fleet), expected))


def test_gateway_and_ingest_as_processes_of_their_own(
    tmp_path: Path, broker: Any, start: Any, fleet: Fleet, database_of_fleet: Callable[[], str]
) -> None:
    mqtt_url, url, port = broker.start(0), database_of_fleet(), free_port()
    ingest = start("ingest", "--listen", f"127.0.0.1:{port}", TACHOWATT_DATABASE_URL=url)
    gateway = start("gateway", "--mqtt-url", mqtt_url, "--log", f"tcp://127.0.0.1:{port}")
    # What is published before the gateway has subscribed is nobody's yet.
    ingest.wait_for("ingest is ready")
    gateway.wait_for("gateway is ready")
    asyncio.run(deliver(mqtt_url, fleet))
    caught_up(url, fleet)
    settle(url)
    assert gateway.terminate() == 0
    assert ingest.terminate() == 0
    assert_same_state(store_state(url), undisturbed(fleet, database_of_fleet()))


def test_a_second_service_on_one_database_waits(
    tmp_path: Path, start: Any, database_of_fleet: Callable[[], str]
) -> None:
    broker = Broker(tmp_path, CLOCK)
    environment = {
        "TACHOWATT_MQTT_URL": broker.start(0),
        "TACHOWATT_DATABASE_URL": database_of_fleet(),
    }
    try:
        first = start("serve", **environment)
        first.wait_ready()
        second = Tachowatt("serve", state=tmp_path / "second", **environment)
        second.wait_for("is owned by another running process")
        assert second.terminate() == 0
        assert first.terminate() == 0
    finally:
        broker.stop()


@contextlib.contextmanager
def ended(process: Tachowatt) -> Iterator[None]:
    """Kill a process that a test has failed to end: the run would wait for it at its own end."""
    try:
        yield
    finally:
        process.kill()


def running_in(state: Path) -> str:
    """Return the ids of processes with this state directory."""
    found = subprocess.run(["pgrep", "-f", str(state)], capture_output=True, text=True, check=False)
    return found.stdout


def test_ctrl_c_of_the_embedded_stack_leaves_no_process(state_dir: Path) -> None:
    service = Tachowatt("serve", state=state_dir)
    with ended(service):
        service.wait_ready()
        service.send_signal(signal.SIGINT)
        assert service.wait(10.0) == 0, service.log
    assert running_in(state_dir) == ""


def test_ctrl_c_of_the_demo_leaves_no_process(state_dir: Path) -> None:
    demo = Tachowatt("demo", "--cars", "2", "--meters", "2", state=state_dir)
    with ended(demo):
        demo.wait_for("demo: live")
        demo.send_signal(signal.SIGINT)
        assert demo.wait(15.0) == 130, demo.log
    assert running_in(state_dir) == ""


def test_errors_name_the_fix(tmp_path: Path) -> None:
    def run(*arguments: str, **environment: str) -> tuple[int | None, str]:
        command = Tachowatt(*arguments, state=tmp_path, **environment)
        return command.wait(30.0), command.log

    command = [sys.executable, "-m", "app.cli", "gateway"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2 and "--mqtt-url" in done.stderr
    code, text = run("ingest", "--listen", "nonsense")
    assert code == 2 and "host:port" in text
    code, text = run("import", "nowhere.yaml")
    assert code == 2 and "no such file" in text
    code, text = run("ledger", TACHOWATT_DATABASE_URL="postgresql://nobody@127.0.0.1:1/x")
    assert code == 3 and "no connection to the database" in text
    code, text = run("settings", TACHOWATT_RECEIVE_MAXIMUM="0")
    assert code == 2 and "receive_maximum" in text


def test_kill_9_of_the_whole_embedded_stack(
    state_dir: Path, fleet: Fleet, database_of_fleet: Callable[[], str]
) -> None:
    """PostgreSQL and broker die with the service; numbered devices send again what was lost."""
    native = [m for m in [*fleet.history, *fleet.live] if m.topic.startswith("tw/")]
    state = state_dir
    environment = {"TACHOWATT_SILENCE_S": "3600"}
    services = [Tachowatt("serve", state=state, **environment)]
    addresses = services[0].wait_ready()
    write(addresses["database_url"], validate(fleet.registry, "fleet"), CLOCK.now_us())

    async def run() -> None:
        async with Publisher(
            addresses["mqtt_url"], CLOCK, tenant=fleet.tenant, resend_after_s=1.0
        ) as publisher:
            assert await publisher.connected()

            async def kill() -> None:
                while publisher.counters.published < len(native) // 2:
                    await asyncio.sleep(0.01)
                services[0].kill()
                services.append(Tachowatt("serve", state=state, **environment))
                await asyncio.to_thread(services[1].wait_ready)

            killing = asyncio.create_task(kill())
            await publisher.run(native)
            await killing
            assert await publisher.drain(patient(60)), publisher.counters

    try:
        asyncio.run(run())
        again = services[1].wait_ready()
        assert again["mqtt_url"] == addresses["mqtt_url"], "devices find it where it was"
        settle(again["database_url"])
        found = store_state(again["database_url"])
        assert services[1].terminate(5.0) == 0
    finally:
        for service in services:
            service.kill()
    assert_same_state(found, undisturbed(only_native(fleet), database_of_fleet()))


def test_sigterm_while_the_store_does_not_answer(
    tmp_path: Path, start: Any, fleet: Fleet, database_of_fleet: Callable[[], str]
) -> None:
    broker = Broker(tmp_path, CLOCK)
    mqtt_url, url = broker.start(0), database_of_fleet()
    service = start("serve", TACHOWATT_MQTT_URL=mqtt_url, TACHOWATT_DATABASE_URL=url)
    service.wait_ready()
    with connect(url) as connection:
        (pid,) = connection.execute(
            "select pid from pg_stat_activity where application_name = 'tachowatt-ingest' "
            "and datname = current_database()"
        ).fetchone() or (0,)
    os.kill(pid, signal.SIGSTOP)
    try:

        async def publish() -> None:
            async with Publisher(mqtt_url, CLOCK, tenant=fleet.tenant) as publisher:
                assert await publisher.connected()
                await publisher.run(fleet.history[:3])
                await asyncio.sleep(0.5)

        asyncio.run(publish())
        assert service.terminate(5.0) == 0
    finally:
        os.kill(pid, signal.SIGCONT)
        broker.stop()


def processes_of(name: str, state_dir: Path) -> list[int]:
    """Pids of those whose command line has both, but for a shell that started one."""
    found = subprocess.run(
        ["pgrep", "-f", "--", name], capture_output=True, text=True, check=False
    ).stdout.split()
    ours = []
    for pid in found:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            if str(state_dir).encode() in command and b"/bin/sh" not in command:
                ours.append(int(pid))
    return ours


def test_embedded_servers_that_die_are_started_again(
    state_dir: Path, fleet: Fleet, database_of_fleet: Callable[[], str]
) -> None:
    """kill -9 of the embedded broker and of PostgreSQL while devices send: nothing is lost."""
    service = Tachowatt("serve", state=state_dir, TACHOWATT_SILENCE_S="3600")
    native = only_native(fleet)
    try:
        addresses = service.wait_ready()
        write(addresses["database_url"], validate(fleet.registry, "fleet"), CLOCK.now_us())

        async def kill(publisher: Publisher) -> None:
            for share, name in ((0.3, "broker.toml"), (0.6, f"-D {state_dir}/postgres")):
                while publisher.counters.published < share * len(native.history):
                    await asyncio.sleep(0.01)
                ours = processes_of(name, state_dir)
                assert ours, name
                os.kill(ours[0], signal.SIGKILL)

        try:
            asyncio.run(deliver(addresses["mqtt_url"], native, kill))
        except AssertionError as error:
            raise AssertionError(f"{error}\n{service.log}") from error
        settle(addresses["database_url"])
        found = store_state(addresses["database_url"])
        assert service.terminate(5.0) == 0
    finally:
        service.kill()
    assert_same_state(found, undisturbed(native, database_of_fleet()))
