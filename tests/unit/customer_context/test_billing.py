"""Bills to the cent, and shares that add up, compared with plain oracles."""

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from typer.testing import CliRunner

from app.cli import cli
from contracts.billing import Billed, Tariff
from customer_context.billing.bill import compute, uses
from customer_context.billing.explain import CAUSES, OTHER, advise, explain, shapley
from customer_context.billing.tariff import register_at, version_on
from runtime.errors import Usage
from tests.oracles.billing import gross_by_day, shares_by_orders

EXAMPLE = Path(__file__).resolve().parents[3] / "docs" / "examples" / "bill.yaml"


NIGHT = {"register_name": "low", "begin": "22:00", "end": "06:00"}


def tariff(name: str = "Basis", *versions: dict[str, object]) -> Tariff:
    """A tariff with one register, or with the versions given."""
    first = {"valid_from": "2023-01-01", "standing_charge_per_year": "120",
             "unit_prices": {"total": "0.25"}, "levies": [{"name": "tax", "price_per_kwh": "0.02"}],
             "vat_percent": "19"}  # fmt: skip
    return Tariff.model_validate({"name": name, "versions": [first, *versions]})


def billed(year: int, kwh: str, of: Tariff | None = None, **more: object) -> Billed:
    """A bill of a calendar year with one register."""
    return Billed.model_validate(
        {
            "start": date(year, 1, 1),
            "end": date(year + 1, 1, 1),
            "tariff": of or tariff(),
            "readings": [{"day": date(year, 1, 1), "kwh": "1000"},
                         {"day": date(year + 1, 1, 1), "kwh": Decimal(1000) + Decimal(kwh)}],
            **more,
        }
    )  # fmt: skip


def test_a_bill_of_a_year() -> None:
    bill = compute(billed(2023, "3000"))
    assert [(line.what, str(line.amount)) for line in bill.lines] == [
        ("standing_charge", "120.00"), ("energy", "750.00"), ("levy", "60.00"),
    ]  # fmt: skip
    assert (bill.net, bill.vat, bill.gross) == (
        Decimal("930"),
        Decimal("176.70"),
        Decimal("1106.70"),
    )


def test_use_is_split_where_prices_change_and_adds_up_to_the_registers() -> None:
    later = {"valid_from": "2023-04-11", "standing_charge_per_year": "150",
             "unit_prices": {"total": "0.31"}, "vat_percent": "19"}  # fmt: skip
    bill = compute(billed(2023, "1234.567", tariff("Basis", later)))
    energy = [line for line in bill.lines if line.what == "energy"]
    assert [line.start for line in energy] == [date(2023, 1, 1), date(2023, 4, 11)]
    assert sum(line.quantity for line in energy) == Decimal("1234.567")
    assert energy[0].quantity == Decimal("338.238")  # 100 of 365 days
    assert bill.split_by_days


def test_an_exchange_needs_both_readings_of_its_day() -> None:
    one = billed(2023, "500").readings
    new = [{"day": "2023-06-01", "kwh": "1200"}, {"day": "2023-06-01", "kwh": "3", "meter": "new"}]
    end = {"day": "2024-01-01", "kwh": "303", "meter": "new"}
    whole = Billed.model_validate(
        billed(2023, "500").model_dump() | {"readings": [one[0], *new, end]}
    )
    assert [use.kwh for use in uses(whole)] == [200, 300]
    with pytest.raises(ValueError, match="both readings"):
        uses(Billed.model_validate(whole.model_dump() | {"readings": [one[0], new[0], end]}))


@pytest.mark.parametrize(
    ("readings", "why"),
    [
        ([("2023-01-01", "9"), ("2024-01-01", "8")], "backwards"),
        ([("2023-01-02", "9"), ("2024-01-01", "10")], "at the start and the end"),
    ],
)
def test_readings_that_do_not_fit_are_refused(readings: list[tuple[str, str]], why: str) -> None:
    rows = [{"day": on, "kwh": kwh} for on, kwh in readings]
    with pytest.raises(ValueError, match=why):
        compute(Billed.model_validate(billed(2023, "1").model_dump() | {"readings": rows}))


