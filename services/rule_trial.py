"""Try a recorded version of a rule on history, beside what is in force. Nothing is written.

Actions are tried on stored decisions, playbooks on stored signals; the answer has one form.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from contracts.channels import configured
from runtime.settings import Settings
from services import action_rules, actions, backtest, backtest_actions, contact_policy, playbooks
from services.rule_versions import of_digest
from store.postgres.pool import Connection

MOST_DECISIONS, MOST_SIGNALS = 100_000, 10_000
"""Some seconds for who waits for it. `tachowatt playbook backtest` has no limit."""
Progress = Callable[[int, int], None]


def run(
    connection: Connection,
    settings: Settings,
    tenant: str,
    kind: str,
    digest: str,
    since: datetime,
    until: datetime,
    progress: Progress = lambda done, of: None,
) -> dict[str, Any]:
    """Return what a version would have changed in [since, until).

    kind : a key of `KINDS`. tried : decisions or signals; compared, equal : what was decided, and
    how much of it is decided again by what is in force; live, changed : messages, customers,
    most_to_one, and `won` and `stopped` by name; changed is None where the version is gone.
    """
    return KINDS[kind](connection, settings, tenant, digest, since, until, progress)


def _of_actions(
    connection: Connection, settings: Settings, tenant: str, digest: str, since: datetime,
    until: datetime, progress: Progress,
) -> dict[str, Any]:  # fmt: skip
    live = actions.of_tenant(connection, tenant, actions.in_use(settings.actions_dir))
    new = action_rules.with_version(connection, tenant, live, digest)
    found = backtest_actions.run(
        connection, tenant, live, new, since, until, most=MOST_DECISIONS, progress=progress
    )
    return {
        "tried": found["decisions"],
        "customers": found["customers"],
        "compared": found["decisions"],
        **{name: found[name] for name in ("equal", "complete", "live", "changed")},
    }


def _of_playbooks(
    connection: Connection, settings: Settings, tenant: str, digest: str, since: datetime,
    until: datetime, progress: Progress,
) -> dict[str, Any]:  # fmt: skip
    live = playbooks.in_force(connection, tenant, settings.playbooks_dir)
    new = of_digest(connection, tenant, playbooks.PLAYBOOK, digest)
    found = backtest.playbooks(
        connection, tenant, live, {**live, new.id: new}, configured(settings), since, until,
        contact_policy.of(settings), progress, most=MOST_SIGNALS,
    )  # fmt: skip
    return {
        "tried": found["signals"],
        "customers": found["live"]["customers"],
        **{name: found[name] for name in ("compared", "equal", "complete")},
        "live": _figures(found["live"]),
        "changed": _figures(found["changed"]),
    }


def _figures(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of playbooks in the form of those of actions."""
    stopped = Counter[str]()
    for one in found["conflicts"]:
        stopped[one["rule"]] += one["number"]
    return {
        "won": found["contacts"],
        "messages": sum(found["contacts"].values()),
        "customers": found["customers"],
        "most_to_one": found["most_to_one"],
        "stopped": dict(sorted(stopped.items())),
    }


_Run = Callable[[Connection, Settings, str, str, datetime, datetime, Progress], dict[str, Any]]
KINDS: Mapping[str, _Run] = {actions.KIND: _of_actions, playbooks.PLAYBOOK.name: _of_playbooks}
"""Kinds of rules that can be tried."""
