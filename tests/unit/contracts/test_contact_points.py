"""Contact points: one form of each number and address, whoever writes it."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.contact_points import CALLED, NotUsable, PointKind, link, parse, searched, shown

WRITTEN = st.sampled_from(
    [
        "+49 171 3920001", "0171 3920001", "0171/39 20 001", "+49 (0)171 3920001", "01713920001",
        "0049 171 3920001", "+491713920001",
    ]
)  # fmt: skip


@given(WRITTEN, st.sampled_from(CALLED))
def test_a_number_has_one_form_however_it_is_written(text: str, kind: PointKind) -> None:
    point = parse(kind, text, "DE")
    assert point.value == "+491713920001"
    assert searched(text, "DE") == point.compared == "tel:+491713920001"
    assert shown(kind, point.value) == "+49 171 3920001"
    assert link(kind, point.value) == "tel:+491713920001"


@given(st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)))
def test_the_form_of_a_number_is_read_back_as_itself(region: str) -> None:
    number = phonenumbers.example_number(region)
    if number is None:
        return
    text = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    point = parse("phone", text, region)
    assert parse("phone", point.value, "DE").value == point.value
    assert parse("phone", shown("phone", point.value), "US").value == point.value


@pytest.mark.parametrize("text", ["Jane.Doe@Example.org", "jane.doe@example.org"])
def test_addresses_are_compared_without_case(text: str) -> None:
    assert parse("email", text, "DE").compared == "mailto:jane.doe@example.org"
    assert searched(f" {text} ", "DE") == "mailto:jane.doe@example.org"


def test_an_address_is_kept_in_lines() -> None:
    point = parse("postal", "Musterstraße 1,  12345   Musterstadt", "DE")
    assert point.value == "Musterstraße 1\n12345 Musterstadt"
    assert link("postal", point.value) is None


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("phone", "12"), ("mobile", "call me"), ("phone", ""), ("email", "jane"),
        ("email", "a b@example.org"), ("postal", "  "), ("phone", "1" * 500),
    ],
)  # fmt: skip
def test_what_is_none_is_refused(kind: str, text: str) -> None:
    with pytest.raises(NotUsable):
        parse(kind, text, "DE")


@pytest.mark.parametrize("text", ["Jane Doe", "k 17", "1EMH0012345678", "B-TW 1234", "12", "@"])
def test_names_and_codes_are_not_searched_as_numbers(text: str) -> None:
    assert searched(text, "DE") is None