def test_versions_ascend_and_windows_have_prices() -> None:
    with pytest.raises(ValidationError, match="ascend"):
        tariff("Basis", {"valid_from": "2022-01-01", "standing_charge_per_year": "1",
                         "unit_prices": {"total": "1"}})  # fmt: skip
    with pytest.raises(ValidationError, match="no unit price for low"):
        tariff("Basis", {"valid_from": "2024-01-01", "standing_charge_per_year": "1",
                         "unit_prices": {"total": "1"},
                         "windows": [NIGHT]})  # fmt: skip
    assert version_on(tariff(), date(2030, 1, 1)).valid_from == date(2023, 1, 1)


@pytest.mark.parametrize(
    ("local", "register"),
    [("2024-03-01T21:59", "high"), ("2024-03-01T22:00", "low"), ("2024-03-02T05:59", "low"),
     ("2024-03-02T06:00", "high"), ("2024-03-04T05:00", "high"), ("2024-03-03T23:00", "high")],
)  # fmt: skip
def test_a_window_over_midnight_belongs_to_the_day_it_began(local: str, register: str) -> None:
    version = {"valid_from": "2024-01-01", "standing_charge_per_year": "1",
               "unit_prices": {"high": "0.3", "low": "0.2"}, "default_register": "high",
               "windows": [{"register_name": "low", "days": [1, 2, 3, 4, 5],
                            "begin": "22:00", "end": "06:00"}]}  # fmt: skip
    found = tariff("HT/NT", version).versions[1]
    assert register_at(found, datetime.fromisoformat(local)) == register


amounts = st.decimals("0", "900", places=2)
vats = st.sampled_from(["0", "7", "19"])
unit_prices = st.decimals("0", "2", places=4)


@st.composite
def years(draw: st.DrawFn, year: int) -> Billed:
    """A bill with prices that change, two registers, export, and perhaps another billed amount."""
    start = date(year, 1, 1)
    registers = draw(st.sampled_from([["total"], ["high", "low"]]))
    versions = [
        {"valid_from": day, "standing_charge_per_year": draw(amounts),
         "unit_prices": {name: draw(unit_prices) for name in registers},
         "feed_in_per_kwh": draw(unit_prices), "vat_percent": draw(vats),
         "levies": [{"name": "tax", "price_per_kwh": draw(unit_prices)}][: draw(st.integers(0, 1))]}
        for day in (date(2020, 1, 1), start + timedelta(draw(st.integers(0, 500))))
    ]  # fmt: skip
    end = start + timedelta(draw(st.integers(1, 420)))
    readings = []
    for name, export in [*((name, False) for name in registers), ("total", True)]:
        at = draw(amounts)
        for on in (start, end):
            readings.append({"day": on, "register_name": name, "export": export, "kwh": at})
            at += draw(amounts)
    return Billed.model_validate(
        {"start": start, "end": end, "readings": readings,
         "tariff": {"name": draw(st.sampled_from("AB")), "versions": versions},
         "gross": draw(st.none() | amounts), "weather_kwh": draw(st.none() | amounts)}
    )  # fmt: skip


@given(years(2023), years(2024))
@settings(max_examples=60, deadline=None)
def test_shares_add_up_to_the_difference_to_the_cent(before: Billed, now: Billed) -> None:
    found = explain(before, now)
    assert sum(found.shares.values()) == found.difference
    assert all(share == round(share, 2) for share in found.shares.values())
    own = found.now.gross - found.before.gross
    assert found.shares[OTHER] == found.difference - own
    assert set(found.shares) == {*CAUSES, OTHER}


@given(years(2023))
@settings(max_examples=20, deadline=None)
def test_the_same_bill_has_no_share(bill: Billed) -> None:
    assert set(explain(bill, bill).shares.values()) == {Decimal(0)}


