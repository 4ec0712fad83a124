"""Sources that contradict each other, values that nobody measured, first values, sparse devices.

Kinds of errors that people report of trackers, made here from a known drive; and the recordings of
such cases, where they are beside the repository.
"""

import csv
import json
import math
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from feature_kernels import driving

CASES = Path(__file__).parents[4] / "shared" / "cases"
T0_US = 1_700_000_000_000_000
METRES_PER_DEGREE = math.pi / 180 * 6_371_008.8
KINDS = {code: name for name, code in driving.EVENT_KINDS.items()}
FLAGS = driving.QUALITY_FLAGS
needs_cases = pytest.mark.skipif(not CASES.is_dir(), reason=f"no cases: {CASES} is absent")


def run(t_s, **columns):
    """Trips, events and how many values were rejected."""
    t_us = T0_US + np.round(np.asarray(t_s, float) * 1e6).astype(np.int64)
    starts = np.array([0, len(t_us)])
    result = driving.drive(columns, t_us, t_us, starts, driving.initial_carry(1))
    rest = driving.finish(result.carry)
    return (
        np.concatenate([result.trips, rest.trips]),
        np.concatenate([result.events, rest.events]),
        int(driving.rejected(result.carry)[0]),
    )


def steady(dt_s, v_kmh, values, stand_s=400.0):
    """Stand, `values` rows at one speed, stand: times s, speeds km/h, metres."""
    before, after = 4, max(4, math.ceil(stand_s / dt_s))
    v = np.concatenate([np.zeros(before), np.full(values, float(v_kmh)), np.zeros(after)])
    x = np.concatenate([[0.0], np.cumsum(v[:-1] / 3.6 * dt_s)])
    return np.arange(len(v)) * float(dt_s), v, x


def places(x, east_m=0.0):
    across = METRES_PER_DEGREE * math.cos(math.radians(50.0))
    return {"lat_deg": 50 + x / METRES_PER_DEGREE, "lon_deg": 8 + (0 * x + east_m) / across}


def lively(dt_s=1.0, hold_s=300.0):
    """Pull away, drive at about 50 km/h with live changes, stop: speeds km/h."""
    up = np.arange(0, hold_s, dt_s)
    cruise = np.minimum(up * 1.4 * 3.6, 50) + np.where(up > 12, 2 * np.sin(up / 7), 0)
    down = np.maximum(cruise[-1] - np.arange(dt_s, 40, dt_s) * 1.4 * 3.6, 0)
    return np.round(np.concatenate([cruise, down]))


# -- a fix off the way, with a measured speed


@pytest.mark.parametrize(
    ("dt_s", "fixes"),
    [
        (1, 1),
        (5, 1),
        (10, 1),
        (15, 1),
        (30, 1),
        (60, 1),
        (120, 1),
        (1, 2),
        (15, 2),
        (30, 2),
        (60, 2),
    ],
)
@pytest.mark.parametrize("v_kmh", [40, 90])
def test_a_fix_far_off_is_rejected_at_every_rate(dt_s, v_kmh, fixes):
    t, v, x = steady(dt_s, v_kmh, 31)
    far = 5_000.0 if dt_s * v_kmh > 60 * 40 else 3_000.0
    off = np.where((np.arange(len(x)) >= 18) & (np.arange(len(x)) < 18 + fixes), far, 0.0)
    clean, _, none = run(t, speed_kmh=v, **places(x))
    trips, _, rejected = run(t, speed_kmh=v, **places(x, off))
    assert len(trips) == len(clean)
    assert trips["distance_m"].sum() == pytest.approx(clean["distance_m"].sum(), rel=0.01)
    assert rejected >= none + fixes


def test_a_fast_minute_between_two_slow_speeds_is_driven():
    """Onto the motorway and off again: 40 km/h at both ends of a minute, 1.6 km between."""
    t, v, x = steady(60, 40, 20)
    x[14:] += 1_600 - 667
    trips, _, rejected = run(t, speed_kmh=v, **places(x))
    assert rejected == 0
    assert trips["distance_m"][0] == pytest.approx(x[-1], rel=0.01)


# -- a 0 that nobody measured


@pytest.mark.parametrize("dt_s", [1, 2, 5, 10, 30, 60, 120])
@pytest.mark.parametrize("v_kmh", [30, 60, 130])
@pytest.mark.parametrize("how", ["zero", "absent", "true"])
def test_a_speed_that_nobody_measured_is_no_zero(dt_s, v_kmh, how):
    t, v, x = steady(dt_s, v_kmh, max(12, int(1200 / dt_s)))
    said = {"zero": 0 * v, "absent": np.full(len(v), np.nan), "true": v}[how]
    noise = np.random.default_rng(1).normal(0, 4, len(x))
    trips, _, _ = run(t, speed_kmh=said, accuracy_m=np.full(len(t), 15.0), **places(x + noise))
    assert len(trips) == 1
    assert trips["distance_m"][0] == pytest.approx(x[-1], rel=0.03, abs=200)
    assert bool(trips["quality"][0] & FLAGS["no_speed"]) == (how != "true")


