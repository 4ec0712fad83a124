"""Facts: what exists for a decision, and conditions on it, against the plain oracle."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.kinds import LANGUAGES
from contracts.purposes import Purpose
from customer_context.facts import conditions
from customer_context.facts.catalogue import FACTS, FactType, as_rows
from customer_context.facts.conditions import Condition
from customer_context.facts.known import FactError, FactValue, checked, from_text, is_of, known
from tests.oracles import next_best_action as oracle

NOW_US = 1_795_000_000_000_000
DAY_US = 86_400_000_000
CATALOGUE = {row["name"]: row for row in as_rows()}
NAMES = st.sampled_from(sorted(FACTS))


def value_of(name: str) -> st.SearchStrategy[Any]:
    fact = FACTS[name]
    return {
        FactType.BOOLEAN: st.booleans(),
        FactType.INTEGER: st.integers(-5, 5),
        FactType.NUMBER: st.floats(-5, 5) | st.integers(-5, 5),
        FactType.CHOICE: st.sampled_from(fact.choices or ("-",)),
    }[fact.type]


VALUES = NAMES.flatmap(
    lambda name: st.builds(
        FactValue, st.just(name), value_of(name), st.integers(NOW_US - 60 * DAY_US, NOW_US + DAY_US)
    )
)
GRANTED = st.frozensets(st.sampled_from([str(purpose) for purpose in Purpose]))


def test_each_fact_is_named_in_both_languages_and_unique() -> None:
    assert len(FACTS) == len(as_rows())
    for fact in FACTS.values():
        assert all(fact.title(one) and fact.description(one) for one in LANGUAGES)
        assert (fact.type == FactType.CHOICE) == bool(fact.choices)


@given(st.lists(VALUES, max_size=20, unique_by=lambda v: (v.name, v.at_us)), GRANTED)
def test_what_is_known_is_what_the_oracle_says(
    values: list[FactValue], granted: frozenset[str]
) -> None:
    plain = [(one.name, one.value, one.at_us) for one in values]
    assert known(values, granted, NOW_US) == oracle.visible(plain, CATALOGUE, granted, NOW_US)


@given(st.lists(VALUES, max_size=20))
def test_without_consent_nothing_that_rests_on_a_purpose_exists(values: list[FactValue]) -> None:
    assert all(FACTS[name].purpose is None for name in known(values, frozenset(), NOW_US))


@st.composite
def some_conditions(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(NAMES)
    fact = FACTS[name]
    kinds = ["is", "in", "known"]
    if fact.type in (FactType.NUMBER, FactType.INTEGER):
        kinds.append("bounds")
    kind = draw(st.sampled_from(kinds))
    if kind == "is":
        return {"fact": name, "is": draw(value_of(name))}
    if kind == "in":
        return {"fact": name, "in": draw(st.lists(value_of(name), min_size=1, max_size=3))}
    if kind == "known":
        return {"fact": name, "known": draw(st.booleans())}
    bounds = st.sampled_from(["at_least", "at_most", "above", "below"])
    found = draw(st.dictionaries(bounds, st.integers(-5, 5), min_size=1, max_size=2))
    return {"fact": name, **found}


CONDITIONS = some_conditions() | st.lists(some_conditions(), min_size=1, max_size=3).map(
    lambda several: {"any_of": several}
)


@given(CONDITIONS, st.lists(VALUES, max_size=20))
def test_a_condition_holds_where_the_oracle_says(
    condition: dict[str, Any], values: list[FactValue]
) -> None:
    facts = known(values, frozenset(Purpose), NOW_US)
    made = Condition.model_validate(condition)
    test = conditions.compiled(made)
    assert test(facts) == oracle.condition_holds(condition, facts)
    assert conditions.text(made)
    if not any(word in str(condition) for word in ("'known'", "any_of")):
        assert not test({})  # what is not known holds nothing


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ({"fact": "weather.rain", "is": True}, "there is no fact 'weather.rain'"),
        ({"fact": "case.open"}, "expected one test"),
        ({"fact": "case.open", "is": 1, "known": True}, "expected one test"),
        ({"fact": "case.open", "is": True}, "expected a whole number (cases), found True"),
        ({"fact": "case.complaint", "at_least": 1}, "it has no bounds"),
        ({"fact": "tariff.motor", "in": ["cheap"]}, "expected one of flat, mileage"),
        ({"is": True}, "expected a fact"),
        ({"any_of": [{"fact": "case.open"}]}, "expected one test"),
        ({"any_of": [{"fact": "case.open", "is": 1}], "fact": "case.open"}, "stands alone"),
    ],
)
def test_a_wrong_condition_says_what_is_expected(condition: dict[str, Any], says: str) -> None:
    made = Condition.model_validate(condition)
    assert says in str(conditions.problem(made))
    with pytest.raises(FactError):
        conditions.compiled(made)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("weather.frost_24h", "true", True),
        ("case.open", "2", 2),
        ("consumption.year_kwh", "3100.5", 3100.5),
        ("tariff.motor", "flat", "flat"),
    ],
)
def test_a_person_types_a_value(name: str, text: str, value: Any) -> None:
    assert from_text(name, text) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [("case.open", "2.5"), ("weather.frost_24h", "yes"), ("tariff.motor", "x"), ("nope", "1")],
)
def test_a_typed_value_of_another_type_is_refused(name: str, text: str) -> None:
    with pytest.raises(FactError, match=r"expected|no fact"):
        from_text(name, text)


@given(NAMES)
def test_no_value_is_none_nan_or_infinite(name: str) -> None:
    assert not any(is_of(FACTS[name], value) for value in (None, float("nan"), float("inf"), [1]))
    with pytest.raises(FactError):
        checked(name, None)
