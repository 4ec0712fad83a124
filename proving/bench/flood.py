"""`tachowatt bench flood`: one device far above its limit, and how long the others wait meanwhile.

Rounds without and with the flood take turns, so that both see the same machine. The time of a
message runs from just before it is published until the device has its `…/ack`.
"""

import asyncio
import json
import socket
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from threading import Event
from typing import Any

import paho.mqtt.client as mqtt

from app.demo.service import Service
from app.operations import registry_import as registry_files
from app.processes.stack import Addresses
from gateway.publish_packet import frame
from proving.bench import backlog, drain
from proving.bench.stage import pause, quantiles
from runtime.clock import US_PER_S, Clock, SystemClock
from runtime.errors import Stop
from runtime.settings import Settings
from simulators.load import Load
from store.pipeline import dead_letter, ledger, offsets, quarantine
from store.postgres.pool import connect
from store.schema.migrate import migrate

MOST_RATIO = 1.5
"""Limit of the others' p95 with the flood, as a multiple of that without it."""

_ACK_INTERVAL_S = 0.02
_ANSWERED_WITHIN_S = 60.0
_SLICE_S = 0.01
_MOST_UNACKED = 20_000
_FLOODER = "flood-00001"


@dataclass(frozen=True, slots=True)
class Plan:
    """rate : messages/s of the others together; devices : how many they are, half of them of the
    flooding device's tenant. times : the flood, as a multiple of the limit of a device.
    seconds : of a round; rounds : without and with the flood, each."""

    rate: float = 200.0
    seconds: float = 10.0
    devices: int = 50
    times: float = 10.0
    rounds: int = 3
    verify_devices: int = 1_000


def run(settings: Settings, clock: Clock, plan: Plan, progress: drain.Progress) -> dict[str, Any]:
    """Measure; `problems` of the answer lists every failure."""
    limit = settings.device_messages_per_s
    if not limit:
        raise Stop("TACHOWATT_DEVICE_MESSAGES_PER_S is 0: there is no limit to be above of")
    began = clock.now_us() // US_PER_S
    ours, theirs = f"flood-{began}", f"quiet-{began}"
    with drain.servers(settings, clock) as (database_url, mqtt_url):
        migrate(database_url)
        topics = _register(database_url, clock, plan, ours, theirs)
        service = Service(
            settings,
            Addresses(database_url, mqtt_url),
            clock,
            environment={
                "TACHOWATT_DEVICE_MESSAGES_PER_S": str(limit),
                "TACHOWATT_DEVICE_BURST_MESSAGES": str(round(limit)),
                "TACHOWATT_ACK_INTERVAL_S": str(_ACK_INTERVAL_S),
            },
        )
        try:
            progress("starting the service", 0, 1)
            asyncio.run(service.ready())
            found = _rounds(mqtt_url, database_url, clock, plan, topics, ours, limit, progress)
        finally:
            service.stop()
        found["ledger"] = drain.ledger_figures(database_url)
        found["others"] = _others(database_url, topics)
        found["verify"] = drain.proof(database_url, plan.verify_devices, progress)
        found["versions"] = drain.versions(database_url, mqtt_url)
    found["problems"] = problems(found)
    return found


def _register(
    database_url: str, clock: Clock, plan: Plan, ours: str, theirs: str
) -> tuple[str, ...]:
    """Register all devices; return the topics of the quiet ones. The flooding one is the first."""
    half = plan.devices // 2
    topics: list[str] = []
    for tenant, prefix, count in (
        (ours, "flood", half + 1),
        (theirs, "quiet", plan.devices - half),
    ):
        load = Load(1.0, count, 1.0, tenant=tenant, prefix=prefix)
        rows = registry_files.validate(load.registry(clock.now_us() - 3_600 * US_PER_S), "flood")
        registry_files.write(database_url, rows, clock.now_us())
        topics += [f"tw/v1/{tenant}/{name}" for name in load.names if name != _FLOODER]
    return tuple(topics)


