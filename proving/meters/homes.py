"""Meters to inject anomalies and thefts into: simulated homes, or files of recorded ones."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.recordings.read import Table, read_meter_table
from app.recordings.temperatures import read_temperatures
from customer_context.metering.weather_model import Temperatures, hourly
from proving.meters.known_homes import HOUSES, draw_home
from runtime.errors import Usage
from simulators import household
from simulators.life import draw_life

START_US = 1_704_067_200_000_000  # 2024-01-01
ZONE = "Europe/Berlin"
HALF_HOUR_STEPS = 6
STEPS_PER_HOUR = 12
HOUSE_NAMES = tuple(HOUSES)
HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US


@dataclass(frozen=True, slots=True)
class Meter:
    """Interval values of one meter: int64[n] µs and float64[n] kWh, without missing ones.

    weather : of its place, where it is known
    """

    name: str
    t_us: NDArray[np.int64]
    offset_us: NDArray[np.int64]
    kwh: NDArray[np.float64]
    weather: Temperatures | None = None

    @property
    def step_us(self) -> int:
        """Length of an interval, µs."""
        return int(np.median(np.diff(self.t_us)))

    @property
    def years(self) -> float:
        """Length of the recording."""
        return float(self.t_us[-1] - self.t_us[0]) / (365.25 * DAY_US)

    def table(self) -> Table:
        """Return the meter as what a file is read into."""
        n = self.t_us.size
        return Table(
            Path(self.name), self.t_us, self.offset_us, {"energy_kwh": self.kwh}, None, True,
            ZONE, n, 0, 0, (),
        )  # fmt: skip

    def part(self, keep: NDArray[np.bool_]) -> "Meter":
        """Return the chosen intervals."""
        return Meter(self.name, self.t_us[keep], self.offset_us[keep], self.kwh[keep], self.weather)


def simulated(seed: int, number: int, days: int) -> Meter:
    """Simulate a home at half hours, in whole Wh, with holidays, guests and seasons."""
    rng = np.random.default_rng((seed, number))
    steps = days * household.STEPS_PER_DAY
    calendar = household.make_calendar(START_US, steps, ZONE, rng)
    home = household.draw_home(rng)
    power = household.load(home, calendar, rng, draw_life(calendar, rng))
    if home.pv_w and rng.random() < 0.5:
        power = np.maximum(power, 0.0)  # the register of import alone
    kwh = np.round(power.reshape(-1, HALF_HOUR_STEPS).mean(axis=1) / 2_000.0, 3)
    t_us = calendar.t_us[::HALF_HOUR_STEPS].copy()
    local = (calendar.hour[::HALF_HOUR_STEPS] * HOUR_US).astype(np.int64)
    offset = (local - t_us) % DAY_US
    celsius = calendar.outside_c.reshape(-1, STEPS_PER_HOUR).mean(axis=1)
    weather = Temperatures(calendar.t_us[::STEPS_PER_HOUR], celsius)
    return Meter(f"home {number}", t_us, replace_offset(offset), kwh, weather)


def electric(seed: int, number: int) -> Meter:
    """Simulate two years of a home that heats or cools by electricity, hours of hard noise."""
    home = draw_home(seed, number, ("medium", "hard")[number % 2], HOUSE_NAMES[number // 2 % 4])
    t_us = home.use.start_us
    kwh = home.use.energy_kwh.copy()
    kwh[t_us >= home.until_us] /= 1.0 - home.saved_percent / 100.0  # no saving here
    return Meter(f"electric {home.name}", t_us, np.zeros_like(t_us), kwh, home.weather)


def sparse(seed: int, number: int, days: int) -> Meter:
    """Simulate a home whose lowest values are none, every other one empty for some months.

    An eighth to a fifth of a recorded home's half-hours may be zero: all is switched off at night,
    the sun covers it, or nobody lives there.
    """
    meter = simulated(seed, number, days)
    rng = np.random.default_rng((seed, number, 1))
    shown = np.maximum(meter.kwh - np.quantile(meter.kwh, rng.uniform(0.12, 0.22)), 0.0)
    first, length = int(rng.integers(60, days - 30)), int(rng.integers(40, 120))
    if number % 2:
        day = (meter.t_us - meter.t_us[0]) // DAY_US
        shown[(day >= first) & (day < first + length)] = 0.0
    return replace(meter, name=f"sparse {number}", kwh=np.asarray(np.round(shown, 3), np.float64))


def replace_offset(offset_us: NDArray[np.int64]) -> NDArray[np.int64]:
    """Bring offsets of local time into -12 h to 12 h, on whole minutes."""
    half = 12 * HOUR_US
    wrapped = (offset_us + half) % DAY_US - half
    return np.asarray(np.rint(wrapped / 60_000_000) * 60_000_000, np.int64)


def recorded(path: Path, tz: str | None, mapping: tuple[str, ...]) -> Meter:
    """Read a file of interval values of at most an hour. Raises Usage."""
    table = read_meter_table(path, tz, mapping)
    if "energy_kwh" not in table.columns:
        raise Usage(f"{path}: has registers, expected interval values")
    kwh = table.columns["energy_kwh"]
    fine = np.isfinite(kwh)
    meter = Meter(path.name, table.t_us[fine], table.offset_us[fine], kwh[fine])
    if meter.t_us.size < 2 or meter.step_us > HOUR_US:
        raise Usage(f"{path}: expected intervals of at most an hour")
    return meter


def beside(
    paths: list[Path], tz: str | None, mapping: tuple[str, ...], temperature: Path | None
) -> list[Meter]:
    """Read files of one place, with its temperatures. Raises Usage."""
    weather = None
    if temperature is not None:
        weather = hourly(*read_temperatures(temperature, tz)[:2])
    return [replace(recorded(path, tz, mapping), weather=weather) for path in paths]
