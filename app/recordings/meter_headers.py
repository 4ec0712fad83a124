"""Names of columns in exports of grid operators and meters, in German and English.

A name is recognised where it says what the column is. A bare "value" is not: `--map` names it.
Recognised names are stated as guesses, with the unit that they rest on.
"""

import re
from collections.abc import Sequence

from app.recordings.encoding import TableError
from app.recordings.guesses import Guess

DATE, TIME_OF_DAY = "date", "time_of_day"  # two columns that are one time

_TIMES = frozenset(
    [
        "messzeitpunkt",
        "zeitstempel",
        "zeitpunkt",
        "timestamp",
        "datetime",
        "date_time",
        "date/time",
        "datum/uhrzeit",
        "datum_uhrzeit",
        "datum_und_uhrzeit",
        "datum/zeit",
        "datum_zeit",
        "ablesezeitpunkt",
        "ablesedatum",
        "reading_date",
        "reading_time",
        "read_at",
        "beginn",
        "startzeit",
        "start_time",
        "start_date",
        "interval_start",
        "period_start",
        "zeitraum_von",
        "datum_von",
        "von",
        "from",
        "start",
        "ab",
        "messzeit",
        "utc",
        "zeit",
        "time",
    ]
)
_DATES = frozenset(["datum", "date", "tag", "day"])
_TIMES_OF_DAY = frozenset(
    ["uhrzeit", "zeit", "time", "von", "time_of_day", "start_time", "startzeit", "from"]
)
_ENERGIES = frozenset(
    [
        "verbrauch",
        "stromverbrauch",
        "energieverbrauch",
        "consumption",
        "usage",
        "energie",
        "energy",
        "arbeit",
        "wirkarbeit",
        "bezug",
        "netzbezug",
        "import",
        "wert",
        "messwert",
        "value",
        "lastgang",
        "verbrauchswert",
        "kwh",
        "import_active",
        "active_energy",
        "electricity",
        "electricity_consumption",
        "electricity_usage",
        "energy_consumption",
    ]
)
_SURE_OF_KWH = frozenset(
    [
        "verbrauch",
        "stromverbrauch",
        "energieverbrauch",
        "consumption",
        "usage",
        "energy_consumption",
        "electricity_consumption",
        "electricity_usage",
        "kwh",
    ]
)
_REGISTERS = frozenset(
    [
        "zählerstand",
        "zaehlerstand",
        "zählerstand_bezug",
        "zaehlerstand_bezug",
        "stand",
        "ablesestand",
        "reading",
        "meter_reading",
        "register",
        "register_reading",
        "1.8.0",
        "1-0:1.8.0",
        "zählerstand_1.8.0",
        "meter_read",
    ]
)
_QUALITIES = frozenset(
    ["qualität", "qualitaet", "status", "messwertstatus", "quality", "flag", "wertstatus"]
)
_NUMBERS = frozenset(
    [
        "zählernummer",
        "zaehlernummer",
        "zähler-nr.",
        "zählernr.",
        "meter_number",
        "meter_serial",
        "meter_serial_number",
        "gerätenummer",
        "geraetenummer",
    ]
)
_UNIT = re.compile(
    r"^(?P<name>.*?)[\s_]*(?:in\s+)?[\[(]?\s*(?P<unit>kwh|mwh|wh)\s*[\])]?$", re.IGNORECASE
)
_KWH = {"kwh": 1.0, "wh": 0.001, "mwh": 1_000.0}
_OURS = frozenset(
    [
        "start",
        "read_at",
        "energy_kwh",
        "register_kwh",
        "register_export_kwh",
        "power_w",
        "interval_s",
        "quality",
        "meter_number",
        "voltage_v",
    ]
)
OPTION = "--map"


def kwh_of(name: str) -> float:
    """Return the factor to kWh of a column by the unit in its name; 1 without one."""
    found = _UNIT.match(name.strip())
    return 1.0 if found is None else _KWH[found["unit"].lower()]


def _plain(name: str) -> tuple[str, bool]:
    """Return the name in the form of the lists above, and whether it has a unit of energy."""
    found = _UNIT.match(name.strip())
    text = name if found is None else found["name"] or "kwh"
    text = re.sub(r"[\s_]+", "_", text.strip().lower()).strip("_:")
    return text, found is not None


def find_names(header: Sequence[str]) -> tuple[dict[str, str], tuple[Guess, ...]]:
    """Find our names for those of a header: ({foreign: ours}, what was guessed).

    What a file calls by our own names stays; only what is missing is looked for.
    """
    plain = {name: _plain(name) for name in header if name and name not in _OURS}
    mapping: dict[str, str] = {}
    values = {"energy_kwh", "register_kwh"} & set(header)
    if not values:
        _take(mapping, "register_kwh", [n for n, (text, _) in plain.items() if text in _REGISTERS])
        energies = [n for n, (text, unit) in plain.items()
                    if text in (_ENERGIES if unit else _SURE_OF_KWH)]  # fmt: skip
        if "register_kwh" not in mapping.values():
            _take(mapping, "energy_kwh", energies)
    value = next(iter({*values, *mapping.values()}), None)
    if value is None:
        return {}, ()
    if not {"start", "read_at"} & set(header):
        _take_times(mapping, plain, "start" if value == "energy_kwh" else "read_at")
    if "quality" not in header:
        _take(mapping, "quality", [n for n, (text, _) in plain.items() if text in _QUALITIES])
    if "meter_number" not in header:
        _take(mapping, "meter_number", [n for n, (text, _) in plain.items() if text in _NUMBERS])
    guesses = tuple(
        Guess("columns", ours, f"{theirs!r}", _why(ours, theirs), OPTION)
        for theirs, ours in mapping.items()
    )
    return mapping, guesses


def _take(mapping: dict[str, str], ours: str, candidates: list[str]) -> None:
    """Take a candidate that stands alone; two need `--map`."""
    candidates = [name for name in candidates if name not in mapping]
    if len(candidates) > 1:
        both = " and ".join(repr(name) for name in candidates[:2])
        raise TableError(f"{both} may both be {ours}; say which with {OPTION} {ours}='…'")
    if candidates:
        mapping[candidates[0]] = ours


def _take_times(mapping: dict[str, str], plain: dict[str, tuple[str, bool]], ours: str) -> None:
    free = {name: text for name, (text, _) in plain.items() if name not in mapping}
    dates = [name for name, text in free.items() if text in _DATES]
    clocks = [name for name, text in free.items() if text in _TIMES_OF_DAY]
    if dates and clocks:
        mapping[dates[0]], mapping[clocks[0]] = DATE, TIME_OF_DAY
        return
    times = [name for name, text in free.items() if text in _TIMES]
    for name in (times or dates)[:1]:
        mapping[name] = ours


def _why(ours: str, theirs: str) -> str:
    if ours == "start":
        return "it is the only name of a time; it is taken as the start of the interval"
    factor = kwh_of(theirs)
    if ours in ("energy_kwh", "register_kwh"):
        return "the name says so" if factor == 1.0 else f"the name says so; × {factor:g} to kWh"
    return "the name says so"
