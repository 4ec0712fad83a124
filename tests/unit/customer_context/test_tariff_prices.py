"""What a customer pays now, and at night in another tariff."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from contracts.billing import Tariff
from customer_context.billing.prices import by_night, present

NOON, NIGHT = (datetime(2026, 11, 20, hour, 30, tzinfo=UTC) for hour in (12, 23))


def tariff(window: dict[str, Any] | None, **version: Any) -> Tariff:
    one = {
        "valid_from": "2026-01-01", "standing_charge_per_year": "120", "vat_percent": "19",
        "levies": [{"name": "tax", "price_per_kwh": "0.02"}],
        "unit_prices": {"total": "0.28"} if window is None else {"day": "0.30", "night": "0.18"},
        **({} if window is None else {"default_register": "day", "windows": [window]}),
        **version,
    }  # fmt: skip
    return Tariff.model_validate({"name": "T", "versions": [one]})


def cheap(begin: str = "22:00", end: str = "06:00", **more: Any) -> dict[str, Any]:
    return {"register_name": "night", "begin": begin, "end": end, **more}


def test_prices_are_gross_and_the_zone_is_that_of_the_hour() -> None:
    flat = present(tariff(None), NOON)
    assert (flat.kind, flat.zone) == ("flat", None)
    assert flat.ct_kwh == pytest.approx(30 * 1.19) and flat.base_eur_month == pytest.approx(11.9)
    by_hour = tariff(cheap())
    assert [present(by_hour, at).zone for at in (NOON, NIGHT)] == ["high", "low"]
    assert present(by_hour, NOON).ct_kwh is None


def test_only_a_tariff_that_is_cheap_from_22_to_6_every_day_is_compared() -> None:
    day = date(2026, 11, 20)
    found = by_night([tariff(None), tariff(cheap())], day)
    assert found is not None and found == pytest.approx((20 * 1.19, 32 * 1.19))
    others = [
        tariff(None), tariff(cheap("21:00")), tariff(cheap(days=[6, 7])),
        tariff(cheap(), valid_from="2027-01-01"),
        tariff(cheap(), unit_prices={"day": "0.18", "night": "0.18"}),
    ]  # fmt: skip
    assert by_night(others, day) is None and by_night([], day) is None
