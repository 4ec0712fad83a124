"""Offers of the demo: an agent asks what to say to each customer, and some accept and order.

Then an outbound decision about each one sends a message where an action wins.

The back office of the simulated world knows last year's bill and the instalment of each household;
for every third one the instalment is too low.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from customer_context.cases.case_state import What
from customer_context.contact_policy.policy import Outcome
from runtime.clock import Clock
from runtime.secret_box import SecretBox
from services import actions, case_steps, contact_policy, decisions, facts, outbound
from services.contact_policy import ContactRules
from simulators.fleet import Fleet
from store.postgres.pool import Connection, connect
from store.postgres.roles import set_tenant_scope
from store.postgres.times import from_us

AGENT = "Service agent"
_ACCEPTED = 2
_PLACES = frozenset({"email", "inbox"})
"""Channels of outbound decisions."""
_PRICE_CT, _BASE_EUR = 32.5, 12.0


@dataclass(slots=True)
class Offers:
    """What was decided. decided : customer → id of the decision; ordered : ids of cases; sent : ids
    of messages of outbound decisions."""

    decided: dict[str, str] = field(default_factory=dict)
    accepted: list[str] = field(default_factory=list)
    ordered: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)


def make_offers(database_url: str, box: SecretBox, fleet: Fleet, clock: Clock) -> Offers:
    """Report what the back office knows, decide for every customer, accept and order some."""
    found = Offers()
    tenant, rules = fleet.tenant, actions.in_use(None)
    with connect(database_url, box=box) as connection:
        _report(connection, fleet, clock.now_us())
        connection.commit()
        for row in fleet.registry["customers"]:
            customer = row["id"]
            set_tenant_scope(connection, (tenant,))
            made = decisions.make(
                connection, tenant, customer, rules, place="agent", by=AGENT, now_us=clock.now_us()
            )
            assert made.id is not None, "no dry run"
            found.decided[customer] = made.id
            orders = [one for one in made.winners if one["case_type"] is not None]
            if orders and len(found.accepted) < _ACCEPTED:
                found.accepted.append(made.id)
                found.ordered += _order(connection, tenant, made.id, orders[0], clock.now_us())
            connection.commit()
            pair, now_us = (tenant, customer), clock.now_us()
            contact_policy.lock(connection, [pair], now_us)
            found.sent += outbound.about(
                connection, ContactRules(rules), _PLACES, pair, "demo", now_us
            )
            connection.commit()
    return found


def _report(connection: Connection, fleet: Fleet, now_us: int) -> None:
    for position, contract in enumerate(fleet.registry["contracts"]):
        if contract["kind"] != "electricity":
            continue
        year_kwh = Random(f"bill {contract['customer']}").uniform(2_200, 4_800)
        month = (year_kwh * _PRICE_CT / 100 + 12 * _BASE_EUR) / 12
        known = {
            "tariff.electricity": "flat",
            "tariff.price_ct_kwh": _PRICE_CT,
            "tariff.base_eur_month": _BASE_EUR,
            "consumption.year_kwh": year_kwh,
            "consumption.observed_d": 365,
            "instalment.eur_month": month - (18.0 if position % 3 == 0 else 0.0),
        }
        given = [(name, value, now_us) for name, value in known.items()]
        facts.report(connection, fleet.tenant, contract["customer"], given, "back office", now_us)


def _order(
    connection: Connection, tenant: str, decision: str, won: dict[str, object], now_us: int
) -> list[str]:
    """Accept an offer, record the wish and confirm it; return the case that was ordered."""
    recorded = decisions.outcome(
        connection, tenant, decision, str(won["action"]), Outcome.ACCEPTED,
        at_us=now_us, by=AGENT, now_us=now_us,
    )  # fmt: skip
    if recorded.case_id is None:
        return []
    start = (from_us(now_us) + timedelta(days=14)).date().isoformat()
    wish = {"product": str(won["title"]), "start": start, "price_eur": 85}
    for item, data in (("wish", wish), ("confirm", {"ordered": True})):
        case_steps.act(
            connection, tenant, recorded.case_id, AGENT, now_us, What.COMPLETE, item=item, data=data
        )
    return [recorded.case_id]
