"""What facts about a customer rest on: rows of several tables, in one statement."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from store.casework import next_actions, weather
from store.people import bills, subjects
from store.postgres.pool import Connection
from store.postgres.together import Query, together

_OPEN_CASES = Query(
    "select coalesce(p.case_type, s.kind) as kind, count(*) as number "
    "from contacts.service_case s left join contacts.case_plan p using (case_id) "
    "where s.tenant = %(tenant)s and s.customer = %(customer)s and s.state <> 'resolved' group by 1"
)
_MESSAGES = Query(
    "select coalesce(finished_at, next_attempt_at, created_at) as at "
    "from contacts.contact where tenant = %(tenant)s and customer = %(customer)s "
    "and channel <> 'webhook' and state in ('pending', 'delivered') "
    "and created_at >= %(messages_since)s order by created_at",
    ("at",),
)
_INTERACTIONS = Query(
    "select max(at) as last, count(*) as number from customers.interaction "
    "where tenant = %(tenant)s and customer = %(customer)s and at >= %(messages_since)s "
    "and direction = 'inbound' and (purpose is null or purpose = any(%(granted)s))",
    ("last",),
)
_ANOMALY = Query(
    "select kind, happened_at from contacts.alert where tenant = %(tenant)s "
    "and customer = %(customer)s and state <> 'resolved' and not cleared and not retracted "
    "order by happened_at desc, alert_id limit 1",
    ("happened_at",),
)
_EVERY = {
    "contracts": subjects.CONTRACTS_OF,
    "cases": _OPEN_CASES,
    "messages": _MESSAGES,
    "interactions": _INTERACTIONS,
    "outcomes": next_actions.OUTCOMES_OF,
    "weather": weather.AT_CUSTOMER,
    "bill": bills.NEWEST,
    "reported": next_actions.REPORTED,
}


def of_customer(
    connection: Connection,
    tenant: str,
    customer: str,
    own: Sequence[str],
    granted: Collection[str],
    *,
    anomalies: bool,
    messages_since: datetime,
    outcomes_since: datetime,
    weather_since: datetime,
    weather_until: datetime,
) -> dict[str, list[dict[str, Any]]]:
    """Return name → rows, in one statement.

    contracts, bill : of all ids of the customer (`own`), bill : the one whose period ended last.
    cases : kind (the type of those that have one) and number of those that are not resolved.
    messages : `at` of those that were delivered (or wait, to be tried then). interactions : one row
    with `last` and `number` of inbound ones that rest on no purpose or a granted one.
    outcomes, weather, reported : as in their modules. anomaly : kind and happened_at of the newest
    open one; not read unless `anomalies`.
    """
    queries = {**_EVERY, "anomaly": _ANOMALY} if anomalies else _EVERY
    return together(
        connection,
        queries,
        {
            "tenant": tenant,
            "customer": customer,
            "own": list(own),
            "granted": sorted(granted),
            "contract": None,
            "messages_since": messages_since,
            "outcomes_since": outcomes_since,
            "weather_since": weather_since,
            "weather_until": weather_until,
        },
    )
