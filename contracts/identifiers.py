"""Identifiers: by what two records of customers may be recognised as one, and by what never."""

from collections.abc import Mapping
from enum import StrEnum

from contracts.kinds import Text


class Identifier(StrEnum):
    """What two customers may have in common."""

    NAME = "name"
    BIRTH_DATE = "birth_date"
    EMAIL = "email"
    PHONE = "phone"
    MOBILE = "mobile"
    POSTAL = "postal"
    VEHICLE = "vehicle"
    METER = "meter"


NEVER_IDENTIFY = frozenset({Identifier.VEHICLE, Identifier.METER})
"""Cars and meters are shared in a family and change hands: to have one in common says nothing."""

NAMES: Mapping[str, Text] = {
    Identifier.NAME: Text("Name", "name"),
    Identifier.BIRTH_DATE: Text("Geburtsdatum", "date of birth"),
    Identifier.EMAIL: Text("E-Mail", "e-mail"),
    Identifier.PHONE: Text("Telefon", "phone"),
    Identifier.MOBILE: Text("Mobiltelefon", "mobile"),
    Identifier.POSTAL: Text("Postanschrift", "postal address"),
    Identifier.VEHICLE: Text("Fahrzeug", "vehicle"),
    Identifier.METER: Text("Zähler", "meter"),
}
