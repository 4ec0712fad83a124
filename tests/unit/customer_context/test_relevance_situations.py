"""Situations as an experienced agent would order them, through the function of `tachowatt rank`.

Each was written from what relevance promises, before looking at the weights.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from customer_context.relevance.situations import ranked, read

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)


def item(kind: str, id_: str, age_h: float, /, *what: str, **more: Any) -> dict[str, Any]:
    """An item. what : those of open, urgent and failed that hold; due_h : hours from now."""
    found: dict[str, Any] = {"kind": kind, "id": id_, "at": str(NOW - timedelta(hours=age_h))}
    due_h = more.pop("due_h", None)
    if due_h is not None:
        found["due_at"] = str(NOW + timedelta(hours=due_h))
    return {**found, **dict.fromkeys(what, True), **more}


CAR, METER, OTHER = "vehicle:v", "meter:m", "meter:n"
SITUATIONS: list[tuple[str, str, list[dict[str, Any]]]] = [
    ("a crash now before an open alert", "c a", [
        item("alert", "a", 1, "open", severity=3, subject=METER),
        item("crash", "c", 0.1, "open", "urgent", severity=3, subject=CAR)]),
    ("an open complaint before a settled crash", "k c", [
        item("crash", "c", 72, severity=3, subject=CAR),
        item("case", "k", 24, "open", severity=2)]),
    ("the newer of two", "b a", [
        item("alert", "a", 48, severity=2, subject=METER),
        item("alert", "b", 2, severity=2, subject=OTHER)]),
    ("a grave one of two days ago before a slight one", "a b", [
        item("alert", "b", 0, subject=OTHER), item("alert", "a", 48, severity=3, subject=METER)]),
    ("a message about what is open before a newer one", "a x y", [
        item("alert", "a", 5, "open", severity=2, subject=METER),
        item("contact", "x", 30, subject=METER), item("contact", "y", 2)]),
    ("undelivered first", "y x", [item("contact", "x", 5), item("contact", "y", 20, "failed")]),
    ("overdue first", "l k", [
        item("case", "k", 2, "open", severity=2, due_h=40),
        item("case", "l", 50, "open", severity=2, due_h=-1)]),
    ("due soon first", "l k", [
        item("case", "k", 2, "open", severity=2, due_h=10),
        item("case", "l", 4, "open", severity=2, due_h=0.5)]),
    ("an urgent crash before a small thing that is due", "c k", [
        item("case", "k", 24, "open", due_h=0.5),
        item("crash", "c", 0.3, "open", "urgent", severity=3, due_h=2, subject=CAR)]),
    ("what was used before what was dismissed", "q p", [
        item("score", "p", 20, dismissed=4, subject=CAR),
        item("score", "q", 24, used=4, subject="vehicle:w")]),
    ("what is open stays, however often it was dismissed", "a p x", [
        item("alert", "a", 20, "open", severity=2, dismissed=9, subject=METER),
        item("contact", "x", 1), item("score", "p", 1, used=5)]),
    ("an old open case before news", "k x", [
        item("case", "k", 60 * 24, "open"), item("contact", "x", 0.5)]),
    ("a crash without a case before a change of address", "c k", [
        item("crash", "c", 0.33, "urgent", severity=3, subject=CAR),
        item("case", "k", 72, "open")]),
    ("also a crash that nobody calls urgent", "c k", [
        item("crash", "c", 0.33, severity=3, subject=CAR), item("case", "k", 72, "open")]),
    ("a crash now before a late claim", "c k", [
        item("case", "k", 200, "open", severity=2, due_h=-24),
        item("crash", "c", 0.1, "open", "urgent", severity=3, due_h=0.2, subject=CAR)]),
    ("a crash of this morning without a case before a late complaint", "c k", [
        item("case", "k", 200, "open", severity=2, due_h=-48),
        item("crash", "c", 4, "urgent", severity=3, subject=CAR)]),
    ("the case of a crash leads its row", "k", [
        item("crash", "c", 1, subject=CAR, occasion="s"),
        item("case", "k", 1, "open", subject=CAR, occasion="s")]),
    ("severity of open ones", "b a", [
        item("alert", "a", 2, "open", subject=METER),
        item("alert", "b", 30, "open", severity=3, subject=OTHER)]),
    ("an appointment that is to come", "c k", [
        item("case", "k", -3, "open", due_h=4),
        item("crash", "c", 0.2, "open", "urgent", severity=3)]),
    ("what was opened", "x y", [
        item("contact", "x", 10, opened=3), item("contact", "y", 8, dismissed=1)]),
    ("one row for an occasion", "k y", [
        item("case", "k", 1, "open", "urgent", severity=3, subject=CAR, case_id="k", occasion="s"),
        item("crash", "c", 1, severity=3, subject=CAR, occasion="s"),
        item("contact", "x", 1, "failed", case_id="k", occasion="s"), item("contact", "y", 2)]),
    ("about the same case", "k x y", [
        item("case", "k", 24, "open", severity=2, case_id="k"),
        item("contact", "x", 40, case_id="k"), item("contact", "y", 3)]),
    ("a contract in force before one that has ended", "q p", [
        item("contract", "p", 9_000, in_force=False, subject=METER),
        item("contract", "q", 10_000, subject=CAR)]),
    ("the score before a crash of last month", "p c", [
        item("crash", "c", 720, severity=3, subject=CAR), item("score", "p", 24, subject=CAR)]),
    ("the meter in dispute", "k a b", [
        item("case", "k", 24, "open", severity=2, subject=METER),
        item("alert", "a", 90, subject=METER), item("alert", "b", 40, subject=OTHER)]),
    ("what was learnt of such ones", "b a", [
        item("alert", "a", 10, learnt=0.2, subject=METER),
        item("alert", "b", 30, learnt=1.8, subject=OTHER)]),
    ("a notice of a crash that did not arrive", "x k", [
        item("case", "k", 72, "open"), item("contact", "x", 0.5, "failed", "urgent", severity=3)]),
    ("nobody dismisses a crash", "c a", [
        item("crash", "c", 1, "open", "urgent", severity=3, dismissed=10),
        item("alert", "a", 1, "open", severity=3, used=10, subject=METER)]),
    ("a grave alert before a small question that is late", "a k", [
        item("case", "k", 100, "open", due_h=-2),
        item("alert", "a", 0.2, "open", "urgent", severity=3, subject=METER)]),
    ("a new message before an alert of long ago", "x a", [
        item("alert", "a", 960, severity=3, subject=METER), item("contact", "x", 3)]),
    ("what was urgent long ago does not stay", "x c", [
        item("crash", "c", 1_440, "urgent", severity=3, subject=CAR), item("contact", "x", 3)]),
    ("an alert among many messages", "x0 a x1 x2 x3", [
        *(item("contact", f"x{number}", 20 + number) for number in range(7)),
        item("alert", "a", 60, subject=METER)]),
]  # fmt: skip


@pytest.mark.parametrize(("order", "items"), [one[1:] for one in SITUATIONS],
                         ids=[one[0] for one in SITUATIONS])  # fmt: skip
def test_as_an_agent_would_order_them(order: str, items: list[dict[str, Any]]) -> None:
    for given in (items, items[::-1]):
        (situation,) = read(json.dumps({"as_of": str(NOW), "items": given}), "situations.json")
        answer = ranked(situation)
        assert [one["id"] for one in answer["relevant"]] == order.split()
