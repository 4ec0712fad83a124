"""kill -9 of the broker that `serve` starts, under load."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.processes.stack import Stack
from app.servers.dynamic_security import SIMULATOR
from app.servers.secured_mosquitto import plugin
from runtime.clock import SystemClock
from runtime.settings import Settings
from simulators.fleet import Fleet
from simulators.publisher import Publisher
from tests.conftest import missing_server
from tests.fix_fleet import caught_up, settle, undisturbed
from tests.patience import patient
from tests.process import Tachowatt
from tests.store_state import assert_same_state, store_state

CLOCK = SystemClock()


def broker_of(state: Path) -> int:
    """The process id of the Mosquitto of a state directory; 0 = none."""
    name = str(state / "broker" / "mosquitto.conf").encode()
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                words = (process / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if name in words and words[0].endswith(b"mosquitto"):
                return int(process.name)
    return 0


async def until(there: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Wait until it is there; return it."""
    deadline = CLOCK.monotonic() + patient(seconds)
    while not (found := there()):
        assert CLOCK.monotonic() < deadline
        await asyncio.sleep(0.01)
    return found


def test_what_mosquitto_acknowledged_survives_its_kill_9(
    state_dir: Path, fleet: Fleet, database_of_fleet: Callable[[], str]
) -> None:
    """Also of devices that do not number their messages: the gateway has them before their PUBACK
    goes out, and keeps them. Fast enough that the broker is never empty-handed, slow enough that
    the gateway keeps up."""
    if plugin() is None:
        missing_server("Mosquitto with its plugin (Debian: apt-get install mosquitto)")
    url = database_of_fleet()
    service = Tachowatt(
        "serve", state=state_dir, TACHOWATT_BROKER="mosquitto", TACHOWATT_DATABASE_URL=url,
        TACHOWATT_SILENCE_S="3600",
    )  # fmt: skip
    messages = [*fleet.history, *fleet.live]
    killed: list[int] = []

    async def kill(publisher: Publisher) -> None:
        for share in (0.2, 0.4, 0.6, 0.8):
            await until(lambda share=share: publisher.counters.published > share * len(messages))  # type: ignore[misc]
            pid = await until(lambda: broker_of(state_dir))
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)
            times = len(killed)
            # Both are back: what comes while the gateway is away is on disk a second later only.
            await until(lambda times=times: publisher.counters.reconnects >= times)  # type: ignore[misc]
            await until(lambda times=times: service.log.count("(session resumed)") >= times)  # type: ignore[misc]

    async def run(mqtt_url: str) -> None:
        async with Publisher(
            mqtt_url, CLOCK, tenant=fleet.tenant, resend_after_s=1.0, window=100
        ) as publisher:
            assert await publisher.connected()
            killing = asyncio.create_task(kill(publisher))
            await publisher.run(messages)
            await killing
            assert await publisher.drain(patient(60)), publisher.counters

    try:
        addresses = service.wait_ready()
        stack = Stack(Settings(state_dir=state_dir), CLOCK)
        assert "@" not in addresses["mqtt_url"], "the announcement has no password"
        try:
            asyncio.run(run(stack.mqtt_url(addresses["mqtt_url"], SIMULATOR)))
        except AssertionError as error:
            broker = (state_dir / "broker.log").read_text()
            raise AssertionError(f"{error}\n{service.log}\n{broker}") from error
        caught_up(url, fleet)
        settle(url)
        assert service.terminate(10.0) == 0, service.log
    finally:
        service.kill()
    assert len(killed) == 4
    assert_same_state(store_state(url), undisturbed(fleet, database_of_fleet()))
