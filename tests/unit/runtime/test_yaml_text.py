"""YAML read by libyaml: the same as by the package's own reader, and no text ends the process."""

from pathlib import Path

import pytest
import yaml

from runtime import yaml_text

ROOT = Path(__file__).parents[3]
OURS = sorted(
    path
    for package in ("api", "customer_context", "store", "deploy", "docs")
    for path in (ROOT / package).rglob("*.yaml")
    if "!override" not in path.read_text()
)


def test_our_files_are_read_alike() -> None:
    assert len(OURS) > 15
    for path in OURS:
        text = path.read_text(encoding="utf-8")
        assert yaml_text.load(text) == yaml.safe_load(text)
        if "customer_context" in path.parts:  # others merge keys
            assert yaml_text.load(text, unique=True) == yaml.safe_load(text)


@pytest.mark.parametrize(
    "text",
    [
        "- " * 200_000,
        "[" * 200_000,
        "? " * 100_000,
        "{a: " * 100_000,
        "a: " + "[" * 101 + "]" * 101,
    ],
    ids=["sequence", "flow", "key", "mapping", "one level too many"],
)
def test_a_text_that_is_nested_too_deeply_is_refused(text: str) -> None:
    with pytest.raises(RecursionError, match="100 levels"):
        yaml_text.load(text)


def test_a_hundred_levels_are_read() -> None:
    assert str(yaml_text.load("[" * 100 + "]" * 100)) == "[" * 100 + "]" * 100


def test_a_duplicate_key_is_refused_where_keys_are_unique() -> None:
    assert yaml_text.load("a: 1\na: 2") == {"a": 2}
    with pytest.raises(yaml.YAMLError, match="the key 'a' is duplicate"):
        yaml_text.load("a: 1\na: 2", unique=True)


def test_an_error_shows_the_line() -> None:
    with pytest.raises(yaml.YAMLError) as found:
        yaml_text.load("a: 1\nb: ]\n")
    assert "line 2" in str(found.value) and "b: ]" in str(found.value)
