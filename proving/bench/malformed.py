"""`tachowatt bench malformed`: a large number of malformed messages, mixed with good ones of other
devices, goes through ingest on a real PostgreSQL.
"""

import ctypes
import gc
import hashlib
import json
import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.operations import registry_import as registry_files
from app.processes.lifecycle import collector_spared
from app.processes.warm_up import warm_up
from contracts.raw import RawMessage
from gateway.forward import BATCH_BYTES
from ingest.kernels import KINDS
from ingest.partition.worker import Worker
from proving.bench import drain
from proving.bench import service as bench_service
from proving.testbed.database import database_of
from runtime.clock import US_PER_S, Clock
from runtime.errors import Reason, Stop
from runtime.metrics import Metrics
from runtime.settings import Settings
from simulators.encode import Message
from simulators.faults import Faults
from simulators.fleet import Fleet
from simulators.mutations import Mutations, registry, senders
from store.people import registry as stored_registry
from store.pipeline import dead_letter, device_seq, features, telemetry
from store.postgres.pool import Connection, connect
from store.schema.migrate import migrate
from store.signals import outbox
from store.testing import measurements

_GOOD_EVERY = 10
_GOOD_TENANT = "good"
_LIVE_S = 600
_START_US = 1_795_255_200 * US_PER_S
"""Fixed at the examples' time, so that a seed gives the same bytes on any day."""
_PAST_US = 200 * 86_400 * US_PER_S
"""Start time of the mutated devices; none reaches the present with `_OF_A_DEVICE` messages."""
_OF_A_DEVICE = 6_000
_CARS_FOR = 1_200
"""Good messages per car and two meters of the fleet."""

_MOST_GROWTH = {"python_blocks": 200_000.0, "malloc_mib": 64.0, "resident_mib": 64.0}
"""The first two measure memory in use, which a leak increases, from a tenth of the messages on. The
last includes fragments that allocators keep after the largest bodies and use again: it grows up to
the need of such bodies, and so counts from half of the messages on."""
_STEADY = 500_000
"""In a shorter run memory still grows up to the need of the largest batch."""

_PARTS = 10

_UNFORESEEN = (Reason.PROCESSING_ERROR, Reason.DECODER_ERROR)
_SHOWN = 20

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """messages : one in ten is good. verify : run the verification of the store afterwards."""

    messages: int
    seed: int
    verify: bool = True


@dataclass(slots=True)
class Passage:
    """Results and costs of one pass of messages through ingest.

    error : why it ended early, or None. processor_s : of this process, mutations included.
    steps : seconds of each step of ingest. memory : after each tenth; held : open files,
    connections and threads after the first batch, and at the end.
    """

    sent: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    reconciling_s: float = 0.0
    processor_s: float = 0.0
    steps: dict[str, float] = field(default_factory=dict)
    error: str | None = None
    memory: list[dict[str, float]] = field(default_factory=list)
    held: list[dict[str, int]] = field(default_factory=list)


