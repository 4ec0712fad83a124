"""Cases: check visibility, write notes, change state and owner."""

from typing import Any

from contracts.kinds import purpose_of
from customer_context.cases import states
from runtime.errors import Stale
from store.casework import cases
from store.people import consent
from store.postgres.pool import Connection
from store.postgres.times import from_us
from store.reads import pages as reads


def visible(
    connection: Connection, tenant: str, side: str | None, case_id: str
) -> dict[str, Any] | None:
    """Return a case of the tenant, and of the side where one is given; else None."""
    case = cases.get(connection, tenant, case_id)
    return None if case is None or side not in (None, case["side"]) else case


def signal_of(connection: Connection, case: dict[str, Any]) -> dict[str, Any] | None:
    """Return the signal that opened the case, while the case's customer grants its purpose.

    A signal whose type has no purpose is shown to nobody (docs/adr/0012).
    """
    signal = reads.signal(connection, case["tenant"], case["signal_id"])
    if signal is None or case["customer"] is None:
        return None
    granted = consent.granted_of(connection, case["tenant"], case["customer"])
    return signal if purpose_of(signal["type"]) in granted else None


def note(
    connection: Connection, tenant: str, case_id: str, author: str, text: str, now_us: int
) -> dict[str, Any]:
    """Write a note into the diary; return the case. Raises `NotFound`."""
    case = cases.lock(connection, tenant, case_id)
    return cases.write(connection, case, author, now_us, entries=[("note", text)])


def change(
    connection: Connection,
    tenant: str,
    case_id: str,
    author: str,
    now_us: int,
    *,
    state: str | None = None,
    owner: str | None = None,
    resolution: str | None = None,
    expected_version: int | None = None,
) -> dict[str, Any]:
    """Change state or owner by the rules of `customer_context.cases.states`; return the case.

    Raises `NotFound`, `Stale`, `NotAllowed`.
    """
    case = cases.lock(connection, tenant, case_id)
    if expected_version is not None and expected_version != case["version"]:
        raise Stale(f"case {case_id}", case["version"])
    changed = states.change(
        case, author, from_us(now_us), state=state, owner=owner, resolution=resolution
    )
    if not changed.fields:
        return case
    return cases.write(
        connection, case, author, now_us, fields=changed.fields, entries=changed.entries
    )
