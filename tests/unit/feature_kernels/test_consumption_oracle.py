"""The kernels give the oracle's rows, on seeded random and on hand-made streams."""

import importlib.util
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from feature_kernels import consumption
from tests.patience import patient

ROOT = Path(__file__).resolve().parents[3]
_SPEC = importlib.util.spec_from_file_location(
    "consumption_oracle", ROOT / "tests" / "oracles" / "consumption.py"
)
oracle = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(oracle)

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
T0 = 1_711_000_000 * SECOND // DAY * DAY  # 2024-03-21, UTC midnight
NAN = math.nan


def european_local(t_us):
    """UTC + 1 h, + 2 h from 2024-03-31T01:00Z to 2024-10-27T01:00Z."""
    summer = (t_us >= 1_711_846_800 * SECOND) & (t_us < 1_729_990_800 * SECOND)
    return t_us + np.where(summer, 2, 1) * HOUR


def both(columns, t_us, starts, parameters, finish=True):
    """Run kernel and oracle; return their three lists of rows."""
    t_us = np.asarray(t_us, np.int64)
    local = european_local(t_us)
    starts = np.asarray(starts, np.int64)
    carry = consumption.initial_carry(starts.size - 1)
    first = consumption.consume(columns, t_us, local, starts, carry, parameters)
    parts = [first]
    if finish:
        parts.append(consumption.finish(first.carry, parameters))
    twin = oracle.consume(columns, t_us, local, starts, parameters._asdict(), finish)
    kernel = [np.concatenate([part[i] for part in parts]) for i in range(3)]
    if finish:  # the oracle finishes each meter in turn
        kernel = [rows[np.argsort(rows["device"], kind="stable")] for rows in kernel]
    return kernel, twin


def assert_same(kernel, twin):
    """Rows agree: integers exactly, floats to 1e-9 of the sums they come from."""
    for rows, expected in zip(kernel, twin, strict=True):
        assert rows.size == len(expected)
        for name in rows.dtype.names:
            want = np.array([row[name] for row in expected], rows.dtype[name])
            if rows.dtype[name].kind == "i":
                np.testing.assert_array_equal(rows[name], want, err_msg=name)
            else:
                # registers up to 1e6 kWh carry 1e-10 kWh of rounding, 4e-7 W in 15 minutes
                np.testing.assert_allclose(rows[name], want, rtol=1e-9, atol=2e-6, err_msg=name)


