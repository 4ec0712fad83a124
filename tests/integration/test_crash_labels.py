"""What people say about a crash is a label of its recording, as long as they say so and agree."""

import numpy as np
import pytest

from customer_context.cases.case_state import What
from proving.crash import labelled
from services import case_flow, case_steps, crash_labels
from tests.fix_contacts import TENANT, Stage

CUSTOMER = "c0"


@pytest.fixture
def case(stage: Stage) -> str:
    """The case of a crash."""
    stage.crash(severity=3)
    stage.decide()
    (found,) = stage.cases()
    return str(found["case_id"])


def label(stage: Stage, case: str) -> tuple[str, str | None] | None:
    stage.connection.commit()
    found = crash_labels.of_case(stage.connection, TENANT, case)
    return None if found is None else (found["label"], found["cause"])


def test_an_undone_false_alarm_is_none(stage: Stage, case: str) -> None:
    assert label(stage, case) is None
    now_us = stage.clock.now_us()
    case_flow.outcome(stage.connection, TENANT, case, "anna", now_us, "no_crash")
    assert label(stage, case) == ("false_alarm", None)
    case_flow.undo_outcome(stage.connection, TENANT, case, "anna", now_us)
    assert label(stage, case) is None


def test_the_driver_says_what_it_was(stage: Stage, case: str) -> None:
    now_us = stage.clock.now_us()
    case_flow.answer(stage.connection, TENANT, CUSTOMER, case, "no_crash", now_us)
    assert label(stage, case) == ("false_alarm", None)
    case_steps.act(
        stage.connection, TENANT, case, f"customer:{CUSTOMER}", now_us, What.COMPLETE,
        item="label", data={"cause": "pothole"},
    )  # fmt: skip
    assert label(stage, case) == ("false_alarm", "pothole")
    (row,) = crash_labels.consented(stage.connection, TENANT)
    assert (row["device"], row["cause"], row["data"]["severity"]) == ("car0", "pothole", 3)
    assert row["recorded_from"] < row["at"] < row["recorded_until"]
    judged = labelled.as_json(labelled.judge(stage.connection, TENANT))
    assert judged == {
        "crashes": 0, "missed": [], "false_alarms": 0, "raised_still": 0, "without_recording": 1,
    }  # fmt: skip
    stage.consent(CUSTOMER, "detection_training", "withdrawn")
    assert crash_labels.consented(stage.connection, TENANT) == []


def test_a_crash_that_was_one(stage: Stage, case: str) -> None:
    case_flow.answer(stage.connection, TENANT, CUSTOMER, case, "well", stage.clock.now_us())
    assert label(stage, case) == ("crash", None)
    assert crash_labels.consented(stage.connection, TENANT)[0]["label"] == "crash"


def test_a_labelled_recording_is_judged(stage: Stage, case: str) -> None:
    """A drive at 50 km/h that ends in an impact is found; a broken kernel misses it."""
    from store.pipeline import telemetry
    from store.postgres.times import to_us

    case_flow.answer(stage.connection, TENANT, CUSTOMER, case, "well", stage.clock.now_us())
    (row,) = crash_labels.consented(stage.connection, TENANT)
    at_us, names = to_us(row["at"]), telemetry.VEHICLE.names
    n, hit = 120, 60
    t_us = at_us + (np.arange(n) - hit) * 1_000_000
    values = np.full((n, len(names)), np.nan)
    values[:, names.index("speed_kmh")] = np.where(np.arange(n) < hit, 50.0, 0.0)
    values[hit, names.index("speed_kmh")] = 12.0
    values[:, names.index("accel_long_mps2")] = np.where(np.arange(n) == hit, -60.0, 0.0)
    values[:, names.index("lat_deg")] = 52.2 + 1.25e-4 * np.minimum(np.arange(n), hit)
    values[:, names.index("lon_deg")] = 10.5
    device = np.full(n, row["device_id"], np.int64)
    samples = telemetry.Samples(device, t_us, t_us, values)
    telemetry.append(stage.connection, telemetry.VEHICLE, samples)
    assert labelled.judge(stage.connection, TENANT).missed == []
    deaf = labelled.judge(stage.connection, TENANT, "deaf")
    assert deaf.crashes == 1 and deaf.missed == [case]
