"""What people said about a crash that the program has noticed: a crash, or a false alarm. Pure.

The label of a recording, for the evaluation of the kernels. Oracle: tests/oracles/cases.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from customer_context.cases.outcomes import CRASH_CALL

CRASH, FALSE_ALARM = "crash", "false_alarm"
_NO_CRASH = "no_crash"
_WAS_ONE = ("well", "hurt")


@dataclass(frozen=True, slots=True)
class Label:
    """label : crash or false_alarm; cause : of a false alarm, where somebody named it."""

    label: str
    cause: str | None = None


def of_crash(case: Mapping[str, Any], data: Mapping[str, Any]) -> Label | None:
    """Return the label of a crash's case; None while nobody has said what it was.

    case : kind, signal_id, outcome. data : what its forms have collected (condition,
    scene_answer, cause). Who says that it was none is believed, also where another said before that
    it was one: a driver in shock says *well* to a pothole.
    """
    if case["kind"] != CRASH_CALL or case["signal_id"] is None:
        return None
    said = (data.get("condition"), data.get("scene_answer"))
    if _NO_CRASH in said or case["outcome"] == _NO_CRASH:
        return Label(FALSE_ALARM, data.get("cause"))
    return Label(CRASH) if any(each in _WAS_ONE for each in said) else None
