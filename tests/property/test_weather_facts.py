"""Facts of the weather against a plain oracle."""

from hypothesis import given, settings
from hypothesis import strategies as st

from customer_context.facts.catalogue import FACTS
from customer_context.facts.known import FactValue, exists
from customer_context.facts.weather import Hour, of_hours
from tests.oracles import weather as oracle

HOUR_US = 3_600_000_000
NOW = 24 * 10 + 13
VALUES = st.tuples(
    st.none() | st.sampled_from([-5.0, -0.1, 0.0, 12.5, 30.0, 30.1, 36.0]),
    st.none() | st.booleans(),
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.integers(NOW - 100, NOW + 40), VALUES, max_size=80))
def test_the_facts_are_what_the_oracle_says(
    hours: dict[int, tuple[float | None, bool | None]],
) -> None:
    given_ = [Hour(h * HOUR_US, *value, recorded_us=0) for h, value in hours.items()]
    found = {one.name: one.value for one in of_hours(given_, "UTC", NOW * HOUR_US)}
    assert found == oracle.facts(hours, NOW)


def test_an_old_forecast_is_none() -> None:
    now_us = NOW * HOUR_US

    def frost(recorded_h: int) -> bool:
        hours = [Hour(now_us + HOUR_US, -3.0, None, now_us - recorded_h * HOUR_US)]
        (one,) = [f for f in of_hours(hours, "UTC", now_us) if f.name == "weather.frost_24h"]
        return _counts(one, now_us)

    assert frost(11) and not frost(13)


def _counts(one: FactValue, now_us: int) -> bool:
    return exists(FACTS[one.name], one.at_us, (), now_us)