def random_energy(rng, days, step_s):
    """A home with holes, zeros, repeats, spikes, a rise, qualities and missing cells."""
    n = days * 86_400 // step_s
    t = T0 + np.arange(n) * step_s * SECOND
    hour = (t // HOUR) % 24
    kwh = (0.1 + 0.3 * ((hour > 6) & (hour < 22)) * rng.random(n) ** 3) * step_s / 3600
    kwh = np.round(kwh, 3)
    quality = np.full(n, NAN)
    for _ in range(10):
        a = int(rng.integers(0, n))
        b = a + int(rng.integers(1, 2 * 86_400 // step_s))
        match int(rng.integers(0, 9)):
            case 7:
                kwh[a] = rng.choice(
                    [4_294_967.295, 65.535, 8_589_934.592, 9.999, -1e6, 31.7, 123.4, 4e4]
                )
            case 8:
                kwh[a : a + 8] = (70.0 + 20.0 * rng.random(kwh[a : a + 8].size)) * step_s / 3600
            case 0:
                kwh[a:b] = 0.0
            case 1:
                kwh[a:b] = kwh[a]
            case 2:
                kwh[a : a + 2] = 9.0
            case 3:
                kwh[a : a + 2 * (b - a)] += 0.3 * step_s / 3600
            case 4:
                kwh[a:b] = NAN
            case 5:
                quality[a : a + 5] = rng.integers(0, 7)
            case _:
                kwh[a:b] *= -1
    keep = rng.random(n) > 0.01
    if rng.random() < 0.3:
        a = int(rng.integers(0, n))
        keep[a : a + 9 * 86_400 // step_s] = False
    return t[keep], {"energy_kwh": kwh[keep], "quality": quality[keep]}


def random_register(rng, days, reads_s):
    """A register with irregular reads, zeros, misreads, resets, rollover and exchange."""
    gaps = rng.integers(int(reads_s * 0.8), int(reads_s * 1.2) + 2, days * 86_400 // reads_s)
    gaps[rng.random(gaps.size) < 0.01] *= int(rng.integers(2, 300))
    if rng.random() < 0.5:
        gaps[:] = reads_s
    t = T0 + np.cumsum(gaps) * SECOND
    use = rng.random(t.size) ** 4 * gaps / 3600.0
    register = rng.choice([17.0, 999_995.0, 34_507.0]) + np.cumsum(use)
    register = np.where(register >= 1e6, register - 1e6, register)
    key = np.full(t.size, 7.0)
    power = np.where(rng.random(t.size) < 0.5, NAN, 300.0)
    export = np.cumsum(rng.random(t.size) * (rng.random(t.size) < 0.1))
    for _ in range(12):
        a = int(rng.integers(0, t.size))
        match int(rng.integers(0, 12)):
            case 7:
                register[a] += rng.choice([0.3, 1.0, 9.0, 30.0, 90.0, 4_000.0])
            case 8:
                register[a] -= rng.choice([0.3, 1.0, 8.0, 70.0])
            case 9:
                register[a : a + 2] += rng.choice([-8.0, 9.0, 30.0, 90.0])
            case 10:
                register[a] = rng.choice([4_294_967.295, 999_999.0, 65_535.0])
            case 11:
                register[a:] += rng.choice([2.0, 12.0, 400.0])
            case 0:
                register[a : a + int(rng.integers(1, 4))] = 0.0
            case 1:
                register[a] *= 0.5
            case 2:
                register[a:] -= register[a] * 0.9
            case 3:
                register[a:] += 50_000.0
            case 4:
                register[a:] = register[a:] - register[a] + 5.0
                key[a:] += 1
            case 5:
                register[a : a + 300] = register[a]
            case _:
                register[a : a + 7] = NAN
    columns = {"register_kwh": np.maximum(register, 0.0), "meter_key": key}
    if rng.random() < 0.5:
        columns["power_w"] = power
    if rng.random() < 0.3:
        columns["register_export_kwh"] = export
    return t, columns


@pytest.mark.parametrize("seed", range(12))
def test_random_interval_values(seed):
    rng = np.random.default_rng(seed)
    step_s = int(rng.choice([900, 1800, 3600]))
    t, columns = random_energy(rng, 45, step_s)
    parameters = consumption.DEFAULTS._replace(interval_s=float(step_s))
    assert_same(*both(columns, t, [0, t.size], parameters))


@pytest.mark.parametrize("seed", range(12))
def test_random_registers(seed):
    rng = np.random.default_rng(100 + seed)
    t, columns = random_register(rng, 30, int(rng.choice([300, 900, 3600])))
    parameters = consumption.DEFAULTS._replace(interval_s=float(rng.choice([900, 1800, 3600])))
    assert_same(*both(columns, t, [0, t.size], parameters))


@pytest.mark.parametrize("home", ["level", "restless", "solar", "coarse", "idle by night"])
@pytest.mark.parametrize("seed", range(3))
def test_rises_in_homes_of_every_kind(home, seed):
    rng = np.random.default_rng(seed)
    n = 60 * 48
    hour = np.arange(n) % 48 / 2
    kwh = 0.08 + 0.02 * rng.random(n) + 0.3 * (rng.random(n) < 0.1)
    if home == "restless":
        kwh = rng.exponential(0.5, n)
    elif home == "solar":
        kwh -= 1.5 * np.clip(np.sin((hour - 6) / 12 * np.pi), 0, 1) * rng.random(n)
    elif home == "idle by night":
        kwh[(hour < 5) | (hour > 22)] = 0.0
    for at in (18, 35, 48):
        kwh[at * 48 + int(rng.integers(0, 48)) :][: int(rng.integers(4, 9)) * 48] += 0.15
    if home == "coarse":
        kwh = np.diff(np.floor(np.concatenate([[0.0], np.cumsum(kwh)]) * 10) / 10)
    t = T0 + np.arange(n) * 1800 * SECOND
    parameters = consumption.DEFAULTS._replace(interval_s=1800.0)
    kernel, twin = both({"energy_kwh": kwh}, t, [0, n], parameters)
    assert_same(kernel, twin)
    rises = kernel[2]["kind"] == consumption.ANOMALY_KINDS["base_load_rise"]
    if home in ("level", "solar", "coarse"):
        assert rises.sum() == 6


def test_a_rise_that_lasts_is_cleared_as_habit():
    n = 70 * 96
    t = T0 + np.arange(n) * 900 * SECOND
    kwh = 0.03 + 0.05 * np.random.default_rng(3).random(n)
    kwh[20 * 96 :] += 0.06
    kernel, twin = both({"energy_kwh": kwh}, t, [0, n], consumption.DEFAULTS)
    assert_same(kernel, twin)
    assert [int(row["phase"]) for row in kernel[2]] == [0, 1]
    assert kernel[2]["end_us"][1] - kernel[2]["start_us"][1] > 28 * DAY


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_tiny_streams(n):
    t = T0 + np.arange(n) * 900 * SECOND
    for name in ("energy_kwh", "register_kwh", "power_w"):
        assert_same(*both({name: np.arange(n) * 0.1}, t, [0, n], consumption.DEFAULTS))
    nothing = {"energy_kwh": np.full(n, NAN), "register_kwh": np.full(n, NAN)}
    assert_same(*both(nothing, t, [0, n], consumption.DEFAULTS))
    assert_same(*both({}, t, [0, 0, n, n], consumption.DEFAULTS))


def test_several_meters_of_different_kinds_in_one_call():
    rng = np.random.default_rng(9)
    t_a, a = random_energy(rng, 10, 900)
    t_b, b = random_register(rng, 10, 300)
    names = set(a) | set(b) | {"interval_s"}
    columns = {
        name: np.concatenate(
            [a.get(name, np.full(t_a.size, NAN)), b.get(name, np.full(t_b.size, NAN))]
        )
        for name in names
    }
    columns["interval_s"] = np.repeat([900.0, 3600.0], [t_a.size, t_b.size])
    starts = [0, t_a.size, t_a.size, t_a.size + t_b.size]
    assert_same(*both(columns, np.concatenate([t_a, t_b]), starts, consumption.DEFAULTS))


@pytest.mark.parametrize(
    ("seed", "interval_s"), [(0, 3600.0), (1, 1800.0), (2, 900.0), (3, 3600.0)]
)
def test_base_load_of_an_array(seed, interval_s):
    rng = np.random.default_rng(seed)
    for kwh in (rng.exponential(0.3, 24 * 90), 0.1 + rng.random(24 * 90) ** 6, rng.random(40)):
        kwh[rng.random(kwh.size) < 0.001] = NAN
        want = oracle.base_load(kwh, interval_s)
        assert consumption.base_load(kwh, interval_s) == pytest.approx(want, rel=1e-12, nan_ok=True)


_INTERPRETED = """
import sys
import numpy as np
sys.path[:0] = [{root!r}, {unit!r}]
import test_consumption_oracle as T
from feature_kernels import consumption
rng = np.random.default_rng(4)
t_a, a = T.random_energy(rng, 12, 3600)
t_b, b = T.random_register(rng, 3, 900)
for at, (t, columns) in enumerate(((t_a, a), (t_b, b))):
    parameters = consumption.DEFAULTS._replace(interval_s=3600.0)
    result = consumption.consume(
        columns, t, T.european_local(t), np.array([0, t.size]), consumption.initial_carry(1),
        parameters,
    )
    for name, value in zip(("i", "d", "a", "c"), result, strict=True):
        np.save({out!r} + f"/{{name}}{{at}}.npy", value)
"""


def test_interpreted_gives_the_same_bits_as_compiled(tmp_path):
    saved = {}
    for mode in ("0", "1"):
        out = tmp_path / mode
        out.mkdir()
        script = _INTERPRETED.format(root=str(ROOT), unit=str(Path(__file__).parent), out=str(out))
        subprocess.run(
            [sys.executable, "-c", script],
            check=True,
            env={**os.environ, "NUMBA_DISABLE_JIT": mode},
            timeout=patient(120),
        )
        saved[mode] = {path.name: np.load(path).tobytes() for path in sorted(out.glob("*.npy"))}
    assert saved["0"].keys() == saved["1"].keys()
    assert len(saved["0"]) == 8
    for name in saved["0"]:
        assert saved["0"][name] == saved["1"][name], name
