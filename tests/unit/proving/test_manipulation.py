"""Changed recordings are noticed, and the proof notices where a rule is left out."""

import pytest

from app.analysis.score_changed import BROKEN, prove


@pytest.mark.slow
@pytest.mark.parametrize("broken", BROKEN)
def test_a_rule_that_is_left_out_is_noticed(broken: str) -> None:
    assert prove(2, 3, 0, broken)["problems"]
