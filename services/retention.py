"""Retention of personal data: what is due, and its deletion, by the registry of personal data."""

from collections.abc import Mapping

from runtime.errors import Usage
from runtime.settings import Settings, pairs_of
from store.postgres.pool import Connection
from store.privacy import retention
from store.privacy.personal_data import CATEGORIES
from store.privacy.retention import Due

__all__ = ["Due", "days_by_category", "enforce", "may_enforce", "report"]

_NOT_OURS = {"samples": "set TACHOWATT_RETENTION_DAYS", "access": "it ends by its own time"}


def days_by_category(settings: Settings) -> dict[str, int]:
    """Return the days that TACHOWATT_PRIVACY_RETENTION sets. Raises `Usage`."""
    found = {}
    try:
        pairs = pairs_of(settings.privacy_retention)
    except ValueError as error:
        raise Usage(f"TACHOWATT_PRIVACY_RETENTION: {error}") from None
    for name, value in pairs.items():
        if name not in CATEGORIES or name in _NOT_OURS:
            known = ", ".join(sorted(set(CATEGORIES) - set(_NOT_OURS)))
            raise Usage(
                f"TACHOWATT_PRIVACY_RETENTION: {name!r} is no category that it sets; "
                f"{_NOT_OURS.get(name, f'expected {known}')}"
            )
        if not value.isdecimal() or int(value) > 36_500:
            raise Usage(f"TACHOWATT_PRIVACY_RETENTION: {name} is 0 to 36500 days, not {value!r}")
        found[name] = int(value)
    return found


def may_enforce(connection: Connection) -> bool:
    """Return whether this login may delete: ingest and API as logins of their own may not."""
    return retention.may_enforce(connection)


def report(connection: Connection, days: Mapping[str, int], now_us: int) -> list[Due]:
    """Return for each table how many rows are older than their period. Nothing changes."""
    return retention.due(connection, days, now_us)


def enforce(connection: Connection, days: Mapping[str, int], now_us: int) -> list[Due]:
    """Delete what is older than its period; return how many rows of each table. Commits."""
    return retention.enforce(connection, days, now_us)
