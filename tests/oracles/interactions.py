"""Whose an anonymous interaction is, by the rule alone."""

from collections.abc import Sequence

DAYS_30_US = 30 * 86_400 * 1_000_000


def owners(reported: Sequence[tuple[str, int, str | None, str | None]]) -> dict[str, str | None]:
    """Return id → customer; reported : (id, at_us, customer, visitor), in any order."""
    found: dict[str, str | None] = {}
    for id_, at, customer, visitor in reported:
        if customer is not None:
            found[id_] = customer
            continue
        later = [
            (other_at, other_id, other)
            for other_id, other_at, other, same in reported
            if same == visitor and other is not None and at <= other_at <= at + DAYS_30_US
        ]
        found[id_] = min(later)[2] if later else None
    return found
