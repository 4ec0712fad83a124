"""Any interleaving of a flooding device with others leaves the samples and features of the others
bit for bit the same, and the ledger closes. On a real PostgreSQL."""

import json
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from app.operations.registry_import import validate, write
from contracts.raw import RawMessage
from ingest.kernels import KINDS
from ingest.partition.worker import Worker
from runtime.clock import ManualClock
from runtime.settings import Settings
from store.pipeline import dead_letter, features, ledger, telemetry
from store.postgres.pool import connect
from tests.fix_registry import NOW_US, registry
from tests.reopen import reopen

START_MS = NOW_US // 1_000 - 7_200_000
LIMITS = Settings(
    device_messages_per_s=5, device_burst_messages=20, deferred_device_messages=30,
    dead_letter_device_messages=10, quarantine_after_messages=5, dead_letter_cap_messages=10,
    dead_letter_cap_devices=2, reconcile_wait_s=0.0,
)  # fmt: skip
"""So low that all of them are reached by one device, and none by the others."""


def others() -> list[RawMessage]:
    """A drive of car1 and a few hours of meter1, ten messages."""
    made = []
    for block in range(6):
        speeds = [0.0 if block in (0, 5) else 50.0 + (i % 7) for i in range(30)]
        body = {
            "v": 1,
            "seq": block,
            "t0": START_MS + block * 30_000,
            "dt_ms": [1_000 * i for i in range(30)],
            "speed_kmh": speeds,
        }
        made.append(sent("car1/telemetry", json.dumps(body).encode()))
    for block in range(4):
        body = {
            "v": 1,
            "seq": block,
            "t0": START_MS - 86_400_000 + block * 3_600_000,
            "dt_ms": [900_000 * i for i in range(4)],
            "register_kwh": [1_000.0 + block + i / 4 for i in range(4)],
        }
        made.append(sent("meter1/reading", json.dumps(body).encode()))
    return made


def sent(where: str, body: bytes) -> RawMessage:
    return RawMessage(f"tw/v1/t1/{where}", body, NOW_US)


def flood(kind: str, number: int) -> RawMessage:
    """A message of the flooding device, or of one that nobody registered."""
    good = json.dumps({"v": 1, "seq": number, "t0": START_MS + number, "speed_kmh": [9.0]})
    return {
        "good": sent("car0/telemetry", good.encode()),
        "spoilt": sent("car0/telemetry", b"{"),
        "nobody": RawMessage("owntracks/evil/x", b"{", NOW_US),
        "empty": sent("car0/telemetry", b""),
        "nul": sent("car0/telemetry", good.encode() + b"\0"),
    }[kind]


OTHERS = others()
ALONE: list[dict[str, object]] = []
"""What is stored of the others without a flood, once it is known."""


def state(url: str) -> dict[str, object]:
    """What is stored of the others."""
    found: dict[str, object] = {}
    with connect(url) as connection:
        for device_id, kind_name in ((2, "vehicle"), (5, "meter")):
            kind = KINDS[kind_name]
            samples = telemetry.read(connection, kind.samples, [device_id])
            found[kind_name] = (samples.observed_us.tobytes(), samples.values.tobytes())
            for table in kind.features:
                rows, _ = features.read(connection, table, device_id)
                found[table.name] = rows.tobytes()
    return found


def run(url: str, batches: list[list[RawMessage]], restart: bool) -> dict[str, object]:
    write(url, validate(registry(), "test"), NOW_US)
    worker = Worker(url, LIMITS, ManualClock(NOW_US))
    acks: dict[str, int] = {}
    for i, batch in enumerate(batches):
        acks |= {ack.device: ack.seq for ack in worker.process(batch).acks}
        worker.reconcile()
        if restart and i % 3 == 2:
            reopen(worker)
    worker.reconcile(everything=True)
    worker.close()
    assert (acks["car1"], acks["meter1"]) == (5, 3), "all of the others is acknowledged"
    with connect(url) as connection:
        entries = ledger.read(connection)
        letters = dead_letter.counts(connection)
    assert all(entry.closes for entry in entries.values()), entries
    assert sum(e.received for e in entries.values()) == sum(map(len, batches))
    assert sum(e.dead_lettered for e in entries.values()) == sum(letters.values())
    return state(url)


@settings(max_examples=8)
@given(
    kinds=st.lists(
        st.sampled_from(["good", "spoilt", "nobody", "empty", "nul"]), min_size=40, max_size=150
    ),
    gaps=st.lists(st.integers(0, 20), min_size=len(OTHERS), max_size=len(OTHERS)),
    cuts=st.lists(st.integers(1, 60), min_size=1, max_size=5),
    restart=st.booleans(),
)
def test_the_others_do_not_notice(
    new_database: Callable[[], str],
    kinds: list[str],
    gaps: list[int],
    cuts: list[int],
    restart: bool,
) -> None:
    if not ALONE:
        ALONE.append(run(new_database(), [OTHERS], restart=False))
    flooding = [flood(kind, number) for number, kind in enumerate(kinds)]
    mixed: list[RawMessage] = []
    for message, gap in zip(OTHERS, gaps, strict=True):
        mixed += [*flooding[:gap], message]
        flooding = flooding[gap:]
    mixed += flooding
    batches: list[list[RawMessage]] = []
    while mixed:
        n = cuts[len(batches) % len(cuts)]
        batches.append(mixed[:n])
        mixed = mixed[n:]
    assert run(new_database(), batches, restart) == ALONE[0]
