"""Decisions at once, from columns: what random sets of actions do not reach."""

import math
from random import Random
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from customer_context.contact_policy.policy import Person
from customer_context.facts import columns
from customer_context.facts.catalogue import FACTS
from customer_context.facts.known import FactError, FactValue, is_of
from customer_context.next_best_action import compact, record
from customer_context.next_best_action.batch import ROWS, Batch
from customer_context.next_best_action.decide import Request, decide
from customer_context.next_best_action.rules import Rules, load
from proving.decisions import random_sets

NOW_US = random_sets.NOW_US
TEXT = {"de": "Text", "en": "text"}
ALL = frozenset({"driving_score", "energy_insight", "claims_assistance"})


def rules(*conditions: dict[str, Any], **more: Any) -> Rules:
    """One action for an agent, where all conditions hold."""
    action = {
        "id": "one", "title": TEXT, "rests_on": TEXT, "purpose": "driving_score",
        "eligible": list(conditions), **more,
        "treatments": [{"id": "t", "channel": "agent", "text": TEXT}],
    }  # fmt: skip
    issue = {"id": "issue", "version": 1, "title": TEXT,
             "groups": [{"id": "group", "title": TEXT, "actions": [action]}]}  # fmt: skip
    return load({"issue.yaml": yaml.safe_dump(issue)})


def request(*facts: FactValue) -> Request:
    return Request(NOW_US, frozenset({"agent"}), facts, Person("UTC", ALL))


def any_value() -> st.SearchStrategy[tuple[str, Any]]:
    """A fact with a value, mostly of its type."""
    numbers = st.one_of(
        st.integers(-(2**60), 2**60), st.integers(0, 4), st.floats(width=64),
        st.sampled_from([2**53, 2**53 + 1, -0.0, 10**400]),
    )  # fmt: skip
    values = st.one_of(numbers, st.booleans(), st.sampled_from(["spike", "gap", "flat", "x"]))
    return st.tuples(st.sampled_from(random_sets.NAMES), values)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32),
    st.lists(st.lists(any_value(), max_size=6), min_size=1, max_size=6),
    st.integers(1, 2**60),
)
def test_any_values_give_what_one_by_one_gives(
    seed: int, given_: list[list[tuple[str, Any]]], bound: int
) -> None:
    random = Random(seed)
    made = rules(
        random_sets.condition(random), value={"fact": "driving.year_km", "least": 1, "most": bound},
        context=[{"when": [{"fact": "case.open", "at_most": bound}], "weight": 20}],
    )  # fmt: skip
    requests = [request(*(FactValue(n, v, NOW_US) for n, v in one)) for one in given_]
    if all(is_of(FACTS[n], v) for one in given_ for n, v in one):
        assert Batch(made).decide(requests) == [decide(made, one) for one in requests]
    else:
        with pytest.raises(FactError):
            Batch(made).decide(requests)


def test_a_whole_number_beyond_float64_is_exact() -> None:
    made = rules({"fact": "case.open", "at_most": 2**53})
    requests = [request(FactValue("case.open", 2**53 + more, NOW_US)) for more in (0, 1)]
    assert [len(one) for one in Batch(made).decide(requests)] == [1, 0]


def test_the_newest_value_that_exists_counts() -> None:
    made = rules({"fact": "driving.score", "at_least": 90})
    old, new = (FactValue("driving.score", value, NOW_US + at) for value, at in ((80, -9), (95, 0)))
    ahead = FactValue("driving.score", 10, NOW_US + 1)
    requests = [request(old, new), request(new, old), request(new, ahead), request(old), request()]
    assert [len(one) for one in Batch(made).decide(requests)] == [1, 1, 1, 0, 0]


@pytest.mark.parametrize(
    ("name", "value"), [("no.fact", 1), ("driving.score", math.nan), ("anomaly.kind", "x")]
)
def test_what_is_no_value_is_refused(name: str, value: Any) -> None:
    made = rules()
    with pytest.raises(FactError):
        Batch(made).decide([request(), request(FactValue(name, value, NOW_US))])


def test_more_than_are_decided_at_once() -> None:
    made = rules({"fact": "driving.score", "at_least": 90})
    requests = [
        request(FactValue("driving.score", 80 + number % 20, NOW_US)) for number in range(ROWS + 5)
    ]
    assert Batch(made).decide(requests) == [decide(made, one) for one in requests]
    assert Batch(made).decide([]) == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(any_value(), max_size=6), min_size=1, max_size=4), st.booleans())
def test_the_compact_form_keeps_all(given_: list[list[tuple[str, Any]]], usual: bool) -> None:
    records = []
    for every in given_:
        facts = [FactValue(n, v, NOW_US, 0.5) for n, v in every if is_of(FACTS[n], v)]
        person = Person("UTC", ALL, preferred={} if usual else {"motor": "email"})
        asked = Request(NOW_US, frozenset({"inbox"}), facts, person, most=1 if usual else 2)
        records.append(record.of_request(rules(), asked))
    made = [compact.compact(one, NOW_US) for one in records]
    # As JSON, numbers of either type are the same: 1 and 1.0.
    assert [compact.record_of(one, NOW_US) for one in made] == records
    assert all(("most" in one.request) != usual for one in made)
    exact = [
        (at, one.facts, row["facts"])
        for at, (one, row) in enumerate(zip(made, records, strict=True))
        if "facts" not in one.request
    ]
    values = np.array([value for one in made for value in one.values], np.float64)
    at_us = np.array([at for one in made for at in one.at_us], np.int64)
    places = [compact.places_of(names) for _, names, _ in exact]
    flat = compact.flat_of(np.arange(len(exact)), places, values, at_us)
    plain = columns.flat_of([facts for _, _, facts in exact])
    assert [len(one.values) for one in made if one.values] == [
        len(facts) for _, _, facts in exact if facts
    ]
    assert flat.rows.tolist() == plain.rows.tolist()
    assert flat.values.tolist() == plain.values.tolist()
    assert flat.at_us.tolist() == plain.at_us.tolist()
