"""The simulated drives: what they claim to be true is true of their own noise-free state."""

import numpy as np
import pytest

from simulators.drive_truth import crash_truth, event_truth, trip_truth
from simulators.manoeuvres import CALM, HARSH_MPS2, STYLES
from simulators.road import build_net, lay_route, walk
from simulators.sensors import PROFILES, draw_traits, measure
from simulators.vehicle import Drive, make_drive

NET = build_net(3)


def drives(count: int, crash: bool = False, seconds: float = 700.0) -> list[Drive]:
    made = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        start = int(rng.integers(len(NET.xy_m)))
        made.append(make_drive(NET, STYLES[seed % 3], rng, start, seconds, crash))
    return made


@pytest.fixture(scope="module")
def many() -> list[Drive]:
    return drives(60)


@pytest.fixture(scope="module")
def crashes() -> list[Drive]:
    return drives(20, crash=True)


def test_the_net_is_the_same_for_the_same_seed_and_has_every_limit() -> None:
    again = build_net(3)
    assert np.array_equal(NET.xy_m, again.xy_m) and NET.roads == again.roads
    assert {road.limit_kmh for road in NET.roads.values()} == {30.0, 50.0, 70.0, 100.0, 130.0}
    assert any(road.tunnel for road in NET.roads.values())
    assert all(len(ways) >= 2 for ways in NET.neighbours), "no dead ends"


def test_a_route_is_as_long_as_its_zones_and_passes_its_junctions() -> None:
    rng = np.random.default_rng(5)
    nodes = walk(NET, rng, 100, 6_000.0)
    route = lay_route(NET, rng, nodes)
    length = sum(zone.length_m for zone in route.zones)
    end = int(np.searchsorted(route.s_m, length))
    line = np.hypot(np.diff(route.x_m[: end + 1]), np.diff(route.y_m[: end + 1])).sum()
    assert line == pytest.approx(length, rel=0.005)
    for node in nodes:  # corners are rounded, so a junction is passed at a distance
        gap = np.hypot(route.x_m - NET.xy_m[node, 0], route.y_m - NET.xy_m[node, 1]).min()
        assert gap < 45.0


def test_distance_is_the_integral_of_speed(many: list[Drive]) -> None:
    for drive in many:
        v = drive.speed_mps
        integral = np.sum((v[1:] + v[:-1]) / 2) * 0.1
        assert trip_truth(drive)["distance_m"] == pytest.approx(integral, rel=1e-6, abs=0.05)
        path = np.hypot(np.diff(drive.x_m), np.diff(drive.y_m)).sum()
        assert path == pytest.approx(integral, rel=0.005)


def test_speed_is_the_integral_of_acceleration(many: list[Drive]) -> None:
    for drive in many:
        speed = np.cumsum(drive.accel_long_mps2) * 0.1
        assert np.abs(speed - drive.speed_mps).max() < 1e-6


def test_driving_is_clearly_normal_or_clearly_harsh(many: list[Drive]) -> None:
    """Of every span above three quarters of a threshold, most peak above 1.3 times it."""
    for drive in many:
        for kind, signal in (
            ("harsh_acceleration", drive.accel_long_mps2),
            ("harsh_braking", -drive.accel_long_mps2),
            ("harsh_cornering", np.abs(drive.accel_lat_mps2)),
        ):
            limit = HARSH_MPS2[kind]
            edges = np.flatnonzero(np.diff(np.r_[0, signal > 0.78 * limit, 0]))
            for first, end in edges.reshape(-1, 2):
                assert signal[first:end].max() >= 1.3 * limit


def test_styles_and_limits() -> None:
    """Nobody drives more than 5 km/h too fast without meaning it; the calm hardly ever do."""
    harsh = {style.name: 0 for style in STYLES}
    for seed, drive in enumerate(drives(90)):
        events = event_truth(drive, "dongle")
        harsh[STYLES[seed % 3].name] += sum(event["kind"] != "speeding" for event in events)
        speeding = [event for event in events if event["kind"] == "speeding"]
        over = drive.speed_mps * 3.6 > drive.limit_kmh + 5.0
        for event in speeding:
            over &= (drive.t_us < event["start_us"]) | (drive.t_us > event["end_us"])
        assert not over.any()
        assert all(e["peak_over_kmh"] > 12.0 for e in speeding if e["observable"])
    assert harsh["calm"] < harsh["normal"] < harsh["aggressive"]
    assert harsh["aggressive"] >= 20


def test_stops_are_short_and_the_engine_idles_before(many: list[Drive]) -> None:
    for drive in many:
        truth = trip_truth(drive)
        still = np.flatnonzero(np.diff(np.r_[0, drive.speed_mps == 0.0, 0]))
        spans = still.reshape(-1, 2)
        inner = spans[(spans[:, 0] > 0) & (spans[:, 1] < len(drive.speed_mps))]
        assert (inner[:, 1] - inner[:, 0] < 1_200).all()
        assert truth["start_us"] - truth["on_us"] >= 9_000_000
        assert truth["driving_s"] + truth["idle_s"] == pytest.approx(truth["duration_s"], abs=0.2)


