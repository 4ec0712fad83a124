"""Files of actions under four eyes: in force for new decisions at once, tried on history first."""

from typing import Any

import pytest

from customer_context.four_eyes.rule import Actor
from runtime.errors import Invalid
from services import actions, decisions, facts, outbound, rule_kinds, rule_versions
from services.action_rules import ACTION, with_version
from store.postgres.pool import connect
from store.postgres.roles import CONTACTS, set_tenant_scope
from tests.fix_contacts import TENANT, Stage, activated
from tests.fix_registry import NOW_US

ID = "motor"


def won(stage: Stage) -> tuple[list[str], str]:
    """What an agent says to c0 now, as each process decides; and the decision."""
    set_tenant_scope(stage.connection, (TENANT,))
    rules = actions.of_tenant(stage.connection, TENANT, actions.in_use(None))
    made = decisions.make(
        stage.connection, TENANT, "c0", rules, place="agent", by="test",
        now_us=stage.clock.now_us(),
    )  # fmt: skip
    stage.connection.commit()
    assert made.id is not None
    return [one["action"] for one in made.winners], made.id


def test_an_activated_file_decides_from_then_on_until_it_is_rolled_back(
    stage: Stage, people: dict[str, Actor]
) -> None:
    known: list[tuple[str, Any, int]] = [
        ("tariff.motor", "flat", NOW_US), ("driving.score", 92.0, NOW_US),
        ("driving.observed_d", 80, NOW_US),
    ]  # fmt: skip
    set_tenant_scope(stage.connection, (TENANT,))
    facts.report(stage.connection, TENANT, "c0", known, "test", NOW_US)
    stage.connection.commit()
    before, first = won(stage)
    assert before == ["safe-driver-discount"]
    connection = stage.connection
    file = rule_versions.current(connection, TENANT, ACTION, ID)
    assert rule_kinds.kind_of_text(file.text) is ACTION
    strict = file.text.replace("driving.score, at_least: 85", "driving.score, at_least: 95")
    rule_versions.keep(connection, TENANT, ACTION, file, "anna", NOW_US)
    with pytest.raises(Invalid, match="raise the version"):
        rule_versions.record(connection, TENANT, ACTION, strict, "anna", NOW_US)
    strict = strict.replace(f"version: {file.spec.version}", "version: 90", 1)
    twice = strict.replace("id: motor\n", "id: other\n", 1)
    with pytest.raises(Invalid, match="is also in"):
        rule_versions.record(connection, TENANT, ACTION, twice, "anna", NOW_US)
    new = rule_versions.record(connection, TENANT, ACTION, strict, "anna", NOW_US)
    connection.commit()
    live = actions.in_use(None)
    tried = with_version(connection, TENANT, live, new.digest)
    assert tried is not None and tried.set.digest != live.set.digest
    assert won(stage)[0] == before, "recorded, but not in force"
    activated(stage, people, ACTION, new.digest)
    after, second = won(stage)
    assert after == [] and second != first
    # The contacts process decides by it too, and what was decided keeps its version.
    with connect(stage.url, role=CONTACTS) as own:
        stage_settings = stage.settings.model_copy(update={"outbound_every_h": 24})
        while outbound.decide_due(own, stage_settings, stage.clock.now_us()):
            own.commit()
    assert [one["action"] for one in stage.contacts() if one["action"]] == []
    again = decisions.explain(connection, TENANT, first)
    assert again["recomputed"] and [one["action"] for one in again["winners"]] == before
    connection.rollback()
    back = rule_versions.before(connection, TENANT, ACTION, ID)
    assert back.digest == file.digest
    stage.clock.advance(60)
    activated(stage, people, ACTION, back.digest)
    assert won(stage)[0] == before
