"""The audit of a score: who drives calmly scores higher, and the same seed gives the same."""

from app.analysis.score_audit import DEVICES, MOST_POINTS, audit
from feature_kernels import driving


def test_the_audit_says_what_a_supervisor_asks() -> None:
    found = audit(driving.CURRENT, 2, 12, 2, commuting=1)
    assert found["styles"]["calm"] > found["styles"]["normal"] > found["styles"]["aggressive"]
    assert set(found["devices"]) == {"dongle-obd", "dongle-phone", "obd-phone"}
    assert len(DEVICES) == 3
    time = found["time"]
    assert 0.0 <= time["mean"] <= time["most"] <= time["weight"]
    assert -1.0 <= found["stability"]["correlation"] <= 1.0
    far = [pair for pair, row in found["devices"].items() if abs(row["mean"]) > MOST_POINTS]
    assert len(found["problems"]) == len(far)
    changed = dict(found["changed"])
    assert changed.pop("unchanged")["marked"] == 0
    assert len(changed) == 7  # ways to change a recording
    shifted = changed.pop("speed_at_other_time")
    assert shifted["marked"] >= 0.75 * shifted["trips"] > 0
    assert all(row["trips"] == row["marked"] > 0 for row in changed.values())
    assert found["commuters"]["trips"] == 250 and found["commuters"]["marked"] == 0
    assert audit(driving.CURRENT, 2, 12, 2, commuting=1) == found
