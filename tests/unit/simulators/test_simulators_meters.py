"""The simulated meters: energy adds up, and each anomaly is what its truth says."""

from collections import Counter
from datetime import date
from typing import Any

import numpy as np
import pytest

from simulators.anomalies import KINDS
from simulators.cars import Output
from simulators.faults import Faults
from simulators.fleet import Fleet
from simulators.household import STEP_US, draw_home, holidays, load, make_calendar
from simulators.meters import MeterTraits, record

START_US = 1_763_719_200_000_000
DAY_US = 86_400_000_000


@pytest.fixture(scope="module")
def street() -> Fleet:
    return Fleet(0, 120, 7, start=START_US, anomaly_share=0.5, tasmota_interval_s=900)


def outputs(fleet: Fleet) -> dict[str, Output]:
    return {out.device: out for out in fleet.recordings}


def of_kind(fleet: Fleet, kind: str) -> list[tuple[dict[str, Any], Output]]:
    by_device = outputs(fleet)
    found = [(a, by_device[a["device"]]) for a in fleet.truth["anomalies"] if a["kind"] == kind]
    assert found, f"no {kind} was injected"
    return found


def energy(out: Output) -> tuple[np.ndarray, np.ndarray]:
    """Interval starts and kWh, whatever the meter shows."""
    if out.profile == "interval":
        return out.series.t_us, out.series.columns["energy_kwh"]
    kwh = out.series.columns["register_kwh"]
    return out.series.t_us[:-1], np.diff(kwh)


def test_holidays_move_with_easter() -> None:
    assert date(2026, 4, 3) in holidays(2026) and date(2026, 5, 25) in holidays(2026)
    assert date(2025, 4, 21) in holidays(2025) and date(2025, 5, 29) in holidays(2025)


def test_registers_and_intervals_show_the_same_energy() -> None:
    calendar = make_calendar(START_US, 288 * 3, "Europe/Berlin", np.random.default_rng(1))
    home = draw_home(np.random.default_rng(2), plain=True)
    power = load(home, calendar, np.random.default_rng(3))
    shown = {}
    for kind in ("interval", "register", "tasmota"):
        traits = MeterTraits(kind, "1", 1_000.0)
        shown[kind] = record(home, calendar, traits, None, np.random.default_rng(3)).series
    kwh = shown["interval"].columns["energy_kwh"]
    assert kwh.sum() == pytest.approx(power.sum() / 12_000, abs=0.1)
    for kind in ("register", "tasmota"):
        used = np.diff(shown[kind].columns["register_kwh"])
        assert used == pytest.approx(kwh[:-1], abs=0.0021)


def test_homes_are_alive_and_plausible(street: Fleet) -> None:
    changed = {a["device"] for a in street.truth["anomalies"]}
    for out in street.recordings:
        if out.device in changed:
            continue
        t, kwh = energy(out)
        days = (t[-1] - t[0]) / DAY_US
        assert 2.0 < np.maximum(kwh, -1.0)[kwh < 50].sum() / days < 60.0 or kwh.min() < 0


def test_a_rollover_wraps_and_an_exchange_starts_anew() -> None:
    faults = Faults(rollover=0.3, exchange=0.3)
    fleet = Fleet(0, 40, 5, start=START_US, faults=faults, anomaly_share=0.0)
    falls = 0
    for out in fleet.recordings:
        if out.profile == "register":
            falls += int((np.diff(out.series.columns["register_kwh"]) < 0).sum())
    counts = fleet.truth["faults"]
    assert counts["rollover"] >= 1 and counts["exchange"] >= 1
    assert falls == counts["rollover"] + counts["exchange"]
    second = [m for m in fleet.registry["meters"] if m["id"].endswith("b")]
    assert len(second) == counts["exchange"]
    for meter in second:
        assigned = [a for a in fleet.registry["assignments"] if a["meter"] == meter["id"]]
        before = [a for a in fleet.registry["assignments"] if a["meter"] == meter["id"][:-1]]
        assert assigned[0]["valid_from"] == before[0]["valid_to"]


