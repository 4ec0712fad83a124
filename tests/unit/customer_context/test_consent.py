"""Consent fails closed."""

from customer_context.consent.state import ConsentState


def test_consent_fails_closed() -> None:
    state = ConsentState({("t", "c"): frozenset({"energy_insight"})})
    assert state.covers("t", "c", "meter")
    assert not state.covers("t", "c", "vehicle"), "another purpose"
    assert not state.covers("t", "nobody", "meter")
    assert not state.covers("t", None, "meter")
    assert not state.covers("other", "c", "meter")
