"""A few rounds of `tachowatt fault`, of different kinds; `make fault` runs a hundred."""

import asyncio
import os
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.operations import registry_import as registry_files
from contracts.raw import RawMessage
from ingest.partition.worker import Worker
from proving.fault import cases, checks
from proving.fault import run as fault
from proving.fault.checks import Findings
from proving.fault.kinds import KINDS
from proving.fault.load import Sent
from proving.testbed.process import faketime
from proving.testbed.proxy import Proxy
from runtime.clock import US_PER_S, SystemClock
from runtime.settings import Settings
from simulators.load import Load
from tests.conftest import missing_server
from tests.fix_broker import Mosquitto
from tests.fix_kafka import kafka_home
from tests.patience import patient

CLOCK = SystemClock()


@pytest.mark.slow
@pytest.mark.xdist_group("kafka")
@pytest.mark.parametrize("kinds", [("kill-ingest", "cut"), ("kill-postgres", "clock-step")])
def test_nothing_of_a_few_faults_is_seen_afterwards(tmp_path: Path, kinds: tuple[str, ...]) -> None:
    home = kafka_home()
    Mosquitto(tmp_path)  # skips where there is none
    if faketime() is None and os.environ.get("CI"):
        missing_server("libfaketime")
    plan = fault.Plan(2, 7, kinds, rate=40.0)
    found = asyncio.run(fault.run(tmp_path, home, CLOCK, plan, lambda _: None))
    slow = [problem for problem in found["problems"] if problem.startswith("recovery p95")]
    assert found["problems"] == slow, found["problems"]  # how fast is not for a busy machine to say
    assert {r["kind"] for r in found["rounds"]} == {*kinds} - {*found["left_out"]}
    assert found["kills"] >= 2  # one in each round
    assert found["samples"] > 0 and not (found["lost"] or found["doubled"] or found["differences"])


def test_every_kind_is_in_the_help() -> None:
    from proving.commands import fault as command

    text = (command.__doc__ or "").replace("\n", " ")
    assert all(kind in text for kind in (*KINDS, *cases.KINDS))


@pytest.mark.slow
def test_nothing_of_a_kill_at_a_step_of_a_case_is_seen_afterwards(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    found = asyncio.run(cases.run(tmp_path, CLOCK, iter(cases.KINDS), 3, lambda *_: None))
    assert found["problems"] == []
    assert found["kills"] == 2 and found["cases"] == 4 and found["mails_again"] <= 1


def test_what_is_lost_or_double_in_a_case_is_found() -> None:
    good = cases.Seen(
        Counter({"wish": 1, "confirm": 1, "back-office": 1}),
        [("w", "webhook", "order", "delivered"), ("m", "email", "link", "delivered"),
         ("i", "inbox", "milestone", "delivered")],
    )  # fmt: skip
    came = {"webhooks": Counter({"w": 2}), "mails": Counter({"m": 2}), "kills": 1}
    wanted = {"c": cases.ORDER}
    assert cases.judge(wanted, {"c": good}, **came) == ([], 1)
    step = replace(good, completed=Counter({"wish": 2, "confirm": 1}))
    assert len(cases.judge(wanted, {"c": step}, **came)[0]) == 2
    two = replace(good, contacts=[*good.contacts, ("j", "inbox", "milestone", "delivered")])
    for seen, changed in (
        (two, {}),
        (replace(good, files=1), {}),
        (good, {"kills": 0}),
        (good, {"mails": Counter()}),
        (good, {"webhooks": Counter({"w": 1, "x": 1})}),
        (replace(good, contacts=good.contacts[1:]), {"webhooks": Counter()}),
    ):
        assert len(cases.judge(wanted, {"c": seen}, **{**came, **changed})[0]) == 1, changed


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1_000):
        writer.write(data)
    writer.close()


def _with_proxy(check: Callable[[Proxy], object]) -> None:
    async def run() -> None:
        server = await asyncio.start_server(_echo, "127.0.0.1", 0)
        proxy = Proxy("a>b", lambda: server.sockets[0].getsockname()[1])
        await proxy.start()
        try:
            await check(proxy)  # type: ignore[misc]
        finally:
            await proxy.close()
            server.close()

    asyncio.run(run())


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, size: int = 1) -> bytes:
    writer.write(b"x" * size)
    return await asyncio.wait_for(reader.readexactly(size), patient(5.0))


def test_a_proxy_that_is_cut_resets_and_takes_nobody_until_it_is_healed() -> None:
    async def check(proxy: Proxy) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        assert await _ask(reader, writer) == b"x" and proxy.open == 1
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(1), patient(5.0))
        with socket.socket() as refused:
            refused.setblocking(False)
            loop = asyncio.get_running_loop()
            with pytest.raises(ConnectionError):  # noqa: PT012  either call may be the refused one
                await loop.sock_connect(refused, ("127.0.0.1", proxy.port))
                if not await loop.sock_recv(refused, 1):
                    raise ConnectionResetError
        proxy.heal()
        assert await _ask(*await asyncio.open_connection("127.0.0.1", proxy.port)) == b"x"

    _with_proxy(check)


def test_a_stalled_proxy_lets_through_later_what_it_held() -> None:
    async def check(proxy: Proxy) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        proxy.stall()
        asking = asyncio.create_task(_ask(reader, writer))
        await asyncio.sleep(0.2)
        assert not asking.done()
        proxy.heal()
        assert await asking == b"x"

    _with_proxy(check)


def test_a_slow_proxy_takes_its_time() -> None:
    async def check(proxy: Proxy) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        proxy.slow(10_000)
        began = CLOCK.monotonic()
        assert len(await _ask(reader, writer, 3_000)) == 3_000
        assert CLOCK.monotonic() - began > 0.2

    _with_proxy(check)


def test_lost_and_strange_samples_are_found(new_database: Callable[[], str]) -> None:
    url = new_database()
    load = Load(1.0, 2, 6.0, tenant="probe")
    now_us = CLOCK.now_us()
    registry_files.write(url, registry_files.validate(load.registry(now_us), "load"), now_us)
    messages = list(load.messages(now_us - 60 * US_PER_S))
    sent = Sent()
    for message in messages:
        sent.note(message, 0.0)

    def look() -> Findings:
        findings = Findings()
        assert checks.samples(url, sent, ["probe"], findings) == 6
        return findings

    found = look()
    assert (found.lost, found.doubled, found.differences) == (6, 0, 0)
    worker = Worker(url, Settings(), CLOCK)
    worker.process([RawMessage(m.topic, m.payload(None), now_us, m.content_type) for m in messages])
    worker.close()
    assert look() == Findings()
    device = (messages[0].tenant, messages[0].device)
    sent.times[device].add(sent.times[device].pop() + 1_000)
    found = look()
    assert (found.lost, found.differences) == (1, 1) and len(found.problems) == 2
