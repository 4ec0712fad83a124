"""What homes use: base load, appliances, people, weather, heat pump, electric car, PV.

Power is a mean over steps of five minutes, in W, import positive; everything that a meter shows is
a sum of it. Homes differ, but each has its own steady habits, as real ones mostly have.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
from holidays import country_holidays

STEP_US = 300_000_000
STEPS_PER_DAY = 288
_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US


@dataclass(frozen=True, slots=True)
class Calendar:
    """The steps of a simulation in local time.

    t_us : int64[n], start of each step; hour : float64[n], local hour of the day; day : int64[n],
    index of the local day; weekend : bool[n], Saturday, Sunday or a public holiday;
    outside_c : float64[n], outdoor temperature; sun : float64[n], share of full sunshine 0..1.
    """

    t_us: np.ndarray
    hour: np.ndarray
    day: np.ndarray
    weekend: np.ndarray
    outside_c: np.ndarray
    sun: np.ndarray


@dataclass(frozen=True, slots=True)
class Home:
    """One household's equipment and habits."""

    base_w: float
    fridge_w: float
    people: int
    early: bool
    heat_pump_w: float
    ev_w: float
    pv_w: float
    appliances: float


@dataclass(frozen=True, slots=True)
class Life:
    """What varies through the year, by step of a calendar (`simulators/life.py` draws it).

    activity : float64[n], share of ordinary use of light, cooking, appliances and the car
    standby  : float64[n], share of the base load that is switched on
    season_w : float64[n], W, what runs in the cold season or in heat (pumps, light, fans)
    stored_w : float64[n], W, night storage heaters
    """

    activity: np.ndarray
    standby: np.ndarray
    season_w: np.ndarray
    stored_w: np.ndarray


def local_offset_us(t_us: int, timezone: str) -> int:
    """Offset of local time from UTC at an instant."""
    offset = datetime.fromtimestamp(t_us / 1e6, UTC).astimezone(ZoneInfo(timezone)).utcoffset()
    assert offset is not None
    return round(offset.total_seconds() * 1e6)


@cache
def holidays(year: int) -> frozenset[date]:
    """Public holidays of all German states."""
    return frozenset(country_holidays("DE", years=year))


