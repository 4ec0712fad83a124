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
    {"messzeitpunkt", "zeitstempel", "zeitpunkt", "timestamp", "datetime", "ablesezeitpunkt",
     "ablesedatum", "messzeit", "beginn", "startzeit", "von", "from", "start", "ab", "utc",
     "monat", "month"}
)  # fmt: skip
_BEGINS = frozenset({"beginn", "startzeit", "von", "from", "start", "ab"})
_DATES = frozenset({"datum", "date", "tag", "day"})
_CLOCKS = frozenset({"uhrzeit", "zeit", "time"})
_ENDS = frozenset({"bis", "to", "end", "ende", "until", "endzeit"})
_ENERGIES = frozenset(
    {"verbrauch", "stromverbrauch", "energieverbrauch", "consumption", "usage", "kwh"}
)  # say what they are without a unit
_REGISTERS = frozenset(
    {"zählerstand", "zaehlerstand", "stand", "ablesestand", "reading", "register", "1.8.0"}
)
_NOT_IMPORT = frozenset(
    {"einspeisung", "lieferung", "erzeugung", "export", "generation", "production", "feed", "2.8.0",
     "preis", "kosten", "price", "cost", "kumuliert", "cumulative", "vorjahr", "prognose"}
)  # fmt: skip
_REGISTER_CODES = {
    "1.8.1": "register_t1_kwh", "1.8.2": "register_t2_kwh", "2.8.0": "register_export_kwh"
}  # fmt: skip
_QUALITIES = frozenset(
    {"qualität", "qualitaet", "status", "messwertstatus", "quality", "flag", "wertstatus"}
)
_NUMBERS = frozenset({"zählernummer", "zaehlernummer", "gerätenummer", "geraetenummer"})
_UNIT = re.compile(r"(?:^|[\s_(\[])(kwh|mwh|wh)(?:$|[\s_)\]])", re.IGNORECASE)
_KWH = {"kwh": 1.0, "wh": 0.001, "mwh": 1_000.0}
_OURS = frozenset(
    {"start", "read_at", "end", "energy_kwh", "register_kwh", "register_export_kwh", "power_w",
     "interval_s", "quality", "meter_number", "voltage_v", "register_t1_kwh", "register_t2_kwh"}
)  # fmt: skip
OPTION = "--map"


def kwh_of(name: str) -> float:
    """Return the factor to kWh of a column by the unit in its name; 1 without one."""
    found = _UNIT.search(name)
    return 1.0 if found is None else _KWH[found[1].lower()]


def names_a_begin(name: str) -> bool:
    """Return whether a name says that the time is the begin of an interval."""
    return bool(_words(name) & _BEGINS)


def _words(name: str) -> frozenset[str]:
    """Return the words of a name, small."""
    text = re.sub(r"[^0-9a-zäöüß.:]+", " ", name.lower().replace("1-0:", ""))
    return frozenset(word.strip(".:") for word in text.split())


def find_names(header: Sequence[str]) -> tuple[dict[str, str], tuple[Guess, ...]]:
    """Find our names for those of a header: ({foreign: ours}, what was guessed).

    What a file calls by our own names stays; only what is missing is looked for.

    Raises TableError where two columns may be the same.
    """
    words = {name: _words(name) for name in header if name and name not in _OURS}
    mapping: dict[str, str] = {}
    values = {"energy_kwh", "register_kwh"} & set(header)
    if not values:
        ours = {name: found for name, found in words.items() if not found & _NOT_IMPORT}
        registers = [name for name, found in ours.items() if found & _REGISTERS]
        energies = [
            name for name, found in ours.items()
            if name not in registers and (_UNIT.search(name) or found & _ENERGIES)
        ]  # fmt: skip
        if registers and not energies:
            _take(mapping, "register_kwh", registers)
        else:
            _take(mapping, "energy_kwh", energies)
    value = next(iter({*values, *mapping.values()}), None)
    if value is None and _has_tariffs(header, words):
        value = "register_kwh"  # the sum of both
    if value is None:
        return {}, ()
    if not {"start", "read_at", "end"} & set(header):
        _take_times(mapping, words, "start" if value == "energy_kwh" else "read_at")
    for ours_name, known in (("quality", _QUALITIES), ("meter_number", _NUMBERS)):
        if ours_name not in header:
            found = [n for n, each in words.items() if each & known and n not in mapping]
            if len(found) == 1:
                mapping[found[0]] = ours_name
    if value == "register_kwh":
        for code, ours_name in _REGISTER_CODES.items():
            found = [n for n, each in words.items() if code in each]
            if len(found) == 1 and ours_name not in header:
                mapping[found[0]] = ours_name
    guesses = tuple(
        Guess("columns", ours_name, f"{theirs!r}", _why(ours_name, theirs), OPTION)
        for theirs, ours_name in mapping.items()
    )
    return mapping, guesses


def _has_tariffs(header: Sequence[str], words: dict[str, frozenset[str]]) -> bool:
    """Return whether the registers of both tariffs are there."""
    codes = {code for found in words.values() for code in found}
    return all(
        ours in header or code in codes
        for code, ours in _REGISTER_CODES.items()
        if ours != "register_export_kwh"
    )


def _take(mapping: dict[str, str], ours: str, candidates: list[str]) -> None:
    """Take a candidate that stands alone; two need `--map`."""
    if len(candidates) > 1:
        both = " and ".join(repr(name) for name in candidates[:2])
        raise TableError(f"{both} may both be {ours}; say which with {OPTION} {ours}='…'")
    if candidates:
        mapping[candidates[0]] = ours


def _take_times(mapping: dict[str, str], words: dict[str, frozenset[str]], ours: str) -> None:
    """Take the time: one column, or a date and a time of day. Of a from and a to, the from."""
    free = {n: found for n, found in words.items() if n not in mapping and not found & _ENDS}
    dates = [name for name, found in free.items() if found & _DATES]
    only_dates = [name for name in dates if not free[name] & (_CLOCKS | _TIMES)]
    clocks = [n for n, found in free.items() if n not in dates and found & (_CLOCKS | _TIMES)]
    if only_dates and clocks:
        mapping[only_dates[0]], mapping[clocks[0]] = DATE, TIME_OF_DAY
        return
    for name in [n for n, found in free.items() if found & (_TIMES | _DATES | _CLOCKS)][:1]:
        mapping[name] = ours
        return
    ends = [name for name, found in words.items() if name not in mapping and found & _ENDS]
    if len(ends) == 1 and ours == "start":
        mapping[ends[0]] = "end"


def _why(ours: str, theirs: str) -> str:
    if ours == "end":
        return "the name says so; its start is an interval earlier"
    if ours == "start":
        return "it is the only name of a time; it is taken as the start of the interval"
    factor = kwh_of(theirs)
    if ours.endswith("_kwh"):
        return "the name says so" if factor == 1.0 else f"the name says so; × {factor:g} to kWh"
    return "the name says so"