def run(settings: Settings, clock: Clock, plan: Plan, progress: Progress) -> dict[str, Any]:
    """Run the good messages alone through ingest, then all messages into another database; compare.

    The database of `settings.database_url`, if set, must be empty; the other one is created on the
    same server and dropped. `problems` of the answer lists what was changed, lost or unforeseen.
    """
    # Nearly all messages go to the dead letter here; that must not stop the partition.
    settings = settings.model_copy(update={"dead_letter_cap_messages": 0})
    with _databases(settings, clock) as (url, good_url):
        fleet_rows, good = _good(plan)
        spoilt = senders(max(1, -(-plan.messages // (_OF_A_DEVICE * len(senders(1))))))
        begin_us = _START_US - _PAST_US
        for each in (url, good_url):
            migrate(each)
            for rows in (fleet_rows, registry(spoilt, begin_us)):
                valid = registry_files.validate(rows, "bench")
                registry_files.write(each, valid, _START_US + _LIVE_S * US_PER_S)
        warm_up()
        progress("the good ones alone", 0, len(good))
        alone = _pass(good_url, settings, clock, iter(good), len(good), progress)
        if alone.error is not None:
            raise Stop(f"the good messages alone already fail: {alone.error}")
        expected = _state(good_url)
        mutations = Mutations(spoilt, plan.seed, begin_us)
        mutated_by: Counter[str] = Counter()
        messages = _mixed(good, iter(mutations), plan.messages, mutated_by)
        with collector_spared():
            passage = _pass(url, settings, clock, messages, plan.messages, progress)
        found = _found(plan, passage, mutated_by, len(good))
        with connect(url) as connection:
            found["reasons"] = dead_letter.counts(connection)
            found["unforeseen"] = _unforeseen(connection)
        found["ledger"] = drain.ledger_figures(url)
        found["differences"] = _differences(expected, _state(url))
        found["verify"] = drain.proof(url, 1_000_000 if plan.verify else 0, progress)
        found["problems"] = problems(found)
        return found


def problems(found: dict[str, Any]) -> list[str]:
    """Return the effects that no malformed message may have."""
    wrong = [] if found["error"] is None else [f"ingest ended: {found['error']}"]
    ledger, reasons = found["ledger"], found["reasons"]
    if not ledger["closes"]:
        wrong.append("the ledger does not close")
    for what, counted in (
        ("the ledger", ledger["received"]),
        ("ingest", sum(found["outcomes"].values())),
    ):
        if counted != found["messages"]:
            wrong.append(f"{what} counts {counted} messages of {found['messages']}")
    if sum(reasons.values()) != ledger["dead_lettered"]:
        wrong.append(
            f"{sum(reasons.values())} dead letters, {ledger['dead_lettered']} in the ledger"
        )
    wrong += [
        f"{reasons[reason]} messages came to {reason}"
        for reason in _UNFORESEEN
        if reason in reasons
    ]
    if found["messages"] >= _STEADY:
        wrong += [
            f"memory: {name} grew by {grown:,}, more than {_MOST_GROWTH[name]:,}"
            for name, grown in found["memory"]["growth"].items()
            if grown > _MOST_GROWTH[name]
        ]
    wrong += [
        f"{name}: {after} at the end, {found['held']['after_first_batch'][name]} at the beginning"
        for name, after in found["held"]["at_end"].items()
        if after != found["held"]["after_first_batch"][name]
    ]
    wrong += [f"good messages alone give another {what}" for what in found["differences"]]
    if found["verify"] is not None and not found["verify"]["clean"]:
        wrong.append("verify is not clean")
    return wrong


# ── messages ────────────────────────────────────────────────────────────────────────────────────


def _good(plan: Plan) -> tuple[dict[str, Any], list[RawMessage]]:
    """Return the registry of a fleet, and the last of its messages; some late, some duplicate."""
    wanted = -(-plan.messages // _GOOD_EVERY)
    cars = 10 + -(-wanted // _CARS_FOR)
    fleet = Fleet(
        cars,
        2 * cars,
        plan.seed,
        start=_START_US,
        live_s=_LIVE_S,
        tenant=_GOOD_TENANT,
        faults=Faults(late=0.01, duplicate=0.01, drift=0.3),
    )
    last = (fleet.history + fleet.live)[-wanted:]
    return fleet.registry, [_raw(message, message.due_us) for message in last]


def _raw(message: Message, received_us: int) -> RawMessage:
    return RawMessage(message.topic, message.payload(), received_us, message.content_type)


def _mixed(
    good: Sequence[RawMessage], mutated: Iterator[Message], messages: int, mutated_by: Counter[str]
) -> Iterator[RawMessage]:
    """Yield all messages, good ones evenly spread; `mutated_by` counts the mutations."""
    now_us = _START_US + _LIVE_S * US_PER_S
    for number in range(messages):
        if number % _GOOD_EVERY == 0:
            yield good[number // _GOOD_EVERY]
        else:
            message = next(mutated)
            mutated_by[message.fault] += 1
            yield _raw(message, now_us)


def _batches(messages: Iterator[RawMessage], most: int) -> Iterator[list[RawMessage]]:
    """Yield batches as the gateway cuts them."""
    batch: list[RawMessage] = []
    size = 0
    for message in messages:
        if batch and (len(batch) == most or size + len(message.body) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += len(message.body)
    if batch:
        yield batch


# ── through ingest ──────────────────────────────────────────────────────────────────────────────


def _pass(
    url: str,
    settings: Settings,
    clock: Clock,
    messages: Iterator[RawMessage],
    of: int,
    progress: Progress,
) -> Passage:
    """Process all batches, reconciling in between as the service does."""
    passage, metrics = Passage(), Metrics()
    worker = Worker(url, settings, clock, metrics)
    before = os.times()
    try:
        with connect(url) as watching:
            worker.open()
            for batch in _batches(messages, settings.batch_messages):
                began = clock.monotonic()
                committed = worker.process(batch)
                then = clock.monotonic()
                worker.reconcile()
                passage.seconds += clock.monotonic() - began
                passage.reconciling_s += clock.monotonic() - then
                passage.sent += len(batch)
                passage.outcomes.update(committed.outcomes)
                progress("malformed messages", passage.sent, of)
                if not passage.held:
                    passage.held.append(_held(watching))
                if passage.sent * _PARTS >= of * (len(passage.memory) + 1):
                    passage.memory.append(_cache())
            began = clock.monotonic()
            worker.reconcile(everything=True)
            passage.reconciling_s += clock.monotonic() - began
            passage.held.append(_held(watching))
    except Exception as error:  # the absence of an error is what is measured
        passage.error = f"{type(error).__name__}: {error}"
    finally:
        with suppress(Stop):
            worker.close()
    now = os.times()
    passage.processor_s = now.user + now.system - before.user - before.system
    passage.steps = {
        sample.labels["step"]: sample.value
        for sample in next(iter(metrics.step_seconds.collect())).samples
        if sample.name.endswith("_total")
    }
    return passage


def _held(connection: Connection) -> dict[str, int]:
    return {
        "open_files": len(os.listdir("/proc/self/fd")),
        "connections": measurements.connection_count(connection, "tachowatt-ingest"),
        "threads": threading.active_count(),
    }


class _Malloc(ctypes.Structure):
    """Result of glibc's mallinfo2."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks",
            "fordblks", "keepcost",
        )
    )  # fmt: skip


def _cache() -> dict[str, float]:
    """Return the memory of this process after collecting garbage: Python's small objects, malloc's
    allocations, and resident memory (Linux's VmRSS)."""
    gc.collect()
    libc = ctypes.CDLL(None)
    libc.mallinfo2.restype = _Malloc
    malloc = libc.mallinfo2()
    status = Path("/proc/self/status").read_text()
    resident_kib = int(status.partition("VmRSS:")[2].split()[0])
    return {
        "python_blocks": float(sys.getallocatedblocks()),
        "malloc_mib": round((malloc.uordblks + malloc.hblkhd) / 2**20, 1),
        "resident_mib": round(resident_kib / 1024, 1),
    }


# ── what was found ──────────────────────────────────────────────────────────────────────────────


def _found(plan: Plan, passage: Passage, mutated_by: Counter[str], good: int) -> dict[str, Any]:
    memory, held = passage.memory, passage.held
    return {
        "messages": plan.messages,
        "good": good,
        "seed": plan.seed,
        "error": passage.error,
        "seconds": round(passage.seconds, 1),
        "reconciling_seconds": round(passage.reconciling_s, 1),
        "processor_seconds": round(passage.processor_s, 1),
        "seconds_per_step": {step: round(value, 1) for step, value in passage.steps.items()},
        "messages_per_s": round(passage.sent / passage.seconds) if passage.sent else 0,
        "outcomes": dict(passage.outcomes),
        "mutations": dict(mutated_by.most_common()),
        "memory": {
            "after_each_tenth": memory,
            "growth": _growth(memory),
            "most_growth": _MOST_GROWTH,
            "peak_mib": round(bench_service.peak_memory_mib()),
        },
        "held": {
            "after_first_batch": held[0] if held else {},
            "at_end": held[1] if len(held) > 1 else {},
        },
    }


def _growth(memory: Sequence[dict[str, float]]) -> dict[str, float]:
    if len(memory) < _PARTS:
        return {}
    since = {name: memory[0] for name in memory[0]} | {"resident_mib": memory[_PARTS // 2 - 1]}
    return {name: round(memory[-1][name] - before[name], 1) for name, before in since.items()}


def _unforeseen(connection: Connection) -> list[dict[str, Any]]:
    """Return examples of messages whose reason was not foreseen."""
    return [
        {
            "reason": row.reason,
            "detail": row.detail,
            "topic": row.topic,
            "content_type": row.content_type,
            "bytes": len(row.body),
            "begins": row.body[:300],
        }
        for reason in _UNFORESEEN
        for row in dead_letter.find(connection, reason=reason, limit=_SHOWN)
    ]


def _state(url: str) -> dict[str, Any]:
    """Return digests of all data of the good devices.

    They exclude what may differ (time of receipt of a joined sample, revisions).
    """
    found: dict[str, Any] = {}
    with connect(url) as connection:
        devices = [d for d in stored_registry.devices(connection) if d.tenant == _GOOD_TENANT]
        for device in devices:
            kind, of = KINDS[device.kind], f"of {device.device}"
            samples = telemetry.read(connection, kind.samples, [device.device_id])
            found[f"{kind.samples.name} {of}"] = _digest(
                samples.observed_us.tobytes() + samples.values.tobytes()
            )
            for table in kind.features:
                rows, _ = features.read(connection, table, device.device_id)
                found[f"{table.name} {of}"] = _digest(rows.tobytes())
        native = [f"{d.tenant}/{d.device}" for d in devices if d.dialect == "native"]
        for address, seq in device_seq.load(connection, native).items():
            found[f"numbering of {address}"] = seq
        signals = [
            (s["id"], s["type"], s["subject"], s["time"].isoformat(), s["data"])
            for s in outbox.read(connection, limit=100_000_000)
            if s["tenant"] == _GOOD_TENANT and not s["data"]["retracted"]
        ]
        found["signals"] = _digest(json.dumps(sorted(signals)).encode())
    return found


def _digest(data: bytes) -> tuple[int, str]:
    return len(data), hashlib.blake2b(data, digest_size=16).hexdigest()


def _differences(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    return [
        what
        for what in sorted(expected.keys() | found.keys())
        if expected.get(what) != found.get(what)
    ]


@contextmanager
def _databases(settings: Settings, clock: Clock) -> Iterator[tuple[str, str]]:
    """Yield two databases on one server: the one set or embedded, and a temporary one."""
    with database_of(settings, clock) as url:
        migrate(url)
        with connect(url) as connection:
            measurements.require_empty(connection)
        with measurements.temporary_database(url, f"tachowatt_bench_{os.getpid()}") as good_url:
            yield url, good_url