def make_calendar(
    start_us: int, steps: int, timezone: str, rng: np.random.Generator, lat_deg: float = 52.27
) -> Calendar:
    """Steps from `start_us` with weather: a season, a daily swing, and spells that come and go."""
    t = start_us + STEP_US * np.arange(steps, dtype=np.int64)
    hours = np.unique(t // _HOUR_US)
    offsets = np.array([local_offset_us(int(h) * _HOUR_US, timezone) for h in hours])
    local = t + offsets[np.searchsorted(hours, t // _HOUR_US)]
    hour = (local % _DAY_US) / _HOUR_US
    day = local // _DAY_US
    days = np.unique(day)
    dates = [date(1970, 1, 1) + timedelta(days=int(d)) for d in days]
    off = np.array([d.weekday() >= 5 or d in holidays(d.year) for d in dates])
    season = np.array([np.cos(2 * np.pi * (d.timetuple().tm_yday - 200) / 365.25) for d in dates])
    spell = np.convolve(rng.normal(0.0, 2.2, len(days) + 4), np.ones(5) / 5.0**0.5, "valid")
    cloud = np.clip(rng.beta(2.0, 2.0, len(days)), 0.1, 0.95)
    index = np.searchsorted(days, day)
    noon = np.interp(t, days * _DAY_US + _DAY_US // 2, 10.0 + 9.0 * season + spell)
    outside = noon + 3.0 * np.cos(2 * np.pi * (hour - 15.0) / 24.0)
    tilt = np.radians(23.44) * season[index]  # declination, near enough
    height = np.sin(np.radians(lat_deg)) * np.sin(tilt) + np.cos(np.radians(lat_deg)) * np.cos(
        tilt
    ) * np.cos(2 * np.pi * (hour - 12.3) / 24.0)
    flicker = np.clip(1.0 + rng.normal(0.0, 0.15, steps), 0.3, 1.2)
    sun = np.clip(height, 0.0, 1.0) * (1.0 - 0.75 * cloud[index]) * flicker
    return Calendar(t, hour, index, off[index], outside, sun)


def draw_home(rng: np.random.Generator, plain: bool = False) -> Home:
    """Draw a household; a `plain` one has neither heat pump nor electric car nor PV."""
    people = int(rng.integers(1, 5))
    return Home(
        base_w=float(rng.uniform(60.0, 200.0) + 25.0 * people),
        fridge_w=float(rng.uniform(70.0, 120.0)),
        people=people,
        early=bool(rng.random() < 0.7),
        heat_pump_w=0.0 if plain or rng.random() > 0.22 else float(rng.uniform(900.0, 2200.0)),
        ev_w=0.0 if plain or rng.random() > 0.18 else float(rng.choice([3700.0, 7400.0, 11000.0])),
        pv_w=0.0 if plain or rng.random() > 0.2 else float(rng.uniform(3000.0, 9000.0)),
        appliances=float(rng.uniform(0.6, 1.4)),
    )


def load(
    home: Home, calendar: Calendar, rng: np.random.Generator, life: Life | None = None
) -> np.ndarray:
    """The home's net power; without `life` every day is an ordinary one.

    Returns
    -------
    float64[n], W, mean of each step; negative where PV exports
    """
    activity = 1.0 if life is None else life.activity
    standby = 1.0 if life is None else life.standby
    power: np.ndarray = home.base_w * standby + _fridge(home, calendar, rng)
    power = power + activity * _people(home, calendar, rng)
    power += activity * _appliances(home, calendar, rng)
    if home.heat_pump_w:
        power += _heat_pump(home, calendar, rng)
    if home.ev_w:
        power += (1.0 if life is None else life.activity >= 0.5) * _ev(home, calendar, rng)
    if life is not None:
        power += life.season_w + life.stored_w
    if home.pv_w:
        power -= home.pv_w * calendar.sun
    return power


def _fridge(home: Home, calendar: Calendar, rng: np.random.Generator) -> np.ndarray:
    period = rng.integers(8, 13)  # 40 to 60 minutes
    on = round(period * rng.uniform(0.35, 0.45))
    phase = rng.integers(0, period)
    return np.asarray(home.fridge_w * ((np.arange(len(calendar.t_us)) + phase) % period < on))


def _people(home: Home, calendar: Calendar, rng: np.random.Generator) -> np.ndarray:
    """Light, screens, cooking: with who is at home and awake."""
    rise = 6.2 if home.early else 7.6
    shift = np.where(calendar.weekend, 1.4, 0.0)
    hour = calendar.hour - shift
    morning = np.exp(-0.5 * ((hour - rise - 0.8) / 0.7) ** 2)
    noon = np.exp(-0.5 * ((calendar.hour - 12.6) / 1.0) ** 2)
    evening = np.exp(-0.5 * ((calendar.hour - 19.2) / 1.9) ** 2)
    at_noon = np.where(calendar.weekend, 0.9, 0.35)
    level = 0.55 * morning + at_noon * noon + evening
    texture = rng.gamma(2.5, 1.0 / 2.5, len(level))
    return np.asarray((90.0 + 110.0 * home.people) * level * texture)


def _appliances(home: Home, calendar: Calendar, rng: np.random.Generator) -> np.ndarray:
    """Events: (share of days, W, steps, earliest hour, latest hour)."""
    power = np.zeros(len(calendar.t_us))
    kinds = (
        (0.95, 1900.0, 1, 6.5, 9.0),  # kettle and coffee
        (0.75, 1500.0, 8, 17.5, 19.5),  # cooker
        (0.35, 900.0, 12, 9.0, 18.0),  # washing machine
        (0.50, 1000.0, 10, 19.0, 22.0),  # dishwasher
        (0.40, 1700.0, 2, 10.0, 20.0),  # vacuum cleaner, hair dryer, iron
    )
    days = int(calendar.day[-1]) + 1
    first = np.searchsorted(calendar.day, np.arange(days))
    for share, watts, steps, early, late in kinds:
        today = rng.random(days) < min(share * home.appliances, 0.98)
        hours = rng.uniform(early, late, days)
        strength = rng.uniform(0.7, 1.1, days)
        for day in np.flatnonzero(today):
            at = int(first[day] + (hours[day] - calendar.hour[first[day]]) * 12)
            if first[day] <= at:
                power[at : at + steps] += watts * strength[day]
    return power


def _heat_pump(home: Home, calendar: Calendar, rng: np.random.Generator) -> np.ndarray:
    """Runs in cycles by day, longer when it is colder; set back from 23 to 5."""
    need = np.clip((16.0 - calendar.outside_c) / 22.0, 0.0, 1.0)
    by_day = (calendar.hour >= 5.0) & (calendar.hour < 23.0)
    cycle = ((np.arange(len(need)) + rng.integers(0, 9)) % 9) / 9.0
    return home.heat_pump_w * by_day * (cycle < need)


def _ev(home: Home, calendar: Calendar, rng: np.random.Generator) -> np.ndarray:
    power = np.zeros(len(calendar.t_us))
    days = int(calendar.day[-1]) + 1
    first = np.searchsorted(calendar.day, np.arange(days))
    phase = int(rng.integers(0, 2))
    for day in range(days):
        if (day + phase) % 2:  # every other evening: a habit, so no surprise
            continue
        at = int(first[day] + (rng.uniform(17.5, 20.5) - calendar.hour[first[day]]) * 12)
        energy_wh = rng.uniform(6_000.0, 14_000.0)
        if first[day] <= at:
            power[at : at + int(np.ceil(energy_wh / home.ev_w * 12))] += home.ev_w
    return power
