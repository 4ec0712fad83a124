"""The matrix of consents shows what the oracle of the rule says, and what waits."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from contracts.channels import PURPOSES, TO_CUSTOMER
from customer_context.consent.matrix import SEND, SHOW, STORE, TRAIN, CellState, matrix_of
from customer_context.consent.state import Decision
from tests.oracles import consent as oracle

AT = datetime(2026, 11, 30, tzinfo=UTC)
limits = st.sampled_from([None, None, -30, 30])
rows = st.lists(
    st.fixed_dictionaries(
        {
            "purpose": st.sampled_from(PURPOSES),
            "state": st.sampled_from(["granted", "withdrawn"]),
            "decided": st.integers(-9, -1),
            "channel": st.sampled_from([None, None, "email"]),
            "category": st.sampled_from([None, None, "features", "telemetry"]),
            "recipient": st.sampled_from([None, None, "insurer"]),
            "begins": limits,
            "ends": limits,
            "opt_in": st.sampled_from([None, None, "pending", "confirmed"]),
        }
    ),
    max_size=6,
)


@given(rows)
def test_each_cell_says_what_the_rule_says(drawn: list[dict[str, Any]]) -> None:
    ledger = []
    for number, row in enumerate(drawn, start=1):
        row |= {"number": number, "recorded": row["decided"]}
        if row["state"] == "withdrawn":
            row |= {"begins": None, "ends": None, "opt_in": None}
        decided = AT + timedelta(minutes=row["decided"])
        begins, ends = (
            None if row[name] is None else AT + timedelta(minutes=row[name])
            for name in ("begins", "ends")
        )
        ledger.append(
            Decision(
                number, row["purpose"], row["state"], decided, decided, row["channel"],
                row["category"], row["recipient"], begins, ends, row["opt_in"],
            )
        )  # fmt: skip
    e_mails = oracle.shown(drawn, "channel_email", 0)[0]
    for purpose, cells in matrix_of(ledger, AT).items():
        for cell in cells:
            if cell.use == STORE:
                granted, number = oracle.stored(drawn, purpose, 0)
            elif cell.use in (SHOW, SEND, TRAIN):
                granted, number = oracle.shown(drawn, purpose, 0)
            else:
                assert cell.use in TO_CUSTOMER
                granted, number = oracle.sent(drawn, purpose, cell.use, 0)
            if granted and cell.use == "email" and not e_mails:
                assert cell.state is CellState.NO_CHANNEL
                continue
            assert (cell.state is CellState.GRANTED) == granted
            if number is None:
                assert cell.state in (CellState.NONE, CellState.WAITS, CellState.LATER)
            if cell.state is CellState.WAITS:
                assert cell.decision is not None and cell.decision.opt_in == "pending"
