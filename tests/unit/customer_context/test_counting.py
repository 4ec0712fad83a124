"""Decisions whether trips and events count: the last one holds, and undoing leaves nothing."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from customer_context.scoring.counting import EVENTS, Counting, counted
from feature_kernels.driving import NOT_SCORED, QUALITY_FLAGS, TRIP_DTYPE

HOUR_US = 3_600_000_000


def trips(marked=()):
    """Three trips of an hour of two devices, with events of all kinds."""
    rows = np.zeros(3, TRIP_DTYPE)
    rows["device"] = [1, 1, 2]
    rows["start_us"] = [0, 10 * HOUR_US, 0]
    rows["end_us"] = rows["start_us"] + HOUR_US
    rows["harsh_braking"] = [2, 1, 0]
    rows["harsh_cornering"] = [1, 0, 0]
    rows["speeding_count"], rows["speeding_s"], rows["speed_limited_s"] = 1, 30.0, 600.0
    rows["ratio_hist_s"][:, 9], rows["ratio_hist_s"][:, 12] = 570.0, 30.0
    for i in marked:
        rows["quality"][i] = QUALITY_FLAGS["replayed"]
    return rows


def whole(counts, device=1, at_us=HOUR_US // 2):
    return Counting(device, at_us, "", 0, 0.0, counts)


def test_a_trip_is_taken_out_and_put_back_by_the_last_decision():
    rows = trips()
    out = counted(rows, [whole(False)])
    assert out["device"].tolist() == [1, 2] and out["start_us"].tolist() == [10 * HOUR_US, 0]
    assert counted(rows, [whole(False), whole(True)]).tobytes() == rows.tobytes()
    assert counted(rows, [whole(False, device=3)]).tobytes() == rows.tobytes()


def test_a_marked_trip_counts_only_where_a_person_decided_so():
    assert counted(trips(marked=[0]), [])["start_us"].tolist() == [10 * HOUR_US, 0]
    back = counted(trips(marked=[0]), [whole(True)])
    assert back.size == 3 and not (back["quality"] & NOT_SCORED).any()


def test_an_event_is_taken_out_once_of_its_severity():
    pothole = Counting(1, 60_000_000, "harsh_braking", 2, 1.0, False)
    found = counted(trips(), [pothole, pothole])
    assert found["harsh_braking"][0].tolist() == [2, 0, 0]
    assert found["harsh_braking"][1:].tolist() == trips()["harsh_braking"][1:].tolist()
    again = Counting(1, 60_000_000, "harsh_braking", 2, 1.0, True)
    assert counted(trips(), [pothole, again]).tobytes() == trips().tobytes()
    none = Counting(1, 60_000_000, "harsh_cornering", 3, 1.0, False)
    assert counted(trips(), [none])["harsh_cornering"][0].tolist() == [1, 0, 0]


def test_speeding_by_a_wrong_limit_becomes_time_without_a_limit():
    found = counted(trips(), [Counting(1, 60_000_000, "speeding", 1, 20.0, False)])[0]
    assert found["speeding_count"] == 0 and found["speeding_s"] == 10.0
    assert found["speed_limited_s"] == 580.0
    assert found["ratio_hist_s"][12] == 10.0 and found["ratio_hist_s"].sum() == 580.0


decisions = st.lists(
    st.builds(
        Counting,
        device_id=st.integers(1, 2),
        at_us=st.sampled_from([0, HOUR_US // 2, 10 * HOUR_US, 5 * HOUR_US]),
        event=st.sampled_from(["", *EVENTS]),
        severity=st.integers(1, 3),
        duration_s=st.floats(0, 100),
        counts=st.booleans(),
    ),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(decisions)
def test_undoing_every_decision_gives_the_trips_of_before(made):
    undone = [Counting(d.device_id, d.at_us, d.event, d.severity, d.duration_s, True) for d in made]
    assert counted(trips(), [*made, *undone]).tobytes() == trips().tobytes()
    some = counted(trips(), made)
    assert (some["harsh_braking"] >= 0).all() and (some["ratio_hist_s"] >= 0).all()