def test_a_car_that_stands_with_hopping_places_does_not_drive():
    rng = np.random.default_rng(5)
    for dt_s in (1, 10, 60):
        t = np.arange(0, 7200, dt_s)
        hop = np.where(rng.random(len(t)) < 0.05, rng.choice([200.0, 1_000.0, 3_000.0], len(t)), 0)
        trips, events, _ = run(t, speed_kmh=0.0 * t, **places(hop + rng.normal(0, 5, len(t))))
        assert len(trips) == len(events) == 0, dt_s


# -- a speed that is kept


@pytest.mark.parametrize("dt_s", [1, 5, 10, 30, 60, 120])
@pytest.mark.parametrize("noise_m", [0.0, 4.0])
@pytest.mark.parametrize("then_zero", [True, False])
def test_a_kept_speed_while_the_places_stand_is_no_driving(dt_s, noise_m, then_zero):
    rng = np.random.default_rng(2)
    t, v, x = steady(dt_s, 50, max(12, int(900 / dt_s)), stand_s=900.0)
    v = np.where(v > 0, np.round(50 + rng.normal(0, 2, len(v))), 0)
    x = np.concatenate([[0.0], np.cumsum(v[:-1] / 3.6 * dt_s)])
    stands = int(np.flatnonzero(v)[-1]) + 1
    kept = v.copy()
    until = stands + (len(v) - stands) // 2 if then_zero else len(v)
    kept[stands:until] = v[stands - 1]
    trips, events, _ = run(t, speed_kmh=kept, **places(x + noise_m * rng.normal(0, 1, len(x))))
    assert len(trips) == 1
    # until it is noticed: 100 m by the speed, and one step
    assert trips["distance_m"][0] == pytest.approx(x[-1], abs=130 + 0.02 * x[-1])
    end_s = (trips["end_us"][0] - T0_US) / 1e6
    assert abs(end_s - t[stands]) <= max(30, 2.1 * dt_s)
    assert "crash" not in [KINDS[int(kind)] for kind in events["kind"]]


# -- the first value after start or silence


