"""A clock that is years behind: the GPS week has rolled over, or the device was never set."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from contracts.raw import RawMessage
from customer_context.identity.holders import Device, Holder
from ingest.batch.steps import check_times
from ingest.batch.work import Envelope, Work
from ingest.decoding.decoded import Decoded
from ingest.decoding.times import ROLLOVER_US, YEAR_2000_US, rolled_over
from runtime.errors import Reason
from runtime.settings import Settings

DAY_US = 86_400 * 1_000_000
NOW_US = 1_795_000_000_000_000  # November 2026


@given(st.integers(1, 2), st.integers(-300_000_000, 30 * DAY_US))
def test_a_multiple_of_1024_weeks_is_no_history(eras: int, late_us: int) -> None:
    observed_us = NOW_US - eras * ROLLOVER_US - late_us
    assert rolled_over(observed_us, NOW_US)
    both = rolled_over(np.array([observed_us, NOW_US - late_us]), np.array([NOW_US, NOW_US]))
    assert both.tolist() == [True, False]


@given(st.integers(-300_000_000, ROLLOVER_US - 301_000_000))
def test_history_of_less_is_none(lag_us: int) -> None:
    assert not rolled_over(NOW_US - lag_us, NOW_US)


@given(st.integers(31 * DAY_US, ROLLOVER_US - 301_000_000))
def test_history_between_two_eras_is_none(lag_us: int) -> None:
    assert not rolled_over(NOW_US - ROLLOVER_US - lag_us, NOW_US)


def dead(observed_us: int, assigned_us: int) -> Reason | None:
    raw = RawMessage("tw/v1/t/d/telemetry", b"{}", NOW_US)
    envelope = Envelope(raw, 0)
    holder = Holder(assigned_us, 2**62, "car", "jane")
    envelope.device = Device(1, "t", "d", "vehicle", "native", "UTC", holders=(holder,))
    envelope.decoded = Decoded("telemetry", [observed_us], {"speed_kmh": [1.0]})
    check_times(Work([envelope]), Settings(), YEAR_2000_US)
    return None if envelope.dead is None else envelope.dead.reason


def test_such_messages_are_dead_letters_with_their_reason() -> None:
    old_us = YEAR_2000_US
    year_us = 365 * DAY_US
    assert dead(NOW_US - ROLLOVER_US - DAY_US, old_us) is Reason.CLOCK_BEHIND
    assert dead(NOW_US - 2 * year_us, old_us) is None  # backfilled history
    assert dead(NOW_US - 5 * year_us, NOW_US - year_us) is Reason.CLOCK_BEHIND
    assert dead(NOW_US - 2 * year_us, NOW_US - year_us) is None  # refused: the data of nobody
    assert dead(YEAR_2000_US - DAY_US, old_us) is Reason.CLOCK_BEFORE_2000
