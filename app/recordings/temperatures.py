"""Read outdoor temperatures from a file: a column of times and one of °C or °F.

Names that weather services use are known (`timestamp` and `temperature` of Bright Sky,
`MESS_DATUM` and `TT_TU` of the DWD). The unit stands in the name; without one, values above 60 are
no °C of an inhabited place.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.recordings.cells import read_raw
from app.recordings.encoding import TableError
from app.recordings.guesses import Guess
from app.recordings.times import absolute_times, on_the_clock
from app.recordings.values import numbers
from contracts.units import Column

TIME, TEMPERATURE = "time", "temperature"
DWD_TIME = "mess_datum"  # 2026113008: hours of UTC
# Wide enough for °F and for the codes of missing values (-999) of the DWD.
COLUMN = Column(TEMPERATURE, "°C or °F", -1e4, 1e4, "outdoor temperature")
COLDEST_C, HOTTEST_C = -80.0, 60.0
_TIMES = ("time", "timestamp", "dt", "datetime", "date", "start", DWD_TIME, "zeit", "zeitstempel")
_TEMPERATURES = re.compile(r"^(temp.*|tt_tu|t2m|tt|air_temperature|aussentemperatur|°?[cf])$")
_FAHRENHEIT = re.compile(r"(f|fahrenheit|°f)$")


def _find_names(header: Sequence[str]) -> tuple[dict[str, str], tuple[Guess, ...]]:
    small = {name: name.strip().lower().replace(" ", "_") for name in header}
    found: dict[str, str] = {}
    for wanted in _TIMES:
        if TIME not in found.values():
            found |= dict([(name, TIME) for name in header if small[name] == wanted][:1])
    columns = [name for name in header if _TEMPERATURES.match(small[name]) and name not in found]
    found |= dict([(name, TEMPERATURE) for name in columns][:1])
    return found, ()


def read_temperatures(
    path: Path, tz: str | None
) -> tuple[NDArray[np.int64], NDArray[np.float64], list[Guess]]:
    """Read temperatures.

    tz : zone of times without an offset

    Returns int64[n] µs since 1970 UTC, float64[n] °C (NaN = not measured), and what was guessed.
    Raises TableError for what does not fit.
    """
    raw = read_raw(path, (TIME, TEMPERATURE), {}, _find_names)
    for name, known in ((TIME, "time, timestamp, dt"), (TEMPERATURE, "temperature, temp, tempC")):
        if name not in raw.cells:
            raise TableError(f"{path}: a column of {name}s is missing, expected one of {known}")
    foreign = {ours: theirs.strip().lower() for ours, theirs in raw.foreign}
    dwd = foreign.get(TIME) == DWD_TIME
    times = absolute_times(raw, TIME, "UTC" if dwd else tz, "%Y%m%d%H" if dwd else None)
    guesses: list[Guess] = []
    values = numbers(raw, COLUMN, guesses=guesses)
    times, _ = on_the_clock(times, values, False, None)
    keep = ~times.missing
    t_us, values = times.t_us[keep], values[keep]
    values = np.where(values <= -99.0, np.nan, values)
    if not np.isfinite(values).any():
        raise TableError(f"{path}: has no temperatures, expected at least one")
    highest = float(np.nanmax(values))
    named = bool(_FAHRENHEIT.search(foreign.get(TEMPERATURE, "").replace("temperature", "")))
    if named or highest > HOTTEST_C:
        because = "its name says so" if named else f"{highest:g} is no °C of outdoor air"
        guesses.append(Guess("unit", TEMPERATURE, "°F", because))
        values = (values - 32.0) / 1.8
    wrong = (values < COLDEST_C) | (values > HOTTEST_C)
    if wrong.any():
        raise TableError(
            f"{path}: found {values[wrong][0]:g} °C, expected {COLDEST_C:g} to {HOTTEST_C:g}"
        )
    order = np.argsort(t_us, kind="stable")
    return t_us[order], values[order], guesses
