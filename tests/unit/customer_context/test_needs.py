"""Facts that are computed from a household's own data, against the plain oracle."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_context.facts import needs
from customer_context.facts.known import FactValue
from customer_context.facts.needs import Day
from tests.oracles import needs as oracle

DAY_US = 86_400_000_000
TODAY = 20_000
NOW_US = TODAY * DAY_US
DAYS = st.dictionaries(
    st.integers(TODAY - 60, TODAY + 2),
    st.tuples(
        st.none() | st.floats(0, 50),
        st.none() | st.floats(0, 1),
        st.none() | st.floats(0, 500),
    ),
    max_size=62,
)


@given(DAYS)
def test_consumption_is_what_the_oracle_says(days: dict[int, tuple[float | None, ...]]) -> None:
    rows = [Day(number * DAY_US, *values) for number, values in days.items()]
    found = {one.name: one.value for one in needs.of_days(rows, NOW_US)}
    assert found == pytest.approx(oracle.consumption(days, TODAY))
    assert all(one.at_us <= NOW_US for one in needs.of_days(rows, NOW_US))


@given(
    st.dictionaries(
        st.integers(TODAY - 40, TODAY + 2),
        st.tuples(
            st.sampled_from([400.0, 3_299.0, 3_300.0, 11_300.0]),
            st.sampled_from([200.0, 300.0]),
            st.sampled_from([0.0, 5.75, 6.0, 13.5, 21.75, 22.0]),
        ),
        max_size=40,
    )
)
def test_a_charger_is_what_the_oracle_says(days: dict[int, tuple[float, float, float]]) -> None:
    rows = [
        Day(n * DAY_US, 1.0, None, base, highest, n * DAY_US + round(hour * DAY_US / 24))
        for n, (highest, base, hour) in days.items()
    ]
    found = {one.name: one.value for one in needs.of_nights(rows, NOW_US)}
    assert found == oracle.charging(days, TODAY)


PRICES = st.floats(5, 60)


@given(st.floats(500, 9_000), PRICES, PRICES, PRICES, st.floats(0, 1))
def test_a_saving_is_a_range_on_the_own_year(
    year: float, flat: float, low: float, high: float, night: float
) -> None:
    given_ = {
        "consumption.year_kwh": year, "tariff.price_ct_kwh": flat, "tariff.tou_low_ct_kwh": low,
        "tariff.tou_high_ct_kwh": high, "consumption.night_share": night,
    }  # fmt: skip
    facts = {name: FactValue(name, value, NOW_US) for name, value in given_.items()}
    found = {one.name: one.value for one in needs.computed(facts, NOW_US)}
    shifted = night + (1 - night) * 0.2
    assert found["saving.time_of_use_low_eur"] == pytest.approx(
        oracle.saving(year, flat, low, high, night), abs=1e-6
    )
    assert found["saving.time_of_use_high_eur"] == pytest.approx(
        oracle.saving(year, flat, low, high, shifted), abs=1e-6
    )
    del facts["consumption.night_share"]
    assert needs.computed(facts, NOW_US) == []


def test_an_instalment_lacks_what_the_year_costs_more() -> None:
    given_ = {
        "consumption.year_kwh": 3_600.0, "tariff.price_ct_kwh": 30.0,
        "tariff.base_eur_month": 10.0, "instalment.eur_month": 85,
    }  # fmt: skip
    facts = {name: FactValue(name, value, NOW_US) for name, value in given_.items()}
    (found,) = needs.computed(facts, NOW_US)
    assert (found.name, found.value) == ("instalment.shortfall_eur_month", pytest.approx(15.0))
    reported = FactValue(found.name, 3.0, NOW_US)
    assert needs.computed({**facts, found.name: reported}, NOW_US) == []


def test_little_driving_is_projected_only_from_enough_days() -> None:
    def year_km(first_d: int) -> float | None:
        found = needs.of_trips(NOW_US - first_d * DAY_US, NOW_US, 900_000.0, NOW_US)
        return next((float(one.value) for one in found if one.name == "driving.year_km"), None)

    assert year_km(20) is None
    assert year_km(90) == pytest.approx(3_650.0)
