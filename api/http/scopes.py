"""Scopes: what people and keys may do. A key has all scopes of its role, or fewer."""

from collections.abc import Mapping
from enum import StrEnum

from contracts.roles import Role


class Scope(StrEnum):
    """A subject and an access mode: read or write."""

    SCORES_READ = "scores:read"
    SCORES_WRITE = "scores:write"
    TRIPS_READ = "trips:read"
    MILEAGE_READ = "mileage:read"
    CRASHES_READ = "crashes:read"
    ALERTS_READ = "alerts:read"
    ALERTS_WRITE = "alerts:write"
    CONSUMPTION_READ = "consumption:read"
    READINGS_READ = "readings:read"
    READINGS_WRITE = "readings:write"
    BILLS_READ = "bills:read"
    METER_DATA_READ = "meter-data:read"
    METER_DATA_WRITE = "meter-data:write"
    ROUNDS_READ = "rounds:read"
    ROUNDS_WRITE = "rounds:write"
    CONTEXT_READ = "context:read"
    CUSTOMERS_WRITE = "customers:write"
    CUSTOMERS_MERGE = "customers:merge"
    PARTNER_READ = "partner:read"
    PARTNER_WRITE = "partner:write"
    INTERACTIONS_WRITE = "interactions:write"
    REGISTRY_READ = "registry:read"
    REGISTRY_WRITE = "registry:write"
    CALLS_WRITE = "calls:write"
    CASES_READ = "cases:read"
    CASES_WRITE = "cases:write"
    TEAM_READ = "team:read"
    CONTACTS_READ = "contacts:read"
    CONTACTS_WRITE = "contacts:write"
    CONSENTS_READ = "consents:read"
    CONSENTS_WRITE = "consents:write"
    INBOX_READ = "inbox:read"
    INBOX_WRITE = "inbox:write"
    DATA_READ = "data:read"
    RIGHTS_READ = "rights:read"
    RIGHTS_WRITE = "rights:write"
    PRIVACY_READ = "privacy:read"
    OPERATIONS_READ = "operations:read"
    UNASSIGNED_READ = "unassigned:read"
    PLAYBOOKS_READ = "playbooks:read"
    APPROVALS_READ = "approvals:read"
    APPROVALS_WRITE = "approvals:write"


_AGENT = frozenset(
    {
        Scope.CONTEXT_READ,
        Scope.SCORES_WRITE,
        Scope.READINGS_READ,
        Scope.READINGS_WRITE,
        Scope.BILLS_READ,
        Scope.CUSTOMERS_WRITE,
        Scope.INTERACTIONS_WRITE,
        Scope.CALLS_WRITE,
        Scope.ALERTS_READ,
        Scope.CASES_READ,
        Scope.CASES_WRITE,
        Scope.CONTACTS_READ,
        Scope.CONTACTS_WRITE,
        Scope.RIGHTS_READ,
        Scope.RIGHTS_WRITE,
    }
)
_APPROVALS = frozenset({Scope.APPROVALS_READ, Scope.APPROVALS_WRITE})
_OPERATOR = _APPROVALS | {
    Scope.OPERATIONS_READ,
    Scope.CONTACTS_READ,
    Scope.CONTACTS_WRITE,
    Scope.PLAYBOOKS_READ,
}

OF_ROLE: Mapping[str, frozenset[Scope]] = {
    Role.INSURER: frozenset(
        {
            Scope.SCORES_READ,
            Scope.SCORES_WRITE,
            Scope.TRIPS_READ,
            Scope.MILEAGE_READ,
            Scope.CRASHES_READ,
            Scope.CASES_READ,
            Scope.CASES_WRITE,
            Scope.CONTACTS_READ,
        }
    ),
    Role.UTILITY: frozenset(
        {
            Scope.ALERTS_READ,
            Scope.ALERTS_WRITE,
            Scope.CONSUMPTION_READ,
            Scope.READINGS_READ,
            Scope.READINGS_WRITE,
            Scope.METER_DATA_READ,
            Scope.METER_DATA_WRITE,
            Scope.ROUNDS_READ,
            Scope.ROUNDS_WRITE,
            Scope.CASES_READ,
            Scope.CASES_WRITE,
            Scope.CONTACTS_READ,
        }
    ),
    Role.AGENT: _AGENT,
    Role.SUPERVISOR: _AGENT
    | _APPROVALS
    | {Scope.PLAYBOOKS_READ, Scope.TEAM_READ, Scope.CUSTOMERS_MERGE},
    Role.MARKETING: frozenset({Scope.PLAYBOOKS_READ}),
    Role.DATA_PROTECTION: _APPROVALS
    | {Scope.PLAYBOOKS_READ, Scope.RIGHTS_READ, Scope.RIGHTS_WRITE, Scope.PRIVACY_READ},
    Role.BACK_OFFICE: frozenset(
        {
            Scope.REGISTRY_READ,
            Scope.REGISTRY_WRITE,
            Scope.CUSTOMERS_MERGE,
            Scope.INTERACTIONS_WRITE,
            Scope.CASES_READ,
            Scope.CASES_WRITE,
            Scope.CONTACTS_READ,
        }
    ),
    Role.OPERATOR: _OPERATOR,
    Role.PLATFORM: _OPERATOR | {Scope.UNASSIGNED_READ},
    Role.PARTNER: frozenset({Scope.PARTNER_READ, Scope.PARTNER_WRITE}),
    Role.CUSTOMER: frozenset(
        {
            Scope.DATA_READ,
            Scope.READINGS_READ,
            Scope.READINGS_WRITE,
            Scope.BILLS_READ,
            Scope.CONSENTS_READ,
            Scope.CONSENTS_WRITE,
            Scope.INBOX_READ,
            Scope.INBOX_WRITE,
            Scope.RIGHTS_READ,
            Scope.RIGHTS_WRITE,
        }
    ),
}
"""The maximum scopes of a role's people and keys, and the default of keys. Roles are separate: no
key of an insurer can read consumption."""

OPERATORS = frozenset({Role.OPERATOR, Role.PLATFORM})
"""They run the service and see no customers. `platform` also sees messages of no known tenant,
whose topics may name devices and people of any tenant."""


def roles_with(scope: Scope) -> tuple[str, ...]:
    """Return the roles that can have a scope."""
    return tuple(role for role, scopes in OF_ROLE.items() if scope in scopes)
