"""The driving kernels on hand-made manoeuvres, each with an answer known beforehand."""

import math

import numpy as np
import pytest

from feature_kernels import driving

T0_US = 1_700_000_000_000_000  # Tuesday, 2023-11-14 22:13:20 UTC
NAMES = {code: name for name, code in driving.EVENT_KINDS.items()}
METRES_PER_DEGREE = math.pi / 180 * 6_371_008.8


def course(*legs, start_kmh=0.0, dt=0.1):
    """(seconds, acceleration m/s²) legs -> times s, speeds km/h, accelerations, metres."""
    v, x, t = start_kmh / 3.6, 0.0, 0.0
    times, speeds, accels, places = [0.0], [v], [legs[0][1]], [0.0]
    for seconds, a in legs:
        for _ in range(round(seconds / dt)):
            w = max(v + a * dt, 0.0)
            x += 0.5 * (v + w) * dt
            accels.append((w - v) / dt)
            v, t = w, t + dt
            times.append(t)
            speeds.append(v * 3.6)
            places.append(x)
    return np.round(times, 3), np.array(speeds), np.array(accels), np.array(places)


def every(columns, dt_s, step_s=0.1):
    """Take every k-th value of 10 Hz columns."""
    k = round(dt_s / step_s)
    return [column[::k] for column in columns]


def run(t_s, **columns):
    t_us = T0_US + np.round(np.asarray(t_s) * 1e6).astype(np.int64)
    starts = np.array([0, len(t_us)])
    result = driving.drive(columns, t_us, t_us, starts, driving.initial_carry(1))
    rest = driving.finish(result.carry)
    trips = np.concatenate([result.trips, rest.trips])
    events = np.concatenate([result.events, rest.events])
    return trips, events


def kinds(events):
    return [NAMES[int(code)] for code in events["kind"]]


def seconds(us):
    return (int(us) - T0_US) / 1e6


CRUISE = ((10, 0), (10, 1.4), (60, 0))  # 10 s standing, to 50 km/h, a minute of driving
STOP = ((10, -1.4), (200, 0))  # to a stand, long enough for the trip's end


def test_a_calm_trip_has_its_length_and_no_event():
    t, v, _, x = every(course(*CRUISE, *STOP), 1.0)
    trips, events = run(t, speed_kmh=np.round(v))
    assert len(trips) == 1 and len(events) == 0
    trip = trips[0]
    assert trip["distance_m"] == pytest.approx(x[-1], rel=0.01)
    assert seconds(trip["start_us"]) == pytest.approx(11, abs=1)
    assert seconds(trip["end_us"]) == pytest.approx(90, abs=1)
    assert seconds(trip["decided_us"]) == pytest.approx(270, abs=1)
    assert trip["end_reason"] == driving.END_REASONS["stop"]
    assert trip["night_s"] == trip["driving_s"] and trip["rush_s"] == 0
    assert trip["idle_s"] == 0
    assert trip["max_speed_kmh"] == 50


@pytest.mark.parametrize("dt", [0.1, 0.5, 1.0])
def test_hard_braking_from_integer_speed(dt):
    t, v, _, _ = every(course(*CRUISE, (3, -3.8), (30, 0), *STOP), dt)
    _, events = run(t, speed_kmh=np.round(v))
    assert kinds(events) == ["harsh_braking"]
    event = events[0]
    assert seconds(event["start_us"]) == pytest.approx(80, abs=1.1)
    assert seconds(event["end_us"]) == pytest.approx(83, abs=1.1)
    assert event["peak_mps2"] == pytest.approx(-3.8, abs=0.5)
    assert event["delta_v_kmh"] < -30
    assert event["decided_us"] > event["end_us"]


def test_hard_braking_every_ten_seconds_is_not_seen_from_speed():
    t, v, _, _ = every(course(*CRUISE, (3, -3.8), (30, 0), *STOP), 10.0)
    trips, events = run(t, speed_kmh=v)
    assert len(trips) == 1 and len(events) == 0


@pytest.mark.parametrize("dt", [0.1, 0.5, 1.0])
def test_hard_acceleration_from_the_accelerometer(dt):
    t, v, a, _ = every(course((10, 0), (8, 1), (60, 0), (4, 2.6), (30, 0), *STOP), dt)
    noise = np.random.default_rng(1).normal(0, 0.15, len(a))
    _, events = run(t, speed_kmh=v, accel_long_mps2=a + noise)
    assert kinds(events) == ["harsh_acceleration"]
    assert events["peak_mps2"][0] == pytest.approx(2.6, abs=0.6)
    # the low-pass reaches 2.0 of 2.6 m/s² late: 0.6 s at 10 Hz, up to three values at 2 Hz
    assert seconds(events["start_us"][0]) == pytest.approx(78, abs=1.6)


