"""The contact policy of a tenant's messages: which rules apply, what counts, and the locks.

Every message to a customer asks it twice: when it is decided, and when it is delivered. Playbooks,
notices about cases and outbound decisions ask here, and nowhere else. Who asks has the lock of the
customer's household until the end of the transaction, so that no other worker counts at that time.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from contracts.channels import TO_CUSTOMER, configured
from customer_context.contact_policy.policy import (
    MESSAGES,
    PREFERRED,
    Cap,
    Message,
    Person,
    Policy,
    Reaction,
    Sent,
    Verdict,
    judge,
)
from customer_context.next_best_action.rules import Rules
from runtime.errors import Usage
from runtime.settings import Settings
from services import actions
from store.casework import next_actions, policy_counts
from store.people import households
from store.postgres.merged import same_as
from store.postgres.pool import Connection
from store.postgres.times import from_us, to_us
from store.signals import signal_queue

log = logging.getLogger("services.contact_policy")

_last_good: dict[Path | None, Rules] = {}
_reported: dict[Path | None, str] = {}
"""Of each folder of actions: what was loaded last, and why it cannot be loaded now."""
_REACTED = timedelta(days=366)
_DAY_H = 24


@dataclass(frozen=True, slots=True)
class ContactRules:
    """The rules of one process. rules : None = only consent and what customers have chosen decide;
    on_signals : types of signals on which an outbound decision is made; offers : False = of these
    rules none is offered; channels : to customers that are set up."""

    rules: Rules | None = None
    per_day: int = 0
    on_signals: frozenset[str] = frozenset()
    offers: bool = True
    channels: frozenset[str] = frozenset(TO_CUSTOMER)

    @property
    def messages(self) -> Policy:
        """The policy of playbooks and of notices about cases, with the cap of the settings."""
        standing = Policy() if self.rules is None else self.rules.messages
        return replace(standing, caps=(*_daily(self.per_day), *standing.caps))

    def exempt(self, policy: Policy) -> frozenset[str]:
        """Return the ids of rules that do not apply to messages under this policy."""
        every = {cap.id for cap in _daily(self.per_day)} | {PREFERRED}
        if self.rules is not None:
            every |= self.rules.contact_rules
        return frozenset(every - policy.ids)


FREE = ContactRules()
"""No rules but consent."""


@lru_cache(maxsize=8)
def _daily(per_day: int) -> tuple[Cap, ...]:
    """Return the caps of TACHOWATT_MESSAGES_PER_DAY, which is for each channel."""
    if per_day == 0:
        return ()
    return tuple(Cap(f"{name}-day", per_day, _DAY_H, channel=name) for name in TO_CUSTOMER)


def of(settings: Settings) -> ContactRules:
    """Return the rules that these settings name.

    Files that are wrong stop no message: what was good last stays in use; before the first good
    ones the shipped contact rules hold, and nothing is offered.
    """
    folder = settings.actions_dir
    try:
        rules, offers = actions.in_use(folder), True
        _last_good[folder] = rules
        _reported.pop(folder, None)
    except Usage as error:
        if _reported.get(folder) != str(error):
            _reported[folder] = str(error)
            log.error("%s; the last good actions stay in use", error)
        rules, offers = _last_good.get(folder) or actions.in_use(None), folder in _last_good
    types = {name.strip() for name in settings.outbound_signals.split(",")}
    return ContactRules(
        rules, settings.messages_per_day, frozenset(types - {""}), offers, configured(settings)
    )


def lock(connection: Connection, pairs: Sequence[tuple[str, str]], now_us: int) -> None:
    """Lock (tenant, customer) and their households against other workers until the end of the
    transaction. Call it once in a transaction: locks are taken in one order."""
    signal_queue.lock(connection, names(connection, pairs, now_us))


def try_lock(connection: Connection, pair: tuple[str, str], now_us: int) -> bool:
    """Lock a customer and their household as `lock` does, unless another worker has them."""
    return signal_queue.try_lock(connection, names(connection, [pair], now_us))


def names(connection: Connection, pairs: Sequence[tuple[str, str]], now_us: int) -> list[str]:
    """Return the names of the locks of customers and their households."""
    if not pairs:
        return []
    of_households = households.of_pairs(connection, pairs, from_us(now_us))
    return sorted(
        {f"{tenant} {customer}" for tenant, customer in pairs}
        | {f"{tenant} household {household}" for tenant, household in of_households}
    )


def sent(
    connection: Connection,
    tenant: str,
    customer: str,
    at_us: int,
    reach_h: int,
    own: Sequence[str] | None = None,
) -> list[tuple[str, Sent]]:
    """Return (contact id, message) that count for a customer: theirs and their household's, of the
    last `reach_h` hours and planned. own : all ids of the customer, None = not read yet."""
    if reach_h == 0:
        return []
    own = same_as(connection, tenant, customer) if own is None else own
    others = households.others(connection, tenant, own, from_us(at_us))
    since = from_us(at_us) - timedelta(hours=reach_h)
    rows = policy_counts.counted(connection, tenant, [*own, *others], since)
    return [(row["contact_id"], message_of(row, own)) for row in rows]


def history(
    connection: Connection, tenant: str, customer: str, since_us: int, until_us: int, reach_h: int
) -> tuple[list[tuple[str, int, Sent]], set[str]]:
    """Return what counted for a customer in [since, until), but for messages of playbooks that were
    decided then: (contact id, created_us, message); and who else is of the household at its end."""
    own = same_as(connection, tenant, customer)
    others = households.others(connection, tenant, own, from_us(until_us))
    since = from_us(since_us) - timedelta(hours=reach_h)
    rows = policy_counts.counted(connection, tenant, [*own, *others], since)
    found = [
        (row["contact_id"], created_us, message_of(row, own))
        for row in rows
        if (created_us := to_us(row["created_at"])) < since_us
        or (row["signal_id"] is None and created_us < until_us)
    ]
    return found, set(others)


def message_of(row: Mapping[str, Any], own: Sequence[str]) -> Sent:
    """Return a stored message as the policy counts it. own : the ids of the customer."""
    return Sent(to_us(row["at"]), row["channel"], row["customer"] in own, frozenset(row["exempt"]))


def reactions(
    connection: Connection, pairs: Sequence[tuple[str, str]], rules: Rules | None, at_us: int
) -> dict[tuple[str, str], tuple[Reaction, ...]]:
    """Return (tenant, customer) → reactions; without customers that have none."""
    if not pairs:
        return {}
    rows = policy_counts.reactions(connection, pairs, from_us(at_us) - _REACTED)
    return {pair: tuple(_reaction(row, rules) for row in of) for pair, of in rows.items()}


def _reaction(row: Mapping[str, Any], rules: Rules | None) -> Reaction:
    action = None if rules is None else rules.by_id.get(row["action"])
    group, issue = ("", "") if action is None else (action.group, action.issue)
    return Reaction(to_us(row["at"]), row["outcome"], row["channel"], row["action"], group, issue)


def person(
    connection: Connection,
    pair: tuple[str, str],
    zone: str,
    granted: frozenset[str],
    not_by: frozenset[tuple[str, str]],
    rules: ContactRules,
    at_us: int,
    *,
    preferred: Mapping[str, str],
    but: str | None = None,
) -> Person:
    """Return what the policy knows of a customer, under their lock.

    preferred : matter → the chosen channel (services.preferences); but : the contact that asks.
    """
    counted = sent(connection, *pair, at_us, rules.messages.reach_h)
    return Person(
        zone,
        granted,
        not_by,
        tuple(one for id_, one in counted if id_ != but),
        reactions(connection, [pair], rules.rules, at_us).get(pair, ()),
        preferred,
    )


def ask_again(
    connection: Connection,
    contact: Mapping[str, Any],
    zone: str,
    granted: frozenset[str],
    not_by: frozenset[tuple[str, str]],
    rules: ContactRules,
    now_us: int,
    preferred: Mapping[str, str],
) -> Verdict:
    """Ask the policy about a stored contact (a row) at the moment of its delivery, under the
    customer's lock. Rules that did not apply when it was decided do not apply now."""
    if contact["action"] is not None:
        return _ask_action(connection, contact, zone, granted, not_by, rules, now_us, preferred)
    pair = (contact["tenant"], contact["customer"])
    known = person(
        connection, pair, zone, granted, not_by, rules, now_us, preferred=preferred,
        but=contact["contact_id"],
    )  # fmt: skip
    message = Message(
        now_us, contact["channel"], contact["purpose"], contact["playbook"], contact["type"],
        MESSAGES, contact["urgent"],
    )  # fmt: skip
    return judge(rules.messages.without(frozenset(contact["exempt"])), message, known)


