"""Contact points: where a customer can be reached, and the one form of each for comparison.

Numbers are read by `phonenumbers` (rules of each country's numbering plan), e-mail addresses by
`email-validator` (RFC 5321, 5322, 6531; no question to a name server).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from contracts.kinds import Text


class PointKind(StrEnum):
    """Kinds of contact points."""

    PHONE = "phone"
    MOBILE = "mobile"
    EMAIL = "email"
    POSTAL = "postal"


NAMES: Mapping[str, Text] = {
    PointKind.PHONE: Text("Telefon", "phone"),
    PointKind.MOBILE: Text("Mobiltelefon", "mobile"),
    PointKind.EMAIL: Text("E-Mail", "e-mail"),
    PointKind.POSTAL: Text("Postanschrift", "postal address"),
}
CALLED = (PointKind.MOBILE, PointKind.PHONE)
"""Kinds that are called, the one that more often reaches a person first."""

MAX_LENGTH = 400
_FEWEST_DIGITS = 4
_NUMBER_SIGNS = frozenset("0123456789 +-/().\u00a0")


class NotUsable(ValueError):
    """The text is no contact point of its kind; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class Point:
    """A contact point that can be used.

    value : what is stored: E.164, an e-mail address as it is written, lines of an address.
    compared : equal for two that are the same; phone and mobile numbers are compared alike.
    """

    kind: PointKind
    value: str
    compared: str


def parse(kind: str, text: str, region: str) -> Point:
    """Read a contact point.

    region : ISO 3166-1 country of numbers without a country code. Raises `NotUsable`.
    """
    text = text.strip()
    if not text or len(text) > MAX_LENGTH:
        raise NotUsable(f"expected 1 to {MAX_LENGTH} characters")
    if kind == PointKind.EMAIL:
        return _email(text)
    if kind == PointKind.POSTAL:
        lines = [" ".join(line.split()) for line in text.replace(",", "\n").splitlines()]
        value = "\n".join(line for line in lines if line)
        return Point(PointKind.POSTAL, value, f"postal:{value.casefold()}")
    number = _number(text, region)
    if number is None:
        raise NotUsable(
            f"expected a phone number such as +49 30 123456, or one of {region} without +49"
            if region == "DE"
            else f"expected a phone number with its country code, or one of {region}"
        )
    return Point(PointKind(kind), number, f"tel:{number}")


def _email(text: str) -> Point:
    try:
        found = validate_email(text, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise NotUsable(f"expected an e-mail address: {error}") from None
    return Point(PointKind.EMAIL, found.normalized, f"mailto:{found.normalized.casefold()}")


def _number(text: str, region: str) -> str | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    few = sum(sign.isdigit() for sign in text) < _FEWEST_DIGITS
    if few or not phonenumbers.is_possible_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def searched(text: str, region: str) -> str | None:
    """Return what a text of a search is compared with; None if it is no number and no address."""
    text = text.strip()
    if "@" in text:
        try:
            return _email(text).compared
        except NotUsable:
            return None
    if not set(text) <= _NUMBER_SIGNS:
        return None
    number = _number(text, region)
    return None if number is None else f"tel:{number}"


def shown(kind: str, value: str) -> str:
    """Return a stored value for people: numbers in international format."""
    if kind not in CALLED:
        return value
    number = phonenumbers.parse(value, None)
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL))


def link(kind: str, value: str) -> str | None:
    """Return the URI that calls or writes (RFC 3966, RFC 6068); None for a postal address."""
    if kind in CALLED:
        return f"tel:{value}"
    return f"mailto:{value}" if kind == PointKind.EMAIL else None
