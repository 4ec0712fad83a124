"""The ledger in the form of the commands."""

import urllib.request
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from store.pipeline import ledger


def ledger_json(
    entries: dict[ledger.Key, ledger.Entry], committed: int, in_flight: int
) -> dict[str, Any]:
    """Return the ledger as printed: sums, then each tenant and dialect."""
    total = ledger.Entry()
    for entry in entries.values():
        total += entry
    closes = all(entry.closes for entry in entries.values()) and total.received == committed
    sums = {name: getattr(total, name) for name in ledger.COUNTS}
    sums["received"] += in_flight
    return {
        **sums,
        "in_flight": in_flight,
        "closes": closes,
        "by": [
            {
                "tenant": tenant,
                "dialect": dialect,
                **{name: getattr(entry, name) for name in ledger.COUNTS},
            }
            for (tenant, dialect), entry in entries.items()
        ],
    }


def messages_in_flight(metrics_url: str) -> int:
    """Return how many messages a running service has received and not committed.

    Raises OSError if no service answers.
    """
    with urllib.request.urlopen(metrics_url, timeout=5) as answer:
        text = answer.read().decode()
    for family in text_string_to_metric_families(text):
        if family.name == "tachowatt_messages_in_flight":
            return round(sum(sample.value for sample in family.samples))
    return 0
