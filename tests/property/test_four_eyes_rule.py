"""Four eyes: whatever people do in whatever order, a change is made once, after a second person of
the same company has approved it; the rule and its plain twin say the same."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from customer_context.four_eyes import rule
from customer_context.four_eyes.rule import Actor, Request
from tests.oracles import four_eyes as oracle

PEOPLE = {
    "anna": ("t1", "operator"),
    "boris": ("t1", "operator"),
    "carla": ("t1", "data_protection"),
    "dora": ("t1", "agent"),
    "emil": ("t2", "operator"),
}
REQUESTERS, APPROVERS = frozenset({"operator"}), frozenset({"operator", "data_protection"})
VALID_US = 100
WHATS = ("ask", "approve", "reject", "execute", "change")

steps = st.lists(
    st.tuples(
        st.integers(0, 40),
        st.sampled_from(WHATS),
        st.sampled_from([*PEOPLE, None]),
    ),
    max_size=12,
)


def played(found: list[tuple[int, str, str | None]]) -> list[bool]:
    """The same play by the rule of the package."""
    request: Request | None = None
    subject, did = 0, []
    for now, what, who in found:
        tenant, role = PEOPLE.get(who or "", ("-", "-"))
        actor, done = Actor(who, tenant, role), False
        if what == "change":
            subject, done = subject + 1, True
        elif what == "ask" and request is None:
            done = rule.may_request(actor, REQUESTERS) is None
            if done:
                request = Request(tenant, who or "", str(subject), now + VALID_US)
        elif what in ("approve", "reject") and request is not None:
            done = rule.may_decide(request, actor, APPROVERS, str(subject), now) is None
            if done:
                request = replace(request, verdict="approved" if what == "approve" else "rejected")
        elif what == "execute" and request is not None:
            done = rule.may_execute(request, actor, REQUESTERS, str(subject), now) is None
            if done:
                request = replace(request, executed=True)
        did.append(done)
    return did


def in_time(found: list[tuple[int, str, Any]]) -> list[tuple[int, str, Any]]:
    """Steps with times that never go back."""
    now, ordered = 0, []
    for pause, what, who in found:
        now += pause
        ordered.append((now, what, who))
    return ordered


@settings(max_examples=600)
@given(steps)
def test_rule_and_twin_say_the_same(found: list[tuple[int, str, Any]]) -> None:
    ordered = in_time(found)
    assert played(ordered) == oracle.play(PEOPLE, ordered, REQUESTERS, APPROVERS, VALID_US)


@settings(max_examples=600)
@given(steps)
def test_nothing_is_done_without_a_second_person(found: list[tuple[int, str, Any]]) -> None:
    ordered = in_time(found)
    done = [step for step, did in zip(ordered, played(ordered), strict=True) if did]
    executions = [position for position, step in enumerate(done) if step[1] == "execute"]
    assert len(executions) <= 1
    for position in executions:
        before = done[:position]
        asked = next(step for step in before if step[1] == "ask")
        approved = next(step for step in before if step[1] == "approve")
        assert asked[2] == done[position][2] != approved[2]
        assert PEOPLE[asked[2]][0] == PEOPLE[approved[2]][0]
        assert done[position][0] < asked[0] + VALID_US
        assert not [step for step in before[before.index(asked) :] if step[1] == "change"]


def test_the_twin_bites() -> None:
    """A play that goes through, and each way in which it does not."""
    good = [(0, "ask", "anna"), (1, "approve", "carla"), (2, "execute", "anna")]
    assert played(good) == [True, True, True]
    for spoilt in (
        [(0, "ask", "anna"), (1, "approve", "anna"), (2, "execute", "anna")],
        [(0, "ask", "anna"), (1, "approve", "emil"), (2, "execute", "anna")],
        [(0, "ask", "anna"), (1, "approve", "dora"), (2, "execute", "anna")],
        [(0, "ask", "anna"), (1, "approve", None), (2, "execute", "anna")],
        [(0, "ask", "anna"), (1, "reject", "carla"), (2, "execute", "anna")],
        [(0, "ask", "anna"), (1, "approve", "carla"), (100, "execute", "anna")],
        [(0, "ask", "anna"), (1, "approve", "carla"), (2, "execute", "boris")],
        [(0, "ask", "anna"), (1, "approve", "carla"), (2, "change", None), (3, "execute", "anna")],
    ):
        assert played(spoilt)[-1] is False, spoilt
        assert oracle.play(PEOPLE, spoilt, REQUESTERS, APPROVERS, VALID_US)[-1] is False
