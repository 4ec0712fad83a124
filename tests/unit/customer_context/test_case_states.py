"""States of cases and alerts agree with the oracle's tables."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_context.cases import alert_states, states
from runtime.errors import NotAllowed
from tests.oracles import cases as oracle

NOW = datetime(2026, 11, 29, tzinfo=UTC)
_STATE = st.sampled_from(states.STATES)
_WHO = st.none() | st.sampled_from(["ada", "bob"])


@given(_STATE, _WHO, st.none() | _STATE, _WHO, st.none() | st.just("done"))
def test_a_case_changes_as_the_oracle_says(state, owner, wish_state, wish_owner, resolution):
    case = {"case_id": "c1", "state": state, "owner": owner}
    expected = oracle.case_after(state, owner, "eve", wish_state, wish_owner, resolution)

    def change():
        return states.change(
            case, "eve", NOW, state=wish_state, owner=wish_owner, resolution=resolution
        )

    if expected is None:
        with pytest.raises(NotAllowed):
            change()
        return
    found = change()
    after = {**case, **found.fields}
    assert (after["state"], after["owner"]) == expected[:2]
    if after["state"] == "resolved":
        assert found.fields.get("resolution") == resolution
        assert ("resolved_at" in found.fields) == (state != "resolved")
    elif after["state"] != state:
        assert found.fields["resolution"] is None
        assert found.fields["resolved_at"] is None
    assert dict(found.entries) == {
        name: after[name] for name in ("state", "owner") if after[name] != case[name]
    }


@pytest.mark.parametrize(("state", "action"), oracle.ALERT_MOVES)
def test_an_alert_changes_as_the_oracle_says(state, action):
    expected = oracle.ALERT_MOVES[state, action]
    alert = {"alert_id": "a1", "state": state}
    if expected is None:
        with pytest.raises(NotAllowed):
            alert_states.act(alert, action, "ada", NOW)
        return
    found = alert_states.act(alert, action, "ada", NOW)
    assert (alert if found is None else {**alert, **found.fields})["state"] == expected


def test_the_oracle_knows_every_combination():
    every = {(a, b) for a in states.STATES for b in states.STATES if a != b}
    assert set(oracle.CASE_MOVES) == every
    actions = {(s, a) for s in alert_states.STATES for a in alert_states.ACTIONS}
    assert set(oracle.ALERT_MOVES) == actions


def test_an_unknown_action_is_refused():
    with pytest.raises(NotAllowed, match="acknowledge, resolve or classify"):
        alert_states.act({"alert_id": "a1", "state": "resolved"}, "delete", "ada", NOW)
