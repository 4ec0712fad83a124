"""kill -9 of the broker that `serve` starts, under load."""

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.processes.stack import Stack
from app.servers.dynamic_security import SIMULATOR
from app.servers.secured_mosquitto import plugin
from runtime.clock import SystemClock
from runtime.settings import Settings
from simulators.encode import Message
from simulators.fleet import Fleet
from simulators.publisher import Counters, Publisher
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


def portions(messages: Sequence[Message], number: int) -> list[Sequence[Message]]:
    """Cut about equal parts, where no device has sent a message before its predecessor: then all of
    a part can be acknowledged without the next."""
    found, begin, seqs = [], 0, dict[str, set[int]]()
    for at, message in enumerate(messages):
        if at >= (len(found) + 1) * len(messages) // number and all(
            max(sent) - min(sent) < len(sent) for sent in seqs.values()
        ):
            found.append(messages[begin:at])
            begin = at
        if message.seq is not None:
            seqs.setdefault(message.device, set()).add(message.seq)
    return [*found, messages[begin:]]


def test_what_mosquitto_acknowledged_survives_its_kill_9(
    state_dir: Path, fleet: Fleet, database_of_fleet: Callable[[], str]
) -> None:
    """Also of devices that do not number their messages: the gateway has them before their PUBACK
    goes out, and keeps them. What comes while the gateway is away is on disk a second later only,
    so each kill waits until the gateway has that."""
    if plugin() is None:
        missing_server("Mosquitto with its plugin (Debian: apt-get install mosquitto)")
    url = database_of_fleet()
    service = Tachowatt(
        "serve", state=state_dir, TACHOWATT_BROKER="mosquitto", TACHOWATT_DATABASE_URL=url,
        TACHOWATT_SILENCE_S="3600",
    )  # fmt: skip
    messages = [*fleet.history, *fleet.live]
    killed: list[int] = []

    async def kill(publisher: Publisher, before: Counters, portion: Sequence[Message]) -> None:
        """Kill the broker in the midst of a portion: once a message of it is acknowledged, the
        gateway has all that was published before it."""
        await until(
            lambda: (
                publisher.counters.acked > before.acked
                and publisher.counters.published >= before.published + len(portion) // 2
            )
        )
        pid = await until(lambda: broker_of(state_dir))
        os.kill(pid, signal.SIGKILL)
        killed.append(pid)
        await until(lambda: publisher.counters.reconnects >= len(killed))
        await until(lambda: service.log.count("(session resumed)") >= len(killed))

    async def run(mqtt_url: str) -> None:
        # Few messages without an end-to-end acknowledgement: else all are in the gateway at once.
        async with Publisher(
            mqtt_url, CLOCK, tenant=fleet.tenant, resend_after_s=1.0, max_unacked=20, window=20
        ) as publisher:
            assert await publisher.connected()
            publisher.expect(messages)
            for portion in portions(messages, 3):
                killing = asyncio.create_task(kill(publisher, replace(publisher.counters), portion))
                await publisher.run(portion)
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
    assert len(killed) == 3
    assert_same_state(store_state(url), undisturbed(fleet, database_of_fleet()))
