"""Files of the score: claims that an insurer gives, and rows that it gets."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runtime.errors import Usage

CLAIM_COLUMNS = ("driver", "exposure_km", "claims")


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows with the same keys; an absent value is an empty cell. Raises `Usage`."""
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            if rows:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
    except OSError as error:
        raise Usage(f"{path}: {error}") from None


def read_claims(path: Path) -> dict[str, tuple[float, float]]:
    """Return driver → (km insured, claims); rows of one driver are added.

    Raises `Usage` with the line where a row says nothing usable.
    """
    found: dict[str, tuple[float, float]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if len(reader.fieldnames or ()) == 1 and ";" in (reader.fieldnames or ("",))[0]:
                raise Usage(f"{path}: columns are separated by semicolons; expected commas")
            missing = [name for name in CLAIM_COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise Usage(f"{path}: no column {missing[0]}; expected {', '.join(CLAIM_COLUMNS)}")
            for number, row in enumerate(reader, start=2):
                if not row["driver"]:
                    raise Usage(f"{path}: line {number}: no driver")
                if None in row:
                    raise Usage(f"{path}: line {number}: more values than columns (12,5 is 12.5)")
                km, claims = (_number(path, number, row, name) for name in CLAIM_COLUMNS[1:])
                if km == 0.0:
                    raise Usage(f"{path}: line {number}: exposure_km must be more than 0")
                before = found.get(row["driver"], (0.0, 0.0))
                found[row["driver"]] = (before[0] + km, before[1] + claims)
            if not found:
                raise Usage(f"{path}: no rows")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Usage(f"{path}: {error}") from None
    return found


def _number(path: Path, line: int, row: Mapping[str, str | None], name: str) -> float:
    try:
        value = float(row[name] or "")
    except ValueError:
        raise Usage(f"{path}: line {line}: {name} is no number: {row[name]!r}") from None
    if not 0.0 <= value < float("inf"):
        raise Usage(f"{path}: line {line}: {name} must not be negative: {value}")
    return value
