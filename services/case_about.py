"""Who and what a case is about: for the person who calls."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from store.people import customers
from store.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class About:
    """The customer and thing of a case. contract : which covered the thing when the case opened."""

    name: str | None
    language: str | None
    thing: str | None
    plate: str | None
    contract: str | None


def of_case(connection: Connection, case: Mapping[str, Any]) -> About:
    """Return who and what a case is about.

    case : as `services.visibility` shows it; of a withdrawn one only the customer's name.
    """
    tenant, customer, subject = case["tenant"], case["customer"], case["subject"]
    person = None if customer is None else customers.person(connection, tenant, customer)
    name = None if person is None else person.name
    language = None if person is None else person.language
    if case["withdrawn"] is not None or subject is None:
        return About(name, language, None, None, None)
    names = customers.subject_names(connection, [(tenant, subject)])
    holder = customers.holder_at(connection, tenant, subject, case["opened_at"])
    plate = None
    if subject.startswith("vehicle:"):
        plate = customers.plate(connection, tenant, subject.partition(":")[2])
    return About(
        name,
        language,
        names.get((tenant, subject)),
        plate,
        holder[1] if holder is not None and holder[0] == customer else None,
    )
