"""However signals and corrections interleave, however often they are said and in whatever batches
they are decided: the same is left to be sent, and the same alerts."""

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.decide import decide
from store.casework import receivers
from tests.fix_contacts import TENANT, Stage
from tests.secret_keys import BOX

NewStage = Callable[..., Stage]

HOURS = [f"2026-11-18T0{i}:00:00+00:00" for i in range(3)]
# What is said of two crashes and of an anomaly; the corrections of a signal keep their order.
CRASH = [{"at": HOURS[0], "severity": 2}, {"at": HOURS[0], "severity": 3}]
NO_CRASH: list[dict[str, Any]] = [{"at": HOURS[1]}, {"at": HOURS[1], "retracted": True}]
RAISED = [{"severity": 2}, {"severity": 3}]
CLEARED = [{"ended_at": HOURS[2], "observed": 9000.0}]
SAID = (CRASH, NO_CRASH, RAISED, CLEARED)


def say(stage: Stage, which: int, data: dict[str, Any]) -> None:
    if which < 2:
        stage.crash(**data)
    else:
        stage.anomaly(("raised", "cleared")[which - 2], started_at=HOURS[0], **data)


def some(stage: Stage, limit: int) -> int:
    rules, now_us = stage.rules.playbooks(), stage.clock.now_us()
    return decide(stage.connection, rules, frozenset(), now_us, stage.metrics, limit=limit)


def run(
    new_stage: NewStage, order: list[int], again: list[bool], pauses: list[int], limit: int
) -> dict[str, Any]:
    """What is left to be sent by webhook, and the alerts."""
    stage = new_stage()
    for side in ("insurer", "utility"):
        receivers.add(
            stage.connection, BOX, TENANT, side, side, "https://x.example/", stage.clock.now_us()
        )
    stage.rules.refresh(stage.connection, stage.clock.now_us())
    stage.connection.commit()
    words_of = [iter(words) for words in SAID]
    for which, twice, pause in zip(order, again, pauses, strict=True):
        data = next(words_of[which])
        for _ in range(2 if twice else 1):
            say(stage, which, data)
        for _ in range(pause):
            some(stage, limit)
    while some(stage, limit):
        pass
    contacts = stage.contacts(channel="webhook", state="pending")
    said = ("kind", "severity", "cleared", "observed", "retracted", "ended_at", "case_id")
    return {
        "contacts": sorted((c["contact_id"], str(c["payload"])) for c in contacts),
        "alerts": [{name: alert[name] for name in said} for alert in stage.alerts()],
    }


_cache: list[dict[str, Any]] = []


def expected(new_stage: NewStage) -> dict[str, Any]:
    if not _cache:
        order = [which for which, words in enumerate(SAID) for _ in words]
        _cache.append(run(new_stage, order, [False] * 7, [1] * 7, 50))
        assert len(_cache[0]["contacts"]) == 2, "the crash and the anomaly, not what was none"
        assert "'severity': 3" in _cache[0]["contacts"][0][1]
        assert [alert["observed"] for alert in _cache[0]["alerts"]] == [9000.0]
    return _cache[0]


@settings(max_examples=12)
@given(
    order=st.permutations([which for which, words in enumerate(SAID) for _ in words]),
    again=st.lists(st.booleans(), min_size=7, max_size=7),
    pauses=st.lists(st.integers(0, 3), min_size=7, max_size=7),
    limit=st.sampled_from([1, 2, 50]),
)
def test_the_same_is_left_to_be_sent(
    new_stage: NewStage, order: list[int], again: list[bool], pauses: list[int], limit: int
) -> None:
    assert run(new_stage, order, again, pauses, limit) == expected(new_stage)
