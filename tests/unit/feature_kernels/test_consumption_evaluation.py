"""Recall, precision and false alarms on recorded homes and a synthetic household, seeded.

An injection is found if an episode of its kind overlaps it; every other episode raised from
the injection's start on, that the untouched stream does not have, is false.
"""

import csv
import gzip
import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from feature_kernels import consumption

HOMES = Path(__file__).resolve().parents[3] / ".." / "shared" / "data" / "meters" / "eemeter"
KINDS = consumption.ANOMALY_KINDS
HOUR = 3_600_000_000
DAY = 24 * HOUR
INJECTED = ("spike", "zero", "stuck", "base_load_rise", "gap", "negative", "sustained_drop")
LASTING = ("base_load_rise", "sustained_drop")

needs_homes = pytest.mark.skipif(
    not os.path.isdir(HOMES), reason=f"recorded homes are absent: {HOMES}"
)


def recorded(name):
    """Read a home: (start µs, kWh); duplicate stamps counted once, times without offset UTC."""
    with gzip.open(HOMES / name, "rt") as file:
        rows = list(csv.reader(file))[1:]
    times = [datetime.fromisoformat(row[0]) for row in rows]
    t = [(at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() for at in times]
    t_us = (np.array(t) * 1e6).astype(np.int64)
    kwh = np.array([float(row[1]) for row in rows])
    t_us, first = np.unique(t_us, return_index=True)
    return t_us, kwh[first]


def household(seed, days, per_hour=4, base_w=None):
    """Simulate a home: standby, a fridge that cycles, evenings, cooking, washing; 1 Wh steps."""
    rng = np.random.default_rng(seed)
    minutes = days * 1440
    clock = np.arange(minutes) % 1440
    watt = np.full(minutes, rng.uniform(60.0, 250.0) if base_w is None else base_w)
    at = 0
    while at < minutes:
        on, off = rng.integers(12, 22), rng.integers(25, 50)
        watt[at : at + on] += 90.0
        at += on + off
    for day in range(days):
        away = rng.random() < 0.05
        for centre, width, power in ((7 * 60, 50, 300.0), (20 * 60, 140, 450.0)):
            if not away:
                begin = day * 1440 + int(centre + rng.normal(0, 30))
                watt[max(begin - width, 0) : begin + width] += power * rng.uniform(0.5, 1.5)
        for _ in range(0 if away else rng.poisson(2.5)):
            begin = day * 1440 + rng.integers(7 * 60, 22 * 60)
            length = int(rng.integers(10, 70))
            watt[begin : begin + length] += rng.uniform(800.0, 2500.0)
    assert clock.size == watt.size
    step = 60 // per_hour
    kwh = watt.reshape(-1, step).mean(axis=1) / per_hour / 1000.0
    t_us = 1_700_000_000_000_000 // DAY * DAY + np.arange(kwh.size) * (HOUR // per_hour)
    return t_us, np.round(kwh, 3)


def run(t_us, kwh, interval_s):
    """Run one meter from nothing; return its anomalies."""
    return consumption.consume(
        {"energy_kwh": kwh},
        t_us,
        t_us.copy(),
        np.array([0, t_us.size]),
        consumption.initial_carry(1),
        consumption.DEFAULTS._replace(interval_s=float(interval_s)),
    ).anomalies


def episodes(rows):
    """Pair the rows of episodes: (kind, start, end, raised at); open ones end at the end."""
    found = {}
    for row in rows:
        key = (int(row["kind"]), int(row["start_us"]))
        if row["phase"] == 0:
            found[key] = [*key, 2**62, int(row["decided_us"])]
        else:
            found[key][2] = int(row["end_us"])
    return [tuple(episode) for episode in found.values()]


def inject(kind, t_us, kwh, at, step, rng):
    """Put an anomaly in at index `at`; return the new stream and its truth (start, end)."""
    kwh = kwh.copy()
    keep = np.ones(t_us.size, bool)
    hours = {
        "spike": 0.0,
        "zero": rng.uniform(24, 72),
        "stuck": rng.uniform(24, 48),
        "base_load_rise": rng.uniform(192, 336),
        "sustained_drop": 336.0,
        "negative": 0.0,
        "gap": rng.uniform(3.5, 48),
    }[kind]
    n = max(1, round(hours * HOUR / step))
    end = min(at + n, t_us.size)
    highest = kwh.max()
    if kind == "spike":
        kwh[at] = highest * rng.uniform(4, 8) if highest > 4.0 or rng.random() < 0.5 else 10.0
        kwh[at] = max(kwh[at], 2.5 * highest)
    elif kind == "zero":
        kwh[at:end] = 0.0
    elif kind == "stuck":
        while kwh[at] <= 0.01:
            at += 1
        kwh[at:end] = kwh[at]
    elif kind == "base_load_rise":
        kwh[at:end] += rng.uniform(150, 400) * step / HOUR / 1000.0
    elif kind == "negative":
        kwh[at] = -max(kwh[at], 0.02)
    elif kind == "sustained_drop":
        kwh[at:end] *= 0.5
    else:
        keep[at:end] = False
    last = t_us[end - 1] + step
    return t_us[keep], kwh[keep], int(t_us[at]), int(last)


def evaluate(stream, interval_s, history_days, tail_days, rounds, seed):
    """Inject each kind `rounds` times; return {kind: (found, injected, false, start errors)}."""
    t_all, kwh_all = stream
    step = int(interval_s * 1e6)
    rng = np.random.default_rng(seed)
    result = {}
    for kind in INJECTED:
        if kind == "sustained_drop" and interval_s == 3600.0:
            continue  # this home's every hour is noise, and its load is weather
        found, false, errors = 0, 0, []
        for _ in range(rounds):
            first = int(rng.integers(0, t_all.size - (history_days + tail_days) * DAY // step))
            last = first + (history_days + tail_days) * DAY // step
            t_us, kwh = t_all[first:last], kwh_all[first:last]
            at = history_days * DAY // step + int(rng.integers(0, DAY // step))
            known = {e[:2] for e in episodes(run(t_us, kwh, interval_s))}
            t_us, kwh, start, end = inject(kind, t_us, kwh, at, step, rng)
            new = [e for e in episodes(run(t_us, kwh, interval_s)) if e[:2] not in known]
            new = [e for e in new if e[3] >= start]
            slack = DAY if kind in LASTING else step
            hits = [
                e
                for e in new
                if e[0] == KINDS[kind] and e[1] < end + slack and e[2] > start - slack
            ]
            found += bool(hits)
            false += len(new) - min(len(hits), 1)
            if hits:
                errors.append((abs(hits[0][1] - start), abs(hits[0][2] - end)))
        result[kind] = (found, rounds, false, errors)
    return result


STREAMS = {
    "synthetic, 15 min, 3 weeks": (lambda: household(5, 400), 900, 21, 22),
    "synthetic, 15 min, 6 weeks": (lambda: household(6, 400), 900, 42, 22),
    "UK home, half-hourly, 6 weeks": (
        lambda: recorded("uk-electricity-hdd-only-hourly-sample-1.csv.gz"),
        1800,
        42,
        22,
    ),
    "IL home, hourly, 10 weeks": (
        lambda: recorded("il-electricity-cdd-hdd-hourly.csv.gz"),
        3600,
        70,
        22,
    ),
}


def report(name, result):
    """Say the figures, for people (pytest -s)."""
    for kind, (found, rounds, false, errors) in result.items():
        worst = [round(float(np.median([e[i] for e in errors])) / HOUR, 2) for i in (0, 1)]
        print(f"{name:32s} {kind:16s} {found}/{rounds} false {false} off {worst} h")


@pytest.mark.parametrize("name", STREAMS)
def test_recall_and_precision_of_injected_anomalies(name):
    make, interval_s, history, tail = STREAMS[name]
    if "synthetic" not in name and not os.path.isdir(HOMES):
        pytest.skip(f"recorded homes are absent: {HOMES}")
    result = evaluate(make(), interval_s, history, tail, rounds=20, seed=11)
    report(name, result)
    found = sum(r[0] for r in result.values())
    rounds = sum(r[1] for r in result.values())
    false = sum(r[2] for r in result.values())
    assert found / rounds >= 0.9
    assert found / (found + false) >= 0.9
    for kind, (hits, injected, wrong, errors) in result.items():
        assert hits / injected >= 0.9, kind
        assert hits / (hits + wrong) >= 0.85, kind
        if kind not in LASTING:
            step = interval_s * 1_000_000
            assert np.median([e[0] for e in errors]) <= step, kind
            assert np.median([e[1] for e in errors]) <= step, kind
        else:
            assert np.median([e[0] for e in errors]) <= DAY
            assert np.median([e[1] for e in errors]) <= 2 * DAY


@needs_homes
@pytest.mark.parametrize(
    ("name", "interval_s"),
    [
        ("uk-electricity-hdd-only-hourly-sample-1.csv.gz", 1800),
        ("il-electricity-cdd-hdd-hourly.csv.gz", 3600),
    ],
)
def test_false_alarms_on_clean_homes_are_at_most_one_a_year(name, interval_s):
    t_us, kwh = recorded(name)
    alarms = [e for e in episodes(run(t_us, kwh, interval_s)) if e[0] != KINDS["gap"]]
    years = (t_us[-1] - t_us[0]) / (365.25 * DAY)
    print(f"{name}: {len(alarms)} alarms in {years:.2f} years")
    assert len(alarms) / years <= 1.0


def test_false_alarms_on_synthetic_households_are_at_most_one_in_two_years():
    alarms = 0
    for seed in range(4):
        rows = run(*household(100 + seed, 365), 900)
        alarms += len(episodes(rows))
    assert alarms <= 2


@needs_homes
def test_base_load_of_the_home_with_known_truth_is_within_15_percent():
    _, kwh = recorded("il-electricity-cdd-hdd-hourly.csv.gz")
    assert consumption.base_load(kwh[: 24 * 399], 3600.0) == pytest.approx(228.3, rel=0.15)
    assert consumption.base_load(kwh[24 * 410 :], 3600.0) == pytest.approx(205.5, rel=0.15)


@pytest.mark.parametrize("seed", range(5))
def test_base_load_of_a_household_with_a_cycling_fridge(seed):
    base = 80.0 + 40.0 * seed
    _, kwh = household(seed, 60, base_w=base)
    truth = base + 90.0 * 16.5 / (16.5 + 37.0)  # standby and the fridge's mean
    assert consumption.base_load(kwh, 900.0) == pytest.approx(truth, rel=0.15)


def heated(seed, days=730, per_hour=2):
    """Simulate a home that is heated by electricity without a pause, at a place with fronts.

    The outside temperature has seasons, fronts of some days and a daily course. The building
    smooths them over a day; what it loses below 15 °C the heating puts in at all hours.
    """
    rng = np.random.default_rng((seed, 18))
    t_us, kwh = household(seed, days, per_hour, base_w=rng.uniform(40.0, 120.0))
    hours = days * 24
    at = np.arange(hours)
    fronts = np.zeros(hours)
    stay = np.exp(-1.0 / (rng.uniform(2.0, 4.0) * 24.0))
    for hour in range(1, hours):
        fronts[hour] = stay * fronts[hour - 1] + rng.normal(0.0, 3.5 * np.sqrt(1.0 - stay**2))
    season = -np.cos(2.0 * np.pi * (at / 8766.0 - 0.05 + rng.random()))
    outside = 10.0 + 7.5 * season + fronts + 3.5 * np.cos(2.0 * np.pi * (at % 24 - 15) / 24.0)
    felt = np.convolve(outside, np.full(24, 1.0 / 24.0))[:hours]
    watt = np.maximum(15.0 - felt, 0.0) * rng.uniform(25.0, 150.0) * rng.gamma(60.0, 1 / 60, hours)
    kwh = kwh + np.repeat(watt, per_hour) / per_hour / 1000.0
    return t_us, np.round(kwh, 3)


def test_heating_at_all_hours_is_seldom_an_anomaly():
    """Rises 3.84 a meter-year and drops 1.92 before ADR 96; +0.2 kW is found in mild weeks."""
    rises, drops, years, found, injected = 0, 0, 0.0, 0, 0
    for seed in range(12):
        t_us, kwh = heated(seed)
        known = {e[:2] for e in episodes(run(t_us, kwh, 1800))}
        rises += sum(kind == KINDS["base_load_rise"] for kind, _ in known)
        drops += sum(kind == KINDS["sustained_drop"] for kind, _ in known)
        years += kwh.size / 48 / 365.25
        daily = kwh[: kwh.size // 48 * 48].reshape(-1, 48).sum(axis=1)
        mild = np.convolve(daily, np.ones(63), "valid")[: daily.size - 80].argmin()
        first = (int(mild) + 45) * 48
        kwh[first : first + 14 * 48] += 0.1
        new = [e for e in episodes(run(t_us, kwh, 1800)) if e[:2] not in known]
        hits = [e for e in new if e[0] == KINDS["base_load_rise"]]
        found += any(abs(e[1] - t_us[first]) < 2 * DAY for e in hits)
        injected += 1
    print(f"heated: {rises / years:.2f} rises, {drops / years:.2f} drops, {found}/{injected} found")
    assert rises / years <= 0.25
    assert drops / years <= 1.0
    assert found >= injected - 1
