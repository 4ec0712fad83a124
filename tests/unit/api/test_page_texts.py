"""The pages' texts: both languages say the same things, and nothing is said that nobody shows."""

import re
from pathlib import Path
from string import Formatter

import pytest

from api.pages import alerts
from api.pages.frame import formats
from api.pages.frame.texts import DYNAMIC, Texts, best_language, load
from contracts import quality
from contracts.channels import PURPOSES
from contracts.kinds import LANGUAGES
from feature_kernels.consumption import ANOMALY_KINDS
from feature_kernels.driving import CURRENT, EVENT_KINDS
from runtime.errors import Reason
from services.case_types import shipped

PAGES = Path(formats.__file__).parents[1]


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_have_the_same_keys_and_placeholders() -> None:
    de, en = load("de"), load("en")
    assert de.keys() == en.keys()
    assert {k: _placeholders(v) for k, v in de.items()} == {
        k: _placeholders(v) for k, v in en.items()
    }
    assert all(text.strip() for text in (*de.values(), *en.values()))


def test_every_key_is_used_and_every_used_key_is_there() -> None:
    sources = [*PAGES.rglob("*.py"), *PAGES.glob("templates/*.html")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    keys = load("en").keys()
    unused = {
        key
        for key in keys
        if f"'{key}'" not in text
        and f'"{key}"' not in text
        and not key.startswith(tuple(f"{prefix}." for prefix in DYNAMIC))
    }
    assert unused == _built(unused), "texts that no page shows"
    used = set(re.findall(r"(?<![\w.])t\('([a-z_.]+)'[,)]", text))
    assert used - keys == set()


def _built(keys: set[str]) -> set[str]:
    """Keys that a page puts together: a plural, a tile's name, a conditional name."""
    return {
        key
        for key in keys
        if key.rsplit(".", 1)[-1] in ("one", "other") or key.startswith("overview.tile.")
        or key in ("plot.start", "plot.end", "frame.light", "frame.dark")
    }  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_value_of_our_own_has_a_text(language: str) -> None:
    texts = Texts(language)
    for prefix, values in {
        "anomaly": ANOMALY_KINDS,
        "alert.says": ANOMALY_KINDS,
        "alert.method": ANOMALY_KINDS,
        "event": EVENT_KINDS,
        "factor": [factor.name for factor in CURRENT.factors],
        "unit": [factor.unit for factor in CURRENT.factors],
        "dead_letter.reason": list(Reason),
        "consent.purpose": PURPOSES,
        "consent.purpose_text": PURPOSES,
        "feedback": alerts.FEEDBACK,
        "skills": {skill for each in shipped().values() if (skill := each.spec.skill)},
        "interval_reason": [r.name for r in quality.Reason if r is not quality.Reason.AS_READ],
    }.items():
        assert [value for value in values if not texts.has(prefix, str(value))] == []


def test_a_value_nobody_wrote_a_text_for_is_shown_as_it_is() -> None:
    assert Texts("de").of("kind", "something_new") == "something new"
    with pytest.raises(KeyError):
        Texts("de")("no.such.key")


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr,en;q=0.5,de;q=0.7", "de"),
        ("en-US,en", "en"),
        ("de;q=0", "en"),
        ("", "en"),
        ("*;q=x,,;", "en"),
    ],
)
def test_language_of_the_browser(accept: str, language: str) -> None:
    assert best_language(accept) == language


def test_numbers_and_times_are_in_the_language_and_the_zone() -> None:
    from datetime import UTC, datetime, timedelta

    de, en = formats.Formats("de", "Europe/Berlin"), formats.Formats("en", "Europe/Berlin")
    at = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    assert de.moment(at) == "2. Juli 2026, 00:30"
    assert en.moment(at) == "2 Jul 2026, 00:30"
    assert (de.number(1234.5, 1), en.number(1234.5, 1)) == ("1.234,5", "1,234.5")
    assert de.distance_in_time(at, at + timedelta(minutes=5)) == "vor 5 Minuten"
    assert en.metres(float("nan")) == formats.NONE
    assert en.seconds(3_725) == "1\u00a0h 02\u00a0min"
