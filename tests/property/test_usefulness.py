"""Learned usefulness: what feedback may and may not do to the order of what matters."""

from dataclasses import astuple, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer_context.relevance.rank import Item, rank
from customer_context.relevance.usefulness import Feedback, Reaction, learnt
from tests.oracles import relevance

NOW_US = 1_795_000_000_000_000
DAY_US = 86_400_000_000
KINDS = ("case", "alert", "score", "contact")
TOPICS = ("spike", "gap", "letter")

FEEDBACK = st.lists(
    st.builds(
        Feedback,
        st.sampled_from(KINDS),
        st.sampled_from(TOPICS),
        st.sampled_from(["agent", "customer"]),
        st.integers(0, 40),
        st.integers(0, 40),
        st.integers(0, 40),
    ),
    max_size=12,
)
WHICH = st.tuples(
    st.sampled_from(KINDS), st.sampled_from(TOPICS), st.sampled_from(["agent", "customer"])
)
ALONE = st.builds(
    Item,
    st.sampled_from(KINDS),
    st.uuids().map(str),
    st.integers(NOW_US - 60 * DAY_US, NOW_US),
    st.integers(1, 3),
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, "vehicle:v", "meter:m"]),
    failed=st.booleans(),
    topic=st.sampled_from(TOPICS),
)
"""Items each of an occasion of its own."""


def ordered(items: list[Item], feedback: list[Feedback]) -> list[Item]:
    """The items in their order to an agent; what was learnt is not compared."""
    known = [replace(i, learnt=learnt(feedback, i.kind, i.topic, "agent")) for i in items]
    return [replace(r.item, learnt=1.0) for r in rank(known, NOW_US, len(items))]


@given(FEEDBACK, WHICH)
@settings(max_examples=100)
def test_what_is_learnt_is_what_the_oracle_says(
    feedback: list[Feedback], which: tuple[str, str, str]
) -> None:
    expected = relevance.learnt([astuple(one) for one in feedback], *which)
    assert learnt(feedback, *which) == pytest.approx(expected)
    assert 0 <= learnt(feedback, *which) <= 2
    assert learnt([], *which) == 1


@given(FEEDBACK, WHICH, st.sampled_from(list(Reaction)), WHICH)
@settings(max_examples=100)
def test_one_more_reaction_moves_the_right_way(
    feedback: list[Feedback],
    which: tuple[str, str, str],
    reaction: Reaction,
    asked: tuple[str, str, str],
) -> None:
    more = [*feedback, replace(Feedback(*which), **{reaction: 1})]
    before, after = learnt(feedback, *asked), learnt(more, *asked)
    if reaction == Reaction.DISMISSED:
        assert after <= before
    if reaction == Reaction.USED:
        assert after >= before
    if asked[0] != which[0]:
        assert after == before  # it says nothing of another kind


@given(st.lists(ALONE, max_size=10), FEEDBACK, WHICH, st.integers(1, 30))
@settings(max_examples=150)
def test_a_kind_that_is_dismissed_never_rises(
    items: list[Item], feedback: list[Feedback], which: tuple[str, str, str], times: int
) -> None:
    more = [*feedback, replace(Feedback(*which), dismissed=times)]
    before, after = ordered(items, feedback), ordered(items, more)
    for most in range(1, len(items) + 1):
        assert sum(i.kind == which[0] for i in after[:most]) <= sum(
            i.kind == which[0] for i in before[:most]
        )


@given(st.lists(ALONE, max_size=10), FEEDBACK)
@settings(max_examples=150)
def test_what_is_open_or_about_it_never_falls(items: list[Item], feedback: list[Feedback]) -> None:
    """However often everything is dismissed, work and what is about it keep their place or rise."""
    dismissed = [replace(one, opened=0, used=0) for one in feedback]
    before, after = ordered(items, []), ordered(items, dismissed)
    open_ = {item.subject for item in items if item.open} - {None}
    for item in items:
        if item.stands or item.subject in open_:
            assert after.index(item) <= before.index(item)
