"""Try playbooks on stored history: what would have been sent, and what is different.

Playbooks are planned again for each signal that was decided in the period, as of that moment: its
age, the consents that were in force and recorded then, and the messages that this run has planned
before (for caps). Addresses, receivers and channels are those of now. Nothing is
written. services/backtest_actions.py tries actions.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from contracts.channels import TO_CUSTOMER
from customer_context.consent.state import Decision, in_force
from customer_context.contact_policy.policy import Sent
from customer_context.playbooks.model import Playbook
from customer_context.playbooks.plan import PlannedContact, Situation, plan
from services import contact_policy, situation
from services.consent import ledger_of
from services.contact_policy import ContactRules
from store.postgres.pool import Connection
from store.postgres.times import to_us
from store.signals import decisions as stored
from store.signals import signal_queue

_HOUR_US = 3_600_000_000
_SHOWN = 20
_BATCH = 500
_PLANNED = frozenset({"planned", "corrected", "already_decided"})
"""Reasons of what was planned, whatever became of it in the store."""
_BY_POLICY = frozenset({"cap_reached", "too_soon", "suppressed", "not_preferred"})


@dataclass(slots=True)
class Tally:
    """What one set of rules would have sent.

    contacts : (playbook, treatment) → number; per_customer : who got how many; conflicts :
    (playbook, treatment, reason, rule of contact) → messages that it has stopped.
    """

    contacts: Counter[tuple[str, str]] = field(default_factory=Counter)
    cases: Counter[str] = field(default_factory=Counter)
    per_customer: Counter[str] = field(default_factory=Counter)
    conflicts: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)


def playbooks(
    connection: Connection,
    tenant: str,
    live: Mapping[str, Playbook],
    changed: Mapping[str, Playbook] | None,
    channels: frozenset[str],
    since: datetime,
    until: datetime,
    rules: ContactRules,
    progress: Callable[[int, int], None] = lambda done, of: None,
    most: int | None = None,
) -> dict[str, Any]:
    """Return the result of a period [since, until). changed : the playbooks to try; None = none.

    rules : of contact; progress : called with the number of signals that are done, and of all;
    most : the first so many signals are tried; complete : there were no more.
    """
    rows = stored.between(connection, tenant, since, until)
    decided: dict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        decided[row["signal_id"], row["signal_revision"]].append(row)
    now, new = Tally(), Tally()
    compared = equal = 0
    different: list[dict[str, Any]] = []
    past = _Messages(connection, tenant, since, until, rules)
    past_new = _Messages(connection, tenant, since, until, rules)
    keys = list(decided)[:most]
    for begin in range(0, len(keys), _BATCH):
        part = keys[begin : begin + _BATCH]
        for key, signal, one in _situations(
            connection, tenant, part, decided, channels, until, rules
        ):
            verdicts = _play(live.values(), signal, one, now, past)
            for row in decided[key]:
                if row["playbook"] in live:
                    compared += 1
                    equal += _same(row, verdicts)
            if changed is not None:
                others = _play(changed.values(), signal, one, new, past_new)
                if others != verdicts and len(different) < _SHOWN:
                    different.append(
                        {
                            "signal": key[0], "type": signal["type"],
                            "customer": None if one.person is None else one.person.customer,
                            "live": _named(verdicts), "changed": _named(others),
                        }
                    )  # fmt: skip
        progress(min(begin + _BATCH, len(keys)), len(keys))
    return {
        "signals": len(keys),
        "complete": len(keys) == len(decided),
        "compared": compared,
        "equal": equal,
        "equal_share": round(equal / compared, 6) if compared else None,
        "live": _figures(now),
        "changed": None if changed is None else _figures(new),
        "different": different,
    }


class _Messages:
    """Messages that count for each household: those before the period and those of the period that
    no playbook has sent, as they are stored, and what this run has planned."""

    def __init__(
        self,
        connection: Connection,
        tenant: str,
        since: datetime,
        until: datetime,
        rules: ContactRules,
    ) -> None:
        self._connection, self._tenant, self._rules = connection, tenant, rules
        self._since_us, self._until_us = to_us(since), to_us(until)
        self._stored: dict[str, list[tuple[str, int, Sent]]] = {}
        self._planned: dict[str, dict[str, tuple[str, Sent]]] = defaultdict(dict)
        self._members: dict[str, set[str]] = {}

    def given(self, one: Situation) -> Situation:
        """Return a situation with the messages that counted at its time."""
        reach_h = self._rules.messages.reach_h
        if one.person is None or not reach_h:
            return one
        customer, now_us = one.person.customer, to_us(one.now)
        since_us = now_us - reach_h * _HOUR_US
        found = [
            (id_, sent)
            for id_, created_us, sent in self._of(customer)
            if created_us <= now_us and sent.at_us > since_us
        ]
        for member in self._members[customer] | {customer}:
            found += [
                (id_, replace(sent, own=member == customer))
                for id_, (_, sent) in self._planned[member].items()
                if sent.at_us > since_us
            ]
        return replace(one, sent=found)

    def _of(self, customer: str) -> list[tuple[str, int, Sent]]:
        if customer not in self._stored:
            reach_h = self._rules.messages.reach_h
            self._stored[customer], self._members[customer] = contact_policy.history(
                self._connection, self._tenant, customer, self._since_us, self._until_us, reach_h
            )
        return self._stored[customer]

    def add(self, one: Situation, contact: PlannedContact) -> None:
        """Count a planned message."""
        assert one.person is not None and contact.deliver_at_us is not None
        sent = Sent(contact.deliver_at_us, contact.channel, exempt=one.exempt)
        planned = self._planned[one.person.customer]
        planned.setdefault(contact.contact_id, (one.signal_id, sent))

    def retracted(self, one: Situation) -> None:
        """Forget what waits of a signal that is taken back."""
        if one.person is None:
            return
        now_us = to_us(one.now)
        planned = self._planned[one.person.customer]
        for id_, (signal_id, sent) in list(planned.items()):
            if signal_id == one.signal_id and sent.at_us > now_us:
                del planned[id_]


def _situations(
    connection: Connection,
    tenant: str,
    keys: Sequence[tuple[str, int]],
    decided: Mapping[tuple[str, int], Sequence[Mapping[str, Any]]],
    channels: frozenset[str],
    until: datetime,
    rules: ContactRules,
) -> Iterable[tuple[tuple[str, int], dict[str, Any], Situation]]:
    signals = signal_queue.revisions(connection, keys)
    about = situation.holders(connection, signals)
    until_us = round(until.timestamp() * 1_000_000)
    found = situation.read(
        connection, signals, about, channels, until_us, rules=rules, writes=False
    )
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
    sent: _Messages,
) -> _Verdicts:
    found: _Verdicts = {}
    if signal["data"].get("retracted"):
        sent.retracted(one)
    for playbook in rules:
        if playbook.spec.trigger.signal != signal["type"]:
            continue
        planned = plan(playbook, sent.given(one))
        for verdict in planned.verdicts:
            found[playbook.id, verdict.treatment] = (verdict.outcome, verdict.reason)
            if verdict.reason in _BY_POLICY:
                conflict = (playbook.id, verdict.treatment, verdict.reason, verdict.detail)
                tally.conflicts[conflict] += 1
        tally.cases[playbook.id] += planned.case is not None
        for contact in planned.contacts:
            tally.contacts[playbook.id, contact.treatment] += 1
            if contact.channel in TO_CUSTOMER and one.person is not None:
                tally.per_customer[one.person.customer] += 1
                if not playbook.spec.urgent and contact.deliver_at_us is not None:
                    sent.add(one, contact)
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
        "capped": tally.conflicts.total(),
        "conflicts": [
            {"contact": f"{playbook}/{treatment}", "reason": reason, "rule": rule, "number": number}
            for (playbook, treatment, reason, rule), number in sorted(
                tally.conflicts.items(), key=lambda one: (-one[1], one[0])
            )
        ],
    }
