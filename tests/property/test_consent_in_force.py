"""Which decision is in force: the rule, every query of the store and an oracle agree."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from customer_context.consent.state import (
    Decision,
    contact_question,
    decision_in_force,
    in_force,
    is_granted,
    read_question,
    stream_question,
)
from ingest.registry import load as load_registry
from runtime.clock import SystemClock
from services import consent as service
from store.people import consent
from store.postgres.pool import Connection, connect, scalar
from store.postgres.times import from_us
from store.reads import driving
from tests.fix_roles import Town
from tests.oracles import consent as oracle

PURPOSE, OTHER = "driving_score", "energy_insight"
CUSTOMER = ("t1", "quiet-driver")
NOW = 0
"""Minutes; no bound of a decision is so near that a slow run meets it."""

bound = st.sampled_from([None, None, -90, -30, 30, 90])
grants = st.fixed_dictionaries(
    {
        "state": st.just("granted"), "begins": bound, "ends": bound,
        "opt_in": st.sampled_from([None, None, "pending", "confirmed"]),
    }
)  # fmt: skip
withdrawals = st.just({"state": "withdrawn", "begins": None, "ends": None, "opt_in": None})


@st.composite
def decisions(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Decisions as they are recorded: numbers and times of recording ascend together. Few instants,
    so that dates collide; a date may lie ahead of the recording and behind it."""
    recorded, rows = -600, []
    for number in range(draw(st.integers(0, 7))):
        recorded += draw(st.integers(0, 2))
        row: dict[str, Any] = {
            "number": number,
            "purpose": draw(st.sampled_from([PURPOSE, OTHER])),
            "recorded": recorded,
            "decided": recorded + draw(st.integers(-3, 6)),
            "channel": draw(st.sampled_from([None, None, None, "email"])),
            "category": draw(st.sampled_from([None, None, None, "features", "telemetry"])),
            "recipient": draw(st.sampled_from([None, None, None, "insurer", "utility"])),
            **draw(st.one_of(grants, withdrawals)),
        }
        if row["begins"] is not None and row["ends"] is not None and row["ends"] <= row["begins"]:
            row["ends"] = None
        rows.append(row)
    return rows


def plain(purpose: str, state: str, decided: int, recorded: int, number: int) -> dict[str, Any]:
    return {
        **oracle.OPEN, "number": number, "purpose": purpose, "state": state, "decided": decided,
        "recorded": recorded,
    }  # fmt: skip


EARLY = [plain(PURPOSE, "granted", -596, -600, 0), plain(PURPOSE, "withdrawn", -599, -599, 1)]
"""A grant dated ahead of the withdrawal that was recorded after it."""


def ours(row: dict[str, Any], at: datetime) -> Decision:
    def time(minute: int | None) -> datetime | None:
        return None if minute is None else at + timedelta(minutes=minute)

    return Decision(
        row["number"], row["purpose"], row["state"], at + timedelta(minutes=row["decided"]),
        at + timedelta(minutes=row["recorded"]), row["channel"], row["category"],
        row["recipient"], time(row["begins"]), time(row["ends"]), row["opt_in"],
    )  # fmt: skip


@settings(max_examples=300)
@given(rows=decisions())
def test_the_rule_agrees_with_the_oracle(rows: list[dict[str, Any]]) -> None:
    at = from_us(SystemClock().now_us())
    made = [ours(row, at) for row in rows]
    for purpose in (PURPOSE, OTHER):
        questions = [
            (read_question(purpose), oracle.shown(rows, purpose, NOW)),
            (stream_question(purpose), oracle.stored(rows, purpose, NOW)),
            (contact_question(purpose, "email"), oracle.sent(rows, purpose, "email", NOW)),
            (contact_question(purpose, "inbox"), oracle.sent(rows, purpose, "inbox", NOW)),
        ]
        for question, (granted, number) in questions:
            found = decision_in_force(made, question, at)
            assert (None if found is None else found.consent_id) == number
            assert is_granted(made, question, at) == granted
    backwards = in_force(reversed(made), at)
    assert backwards == in_force(made, at), "the order of reading decides nothing"


@settings(max_examples=60)
@given(rows=decisions())
@example(rows=EARLY)
def test_the_store_agrees_with_the_rule(town: Town, rows: list[dict[str, Any]]) -> None:
    now_us = SystemClock().now_us()
    purposes = {row["purpose"] for row in rows}
    shown = {p for p in purposes if oracle.shown(rows, p, NOW)[0]}
    stored = {p for p in purposes if oracle.stored(rows, p, NOW)[0]}
    with connect(town.url) as connection:
        of_others = consent.next_change(connection)
        dates = set() if of_others is None else {of_others}
        _record(connection, rows, from_us(now_us))
        assert set(consent.granted_of(connection, *CUSTOMER)) == shown
        assert set(service.of_customer(connection, *CUSTOMER, now_us).granted) == shown
        assert consent.readable(connection).get(CUSTOMER, frozenset()) == shown
        assert consent.granted(connection).get(CUSTOMER, frozenset()) == stored
        registry = load_registry(connection)
        assert registry.consent.granted.get(CUSTOMER, frozenset()) == stored
        bounds = {row[name] for row in rows for name in ("begins", "ends")} - {None}
        dates |= {from_us(now_us) + timedelta(minutes=bound) for bound in bounds if bound > 0}
        assert consent.next_change(connection) == min(dates, default=None)
        crashes = driving.crashes(connection, "t1", PURPOSE, customer=CUSTOMER[1])
        assert bool(crashes) == (PURPOSE in shown), "the subquery DECIDED"
        connection.execute("set local tachowatt.tenants = '{t1}'")
        of_views = "select count(*) from analysis.granted where customer = %s"
        assert scalar(connection, of_views, (CUSTOMER[1],)) == len(shown)
        connection.rollback()


def _record(connection: Connection, rows: list[dict[str, Any]], at: datetime) -> None:
    for row in rows:
        made = ours(row, at)
        decision = {
            "tenant": CUSTOMER[0], "customer": CUSTOMER[1], "purpose": made.purpose,
            "state": made.state, "legal_basis": "consent", "notice_version": "1",
            "source": f"test {row['number']}", "at": made.decided_at,
            "recorded_at": made.recorded_at, "channel": made.channel,
            "data_category": made.data_category, "recipient": made.recipient,
            "valid_from": made.valid_from, "valid_to": made.valid_to, "opt_in": made.opt_in,
        }  # fmt: skip
        consent.decide(connection, [decision])