def test_columns_of_different_rates_in_one_stream():
    t, v, a, _ = course(*CRUISE, (2, -4), (30, 0), *STOP)
    speed = np.full(len(v), np.nan)
    speed[::10] = np.round(v[::10])
    trips, events = run(t, speed_kmh=speed, accel_long_mps2=a)
    assert kinds(events) == ["harsh_braking"]
    assert trips["sample_count"][0] > 900


def test_severity_follows_peak_and_duration():
    def severity(a, seconds_):
        t, v, _, _ = every(course((10, 0), (20, 1.4), (60, 0), (seconds_, a), *STOP), 0.5)
        _, events = run(t, speed_kmh=v)
        assert kinds(events) == ["harsh_braking"]
        return events["severity"][0]

    assert [severity(-3.0, 2), severity(-4.0, 2), severity(-5.5, 2)] == [1, 2, 3]
    assert severity(-3.0, 5) == 2


def test_the_rebound_of_a_fused_braking_is_no_event():
    t, v, _, _ = course(*CRUISE, (2, -4), (60, 0), *STOP)
    a = np.where((t > 80) & (t <= 82), -4.0, 0.0)
    a = np.where((t > 82.5) & (t <= 84), 3.0, a)
    _, events = run(t, speed_kmh=v, accel_long_mps2=a)
    assert kinds(events) == ["harsh_braking"]


def test_two_pulses_close_together_are_one_event():
    t, v, _, _ = course(*CRUISE, (2, -3.5), (1, 0), (1, -3.5), (60, 0), *STOP)
    a = np.where(((t > 80) & (t <= 82)) | ((t > 83) & (t <= 84)), -3.5, 0.0)
    _, events = run(t, speed_kmh=v, accel_long_mps2=a)
    assert kinds(events) == ["harsh_braking"]
    assert events["duration_s"][0] == pytest.approx(4, abs=0.8)  # less the low-pass's delay


def test_cornering_from_the_accelerometer_and_from_the_heading():
    t, v, _, _ = course(*CRUISE, (60, 0), *STOP)
    corner = (t > 90) & (t <= 93)
    _, events = run(t, speed_kmh=v, accel_lat_mps2=np.where(corner, 4.0, 0.0))
    assert kinds(events) == ["harsh_cornering"]
    assert events["peak_mps2"][0] == pytest.approx(4, abs=0.3)
    # to the left at 4 m/s²: the heading falls by a / v
    rate = -4.0 / (v / 3.6 + 1e-9) * 180 / math.pi * corner
    heading = np.cumsum(rate * 0.1) % 360
    t, v, heading = every((t, v, heading), 1.0)
    _, events = run(t, speed_kmh=v, heading_deg=heading)
    assert kinds(events) == ["harsh_cornering"]
    assert events["peak_mps2"][0] == pytest.approx(4, abs=0.7)


def test_a_red_light_stays_inside_the_trip_as_idle_time():
    legs = (*CRUISE, (10, -1.4), (90, 0), (10, 1.4), (60, 0), *STOP)
    t, v, _, x = every(course(*legs), 1.0)
    trips, events = run(t, speed_kmh=v)
    assert len(trips) == 1 and len(events) == 0
    assert trips["idle_s"][0] == pytest.approx(90, abs=3)
    assert trips["distance_m"][0] == pytest.approx(x[-1], rel=0.01)


def test_a_long_stop_cuts_and_an_end_of_the_recording_closes():
    t, v, _, x = every(course(*CRUISE, *STOP, *CRUISE, (10, -1.4)), 1.0)
    trips, _ = run(t, speed_kmh=v)
    assert [int(r) for r in trips["end_reason"]] == [1, 4]
    assert trips["distance_m"].sum() == pytest.approx(x[-1], rel=0.01)


def test_the_ignition_ends_a_trip_once_it_is_off_for_longer_than_a_red_light():
    t, v, _, _ = every(course(*CRUISE, *STOP), 1.0)
    trips, _ = run(t, speed_kmh=v, ignition=np.where(t < 100, 1.0, 0.0))
    assert trips["end_reason"][0] == driving.END_REASONS["ignition"]
    assert seconds(trips["end_us"][0]) == pytest.approx(90, abs=1)
    assert seconds(trips["decided_us"][0]) <= 252


