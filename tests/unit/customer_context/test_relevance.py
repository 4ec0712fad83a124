"""What matters now: the order, and its reasons."""

from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.kinds import RELEVANCE_HALF_LIFE_S
from customer_context.relevance.rank import Item, rank
from tests.oracles import relevance

NOW_US = 1_795_000_000_000_000
MINUTE_US, HOUR_US, DAY_US = 60_000_000, 3_600_000_000, 86_400_000_000


def order(*items: Item) -> list[str]:
    return [ranked.item.id for ranked in rank(items, NOW_US, 50)]


def codes(item: Item, *others: Item) -> list[str]:
    (found,) = [r for r in rank([item, *others], NOW_US, 50) if r.item == item]
    return [reason.code for reason in found.reasons]


def test_what_is_open_comes_before_what_is_done_however_old() -> None:
    old = Item("case", "old", NOW_US - 200 * DAY_US, severity=2, open=True)
    new = Item("case", "new", NOW_US - HOUR_US, severity=2)
    assert order(new, old) == ["old", "new"]
    assert codes(old) == ["open", "severity"]


def test_a_crash_that_waits_comes_first() -> None:
    due = NOW_US + 10 * MINUTE_US
    case = Item("case", "crash", NOW_US - 5 * MINUTE_US, severity=3, open=True, urgent=True,
                subject="vehicle:v", case_id="crash", due_us=due)  # fmt: skip
    alert = Item("alert", "alert", NOW_US - 5 * MINUTE_US, severity=3, open=True)
    assert order(alert, case) == ["crash", "alert"]
    assert set(codes(case)) == {"recent", "urgent", "open", "due_soon", "severity"}


def test_deadlines_pass() -> None:
    def case(name: str, due_us: int) -> Item:
        return Item("case", name, NOW_US - DAY_US, open=True, due_us=due_us)

    later, soon = case("later", NOW_US + 5 * HOUR_US), case("soon", NOW_US + 5 * MINUTE_US)
    over = case("over", NOW_US - 90 * MINUTE_US)
    assert order(later, soon, over) == ["over", "soon", "later"]
    assert ("due" in codes(later), "overdue" in codes(over)) == (True, True)
    (found,) = rank([over], NOW_US, 1)
    assert found.reasons[0].text == "overdue by 2 hours"


def test_what_belongs_to_something_open_is_carried_up() -> None:
    case = Item("case", "case", NOW_US - DAY_US, open=True, subject="meter:m", case_id="case")
    mine = Item("contact", "mine", NOW_US - 9 * DAY_US, case_id="case")
    contract = Item("contract", "contract", NOW_US - 900 * DAY_US, subject="meter:m")
    other = Item("contact", "other", NOW_US - 5 * DAY_US)
    assert order(other, mine, contract, case) == ["case", "contract", "mine", "other"]
    assert "related" in codes(mine, case) and "related" not in codes(mine)


def test_what_did_not_arrive_and_what_is_over() -> None:
    failed = Item("contact", "failed", NOW_US - DAY_US, failed=True)
    fine = Item("contact", "fine", NOW_US - HOUR_US)
    ended = Item("contract", "ended", NOW_US - 10 * DAY_US, in_force=False)
    assert order(ended, fine, failed) == ["failed", "fine", "ended"]
    assert codes(ended) == ["ended"] and "undelivered" in codes(failed)


ITEMS = st.builds(
    Item,
    st.sampled_from(["case", "crash", "alert", "score", "contact", "contract"]),
    st.text("abc", min_size=1, max_size=3),
    st.integers(NOW_US - 400 * DAY_US, NOW_US + DAY_US),
    st.integers(1, 3),
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, "vehicle:v", "meter:m"]),
    st.sampled_from([None, "k", "l"]),
    st.none() | st.integers(NOW_US - 9 * DAY_US, NOW_US + 9 * DAY_US),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["", "signal a", "signal b", "playbook p"]),
    st.integers(0, 5),
    st.integers(0, 5),
    st.integers(0, 5),
    st.sampled_from([0.0, 0.4, 1.0, 1.7, 2.0]),
)


@given(st.lists(ITEMS, max_size=12, unique_by=lambda i: (i.kind, i.id)), st.randoms())
def test_the_order_does_not_depend_on_the_order_given(items: list[Item], random: object) -> None:
    first = rank(items, NOW_US, 5)
    shuffled = list(items)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert rank(shuffled, NOW_US, 5) == first
    assert all(ranked.reasons for ranked in first)
    assert [r.weight for r in first] == sorted((r.weight for r in first), reverse=True)


@given(st.lists(ITEMS, max_size=12, unique_by=lambda i: (i.kind, i.id)), st.integers(1, 6))
def test_the_ranking_is_what_the_oracle_says(items: list[Item], most: int) -> None:
    expected = relevance.occasions([asdict(i) for i in items], NOW_US, most, RELEVANCE_HALF_LIFE_S)
    found = rank(items, NOW_US, most)
    shown = [[(i.kind, i.id) for i in (r.item, *r.parts)] for r in found]
    weights = [weight for weight, _ in expected]
    assert [r.weight for r in found] == pytest.approx(weights)
    if len({round(weight, 6) for weight in weights}) == len(weights):  # no tie by rounding
        assert shown == [row for _, row in expected]
    for ranked in found:
        failed = any(part.failed and part.in_force for part in ranked.parts)
        assert not failed or "undelivered" in [reason.code for reason in ranked.reasons]


def test_what_was_dismissed_goes_down_and_what_was_used_up() -> None:
    at = NOW_US - HOUR_US
    used = Item("score", "used", at, used=3)
    plain = Item("score", "plain", at)
    dismissed = Item("score", "dismissed", at, dismissed=3)
    assert order(dismissed, plain, used) == ["used", "plain", "dismissed"]
    assert "useful" in codes(used) and "dismissed" in codes(dismissed)
    assert order(replace(dismissed, open=True), used)[0] == "dismissed"  # feedback hides no work


def test_ten_of_a_kind_do_not_hide_another() -> None:
    scores = [Item("score", f"s{i}", NOW_US - i * HOUR_US, severity=2) for i in range(10)]
    contact = Item("contact", "mail", NOW_US - HOUR_US)
    found = rank([*scores, contact], NOW_US, 4)
    assert "mail" in [one.item.id for one in found]
    assert "diversity" in [r.code for one in found for r in one.reasons if one.item == contact]
    cases = [Item("case", f"c{i}", NOW_US - i * HOUR_US, open=True) for i in range(10)]
    assert "mail" not in [one.item.id for one in rank([*cases, contact], NOW_US, 4)]


def test_a_crash_is_one_row_with_its_case_and_messages() -> None:
    case = Item("case", "case", NOW_US, severity=3, open=True, urgent=True, occasion="signal s")
    crash = Item("crash", "s", NOW_US, severity=3, occasion="signal s")
    mail = Item("contact", "mail", NOW_US, failed=True, occasion="signal s")
    (found,) = rank([mail, crash, case], NOW_US, 8)
    assert found.item == case and set(found.parts) == {crash, mail}
    assert [reason.code for reason in found.reasons][-1] == "undelivered"
