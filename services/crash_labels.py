"""Labels of noticed crashes: kept in step with their cases, listed to evaluate the kernels."""

from collections.abc import Mapping
from typing import Any

from contracts.purposes import Training
from customer_context.cases import labels
from customer_context.cases.outcomes import CRASH_CALL
from services import case_texts
from store.casework import crash_labels as stored
from store.people import consent
from store.postgres.pool import Connection

BEFORE_S, AFTER_S = 300, 120
"""The recording of a labelled crash, around the instant of the impact."""


def follow(connection: Connection, case: Mapping[str, Any], author: str, now_us: int) -> None:
    """Store what the locked case now says about its crash, or forget what it said before.

    Called after every change of a case, so that an undone outcome has no label.
    """
    if case["kind"] != CRASH_CALL or case["signal_id"] is None:
        return
    plan = case_texts.plan(connection, case["case_id"])
    found = labels.of_crash(case, {} if plan is None else plan["data"])
    if found is None:
        stored.remove(connection, case["case_id"], author, now_us)
    else:
        stored.put(connection, case["tenant"], case["case_id"], found.label, found.cause, author,
                   now_us)  # fmt: skip


def of_case(connection: Connection, tenant: str, case_id: str) -> dict[str, Any] | None:
    """Return label, cause and time of a case's label; None where it has none."""
    return stored.get(connection, tenant, case_id)


def consented(connection: Connection, tenant: str) -> list[dict[str, Any]]:
    """Return the labels of customers who agree now that recordings train detection.

    Each with its recording: device, from and until; oldest first.
    """
    found = stored.list_(connection, tenant, BEFORE_S, AFTER_S)
    granted: dict[str, bool] = {}
    for row in found:
        who = row["customer"]
        if who not in granted:
            granted[who] = Training.DETECTION in consent.granted_of(connection, tenant, who)
    return [row for row in found if granted[row["customer"]]]