def _rounds(
    mqtt_url: str,
    database_url: str,
    clock: Clock,
    plan: Plan,
    topics: Sequence[str],
    tenant: str,
    limit: float,
    progress: drain.Progress,
) -> dict[str, Any]:
    took: dict[bool, list[float]] = {False: [], True: []}
    sent = unanswered = flooded = 0
    seconds = 0.0
    with connect(database_url) as connection:
        before = offsets.total(connection)
    _observed(mqtt_url, topics, plan.rate, min(3.0, plan.seconds), 0)  # everything is loaded then
    sent += round(plan.rate * min(3.0, plan.seconds))
    for number in range(2 * plan.rounds):
        with_flood = number % 2 == 1
        progress("with the flood" if with_flood else "without", number, 2 * plan.rounds)
        if with_flood:
            with _flooding(mqtt_url, tenant, plan.times * limit, number) as done:
                latencies, missing = _observed(
                    mqtt_url, topics, plan.rate, plan.seconds, number + 1
                )
            flooded, seconds = flooded + done.messages, seconds + done.seconds
        else:
            latencies, missing = _observed(mqtt_url, topics, plan.rate, plan.seconds, number + 1)
        took[with_flood] += latencies
        unanswered += missing
        sent += len(latencies) + missing
    _wait(database_url, clock, before + sent + flooded)
    alone, beside = quantiles(took[False]), quantiles(took[True])
    with connect(database_url) as connection:
        put_aside = quarantine.listed(connection, [tenant])
        waiting = dead_letter.counts(connection)
    return {
        "limit_messages_per_s": limit,
        "flood_messages": flooded,
        "flood_messages_per_s": round(flooded / seconds) if seconds else 0,
        "flood_reached_times_limit": round(flooded / seconds / limit, 1) if seconds else 0.0,
        "others_messages": sent,
        "others_unanswered": unanswered,
        "latency_ms": {"without": alone, "with": beside},
        "ratio_p95": round((beside["p95"] or 0.0) / (alone["p95"] or 1.0), 2),
        "most_ratio_p95": MOST_RATIO,
        "dead_letters": waiting,
        "quarantined": [f"{row['device']}: {row['reason']}" for row in put_aside],
        "times": plan.times,
    }


def _wait(database_url: str, clock: Clock, messages: int) -> None:
    deadline = clock.monotonic() + _ANSWERED_WITHIN_S
    with connect(database_url) as connection:
        connection.autocommit = True
        while (done := offsets.total(connection)) < messages:
            if clock.monotonic() > deadline:
                raise Stop(f"{done} of {messages} messages are committed, and no more come")
            pause()


def _others(database_url: str, topics: Sequence[str]) -> dict[str, int]:
    """Count what happened to the others' messages besides being stored."""
    with connect(database_url) as connection:
        letters = dead_letter.summaries(connection, state=None, limit=1_000_000)
        refused = sum(entry.refused for entry in ledger.read(connection).values())
    theirs = {f"{topic}/telemetry" for topic in topics}
    return {
        "dead_lettered": sum(letter.topic in theirs for letter in letters),
        "refused": refused,
    }


def problems(found: dict[str, Any]) -> list[str]:
    """Return what one device did to the others, and what makes the run invalid."""
    wrong = drain.problems(found)
    if found["ratio_p95"] > MOST_RATIO:
        wrong.append(f"the others' p95 is {found['ratio_p95']} times as long with the flood")
    if found["others_unanswered"]:
        wrong.append(f"{found['others_unanswered']} messages of others were not acknowledged")
    for what, messages in found["others"].items():
        if messages:
            wrong.append(f"{messages} messages of others were {what}")
    if found["flood_reached_times_limit"] < 0.8 * found["times"]:
        wrong.append(f"the flood was only {found['flood_reached_times_limit']} times the limit")
    if not any("over_limit" in row for row in found["quarantined"]):
        wrong.append("the flooding device is not in quarantine")
    return wrong


# ── devices, each group in a process of its own ─────────────────────────────────────────────────


@dataclass(slots=True)
class _Flood:
    messages: int = 0
    seconds: float = 0.0


@contextmanager
def _flooding(mqtt_url: str, tenant: str, rate: float, run_: int) -> Iterator[_Flood]:
    """Flood from another process; the result is known at the end."""
    ours, theirs = get_context("spawn").Pipe()
    process = get_context("spawn").Process(
        target=_flood, args=(theirs, mqtt_url, tenant, rate, run_), daemon=True
    )
    process.start()
    theirs.close()
    found = _Flood()
    try:
        ours.recv()
        yield found
        ours.send("stop")
        found.messages, found.seconds = ours.recv()
    finally:
        ours.close()
        process.join(_ANSWERED_WITHIN_S)
        if process.is_alive():
            process.kill()


