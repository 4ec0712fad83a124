"""Double opt-in: the rule agrees with its oracle."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from contracts.channels import PURPOSES
from contracts.purposes import Method
from customer_context.consent import opt_in
from customer_context.consent.state import Decision
from tests.oracles import consent as consent_oracle
from tests.oracles import opt_in as oracle

BASE = datetime(2026, 11, 1, tzinfo=UTC)
WAITS = 3
"""The number of the grant that waits."""


@given(
    st.sampled_from(PURPOSES), st.sampled_from(list(Method)), st.booleans(), st.booleans()
)  # fmt: skip
def test_which_grants_wait(purpose: str, method: Method, verified: bool, strict: bool) -> None:
    ours = opt_in.is_needed(purpose, method, verified=verified, strict=strict)
    assert ours == oracle.needed(purpose, str(method), verified, strict)


@st.composite
def ledgers(draw: st.DrawFn) -> list[dict[str, Any]]:
    rows = []
    for number in range(1, 7):
        recorded = number // 2  # two in one minute
        state = draw(st.sampled_from(["granted", "withdrawn"]))
        rows.append(
            {
                **consent_oracle.OPEN,
                "number": number,
                "purpose": draw(st.sampled_from(["channel_email", "driving_score"])),
                "state": state,
                "recorded": recorded,
                "decided": recorded + draw(st.sampled_from([-2, 0, 0, 1])),
                "confirms": None,
            }
        )
    rows[WAITS - 1] |= {"purpose": "channel_email", "state": "granted", "opt_in": "pending"}
    if draw(st.booleans()):
        rows[-1] |= {"purpose": "channel_email", "state": "granted", "opt_in": "confirmed",
                     "confirms": draw(st.sampled_from([1, WAITS]))}  # fmt: skip
    return rows


@given(ledgers(), st.integers(0, 8), st.integers(0, 8))
def test_what_can_be_confirmed(rows: list[dict[str, Any]], expires: int, now: int) -> None:
    def at(minute: int) -> datetime:
        return BASE + timedelta(minutes=minute)

    made = [
        Decision(
            row["number"], row["purpose"], row["state"], at(row["decided"]), at(row["recorded"]),
            opt_in=row["opt_in"], confirms=row["confirms"],
        )
        for row in rows
    ]  # fmt: skip
    ours = opt_in.refusal(reversed(made), made[WAITS - 1], at(expires), at(now))
    assert (None if ours is None else str(ours)) == oracle.refused(rows, WAITS, expires, now)
