"""Compare the demo's decisions with the consents that the simulators record, and recompute each."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.demo.offers import Offers
from services import decisions
from store.postgres.pool import Connection
from store.postgres.roles import set_tenant_scope

PURPOSE_OF: Mapping[str, str] = {
    "ev-tariff": "energy_insight",
    "time-of-use-tariff": "energy_insight",
    "instalment-advice": "energy_insight",
    "heat-explains-use": "energy_insight",
    "mileage-tariff": "driving_score",
    "safe-driver-discount": "driving_score",
    "service-due": "driving_score",
    "hail-notice": "claims_assistance",
    "frost-notice": "claims_assistance",
}
"""The purpose that a customer must allow for an action, as the product promises it."""


@dataclass(slots=True)
class Decided:
    """made : decisions, those that sent a message too; explained : those whose recomputation gave
    the same; sent : messages; breaches : winners and messages without consent, second messages;
    accepted, ordered : offers."""

    made: int = 0
    explained: int = 0
    sent: int = 0
    offered: int = 0
    accepted: int = 0
    ordered: int = 0
    breaches: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, int]:
        """For the demo's answer."""
        return {
            "made": self.made,
            "explained": self.explained,
            "sent": self.sent,
            "offered": self.offered,
            "accepted": self.accepted,
            "ordered": self.ordered,
            "policy_breaches": len(self.breaches),
        }

    def problems(self) -> list[str]:
        """List every failure."""
        found = list(self.breaches)
        if self.explained < self.made:
            found.append(f"{self.made - self.explained} decisions could not be recomputed")
        if self.offered and not self.ordered:
            found.append("an offer was made, and none was accepted and ordered")
        return found


def judge_decisions(
    connection: Connection,
    tenant: str,
    offers: Offers,
    consents: Mapping[str, Collection[str]],
    messages: Sequence[Mapping[str, Any]] = (),
) -> Decided:
    """Recompute every decision. consents : customer → purposes, by the simulators; messages : rows
    of the contacts that outbound decisions made."""
    found = Decided(accepted=len(offers.accepted), ordered=len(offers.ordered))
    for customer, id_ in offers.decided.items():
        set_tenant_scope(connection, (tenant,))
        explained = decisions.explain(connection, tenant, id_)
        found.made += 1
        found.explained += bool(explained["recomputed"])
        found.offered += bool(explained["winners"])
        found.breaches += _breaches(customer, explained, consents.get(customer, ()))
    found.sent = len(messages)
    for customer, id_ in sorted({(row["customer"], row["decision_id"]) for row in messages}):
        set_tenant_scope(connection, (tenant,))
        explained = decisions.explain(connection, tenant, id_)
        found.made += 1
        found.explained += bool(explained["recomputed"])
        found.breaches += _breaches(customer, explained, consents.get(customer, ()))
    found.breaches += message_breaches(messages, consents)
    return found


def message_breaches(
    messages: Sequence[Mapping[str, Any]], consents: Mapping[str, Collection[str]]
) -> list[str]:
    """List messages by a channel that the customer has not allowed, and second ones.

    An action that is no offer or advice (safety, claims, legal, contract) may come beside one.
    """
    found = [
        f"{row['customer']} got {row['action']} by {row['channel']} without consent to it"
        for row in messages
        if row["channel"] == "email" and "channel_email" not in consents.get(row["customer"], ())
    ]
    counts = Counter(row["customer"] for row in messages if row["action"] in PURPOSE_OF)
    found += [f"{who} got {count} messages at once" for who, count in counts.items() if count > 1]
    return found


def _breaches(customer: str, explained: dict[str, Any], allowed: Collection[str]) -> list[str]:
    return [
        f"{customer} got {one['action']} without {PURPOSE_OF.get(one['action'], 'a purpose')}"
        for one in explained["winners"]
        if PURPOSE_OF.get(one["action"]) not in allowed
    ]
