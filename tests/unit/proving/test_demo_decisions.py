"""The judge of the demo's decisions: what it counts, and that a breach is a problem."""

from proving.judge.decisions import Decided, _breaches, message_breaches


def test_an_action_without_its_purpose_is_a_breach() -> None:
    won = {"winners": [{"action": "instalment-advice"}, {"action": "hail-notice"}]}
    allowed = ["energy_insight", "channel_email"]
    assert _breaches("c1", won, allowed) == ["c1 got hail-notice without claims_assistance"]
    assert len(_breaches("c1", {"winners": [{"action": "nobody-knows"}]}, allowed)) == 1


def test_a_message_without_its_channel_or_beside_another_is_a_breach() -> None:
    one = {"customer": "c1", "action": "hail-notice", "channel": "email"}
    other = {**one, "action": "ev-tariff", "channel": "inbox"}
    assert message_breaches([one], {"c1": ["channel_email"]}) == []
    assert message_breaches([one], {}) == ["c1 got hail-notice by email without consent to it"]
    assert message_breaches([other, other], {}) == ["c1 got 2 messages at once"]


def test_problems_name_what_failed() -> None:
    good = Decided(made=3, explained=3, offered=1, accepted=1, ordered=1)
    assert good.problems() == [] and good.figures()["policy_breaches"] == 0
    assert "could not be recomputed" in Decided(made=3, explained=2).problems()[0]
    assert "none was accepted" in Decided(made=1, explained=1, offered=1).problems()[0]
    assert Decided(breaches=["c1 got x"]).problems() == ["c1 got x"]
