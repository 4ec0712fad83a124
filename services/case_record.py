"""Facts of the record about a case: what no step asks again (customer_context/cases/asking.py)."""

from collections.abc import Mapping
from typing import Any

from services import case_about
from store.people import customers
from store.postgres.pool import Connection


def of_case(connection: Connection, case: Mapping[str, Any]) -> dict[str, Any]:
    """Return fact → value; None = unknown. case : as `services.visibility` shows it."""
    about = case_about.of_case(connection, case)
    person = None
    if case["customer"] is not None:
        person = customers.person(connection, case["tenant"], case["customer"])
    addresses: Mapping[str, str] = {} if person is None else person.addresses
    meter = (case["subject"] or "").startswith("meter:")
    return {
        "name": about.name,
        "language": about.language,
        "email": addresses.get("email"),
        "plate": about.plate,
        "meter_number": about.thing if meter else None,
        "contract": about.contract,
    }