def test_a_gap_ends_a_trip_at_the_last_sample():
    t, v, _, _ = every(course(*CRUISE, (400, 0), (60, 0), *STOP), 1.0)
    keep = (t < 100) | (t > 420)
    trips, _ = run(t[keep], speed_kmh=v[keep])
    assert len(trips) == 2
    assert trips["end_reason"][0] == driving.END_REASONS["gap"]
    assert seconds(trips["end_us"][0]) == 99
    assert seconds(trips["start_us"][1]) == 421


def test_parking_drift_is_no_trip():
    rng = np.random.default_rng(2)
    n = 3600
    drift = np.cumsum(rng.normal(0, 0.5, n))
    lat = 52 + (8 * np.sin(drift / 20) + rng.normal(0, 2, n)) / METRES_PER_DEGREE
    lon = 13 + 8 * np.cos(drift / 30) / METRES_PER_DEGREE
    speed = np.abs(rng.normal(0, 1.5, n))
    assert len(run(np.arange(n), lat_deg=lat, lon_deg=lon, speed_kmh=speed)[0]) == 0
    assert len(run(np.arange(n), lat_deg=lat, lon_deg=lon)[0]) == 0
    assert len(run(30 * np.arange(n // 30), lat_deg=lat[::30], lon_deg=lon[::30])[0]) == 0


@pytest.mark.parametrize("dt", [1.0, 10.0, 30.0])
def test_positions_alone_give_trip_and_distance_but_no_harsh_events(dt):
    legs = ((60, 0), (10, 1.4), (600, 0), (10, -1.4), (400, 0))
    t, _, _, x = every(course(*legs), dt)
    rng = np.random.default_rng(3)
    lat = 52 + (x + rng.normal(0, 3, len(x))) / METRES_PER_DEGREE
    trips, events = run(t, lat_deg=lat, lon_deg=np.full(len(x), 13.0))
    assert len(trips) == 1 and len(events) == 0
    assert trips["distance_m"][0] == pytest.approx(x[-1], rel=0.03)
    assert seconds(trips["start_us"][0]) == pytest.approx(60, abs=20 + dt)


def test_a_tunnel_is_bridged_by_places_or_by_speeds():
    t, v, _, x = every(course(*CRUISE, (200, 0), *STOP), 1.0)
    lat = 52 + x / METRES_PER_DEGREE
    keep = (t < 100) | (t > 220)
    with_places, _ = run(
        t[keep], speed_kmh=v[keep], lat_deg=lat[keep], lon_deg=np.full(keep.sum(), 13.0)
    )
    without, _ = run(t[keep], speed_kmh=v[keep])
    for trips in (with_places, without):
        assert len(trips) == 1
        assert trips["distance_m"][0] == pytest.approx(x[-1], rel=0.01)
    duration = (with_places["end_us"] - with_places["start_us"])[0] / 1e6
    assert with_places["measured_s"][0] == pytest.approx(duration)
    assert without["measured_s"][0] == pytest.approx(duration - 122, abs=1)


def test_a_spike_of_speed_makes_neither_distance_nor_events():
    t, v, _, x = every(course(*CRUISE, (60, 0), *STOP), 1.0)
    spiked = v.copy()
    spiked[100] = 180
    spiked[110] = 0
    trips, events = run(t, speed_kmh=spiked)
    assert len(events) == 0
    assert trips["distance_m"][0] == pytest.approx(x[-1], rel=0.01)
    assert trips["rejected_count"][0] == 2
    assert trips["max_speed_kmh"][0] < 51


def test_jumps_zeros_and_bad_fixes_are_rejected_and_a_lasting_place_is_believed():
    t, v, _, x = every(course(*CRUISE, (200, 0), *STOP), 1.0)
    lat = 52 + x / METRES_PER_DEGREE
    lon = np.full(len(t), 13.0)
    accuracy = np.full(len(t), 5.0)
    lat[90], lon[90] = 0.0, 0.0
    lat[95] += 0.5
    accuracy[99] = 900
    lat[150:] += 0.01  # 1.1 km off, and it stays so
    trips, _ = run(t, lat_deg=lat, lon_deg=lon, accuracy_m=accuracy, speed_kmh=v)
    assert 3 + 3 <= trips["rejected_count"][0] <= 3 + 8
    assert trips["end_lat_deg"][0] == lat[-1]
    trips, _ = run(t, lat_deg=lat, lon_deg=lon, accuracy_m=accuracy)
    assert trips["distance_m"][0] == pytest.approx(x[-1], rel=0.06)


def test_a_frozen_fix_is_not_usable_and_speed_gives_the_distance():
    t, v, _, x = every(course(*CRUISE, (200, 0), *STOP), 1.0)
    lat = 52 + x / METRES_PER_DEGREE
    lat[100:200] = lat[100]
    trips, _ = run(t, lat_deg=lat, lon_deg=np.full(len(t), 13.0), speed_kmh=v)
    assert trips["distance_m"][0] == pytest.approx(x[-1], rel=0.01)
    assert 85 <= trips["rejected_count"][0] <= 99


def test_speeding_is_over_the_limit_for_ten_seconds():
    t, v, _, _ = every(course((10, 0), (10, 1.4), (60, 0), (5, 1.4), (15, 0), (5, -1.4), *STOP), 1)
    limit = np.full(len(t), np.nan)
    limit[::20] = 60.0  # said now and then, holds meanwhile
    trips, events = run(t, speed_kmh=v, speed_limit_kmh=limit)
    assert kinds(events) == ["speeding"]
    assert events["excess_kmh"][0] == pytest.approx(50.4 + 25.2 - 60, abs=0.1)
    assert math.isnan(events["peak_mps2"][0])
    assert 14 <= trips["speeding_s"][0] <= 20
    assert trips["speed_limited_s"][0] == pytest.approx(trips["driving_s"][0], abs=12)
    _, events = run(t, speed_kmh=v, speed_limit_kmh=np.where(t < 2, 60.0, np.nan))
    assert len(events) == 0  # a stale limit is not known


@pytest.mark.parametrize("limit_kmh", [1e-3, 1e-18, 1e-307, 5e-324])
def test_a_limit_of_almost_nothing_stays_within_the_histogram(limit_kmh):
    """Speed over limit may be more than an integer holds, or infinite."""
    t, v, _, _ = every(course(*CRUISE, *STOP), 1.0)
    trips, _ = run(t, speed_kmh=v, speed_limit_kmh=np.full(len(t), limit_kmh))
    usual, _ = run(t, speed_kmh=v, speed_limit_kmh=np.full(len(t), 1.0))
    histogram = trips["ratio_hist_s"][0]
    assert histogram.min() >= 0.0
    assert histogram.sum() == pytest.approx(trips["speed_limited_s"][0])
    for name in ("distance_m", "driving_s", "max_speed_kmh", "speed_hist_s", "speed_limited_s"):
        assert np.array_equal(trips[name], usual[name]), name


def crash_course(impact_kmh=None, after=30.0):
    """50 km/h into a wall at 80 s: 0.15 s of 9.4 g, then standing; 10 Hz."""
    t, v, a, x = course(*CRUISE, (0.2, 0), (after, 0))
    v = np.where(t > 80.1, 0.0 if impact_kmh is None else impact_kmh, v)
    a = np.where((t > 79.95) & (t < 80.15), -92.0, 0.0)
    return t, v, a, np.minimum(x, x[np.searchsorted(t, 80)])


def test_a_crash_with_an_accelerometer_is_decided_within_twelve_seconds():
    t, v, a, _ = crash_course()
    speed = np.full(len(v), np.nan)
    speed[::10] = v[::10]
    trips, events = run(t, speed_kmh=speed, accel_long_mps2=a)
    crash = events[events["kind"] == driving.EVENT_KINDS["crash"]]
    assert len(crash) == 1 and kinds(events) == ["crash"]
    assert crash["severity"][0] == 3 and crash["delta_v_kmh"][0] < -45
    assert seconds(crash["start_us"][0]) == pytest.approx(80, abs=0.2)
    assert seconds(crash["decided_us"][0]) < 92
    assert trips["crash"][0] == 1


def test_a_crash_in_the_devices_frame_before_calibration():
    t, v, a, _ = crash_course()
    rng = np.random.default_rng(4)
    x, y, z = (rng.normal(0, 0.2, len(t)) for _ in range(3))
    _, events = run(
        t, speed_kmh=v, accel_x_mps2=x + 0.6 * a, accel_y_mps2=y + 0.8 * a, accel_z_mps2=z + 9.81
    )
    assert "crash" in kinds(events)


def test_a_crash_without_an_accelerometer():
    t, v, _, _ = every(crash_course(), 1.0)
    trips, events = run(t, speed_kmh=np.round(v))
    assert kinds(events) == ["crash"]
    assert seconds(events["decided_us"][0]) < 100
    assert trips["crash"][0] == 1


def test_what_is_no_crash():
    # a pothole: a short spike, and it drives on
    t, v, _, _ = course(*CRUISE, (60, 0), *STOP)
    bump = np.where((t > 89.95) & (t < 90.15), 60.0, 0.0)
    zero = np.zeros(len(t))
    assert kinds(run(t, speed_kmh=v, accel_long_mps2=zero, accel_vert_mps2=bump)[1]) == []
    assert kinds(run(t, speed_kmh=v, accel_long_mps2=bump, accel_vert_mps2=bump)[1]) == []
    # a kerb, and 5 s later a stop at a red light
    t, v, a, _ = course(*CRUISE, (5, 0), (5, -2.5), (7, -2.5), (60, 0))
    bump = np.where((t > 79.95) & (t < 80.15), 60.0, a)
    assert kinds(run(t, speed_kmh=v, accel_long_mps2=bump)[1]) == []
    # a hard braking to a stand, as the accelerometer and as 1 Hz and 2 Hz speed see it
    t, v, a, _ = course((10, 0), (20, 1.4), (60, 0), (12, -9), (60, 0))
    assert kinds(run(t, speed_kmh=v, accel_long_mps2=a)[1]) == ["harsh_braking"]
    for dt in (0.5, 1.0):
        t1, v1 = every((t, v), dt)
        assert kinds(run(t1, speed_kmh=np.round(v1))[1]) == ["harsh_braking"]
    # a phone dropped in a parked car
    t = np.arange(0, 60, 0.1)
    drop = np.where((t > 30) & (t < 30.2), 90.0, 9.81)
    columns = {"accel_x_mps2": 0 * t, "accel_y_mps2": 0 * t, "accel_z_mps2": drop}
    assert kinds(run(t, speed_kmh=0 * t, **columns)[1]) == []


def test_the_devices_axes_are_learnt():
    rng = np.random.default_rng(5)
    legs = [(10, 0)]
    for _ in range(8):
        legs += [(8, 1.5), (10, 0), (6, -1.5), (5, 0)]
    legs += [(12, 1.0), (5, 0), (2.5, -4.0), (20, 0), *STOP]
    t, v, a, _ = course(*legs)
    lateral = 0.8 * np.sin(t / 3.0) * (v > 5)
    corner = (t > 237) & (t < 240)  # to the left, while driving on
    lateral = np.where(corner, 4.0, lateral)
    q, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    q *= np.sign(np.linalg.det(q))  # a rotation, no mirror
    body = np.stack([a, lateral, np.full(len(t), 9.81)]) + rng.normal(0, 0.2, (3, len(t)))
    x, y, z = q @ body
    speed = np.full(len(v), np.nan)
    speed[::10] = v[::10]
    _, events = run(t, speed_kmh=speed, accel_x_mps2=x, accel_y_mps2=y, accel_z_mps2=z)
    assert kinds(events) == ["harsh_cornering", "harsh_braking"]
    assert events["peak_mps2"][0] == pytest.approx(4, abs=0.8)
    assert events["peak_mps2"][1] == pytest.approx(-4, abs=0.8)


def test_a_brief_run_is_a_trip_where_something_happened_or_it_went_far():
    short = ((10, 0), (10, 1.4), (10, 0))  # 30 s, 209 m
    t, v, _, x = every(course(*short, (10, -1.4), (60, 0)), 0.5)
    assert len(run(t, speed_kmh=v)[0]) == 0
    t, v, _, x = every(course(*short, (4, -3.5), (60, 0)), 0.5)
    trips, events = run(t, speed_kmh=v)
    assert kinds(events) == ["harsh_braking"] and len(trips) == 1
    assert trips["distance_m"][0] == pytest.approx(x[-1], rel=0.02)
    assert events["trip_start_us"][0] == trips["start_us"][0]
    t, v, _, x = every(course((10, 0), (10, 1.4), (33, 0), (10, -1.4), (60, 0)), 0.5)
    trips, _ = run(t, speed_kmh=v)
    assert len(trips) == 1 and trips["distance_m"][0] == pytest.approx(x[-1], rel=0.02)


def test_a_trip_with_a_crash_is_kept_however_short():
    t, v, a, _ = course((10, 0), (8, 1.9), (0.2, 0), (30, 0))
    v, a = np.where(t > 18.1, 0.0, v), np.where((t > 17.95) & (t < 18.15), -92.0, a)
    trips, events = run(t, speed_kmh=v, accel_long_mps2=a)
    assert "crash" in kinds(events)
    assert len(trips) == 1 and trips["crash"][0] == 1


def test_a_harsh_braking_after_a_pothole_is_not_lost():
    t, v, a, _ = course(*CRUISE, (1, 0), (2, -4.0), (60, 0), *STOP)
    a = np.where((t > 79.95) & (t < 80.15), 30.0, a)
    for source in ({"accel_long_mps2": a}, {"accel_x_mps2": a, "accel_y_mps2": 0 * a}):
        if "accel_x_mps2" in source:
            source["accel_z_mps2"] = 0 * a + 9.81
        _, events = run(t, speed_kmh=v, **source)
        assert kinds(events) == ["harsh_braking"]
        assert seconds(events["start_us"][0]) == pytest.approx(81.2, abs=0.5)


def test_a_device_dropped_after_the_stop_is_no_crash():
    t, v, a, _ = course(*CRUISE, (3.5, -4.0), (60, 0))
    a = np.where((t > 86.95) & (t < 87.15), 90.0, a)  # it has stood for 3.5 s
    assert kinds(run(t, speed_kmh=v, accel_long_mps2=a)[1]) == ["harsh_braking"]


def test_speed_held_from_row_to_row_does_not_turn_the_axes():
    rng = np.random.default_rng(6)
    legs = [(10, 0)]
    for _ in range(12):
        legs += [(8, 1.5), (10, 0), (6, -1.9), (5, 0)]
    t, v, a, _ = course(*legs, *STOP)
    lateral = 1.8 * np.sin(t / 3.0) * (v > 5)
    q, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    q *= np.sign(np.linalg.det(q))
    body = np.stack([a, lateral, np.full(len(t), 9.81)]) + rng.normal(0, 0.4, (3, len(t)))
    x, y, z = q @ body
    held = v[np.maximum(np.arange(len(v)) // 10 * 10 - 20, 0)]  # 1 Hz, 2 s late, filled forward
    _, events = run(t, speed_kmh=held, accel_x_mps2=x, accel_y_mps2=y, accel_z_mps2=z)
    assert kinds(events) == []


@pytest.mark.parametrize("hz", [5, 10, 50])
def test_speed_filled_forward_is_as_harsh_as_its_source(hz):
    rng = np.random.default_rng(7)
    t, v, _, _ = course(
        (10, 0), (12, 1.7), (60, 0), (6, -2.3), (20, 0), (6, -1.0), (30, 0), dt=0.01
    )
    fixes = np.arange(0, t[-1], 1.0) + rng.uniform(-0.03, 0.03, int(np.ceil(t[-1])))
    said = np.interp(fixes, t, v) + rng.normal(0, 0.1, fixes.size) * (np.interp(fixes, t, v) > 1)
    rows = np.arange(2.0, t[-1], 1 / hz)
    held = said[np.searchsorted(fixes, rows, side="right") - 1]
    trips, events = run(rows, speed_kmh=held)
    assert len(trips) == 1 and kinds(events) == []
    t, v, _, _ = course(*CRUISE, (2, -4.5), (60, 0), dt=0.01)
    fixes = np.arange(0, t[-1], 1.0)
    held = np.interp(fixes, t, v)[np.floor(np.arange(2.0, t[-1], 1 / hz)).astype(int)]
    _, events = run(np.arange(2.0, t[-1], 1 / hz), speed_kmh=held)
    assert kinds(events) == ["harsh_braking"]
    assert events["peak_mps2"][0] == pytest.approx(-4.5, abs=0.3)


def test_no_rows_no_devices_and_unknown_columns():
    none = np.empty(0, np.int64)
    result = driving.drive({}, none, none, np.zeros(1, np.int64), driving.initial_carry(0))
    assert len(result.trips) == len(result.events) == 0 and result.carry.shape[0] == 0
    one = np.array([T0_US])
    result = driving.drive(
        {"rpm": np.array([1.0])}, one, one, np.array([0, 1]), driving.initial_carry(1)
    )
    assert len(driving.finish(result.carry).trips) == 0
    with pytest.raises(ValueError, match="column speed_kmh"):
        driving.drive(
            {"speed_kmh": np.zeros(2)}, one, one, np.array([0, 1]), driving.initial_carry(1)
        )
    two = np.array([T0_US, T0_US])
    with pytest.raises(ValueError, match="ascend"):
        driving.drive({}, two, two, np.array([0, 2]), driving.initial_carry(1))
