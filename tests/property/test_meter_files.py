"""Random meter files: the total is the truth, or the file is a question. Never silently wrong."""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.analysis.meter import analyse
from app.recordings.read import TableError, read_meter_table

FILES = settings(max_examples=120, deadline=None, derandomize=True)
# A day before a change of the clock, or an ordinary one.
BEGINNINGS = {
    "Europe/Berlin": ("2026-03-27", "2026-10-23", "2026-06-01"),
    "Europe/London": ("2026-03-27", "2026-10-23", "2026-01-05"),
    "America/New_York": ("2026-03-06", "2026-10-30", "2026-11-12"),
    "Australia/Sydney": ("2026-04-03", "2026-10-02", "2026-12-01"),
    "Australia/Lord_Howe": ("2026-04-03", "2026-10-02", "2026-12-01"),
    "UTC": ("2026-02-01",),
}
DATES = ("%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%m/%d/%Y %I:%M %p",
         "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%d-%b-%Y %H:%M", "%Y/%m/%d %H:%M")  # fmt: skip
ENCODINGS = ("utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be")
CODES = ("4294967.295", "8589934.592", "4294967295", "99999.999", "-2147483.648")
ABSENT = ("", "null", "n/a", "-")


def number(value: float, decimals: int, style: str) -> str:
    """Write a number in a style: point, comma, German or English with thousands."""
    plain = f"{value:.{decimals}f}"
    english = f"{value:,.{decimals}f}"
    if style == "german":
        return english.translate(str.maketrans(",.", ".,"))
    return {"point": plain, "comma": plain.replace(".", ","), "english": english}[style]


def walls(first: str, zone: str, days: int, step_min: int) -> list[datetime]:
    """Wall times of each interval that exists, in the order of time."""
    place = ZoneInfo(zone)
    start = datetime.fromisoformat(first).replace(tzinfo=place).astimezone(UTC)
    end = (datetime.fromisoformat(first) + timedelta(days=days)).replace(tzinfo=place)
    count = round((end.astimezone(UTC) - start) / timedelta(minutes=step_min))
    return [
        (start + timedelta(minutes=i * step_min)).astimezone(place).replace(tzinfo=None)
        for i in range(count)
    ]


def skipped(times: list[datetime], step_min: int) -> list[tuple[int, datetime]]:
    """Wall times that spring skips: (position of the next time that exists, wall time)."""
    step = timedelta(minutes=step_min)
    found = []
    for i in range(1, len(times)):
        at = times[i - 1] + step
        while at < times[i]:
            found.append((i, at))
            at += step
    return found


@st.composite
def files(draw: st.DrawFn) -> tuple[bytes, str, float, int]:
    """A file with what it is made of: (bytes, zone, truth kWh, refused values)."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    zone = draw(st.sampled_from(sorted(BEGINNINGS)))
    first = draw(st.sampled_from(BEGINNINGS[zone]))
    step_min = draw(st.sampled_from([15, 30, 60]))
    times = walls(first, zone, draw(st.integers(4, 9)), step_min)
    registers = draw(st.booleans())
    decimals = draw(st.integers(1, 4) if registers else st.integers(3, 4))
    use = (0.1 + 0.3 * rng.random(len(times))) * step_min / 60
    if registers:
        values = np.round(draw(st.sampled_from([900.0, 12_000.0, 850_000.0])) + np.cumsum(use),
                          decimals)  # fmt: skip
        truth = values[-1] - values[0]
    else:
        values = np.round(use, decimals)
        truth = float(values.sum())
    style = draw(st.sampled_from(["point", "comma", "german", "english"]))
    cells = [number(value, decimals, style) for value in values]
    refused = draw(st.lists(st.integers(2, len(times) - 3), max_size=3, unique=True))
    for at in refused:
        if registers:
            digit = draw(st.integers(-9, 9)) * 10.0 ** draw(st.integers(-1, 2))
            cells[at] = number(max(values[at] + digit, 0.0), decimals, style)
        else:
            value = float(draw(st.sampled_from(CODES)))
            cells[at] = number(value, decimals, style)
            truth -= values[at]
    date = draw(st.sampled_from(DATES))
    rows = [(at.strftime(date), cell) for at, cell in zip(times, cells, strict=True)]
    if draw(st.booleans()):
        fill = draw(st.sampled_from([*ABSENT, number(0.0, decimals, style)]))
        for position, at in reversed(skipped(times, step_min)):
            rows.insert(position, (at.strftime(date), fill))
    header = ("read_at", "register_kwh") if registers else ("start", "energy_kwh")
    if draw(st.booleans()):
        header = ("Zeitstempel", "Zählerstand (kWh)" if registers else "Verbrauch (kWh)")
    delimiter = draw(st.sampled_from([";", "\t", ","]))
    mark = '"' if delimiter == "," else ""
    tail = draw(st.sampled_from(["", delimiter]))
    lines = [f"{header[0]}{delimiter}{header[1]}{tail}"]
    lines += [f"{at}{delimiter}{mark}{cell}{mark}{tail}" for at, cell in rows]
    end = draw(st.sampled_from(["\n", "\r\n"]))
    text = end.join(lines) + end
    return text.encode(draw(st.sampled_from(ENCODINGS))), zone, truth, len(refused)


def answer_of(path: Path, zone: str) -> dict[str, Any] | None:
    """Analyse a file; None for a question, which names the option that answers it."""
    try:
        return analyse(read_meter_table(path, zone)).answer
    except TableError as question:
        if "--" not in str(question):
            raise
        return None


@FILES
@given(files())
def test_a_total_is_the_truth_or_a_question(file: tuple[bytes, str, float, int]) -> None:
    content, zone, truth, refused = file
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "meter.csv"
        path.write_bytes(content)
        answer = answer_of(path, zone)
    if answer is None:
        return
    if any("no later reading confirms" in note or "not known" in note for note in answer["notes"]):
        return  # a question too
    assert answer["energy_kwh"] == pytest.approx(truth, abs=1e-5), answer["notes"]
    if refused == 0:
        assert answer["doubted"] == []
