"""Try playbooks and actions on stored history: what would have been sent, and what is different.

Playbooks are planned again for each signal that was decided in the period, as of that moment: its
age, the consents that were in force and recorded then, and the messages that this run has planned
before (for caps). Addresses, receivers and channels are those of now. Actions are decided again
from the records of decisions, which have all inputs. Nothing is written.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from contracts.channels import TO_CUSTOMER
from customer_context.consent.state import Decision, in_force
from customer_context.contact_policy.caps import WINDOW
from customer_context.next_best_action import record
from customer_context.next_best_action.decide import decide
from customer_context.next_best_action.rules import Rules
from customer_context.playbooks.model import Playbook
from customer_context.playbooks.plan import Situation, plan
from services import situation
from services.consent import ledger_of
from store.casework import contacts, next_actions
from store.postgres.pool import Connection
from store.signals import decisions as stored
from store.signals import signal_queue

_SHOWN = 20
_BATCH = 500
_PLANNED = frozenset({"planned", "corrected", "already_decided"})
"""Reasons of what was planned, whatever became of it in the store."""


@dataclass(slots=True)
class Tally:
    """What one set of rules would have sent.

    contacts : (playbook, treatment) → number; customers : who got something; capped : messages
    that the cap has stopped.
    """

    contacts: Counter[tuple[str, str]] = field(default_factory=Counter)
    cases: Counter[str] = field(default_factory=Counter)
    per_customer: Counter[str] = field(default_factory=Counter)
    capped: int = 0


def playbooks(
    connection: Connection,
    tenant: str,
    live: Mapping[str, Playbook],
    changed: Mapping[str, Playbook] | None,
    channels: frozenset[str],
    since: datetime,
    until: datetime,
    per_day: int,
) -> dict[str, Any]:
    """Return the result of a period [since, until). changed : the rules to try; None = none."""
    rows = stored.between(connection, tenant, since, until)
    decided: dict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        decided[row["signal_id"], row["signal_revision"]].append(row)
    now, new = Tally(), Tally()
    compared = equal = 0
    different: list[dict[str, Any]] = []
    past = _Sent(connection, tenant, since)
    past_new = _Sent(connection, tenant, since)
    keys = list(decided)
    for begin in range(0, len(keys), _BATCH):
        part = keys[begin : begin + _BATCH]
        for key, signal, one in _situations(
            connection, tenant, part, decided, channels, until, per_day
        ):
            verdicts = _play(live.values(), signal, past.given(one), now, past)
            for row in decided[key]:
                if row["playbook"] in live:
                    compared += 1
                    equal += _same(row, verdicts)
            if changed is not None:
                others = _play(changed.values(), signal, past_new.given(one), new, past_new)
                if others != verdicts and len(different) < _SHOWN:
                    different.append(
                        {
                            "signal": key[0], "type": signal["type"],
                            "customer": None if one.person is None else one.person.customer,
                            "live": _named(verdicts), "changed": _named(others),
                        }
                    )  # fmt: skip
    return {
        "signals": len(keys),
        "compared": compared,
        "equal": equal,
        "equal_share": round(equal / compared, 6) if compared else None,
        "live": _figures(now),
        "changed": None if changed is None else _figures(new),
        "different": different,
    }


def actions(
    connection: Connection,
    tenant: str,
    live: Rules,
    changed: Rules | None,
    since: datetime,
    until: datetime,
) -> dict[str, Any]:
    """Return the result for decisions on next best actions in [since, until)."""
    now: Counter[str] = Counter()
    new: Counter[str] = Counter()
    customers: set[str] = set()
    count = equal = 0
    different: list[dict[str, Any]] = []
    for row in next_actions.between(connection, tenant, since, until):
        request = record.request_of(row["request"])
        winners = decide(live, request)
        count += 1
        customers.add(row["customer"])
        equal += winners == record.winners_of(row["winners"])
        before = [one.action for one in winners]
        now.update(before)
        if changed is not None:
            after = [one.action for one in decide(changed, request)]
            new.update(after)
            if before != after and len(different) < _SHOWN:
                different.append(
                    {
                        "decision": row["decision_id"], "customer": row["customer"],
                        "live": before, "changed": after,
                    }
                )  # fmt: skip
    return {
        "decisions": count,
        "customers": len(customers),
        "equal": equal,
        "equal_share": round(equal / count, 6) if count else None,
        "live": dict(sorted(now.items())),
        "changed": None if changed is None else dict(sorted(new.items())),
        "different": different,
    }


class _Sent:
    """Messages to each customer: those before the period, and those that this run has planned."""

    def __init__(self, connection: Connection, tenant: str, since: datetime) -> None:
        self._connection, self._tenant, self._since = connection, tenant, since
        self._sent: dict[str, dict[str, list[datetime]]] = {}

    def given(self, one: Situation) -> Situation:
        """Return a situation with the messages before it."""
        if one.person is None or not one.per_day:
            return one
        return replace(one, sent=self._of(one.person.customer))

    def _of(self, customer: str) -> dict[str, list[datetime]]:
        if customer not in self._sent:
            before = contacts.sent_times(
                self._connection, self._tenant, customer, self._since - WINDOW, but_of=""
            )
            self._sent[customer] = {
                channel: [at for at in times if at < self._since]
                for channel, times in before.items()
            }
        return self._sent[customer]

    def add(self, customer: str, channel: str, at: datetime) -> None:
        """Count a planned message."""
        self._of(customer).setdefault(channel, []).append(at)


def _situations(
    connection: Connection,
    tenant: str,
    keys: Sequence[tuple[str, int]],
    decided: Mapping[tuple[str, int], Sequence[Mapping[str, Any]]],
    channels: frozenset[str],
    until: datetime,
    per_day: int,
) -> Iterable[tuple[tuple[str, int], dict[str, Any], Situation]]:
    signals = signal_queue.revisions(connection, keys)
    about = situation.holders(connection, signals)
    until_us = round(until.timestamp() * 1_000_000)
    found = situation.read(connection, signals, about, channels, until_us, per_day=per_day)
    ledgers: dict[str, list[Decision]] = {}
    for signal, one in zip(signals, found, strict=True):
        key = (signal["id"], signal["revision"])
        rows = decided[key]
        at = rows[0]["decided_at"]
        granted: frozenset[str] = frozenset()
        if one.person is not None:
            customer = one.person.customer
            if customer not in ledgers:
                ledgers[customer] = ledger_of(connection, tenant, customer)
            granted = _granted(ledgers[customer], at)
        superseded = any(row["reason"] == "superseded" for row in rows)
        yield key, signal, replace(one, now=at, granted=granted, superseded=superseded)


def _granted(ledger: Iterable[Decision], at: datetime) -> frozenset[str]:
    """Return the purposes that were in force and recorded at a time."""
    known = [decision for decision in ledger if decision.recorded_at <= at]
    decisions = in_force(known, at)
    return frozenset(purpose for purpose, found in decisions.items() if found.grants(at))


_Verdicts = dict[tuple[str, str], tuple[str, str]]
"""(playbook, treatment) → (outcome, reason)."""


def _play(
    rules: Iterable[Playbook],
    signal: Mapping[str, Any],
    one: Situation,
    tally: Tally,
    sent: _Sent,
) -> _Verdicts:
    found: _Verdicts = {}
    for playbook in rules:
        if playbook.spec.trigger.signal != signal["type"]:
            continue
        planned = plan(playbook, one)
        for verdict in planned.verdicts:
            found[playbook.id, verdict.treatment] = (verdict.outcome, verdict.reason)
            tally.capped += verdict.reason == "cap_reached"
        tally.cases[playbook.id] += planned.case is not None
        for contact in planned.contacts:
            tally.contacts[playbook.id, contact.treatment] += 1
            if contact.channel in TO_CUSTOMER and one.person is not None:
                tally.per_customer[one.person.customer] += 1
                if not playbook.spec.urgent:
                    sent.add(one.person.customer, contact.channel, one.now)
    return found


def _same(row: Mapping[str, Any], verdicts: _Verdicts) -> bool:
    """Return whether a stored verdict is what is planned again."""
    outcome, reason = verdicts.get((row["playbook"], row["treatment"]), ("", ""))
    if row["reason"] in _PLANNED:
        return reason == "planned"
    return (row["outcome"], row["reason"]) == (outcome, reason)


def _named(verdicts: _Verdicts) -> dict[str, str]:
    return {
        f"{playbook}/{treatment or '*'}": f"{outcome}: {reason}"
        for (playbook, treatment), (outcome, reason) in sorted(verdicts.items())
    }


def _figures(tally: Tally) -> dict[str, Any]:
    counts = tally.per_customer.values()
    return {
        "contacts": {f"{p}/{t}": n for (p, t), n in sorted(tally.contacts.items())},
        "cases": {playbook: n for playbook, n in sorted(tally.cases.items()) if n},
        "customers": len(tally.per_customer),
        "most_to_one": max(counts, default=0),
        "capped": tally.capped,
    }
