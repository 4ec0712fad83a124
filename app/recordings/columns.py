"""Columns that the file commands accept, as `tachowatt columns` lists them."""

from typing import Any

from contracts.units import METER_COLUMNS, VEHICLE_COLUMNS

ISO = (
    "ISO 8601 with offset (2026-11-21T10:00:00+01:00 or …Z), without one with --tz, "
    "day first (21.11.2026 10:00) or --date-format, or epoch ms"
)

_TIMES = (
    ("score-trip", "t_s", "s", "seconds from any origin; this or observed_at"),
    ("score-trip", "observed_at", "time", ISO),
    ("analyse-meter", "start", "time", f"start of the interval of energy_kwh: {ISO}"),
    ("analyse-meter", "end", "time", "end of the interval of energy_kwh, where there is no start"),
    ("analyse-meter", "read_at", "time", f"when register_kwh was read: {ISO}"),
)
_TEXTS = {
    "quality": "status that the sender gives: 0 to 6, ABGELESEN, ERSATZWERT, VORSCHLAGSWERT, "
    "PROGNOSEWERT, VORLAEUFIGERWERT, NICHT_VERWENDBAR, FEHLT (BO4E), or A S F E V N (NEM12)",
}


def described() -> list[dict[str, Any]]:
    """List the accepted columns: command, name, unit, lowest, highest, meaning."""
    rows: list[dict[str, Any]] = []
    for command, columns in (("score-trip", VEHICLE_COLUMNS), ("analyse-meter", METER_COLUMNS)):
        rows += [_row(*time) for time in _TIMES if time[0] == command]
        for column in columns:
            if column.name == "meter_key":
                meaning = "number of the meter; another number means that it was exchanged"
                rows.append(_row(command, "meter_number", "text", meaning))
                continue
            meaning = _TEXTS.get(column.name, column.meaning)
            row = _row(command, column.name, column.unit, meaning)
            rows.append(row | {"lowest": column.lowest, "highest": column.highest})
    return rows


def _row(command: str, name: str, unit: str, meaning: str) -> dict[str, Any]:
    return {
        "command": command,
        "name": name,
        "unit": unit,
        "lowest": None,
        "highest": None,
        "meaning": meaning,
    }
