"""Signals: what a reader sees of them."""

from collections.abc import Sequence
from typing import Any

from services import situation, visibility
from services.visibility import Kind
from store.postgres.pool import Connection


def shown(connection: Connection, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return signals of any tenants with their `customer`, without those of a withdrawn purpose."""
    about = situation.holders(connection, rows)
    owned = [{**row, "customer": about[row["id"]]} for row in rows]
    seen = {
        (one["id"], one["revision"])
        for tenant in {row["tenant"] for row in owned}
        for one in visibility.shown(
            connection,
            tenant,
            Kind.SIGNAL,
            [row for row in owned if row["tenant"] == tenant],
            reader=None,
        )
    }
    return [row for row in owned if (row["id"], row["revision"]) in seen]