def _ask_action(
    connection: Connection,
    contact: Mapping[str, Any],
    zone: str,
    granted: frozenset[str],
    not_by: frozenset[tuple[str, str]],
    rules: ContactRules,
    now_us: int,
    preferred: Mapping[str, str],
) -> Verdict:
    """Ask the policy of the action that won: that of today, or of its decision where it is gone."""
    tenant, customer = contact["tenant"], contact["customer"]
    with_files = rules.rules
    if with_files is not None:
        with_files = actions.of_tenant(connection, tenant, with_files)
    if with_files is None or contact["action"] not in with_files.by_id:
        row = next_actions.get(connection, tenant, contact["decision_id"])
        files = {} if row is None else next_actions.files_of(connection, tenant, row["digest"])
        with_files = actions.loaded(tuple(sorted(files.items())))
    action = with_files.by_id.get(contact["action"])
    if action is None:
        return Verdict("decision_gone", "consent", now_us)
    counted = sent(connection, tenant, customer, now_us, action.policy.reach_h)
    known = Person(
        zone, granted, not_by,
        tuple(one for id_, one in counted if id_ != contact["contact_id"]),
        reactions(connection, [(tenant, customer)], with_files, now_us).get((tenant, customer), ()),
        preferred,
    )  # fmt: skip
    message = Message(
        now_us, contact["channel"], contact["purpose"], action.id, action.group, action.issue,
        action.urgent,
    )  # fmt: skip
    return judge(action.policy, message, known)
