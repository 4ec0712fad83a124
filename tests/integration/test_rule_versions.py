"""Playbooks under four eyes, over a real store: what runs keeps its version."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from customer_context.four_eyes.rule import Actor
from runtime.errors import Invalid, NotFound
from services import rule_versions
from services.playbooks import PLAYBOOK, Rules
from tests.fix_contacts import TENANT, Stage, activated, supervisors
from tests.fix_registry import NOW_US

ID = "crash-call-back"


def changed(text: str, version: int) -> str:
    """The playbook with another deadline of its case."""
    return re.sub(r"(?m)^version: \d+", f"version: {version}", text).replace(
        "deadline_min: 15", f"deadline_min: {version}"
    )


def minutes_to_call(stage: Stage) -> list[int]:
    """From each crash to the deadline of its case."""
    at = stage.clock.now_us()
    return sorted(round((c["deadline"].timestamp() - at / 1e6) / 60) for c in stage.cases())


def test_an_activated_playbook_counts_for_new_matters_until_it_is_rolled_back(
    stage: Stage, people: dict[str, Actor]
) -> None:
    stage.decide()  # the files of the service are known
    first = stage.crash()
    stage.decide()
    file = rule_versions.current(stage.connection, TENANT, PLAYBOOK, ID)
    new = rule_versions.record(
        stage.connection, TENANT, PLAYBOOK, changed(file.text, 45), "anna", NOW_US
    )
    with pytest.raises(Invalid, match="raise the version"):
        rule_versions.record(
            stage.connection, TENANT, PLAYBOOK, new.text + "# other\n", "anna", NOW_US
        )
    assert rule_versions.current(stage.connection, TENANT, PLAYBOOK, ID) == file
    activated(stage, people, PLAYBOOK, new.digest)
    assert rule_versions.current(stage.connection, TENANT, PLAYBOOK, ID).digest == new.digest
    assert stage.crash(severity=3) == first, "a correction of what runs by the version of the file"
    stage.decide()
    assert minutes_to_call(stage) == [15]
    second = stage.crash(at="2026-11-21T09:58:59+00:00")
    assert second != first
    stage.decide()
    assert len(stage.cases()) == 2 and max(minutes_to_call(stage)) > 40
    digests = (
        {d["digest"] for d in _decisions(stage, first)},
        {d["digest"] for d in _decisions(stage, second)},
    )
    assert digests == ({file.digest}, {new.digest})
    # Another worker, after a restart, uses the same; so does a rollback to the file's version.
    other = Rules(None, stage.metrics)
    other.refresh(stage.connection, NOW_US)
    assert [p.digest for p in other.of_tenants()[TENANT] if p.id == ID] == [new.digest]
    assert [p.digest for p in other.playbooks() if p.id == ID] == [file.digest]
    before = rule_versions.before(stage.connection, TENANT, PLAYBOOK, ID)
    assert before.digest == file.digest
    activated(stage, people, PLAYBOOK, before.digest)
    other.refresh(stage.connection, NOW_US)
    assert [p.digest for p in other.of_tenants()[TENANT] if p.id == ID] == [file.digest]
    assert rule_versions.before(stage.connection, TENANT, PLAYBOOK, ID).digest == new.digest


def _decisions(stage: Stage, signal: str) -> list[dict[str, str]]:
    from store.signals import decisions

    stage.connection.rollback()
    found = decisions.of_signal(stage.connection, TENANT, signal)
    return [d for d in found if d["playbook"] == ID]


def test_a_playbook_without_a_file_can_be_added(
    new_stage: Callable[..., Stage], tmp_path: Path
) -> None:
    directory = tmp_path / "rules"
    directory.mkdir()
    shipped = Path(rule_versions.__file__).parents[1] / "customer_context/playbooks/shipped"
    (directory / "meter.yaml").write_text((shipped / "meter-anomaly.yaml").read_text())
    stage = new_stage(directory)
    stage.decide()
    with pytest.raises(NotFound):
        rule_versions.current(stage.connection, TENANT, PLAYBOOK, ID)
    text = (shipped / f"{ID}.yaml").read_text()
    new = rule_versions.record(stage.connection, TENANT, PLAYBOOK, text, "anna", NOW_US)
    compared = rule_versions.compared(stage.connection, TENANT, PLAYBOOK, new.digest)
    assert compared["difference"].startswith("--- nothing")
    activated(stage, supervisors(stage), PLAYBOOK, new.digest)
    stage.crash()
    stage.decide()
    assert len(stage.cases()) == 1
