"""The demo's offers: decided for every simulated customer, accepted, ordered, explained."""

from pathlib import Path

from app.demo.offers import make_offers
from app.operations import registry_import
from proving.judge.decisions import judge_decisions
from runtime.clock import ManualClock
from runtime.settings import Settings
from services import case_steps
from services.contact_points import contact_points_of
from simulators.faults import DEMO
from simulators.fleet import Fleet
from store.casework import contacts
from store.postgres.pool import connect
from tests.secret_keys import BOX


def test_offers_are_made_accepted_ordered_and_explained(database: str, tmp_path: Path) -> None:
    clock = ManualClock()
    start = clock.now_us() - 60_000_000
    fleet = Fleet(
        4, 12, 1, start=start, live_s=60, tenant="demo", faults=DEMO, history_days=1,
        drive_history_hours=1,
    )  # fmt: skip
    valid = registry_import.validate(fleet.registry, "simulator")
    settings = Settings(state_dir=tmp_path)
    registry_import.write(database, valid, clock.now_us(), contact_points_of(settings))
    offers = make_offers(database, BOX, fleet, clock)
    with connect(database) as connection:
        sent = [row for row in contacts.list_(connection, "demo") if row["decision_id"]]
        found = judge_decisions(connection, "demo", offers, fleet.truth["consents"], sent)
        plans = [case_steps.plan_of(connection, "demo", case) for case in offers.ordered]
    assert found.problems() == []
    assert {row["contact_id"] for row in sent} == set(offers.sent) and found.sent >= 1
    assert found.made == found.explained == len(fleet.registry["customers"]) + found.sent
    assert found.offered >= 1 and found.accepted == found.ordered == len(offers.ordered) >= 1
    for plan in plans:
        assert plan is not None and plan.type.id == "contract-change"
        assert "ordered-milestone" in plan.state.items and plan.state.data["ordered"] is True
    with connect(database) as connection:  # a customer who never agreed is a breach
        nobody = judge_decisions(connection, "demo", offers, {})
    assert nobody.figures()["policy_breaches"] == found.offered