def _flood(pipe: Pipe, mqtt_url: str, tenant: str, rate: float, run_: int) -> None:
    """Run the process. It writes to a bare socket: a device does not run on the service's machine,
    so what it costs should not count."""
    clock = SystemClock()
    topic = f"tw/v1/{tenant}/{_FLOODER}/telemetry".encode()
    head = len(topic).to_bytes(2, "big") + topic
    with socket.create_connection(backlog.host(mqtt_url), _ANSWERED_WITHIN_S) as line:
        backlog.connect_mqtt(line, b"tachowatt-bench-flood")
        acks = backlog.Acks(line)
        began, start_us, sent = clock.monotonic(), clock.now_us(), 0
        pipe.send("began")
        while not pipe.poll(_SLICE_S):
            due = int((clock.monotonic() - began) * rate)
            frames = bytearray()
            for number in range(sent, due):
                body = _body(start_us + int(number * US_PER_S / rate), run_, number + 1)
                mid = (number % 65_535 + 1).to_bytes(2, "big")
                frames += frame(0x32, head + mid + b"\0" + body)
            line.sendall(frames)
            sent = max(sent, due)
            acks.wait(sent - _MOST_UNACKED)
        seconds = clock.monotonic() - began
        acks.wait(sent)
        line.sendall(b"\xe0\x00")
    pipe.send((sent, seconds))


def _observed(
    mqtt_url: str, topics: Sequence[str], rate: float, seconds: float, run_: int
) -> tuple[list[float], int]:
    """Send the others' messages; return the seconds until each was acknowledged, and how many never
    were."""
    ours, theirs = get_context("spawn").Pipe()
    process = get_context("spawn").Process(
        target=_observe, args=(theirs, mqtt_url, topics, rate, seconds, run_), daemon=True
    )
    process.start()
    theirs.close()
    try:
        found: tuple[list[float], int] = ours.recv()
        return found
    except EOFError:
        raise Stop("the devices' process ended early; its error stands above") from None
    finally:
        ours.close()
        process.join(_ANSWERED_WITHIN_S)
        if process.is_alive():
            process.kill()


def _observe(
    pipe: Pipe, mqtt_url: str, topics: Sequence[str], rate: float, seconds: float, run_: int
) -> None:
    clock, client = SystemClock(), _client(mqtt_url)
    waiting: dict[str, deque[tuple[int, float]]] = {topic: deque() for topic in topics}
    took: list[float] = []
    subscribed = Event()

    def acknowledged(_client: object, _: object, message: mqtt.MQTTMessage) -> None:
        at, found = clock.monotonic(), json.loads(message.payload)
        ours = waiting.get(message.topic.removesuffix("/ack"))
        while ours and found["run"] == run_ and ours[0][0] <= found["seq"]:
            took.append(at - ours.popleft()[1])

    client.on_message = acknowledged
    client.on_subscribe = lambda *_: subscribed.set()
    client.subscribe("tw/v1/+/+/ack", qos=0)
    subscribed.wait(_ANSWERED_WITHIN_S)
    began, total = clock.monotonic(), round(rate * seconds)
    idle = Event()
    for number in range(total):
        idle.wait(max(0.0, began + number / rate - clock.monotonic()))
        topic, seq = topics[number % len(topics)], number // len(topics) + 1
        waiting[topic].append((seq, clock.monotonic()))
        client.publish(f"{topic}/telemetry", _body(clock.now_us(), run_, seq), qos=1)
    deadline = clock.monotonic() + _ANSWERED_WITHIN_S
    while any(waiting.values()) and clock.monotonic() < deadline:
        idle.wait(0.05)
    _close(client)
    pipe.send((took, sum(map(len, waiting.values()))))


def _client(mqtt_url: str) -> mqtt.Client:
    name, port = backlog.host(mqtt_url)
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.max_queued_messages_set(0)
    client.max_inflight_messages_set(1_000)
    client.connect(name, port)
    client.loop_start()
    return client


def _close(client: mqtt.Client) -> None:
    client.disconnect()
    client.loop_stop()


def _body(at_us: int, run_: int, seq: int) -> bytes:
    return b'{"v":1,"run":%d,"seq":%d,"t0":%d,"speed_kmh":[50.5]}' % (run_, seq, at_us // 1_000)