@given(st.integers(0, 6000), unit_prices, unit_prices, st.integers(1, 364))
@settings(max_examples=30, deadline=None)
def test_a_bill_is_that_of_its_days(kwh: int, one: Decimal, other: Decimal, change: int) -> None:
    changed = date(2023, 1, 1) + timedelta(change)
    later = {"valid_from": changed, "standing_charge_per_year": "60",
             "unit_prices": {"total": other}, "vat_percent": "19"}  # fmt: skip
    first = {"valid_from": "2023-01-01", "standing_charge_per_year": "120",
             "unit_prices": {"total": one}, "vat_percent": "19"}  # fmt: skip
    both = Tariff.model_validate({"name": "Basis", "versions": [first, later]})
    days = [date(2023, 1, 1) + timedelta(day) for day in range(365)]

    def prices_on(day: date) -> tuple[Decimal, dict[str, Decimal], int, int]:
        late = day >= changed
        return Decimal(60 if late else 120), {"total": other if late else one}, 0, 19

    expected = gross_by_day(days, {"total": Decimal(kwh) / 365}, prices_on)
    assert abs(float(compute(billed(2023, str(kwh), both)).gross) - float(expected)) < 0.04


@given(st.lists(st.integers(-99, 99), min_size=16, max_size=16))
@settings(max_examples=30, deadline=None)
def test_shares_are_those_of_all_orders(values: list[int]) -> None:
    causes = ("a", "b", "c", "d")

    def worth(changed: frozenset[str]) -> Decimal:
        return Decimal(values[sum(1 << causes.index(cause) for cause in changed)])

    expected = shares_by_orders(causes, worth)
    found = shapley(causes, worth)
    assert all(abs(float(found[cause]) - float(expected[cause])) < 1e-9 for cause in causes)


def test_what_changed_alone_is_the_whole_share() -> None:
    found = explain(billed(2023, "3000"), billed(2025, "3600"))
    assert found.shares["use"] == found.difference == Decimal("192.78")  # 600 x 0.27 x 1.19
    weather = explain(
        billed(2023, "3000", weather_kwh="0"), billed(2025, "3600", weather_kwh="600")
    )
    assert weather.shares["weather"] == Decimal("192.78") and weather.shares["use"] == 0
    dearer = {"valid_from": "2025-01-01", "standing_charge_per_year": "120",
              "unit_prices": {"total": "0.30"}, "vat_percent": "19",
              "levies": [{"name": "tax", "price_per_kwh": "0.02"}]}  # fmt: skip
    same = tariff("Basis", dearer)
    priced = explain(billed(2023, "3000", same), billed(2025, "3000", same))
    assert priced.shares["price"] == priced.difference == Decimal("178.50")
    other = explain(billed(2023, "3000"), billed(2025, "3000", tariff("Neu", dearer)))
    assert other.shares["tariff"] == other.difference == Decimal("178.50")


def test_what_is_billed_otherwise_is_shown() -> None:
    found = explain(billed(2023, "3000"), billed(2025, "3000", gross="1150.00"))
    assert found.shares[OTHER] == found.difference == Decimal("43.30")


def test_an_instalment_changes_only_where_it_matters() -> None:
    year = Decimal(1200), Decimal(1100), Decimal(1330)
    assert advise(*year, Decimal(105)).advised == 105
    found = advise(*year, Decimal(80))
    assert (found.advised, found.low, found.high, found.change) == (100, 91, 111, True)


def test_the_example_is_explained(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["explain-bill", str(EXAMPLE)])
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    shares = answer["difference"]["shares"]
    assert sum(map(Decimal, shares.values())) == Decimal(answer["difference"]["amount"])
    assert answer["now"]["readings"][-1]["source"] == "customer"
    wrong = tmp_path / "bill.yaml"
    wrong.write_text("now: {start: 2023-01-01}")
    refused = CliRunner().invoke(cli, ["explain-bill", str(wrong)])
    assert isinstance(refused.exception, Usage)