def test_every_kind_is_there_with_a_clean_past(street: Fleet) -> None:
    by_device = outputs(street)
    kinds = Counter(a["kind"] for a in street.truth["anomalies"])
    assert set(kinds) == {*KINDS["register"]}
    begin = START_US - 14 * DAY_US
    for a in street.truth["anomalies"]:
        assert a["start_us"] >= begin + 9.9 * DAY_US
        if a["kind"] == "base_load_rise":
            assert a["start_us"] <= START_US - 3.45 * DAY_US and a["end_us"] == street.end_us
        else:
            assert a["end_us"] <= START_US - 0.2 * DAY_US
        assert a["kind"] in a["accept"]
        assert a["kind"] in KINDS[by_device[a["device"]].profile]
    devices = [a["device"] for a in street.truth["anomalies"]]
    assert len(devices) == len(set(devices)) == 60


def test_spikes_stand_out(street: Fleet) -> None:
    for a, out in of_kind(street, "spike"):
        t, kwh = energy(out)
        inside = (t > a["start_us"] - 900_000_000) & (t < a["end_us"])
        assert kwh[inside].max() - kwh[~inside].max() > 3.0
        if out.profile == "interval":
            assert kwh[inside].max() - kwh[~inside].max() >= a["amount"] - 0.01


def test_zeros_are_zero_and_only_there(street: Fleet) -> None:
    for a, out in of_kind(street, "zero"):
        t, kwh = energy(out)
        inside = (t >= a["start_us"]) & (t + 900_000_000 <= a["end_us"])
        assert (kwh[inside] == 0.0).all() and inside.sum() >= 90
        if out.profile != "register":
            assert (kwh[~inside] > 0.0).mean() > 0.99


def test_stuck_values_do_not_move(street: Fleet) -> None:
    for a, out in of_kind(street, "stuck"):
        column = "energy_kwh" if out.profile == "interval" else "register_kwh"
        values, t = out.series.columns[column], out.series.t_us
        inside = values[(t >= a["start_us"]) & (t < a["end_us"])]
        assert len(inside) >= 90 and (inside == inside[0]).all() and inside[0] > 0.0


def test_a_rise_lifts_the_nights(street: Fleet) -> None:
    for a, out in of_kind(street, "base_load_rise"):
        t, kwh = energy(out)
        night = (t // 3_600_000_000 % 24 >= 0) & (t // 3_600_000_000 % 24 < 4)
        before = np.median(kwh[night & (t < a["start_us"])]) * 4_000
        after = np.median(kwh[night & (t >= a["start_us"])]) * 4_000
        assert after - before == pytest.approx(a["amount"], abs=45.0)


def test_backwards_registers_fall_once(street: Fleet) -> None:
    for a, out in of_kind(street, "register_backwards"):
        change = np.diff(out.series.columns["register_kwh"])
        assert (change < 0).sum() == 1
        at = out.series.t_us[1:][change < 0][0]
        assert a["start_us"] <= at <= a["end_us"]


def test_gaps_are_really_gaps(street: Fleet) -> None:
    for a, out in of_kind(street, "gap"):
        t = out.series.t_us
        assert not ((t >= a["start_us"]) & (t < a["end_us"])).any()
        assert np.diff(t).max() >= 0.25 * DAY_US
        assert (np.diff(t) > 900_000_000).sum() == 1


def test_live_spikes_lie_in_the_live_time() -> None:
    fleet = Fleet(0, 30, 2, start=START_US, live_anomalies=3, anomaly_share=0.0)
    live = fleet.truth["anomalies"]
    assert len(live) == 3
    assert all(a["live"] and START_US < a["start_us"] < a["end_us"] < fleet.end_us for a in live)


def test_steps_are_five_minutes() -> None:
    calendar = make_calendar(START_US, 600, "Europe/Berlin", np.random.default_rng(0))
    assert set(np.diff(calendar.t_us)) == {STEP_US}
    assert calendar.hour[0] == pytest.approx((START_US // 3_600_000_000 + 1) % 24, abs=0.01)
