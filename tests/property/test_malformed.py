"""Mutations of the contract's examples: each is accounted for, and harms no good message."""

from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import cbor2
import pytest

from app.operations.registry_import import validate, write
from contracts.raw import RawMessage
from ingest.partition.worker import Worker
from proving.bench import malformed
from runtime.clock import ManualClock, SystemClock
from runtime.errors import Reason
from runtime.settings import Settings
from simulators import mutations
from simulators.loose_encoding import cbor, cbor_map, json_object
from simulators.mutations import Mutations, Sender, registry, senders
from store.pipeline import dead_letter
from store.postgres.pool import connect

NOW_US = 1_795_255_200_000_000
START_US = NOW_US - 86_400_000_000

# What takes retention, encryption, a second partition or a person who enters a reading, what must
# not be, and what is rare.
NOT_HERE = {
    Reason.TOO_OLD, Reason.ENCRYPTED, Reason.WRONG_PARTITION, Reason.DECODER_ERROR,
    Reason.PROCESSING_ERROR, Reason.OVER_LIMIT, Reason.SOURCE_STOPPED, Reason.ENTERED,
    Reason.TOO_LARGE, Reason.TOO_MANY_SAMPLES, Reason.AMBIGUOUS,
}  # fmt: skip


def whole(sender: Sender) -> bytes:
    """The next message of a sender, with nothing done to it."""
    pairs = sender.next(START_US)
    if sender.encoding == "json":
        return json_object(pairs)
    return cbor_map(pairs, sender.encoding == "cbor-typed")


def drawn(seed: int, n: int) -> list[tuple[str, bytes, str | None]]:
    made = islice(Mutations(senders(1), seed, START_US), n)
    return [(message.topic, message.payload(), message.content_type) for message in made]


def test_a_seed_gives_the_same_messages_and_another_gives_others() -> None:
    assert drawn(1, 2_000) == drawn(1, 2_000)
    assert drawn(1, 100) != drawn(2, 100)


def test_every_mutation_is_drawn_and_most_change_something() -> None:
    of = senders(1)
    twins = [whole(sender) for sender in senders(1)]
    first = list(islice(Mutations(of, 3, START_US), 2_500))
    kinds = {*mutations.FIELDS, *mutations.CBOR, *mutations.BYTES, *mutations.AROUND}
    assert {message.fault for message in first} >= kinds - {"gigantic array", "oversized"}
    changed = sum(m.payload() != twin for m, twin in zip(first, twins, strict=False))
    assert changed > len(twins) // 2


def test_the_small_writer_writes_what_cbor2_reads() -> None:
    values = [0, 23, 24, 255, 256, 2**32, -1, -(2**64), 2**64, 2**700, 0.1, None, True, False]
    body = {"a": values, "b": {"c": "é" * 30, "d": ["x", [], {}]}, "": [1.5, None]}
    for endless in (False, True):
        assert cbor2.loads(cbor(body, False, endless)) == body
    assert cbor2.loads(cbor({"a": [1, -2]}, True)) == {
        "a": cbor2.CBORTag(78, b"\1\0\0\0\xfe\xff\xff\xff")
    }


def test_with_nothing_done_to_them_they_are_stored(database: str) -> None:
    of = senders(1)
    write(database, validate(registry(of, START_US), "test"), NOW_US)
    worker = Worker(database, Settings(), ManualClock(NOW_US))
    messages = [RawMessage(s.topic, whole(s), NOW_US, s.content_type) for s in of * 3]
    assert worker.process(messages).outcomes == {"stored": len(messages)}
    worker.close()


def test_a_few_thousand_are_accounted_for_and_harm_nobody(database: str, state_dir: Path) -> None:
    """The whole of `tachowatt bench malformed`, which runs a million."""
    settings = Settings(state_dir=state_dir, database_url=database, batch_messages=700)
    plan = malformed.Plan(3_000, 11)
    found = malformed.run(settings, SystemClock(), plan, lambda *_: None)
    assert found["problems"] == [], found["unforeseen"]
    assert found["good"] == 300 and sum(found["mutations"].values()) == 2_700
    assert found["outcomes"]["stored"] > 300, "good ones, and mutations that are still good"
    assert set(found["reasons"]) >= {reason.value for reason in Reason if reason not in NOT_HERE}
    assert Reason.ENTERED not in found["reasons"], "no message of a device is one that was entered"
    with connect(database) as connection:
        rows = dead_letter.find(connection, limit=10_000)
    assert Counter(row.reason for row in rows) == found["reasons"]
    assert all(row.detail for row in rows)


SOUND: dict[str, Any] = {
    "messages": 1_000_000,
    "error": None,
    "outcomes": {"stored": 100_000, "dead_lettered": 900_000},
    "reasons": {"not_json": 900_000},
    "ledger": {"received": 1_000_000, "dead_lettered": 900_000, "closes": True},
    "memory": {"growth": {"python_blocks": 9_000.0, "malloc_mib": 60.0, "resident_mib": 60.0}},
    "held": {"after_first_batch": {"connections": 2}, "at_end": {"connections": 2}},
    "differences": [],
    "verify": {"clean": True},
}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, None),
        ({"verify": None}, None),
        (
            {"messages": 1_000, "memory": {"growth": {"malloc_mib": 99.0}}},
            "counts 1000000 messages of 1000",
        ),
        ({"error": "Stop: x"}, "ingest ended: Stop: x"),
        ({"outcomes": {"stored": 1}}, "ingest counts 1 messages"),
        ({"reasons": {"not_json": 899_999}}, "899999 dead letters, 900000 in the ledger"),
        (
            {"reasons": {"not_json": 899_999, "decoder_error": 1}},
            "1 messages came to decoder_error",
        ),
        ({"ledger": {**SOUND["ledger"], "closes": False}}, "the ledger does not close"),
        ({"memory": {"growth": {"malloc_mib": 65.0}}}, "memory: malloc_mib grew by 65.0"),
        ({"memory": {"growth": {"resident_mib": 65.0}}}, "memory: resident_mib grew by 65.0"),
        (
            {"held": {**SOUND["held"], "at_end": {"connections": 3}}},
            "connections: 3 at the end, 2 at the beginning",
        ),
        ({"differences": ["signals"]}, "good messages alone give another signals"),
        ({"verify": {"clean": False}}, "verify is not clean"),
    ],
)
def test_whatever_goes_wrong_is_a_problem(changed: dict[str, Any], said: str | None) -> None:
    problems = malformed.problems({**SOUND, **changed})
    if said is None:
        assert problems == []
    else:
        assert any(said in problem for problem in problems)
        assert not any("memory" in problem for problem in problems) or "memory" in said