def test_a_crash_has_an_impulse_a_change_of_speed_and_a_standstill(crashes: list[Drive]) -> None:
    for drive in crashes:
        truth = crash_truth(drive)
        assert truth is not None and drive.crash is not None
        assert 6.0 <= truth["peak_g"] <= 20.5 and truth["delta_v_kmh"] >= 30.0
        at = int(np.searchsorted(drive.t_us, truth["at_us"]))
        lost = (drive.speed_mps[at - 1] - drive.speed_mps[at + 2]) * 3.6
        assert lost >= truth["delta_v_kmh"] - 0.1
        still = drive.t_us[drive.speed_mps > 0.0][-1]
        assert drive.off_us - still >= 300_000_000
        # nothing of the impact is demanded as an ordinary event
        for event in event_truth(drive, "dongle"):
            assert not event["observable"] or event["end_us"] < truth["at_us"] - 5_000_000 + 1


def test_a_dongle_shows_the_crash_at_25_hz(crashes: list[Drive]) -> None:
    for seed, drive in enumerate(crashes):
        rng = np.random.default_rng(seed)
        series = measure(drive, NET, "dongle", draw_traits(rng, "dongle"), rng)
        assert drive.crash is not None
        around = np.abs(series.t_us - drive.crash.at_us) < 2_900_000
        assert around.sum() >= 140
        assert np.nanmin(series.columns["accel_long_mps2"]) < -6.0 * 9.8 * 0.78
        burst = around & (series.t_us >= drive.crash.at_us)
        accel = np.minimum(series.columns["accel_long_mps2"][burst] + 8.0, 0.0)
        t = series.t_us[burst] * 1e-6
        lost = -np.sum((accel[1:] + accel[:-1]) / 2 * np.diff(t))
        assert lost == pytest.approx(drive.crash.delta_v_mps, rel=0.35)


@pytest.mark.parametrize("profile", PROFILES)
def test_sensors_keep_order_and_units(profile: str, many: list[Drive]) -> None:
    for seed, drive in enumerate(many[:20]):
        rng = np.random.default_rng(seed)
        series = measure(drive, NET, profile, draw_traits(rng, profile), rng)
        t, columns = series.t_us, series.columns
        assert (np.diff(t) > 0).all() and (t % 1_000 == 0).all()
        speed = columns["speed_kmh"]
        assert np.nanmin(speed) >= 0.0 and np.nanmax(speed) < 200.0
        good = ~np.isnan(speed)
        running = good & (t < drive.off_us)
        seconds = t[running] * 1e-6
        distance = np.sum(np.diff(seconds) * (speed[running][1:] + speed[running][:-1]) / 7.2)
        if not drive.tunnel.any():
            expected = drive.distance_m[-1] - drive.distance_m[0]
            assert distance == pytest.approx(expected, rel=0.03 if profile != "owntracks" else 0.1)
        if profile == "obd":
            assert set(np.diff(t[t < drive.off_us])) == {491_000}
            assert (speed == np.round(speed)).all()
        else:
            lat, lon = columns["lat_deg"], columns["lon_deg"]
            fix = ~np.isnan(lat) & (t < drive.off_us)
            true_lat, true_lon = NET.to_degrees(
                np.interp(t, drive.t_us, drive.x_m), np.interp(t, drive.t_us, drive.y_m)
            )
            off = np.hypot(lat - true_lat, (lon - true_lon) * 0.61)[fix] * 111_195
            assert np.sqrt(np.mean(off**2)) < 20.0


def test_a_phone_has_no_fix_in_a_tunnel() -> None:
    for seed in range(200):
        rng = np.random.default_rng(seed)
        drive = make_drive(NET, CALM, rng, int(rng.integers(225)), 600.0)
        if drive.tunnel.any():
            series = measure(drive, NET, "phone", draw_traits(rng, "phone"), rng)
            inside = np.interp(series.t_us, drive.t_us, drive.tunnel.astype(float)) == 1.0
            assert not inside.any()
            assert not drive.tunnel[-1], "nobody parks in a tunnel"
            return
    pytest.fail("no drive through a tunnel")


def test_what_a_profile_cannot_see_is_not_demanded(many: list[Drive]) -> None:
    kinds: dict[str, set[str]] = {profile: set() for profile in PROFILES}
    for drive in many:
        for profile in PROFILES:
            events = event_truth(drive, profile)
            kinds[profile] |= {event["kind"] for event in events if event["observable"]}
    assert kinds["dongle"] == {*HARSH_MPS2, "speeding"}
    assert kinds["phone"] == kinds["obd"] == {"harsh_acceleration", "harsh_braking"}
    assert kinds["owntracks"] == set()
