"""Scopes: what a key may be used for. A key has all scopes of its role, or fewer."""

from collections.abc import Mapping
from enum import StrEnum


class Scope(StrEnum):
    """A subject and an access mode: read or write."""

    SCORES_READ = "scores:read"
    TRIPS_READ = "trips:read"
    MILEAGE_READ = "mileage:read"
    CRASHES_READ = "crashes:read"
    ALERTS_READ = "alerts:read"
    ALERTS_WRITE = "alerts:write"
    CONSUMPTION_READ = "consumption:read"
    CONTEXT_READ = "context:read"
    CUSTOMERS_WRITE = "customers:write"
    CASES_READ = "cases:read"
    CASES_WRITE = "cases:write"
    CONTACTS_READ = "contacts:read"
    CONTACTS_WRITE = "contacts:write"
    CONSENTS_READ = "consents:read"
    CONSENTS_WRITE = "consents:write"
    INBOX_READ = "inbox:read"
    INBOX_WRITE = "inbox:write"
    DATA_READ = "data:read"
    OPERATIONS_READ = "operations:read"
    UNASSIGNED_READ = "unassigned:read"


OF_ROLE: Mapping[str, frozenset[Scope]] = {
    "insurer": frozenset(
        {
            Scope.SCORES_READ,
            Scope.TRIPS_READ,
            Scope.MILEAGE_READ,
            Scope.CRASHES_READ,
            Scope.CASES_READ,
            Scope.CASES_WRITE,
            Scope.CONTACTS_READ,
        }
    ),
    "utility": frozenset(
        {
            Scope.ALERTS_READ,
            Scope.ALERTS_WRITE,
            Scope.CONSUMPTION_READ,
            Scope.CASES_READ,
            Scope.CASES_WRITE,
            Scope.CONTACTS_READ,
        }
    ),
    "agent": frozenset(
        {
            Scope.CONTEXT_READ,
            Scope.CUSTOMERS_WRITE,
            Scope.ALERTS_READ,
            Scope.CASES_READ,
            Scope.CASES_WRITE,
            Scope.CONTACTS_READ,
            Scope.CONTACTS_WRITE,
        }
    ),
    "customer": frozenset(
        {
            Scope.DATA_READ,
            Scope.CONSENTS_READ,
            Scope.CONSENTS_WRITE,
            Scope.INBOX_READ,
            Scope.INBOX_WRITE,
        }
    ),
    "operator": frozenset({Scope.OPERATIONS_READ, Scope.CONTACTS_READ, Scope.CONTACTS_WRITE}),
    "platform": frozenset(
        {
            Scope.OPERATIONS_READ,
            Scope.UNASSIGNED_READ,
            Scope.CONTACTS_READ,
            Scope.CONTACTS_WRITE,
        }
    ),
}
"""The maximum scopes of a role's keys, and their default. Roles are separate: no key of an insurer
can read consumption."""

OPERATORS = frozenset({"operator", "platform"})
"""They run the service and see no customers. `platform` also sees messages of no known tenant,
whose topics may name devices and people of any tenant."""


def roles_with(scope: Scope) -> tuple[str, ...]:
    """Return the roles whose keys can have a scope."""
    return tuple(role for role, scopes in OF_ROLE.items() if scope in scopes)
