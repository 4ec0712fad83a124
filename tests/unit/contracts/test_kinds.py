"""Every kind has all its facts in one table, and everything else agrees with it."""

import re
from dataclasses import fields
from pathlib import Path
from string import Formatter

import pytest

from app.analysis.events import CODES
from app.analysis.palette import COLOURS
from contracts import kinds
from contracts.kinds import ANOMALIES, CRASH, EVENTS, FACTORS, SIGNALS, Anomaly, Manoeuvre, Text
from contracts.signals import DATA
from feature_kernels import consumption, driving

ROOT = Path(__file__).parents[3]


def test_tables_and_enumerations_have_the_same_kinds() -> None:
    assert set(ANOMALIES) == set(Anomaly)
    assert set(EVENTS) == {*Manoeuvre, CRASH}
    assert set(SIGNALS) == set(kinds.SignalType) == set(DATA)


def test_the_kernels_know_the_same_kinds() -> None:
    assert set(ANOMALIES) == set(consumption.ANOMALY_KINDS)
    assert set(EVENTS) == set(driving.EVENT_KINDS)
    assert set(FACTORS) == {f.name for model in driving.MODELS.values() for f in model.factors}


def test_a_recording_has_the_kinds_of_both_tables_and_no_other() -> None:
    assert set(CODES) == {*EVENTS, *kinds.RECORDING_EVENTS}
    assert set(kinds.RECORDING_EVENTS) == set(kinds.RecordingEvent)
    assert {facts.colour for facts in kinds.RECORDING_EVENTS.values()} <= set(COLOURS)


def test_a_trip_counts_what_the_table_says() -> None:
    for facts in EVENTS.values():
        shape = driving.TRIP_DTYPE[facts.trip_column].shape
        assert shape == ((3,) if facts.by_severity else ())


def test_every_text_is_there_in_each_language_with_the_same_placeholders() -> None:
    texts = [
        getattr(facts, field.name)
        for table in (ANOMALIES, EVENTS, SIGNALS)
        for facts in table.values()
        for field in fields(facts)
        if isinstance(getattr(facts, field.name), Text)
    ]
    texts += [text for facts in SIGNALS.values() for text in facts.summaries]
    assert len(texts) > 20
    for text in texts:
        used = [
            {name for _, name, _, _ in Formatter().parse(t) if name} for t in text.all().values()
        ]
        assert all(text.all().values())
        assert used[0] == used[1]


def test_every_colour_is_in_both_palettes() -> None:
    style = (ROOT / "api" / "pages" / "static" / "style.css").read_text()
    theme = set(re.findall(r"--([a-z0-9-]+):", style))
    used = {facts.colour for table in (ANOMALIES, EVENTS) for facts in table.values()}
    assert used <= theme
    assert used <= set(COLOURS)


@pytest.mark.parametrize("type_", sorted(DATA))
def test_every_signal_has_a_purpose(type_: str) -> None:
    assert kinds.purpose_of(type_) is not None


def test_an_unknown_signal_has_no_purpose() -> None:
    """So nobody is shown it: `None` is in nobody's grants."""
    assert kinds.purpose_of("device.silent") is None


def test_a_summary_uses_what_was_measured() -> None:
    first = {"score": 71.6, "previous_score": None}
    assert kinds.summary_of("score.changed", first)["en"] == "First driving score: 72"
    later = {"score": 71.6, "previous_score": 50.2}
    assert kinds.summary_of("score.changed", later)["de"] == "Fahrscore 50 → 72"
    assert kinds.summary_of("trip.completed", {})["en"] == "Trip"
