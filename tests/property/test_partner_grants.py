"""Partners: what a customer has granted to one, against an oracle."""

from datetime import datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from customer_context.consent.partners import granted_to
from customer_context.consent.state import in_force
from tests.oracles import partners as oracle
from tests.property.test_consent_in_force import OTHER, PURPOSE, decisions, ours

AT = datetime.fromisoformat("2026-11-30T12:00:00+00:00")
RECIPIENTS = [None, None, "insurer", "partner:a", "partner:a", "partner:b"]


@st.composite
def ledgers(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Decisions of which many are about partners."""
    return [{**row, "recipient": draw(st.sampled_from(RECIPIENTS))} for row in draw(decisions())]


@settings(max_examples=300)
@given(ledgers())
def test_a_partner_sees_what_it_was_granted(rows: list[dict[str, Any]]) -> None:
    made = [ours(row, AT) for row in rows]
    for partner in ("a", "b", "c"):
        found = granted_to(made, partner, AT)
        for purpose in (PURPOSE, OTHER):
            assert (purpose in found) == oracle.granted(rows, purpose, partner, 0)
        assert all(one.valid_to is not None for one in found.values()), "every grant ends"


@given(ledgers())
def test_a_grant_to_a_partner_is_nobody_elses(rows: list[dict[str, Any]]) -> None:
    without = [ours(row, AT) for row in rows if "partner" not in str(row["recipient"])]
    assert in_force([ours(row, AT) for row in rows], AT) == in_force(without, AT)
