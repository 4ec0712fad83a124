"""What people said about a crash labels its recording as the oracle says, in every combination."""

from itertools import product

from customer_context.cases import labels, outcomes
from tests.oracles import cases as oracle

KINDS = (outcomes.CRASH_CALL, "meter-anomaly")
SAID = (None, "well", "hurt", "no_crash", "call_me")
CAUSES = (None, "pothole", "parking")


def test_a_case_has_the_label_that_the_oracle_says():
    """All of them, as they are few: a sample would seldom hold an outcome that decides alone."""
    said = product(KINDS, (None, "s1"), (None, *outcomes.OUTCOMES), SAID, SAID, CAUSES)
    for kind, signal, outcome, condition, scene, cause in said:
        case = {"kind": kind, "signal_id": signal, "outcome": outcome}
        asked = {"condition": condition, "scene_answer": scene, "cause": cause}
        answered = {name: value for name, value in asked.items() if value is not None}
        expected = oracle.label_of(kind, signal, outcome, condition, scene, cause)
        for data in (asked, answered):
            found = labels.of_crash(case, data)
            got = None if found is None else (found.label, found.cause)
            assert got == expected, (case, data)