@pytest.mark.parametrize("dt_s", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("value", [40, 127, 204, 254])
@pytest.mark.parametrize("length", [1, 2, 3, 5, 10])
@pytest.mark.parametrize("silence_s", [0, 60, 200, 400])
def test_false_first_values_make_nothing(dt_s, value, length, silence_s):
    false = np.full(length, float(value))
    still, drive = np.zeros(30), np.concatenate([lively(dt_s), np.zeros(200)])
    head = np.concatenate([still, lively(dt_s)]) if silence_s else np.empty(0)
    v = np.concatenate([head, false, still, drive])
    t = np.arange(len(v)) * dt_s
    t[len(head) :] += silence_s
    honest = np.concatenate([np.ones(len(head), bool), np.zeros(length, bool)])
    honest = np.concatenate([honest, np.ones(len(v) - len(honest), bool)])
    expected, calm, _ = run(t[honest], speed_kmh=v[honest])
    trips, events, rejected = run(t, speed_kmh=v, ignition=np.ones(len(v)))
    assert len(events) == len(calm) == 0
    assert len(trips) == len(expected)
    assert trips["distance_m"].sum() == pytest.approx(expected["distance_m"].sum(), abs=20)
    assert trips["max_speed_kmh"].max() <= 55
    assert rejected == length


def test_a_level_that_came_from_nowhere_and_collapses_is_no_crash():
    """Standing, then 90 s of a lively 110 km/h out of nothing, then standing."""
    rng = np.random.default_rng(3)
    for seconds in (3, 8, 30, 55):
        false = 110 + rng.integers(-3, 4, seconds).astype(float)
        v = np.concatenate([np.zeros(60), false, np.zeros(60), lively(), np.zeros(200)])
        trips, events, _ = run(np.arange(len(v)), speed_kmh=v)
        assert len(events) == 0 and len(trips) == 1, seconds
        assert trips["max_speed_kmh"][0] <= 55


def test_a_recording_that_begins_at_speed_keeps_its_distance_and_its_crash():
    drive = lively()[60:]
    trips, _, rejected = run(np.arange(len(drive)), speed_kmh=drive)
    assert trips["distance_m"][0] == pytest.approx(np.trapezoid(drive / 3.6), rel=0.01)
    assert rejected == 0 and trips["start_us"][0] == T0_US
    crash = np.concatenate([lively()[60:240], np.zeros(60)])
    _, events, _ = run(np.arange(len(crash)), speed_kmh=crash)
    assert [KINDS[int(kind)] for kind in events["kind"]] == ["crash"]


# -- devices that seldom report


@pytest.mark.parametrize("dt_s", [60, 120, 240, 301, 360, 600, 900])
@pytest.mark.parametrize("columns", ["both", "places", "speed"])
@pytest.mark.parametrize("lost", [False, True])
def test_a_device_that_seldom_reports_has_a_sparse_trip(dt_s, columns, lost):
    t, v, x = steady(dt_s, 90, 11)
    keep = np.arange(len(t)) != (9 if lost and dt_s <= 720 else -1)
    given = {"speed_kmh": v} if columns != "places" else {}
    if columns != "speed":
        given |= places(x)
    trips, events, _ = run(t[keep], **{name: values[keep] for name, values in given.items()})
    assert len(trips) == 1 and len(events) == 0
    short = 1.05 * 25 * dt_s if columns == "speed" else 0.0  # the last step has no place
    assert trips["distance_m"][0] == pytest.approx(x[-1], rel=0.02, abs=short)
    assert trips["quality"][0] & FLAGS["sparse"]
    assert trips["quality"][0] & FLAGS["rate_too_low"]
    score = driving.score(trips)
    assert not score.trusted
    values = {part.factor: part.value for part in score.components}
    assert math.isnan(values["harsh_braking"]) and math.isnan(values["harsh_cornering"])


def test_a_night_between_two_reports_is_no_drive():
    t, v, x = steady(360, 90, 11)
    t[9:] += 12 * 3600.0
    trips, _, _ = run(t, speed_kmh=v, **places(x))
    assert len(trips) == 2 and trips["distance_m"].sum() < x[-1]


def test_marks_of_a_dense_trip():
    v = np.concatenate([lively(), np.zeros(200)])
    x = np.concatenate([[0.0], np.cumsum((v[1:] + v[:-1]) / 7.2)])
    assert run(np.arange(len(v)), speed_kmh=v, **places(x))[0]["quality"].tolist() == [0]
    assert run(np.arange(len(v)), speed_kmh=v)[0]["quality"].tolist() == [FLAGS["no_fix"]]


# -- ignition that is none


@pytest.mark.parametrize("dt_s", [1, 5, 30])
def test_start_stop_and_ignition_from_voltage_do_not_cut_a_trip(dt_s):
    leg = lively(1.0, 120)
    v = np.concatenate([leg, np.zeros(30), leg, np.zeros(90), leg, np.zeros(300)])[::dt_s]
    x = np.concatenate([[0.0], np.cumsum((v[1:] + v[:-1]) / 7.2 * dt_s)])
    start_stop = (v > 0).astype(float)
    voltage = np.where(np.random.default_rng(4).random(len(v)) < 0.3, 0.0, 1.0)
    for ignition in (start_stop, voltage, np.zeros(len(v))):
        t = np.arange(len(v)) * float(dt_s)
        trips, _, _ = run(t, speed_kmh=v, ignition=ignition, **places(x))
        assert len(trips) == 1
        assert trips["distance_m"][0] == pytest.approx(x[-1], rel=0.05 if dt_s > 10 else 0.01)


# -- the recorded cases


def table(path):
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    if "t_s" in rows[0]:
        t_s = [float(row["t_s"]) for row in rows]
    else:
        t_s = [datetime.fromisoformat(row["observed_at"]).timestamp() for row in rows]
    names = [name for name in rows[0] if name not in ("t_s", "observed_at")]
    columns = {n: np.array([float(row[n] or "nan") for row in rows]) for n in names}
    return np.array(t_s) - t_s[0], columns


def bodies(path):
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    names = {"speed_kmh": "vel", "lat_deg": "lat", "lon_deg": "lon", "accuracy_m": "acc"}
    columns = {n: np.array([float(r.get(k, "nan")) for r in rows]) for n, k in names.items()}
    return np.array([row["tst"] for row in rows]) - rows[0]["tst"], columns


@needs_cases
@pytest.mark.parametrize(("name", "rejects"), [("clean", 0), ("outlier", 1)])
def test_the_outlier_of_a_minute(name, rejects):
    t_s, columns = table(CASES / "V1-outlier-60s" / f"{name}.csv")
    trips, events, rejected = run(t_s, **columns)
    assert trips["distance_m"] == pytest.approx([20_000], rel=0.005)
    assert rejected == rejects and len(events) == 0


@needs_cases
@pytest.mark.parametrize("name", ["novel", "velzero", "veltrue"])
def test_the_phone_without_speed(name):
    t_s, columns = bodies(CASES / "V5-vel-missing" / f"{name}.jsonl")
    trips, events, _ = run(t_s, **columns)
    assert trips["distance_m"] == pytest.approx([20_000], rel=0.01) and len(events) == 0


@needs_cases
@pytest.mark.parametrize("name", ["can127", "can204", "can254"])
def test_the_bus_that_is_not_awake_yet(name):
    t_s, columns = table(CASES / "V8-can-254" / f"{name}.csv")
    trips, events, rejected = run(t_s, **columns)
    assert len(trips) == 1 and len(events) == 0 and rejected == 3
    assert trips["max_speed_kmh"][0] == pytest.approx(50, abs=3)


@needs_cases
@pytest.mark.parametrize("name", ["sparse.csv", "sparse.jsonl"])
def test_the_tracker_of_six_minutes(name):
    path = CASES / "V13-sparse-mode" / name
    trips, _, _ = (
        run(*(table(path)[:1]), **table(path)[1])
        if name.endswith("csv")
        else run(*(bodies(path)[:1]), **bodies(path)[1])
    )
    assert trips["distance_m"] == pytest.approx([90_000], rel=0.01)
    assert trips["quality"][0] & FLAGS["sparse"]
