"""Roles of people and keys. What a role may do stands in api/http/scopes.py."""

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """The role of a person or key in a tenant."""

    INSURER = "insurer"
    UTILITY = "utility"
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    MARKETING = "marketing"
    DATA_PROTECTION = "data_protection"
    BACK_OFFICE = "back_office"
    OPERATOR = "operator"
    PLATFORM = "platform"
    PARTNER = "partner"
    CUSTOMER = "customer"


MEANING: Mapping[Role, str] = {
    Role.INSURER: "insurer's analyst",
    Role.UTILITY: "utility's analyst",
    Role.AGENT: "service agent",
    Role.SUPERVISOR: "leads service agents, and approves",
    Role.MARKETING: "campaigns and playbooks",
    Role.DATA_PROTECTION: "data protection, and approves what shows data in full",
    Role.BACK_OFFICE: "contracts and their cases",
    Role.OPERATOR: "runs the service",
    Role.PLATFORM: "runs the service for all tenants; sees messages of no known tenant",
    Role.PARTNER: "somebody outside: a workshop, a call centre",
    Role.CUSTOMER: "a customer, with their own data only",
}
"""What each role is for; help texts and documents show it."""

OF_A_PERSON = "person"
"""Stands for the role of a key that acts as a person: the role of that person at each request."""
