"""Decide on signals: alerts, scores, playbooks, in one transaction with the queue.

Steps for a batch that no other worker has: 1. find the customers, 2. lock signals and drivers,
3. alerts, 4. scores, 5. playbooks, 6. remove from the queue. After an unexpected error each signal
is decided alone; one that fails gets a decision with that error, and never stops the queue.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from contracts.contacts import case_id
from customer_context.playbooks.model import Playbook
from customer_context.playbooks.plan import (
    TOO_OLD,
    Plan,
    PlannedCase,
    PlannedContact,
    Situation,
    Verdict,
    plan,
)
from runtime.errors import NotFound, Retry
from runtime.metrics import Metrics
from services import (
    alert_evidence,
    case_steps,
    case_types,
    contact_policy,
    driving_scores,
    playbooks,
    situation,
)
from services.contact_policy import FREE, ContactRules
from store.casework import alerts, cases, contacts, outbound
from store.postgres.pool import Connection, translated
from store.postgres.times import to_us
from store.signals import decisions, signal_queue

log = logging.getLogger("services.decide")

BATCH = 200


@dataclass(frozen=True, slots=True)
class Rules:
    """Playbooks by id. base : of each tenant that is not in of_tenants."""

    base: Sequence[Playbook]
    of_tenants: Mapping[str, Sequence[Playbook]]

    def of(self, tenant: str) -> Sequence[Playbook]:
        """Return the playbooks of a tenant."""
        return self.of_tenants.get(tenant, self.base)

    def all(self) -> Iterator[Playbook]:
        """Yield the playbooks of all tenants."""
        return chain(self.base, *self.of_tenants.values())


def decide(
    connection: Connection,
    rules: Sequence[Playbook],
    channels: frozenset[str],
    now_us: int,
    metrics: Metrics,
    *,
    limit: int = BATCH,
    contact_rules: ContactRules = FREE,
    of_tenants: Mapping[str, Sequence[Playbook]] | None = None,
) -> int:
    """Decide on up to `limit` signals and commit; return their number.

    rules : playbooks of tenants that are not in of_tenants. channels : configured channels to
    customers. contact_rules : the contact policy. Raises `Retry` while the store is unavailable.
    """
    ours = Rules(rules, of_tenants or {})
    urgent = sorted({p.spec.trigger.signal for p in ours.all() if p.spec.urgent})
    signals = signal_queue.claim(connection, limit, urgent)
    if not signals:
        connection.rollback()
        return 0
    try:
        with translated():
            _decide(connection, signals, ours, channels, now_us, metrics, contact_rules)
            connection.commit()
    except Retry:
        raise
    except Exception as error:
        connection.rollback()
        log.warning("a batch of signals could not be decided: %s; one by one then", error)
        for signal in signals:
            _decide_alone(connection, signal, ours, channels, now_us, metrics, contact_rules)
    metrics.signals_decided.inc(len(signals))
    return len(signals)


def _decide_alone(
    connection: Connection,
    signal: Mapping[str, Any],
    rules: Rules,
    channels: frozenset[str],
    now_us: int,
    metrics: Metrics,
    contact_rules: ContactRules,
) -> None:
    try:
        with translated():
            _decide(connection, [signal], rules, channels, now_us, metrics, contact_rules)
            connection.commit()
    except Retry:
        raise
    except Exception as error:
        connection.rollback()
        log.exception("signal %s could not be decided", signal["id"], exc_info=error)
        metrics.playbook_errors.labels("-").inc()
        failed = Verdict("", "nothing", "decision_error", f"{type(error).__name__}: {error}")
        with translated():
            decisions.put(connection, [_decision(signal, None, None, failed)], now_us)
            signal_queue.done(connection, [signal["sequence"]])
            connection.commit()


def _decide(
    connection: Connection,
    signals: Sequence[Mapping[str, Any]],
    rules: Rules,
    channels: frozenset[str],
    now_us: int,
    metrics: Metrics,
    contact_rules: ContactRules,
) -> None:
    about = situation.holders(connection, signals)
    # Of a household: two workers would count the same messages for a cap, or score a driver twice.
    people = {(s["tenant"], customer) for s in signals if (customer := about[s["id"]]) is not None}
    of_people = contact_policy.names(connection, sorted(people), now_us)
    signal_queue.lock(connection, [*(s["id"] for s in signals), *of_people])
    newest = signal_queue.newest(connection, [s["id"] for s in signals])
    signals = [{**s, "newest_revision": newest[s["id"]]} for s in signals]
    changed = alerts.apply_signals(
        connection,
        [s for s in signals if s["type"] in (alerts.RAISED, alerts.CLEARED) and s["device"]],
        about,
        now_us,
    )
    evidence = alert_evidence.with_signals(connection, changed, now_us)
    driving_scores.signal_changes(connection, signals, about, now_us)
    triggers = {playbook.spec.trigger.signal for playbook in rules.all()}
    triggering = [s for s in signals if s["type"] in triggers]
    if triggering:
        found = situation.read(connection, triggering, about, channels, now_us, rules=contact_rules)
        reach_h = contact_rules.messages.reach_h
        for signal, one in zip(triggering, found, strict=True):
            if one.alert_id is not None:
                one = replace(one, evidence=evidence.get(one.alert_id))
            _play(connection, signal, one, rules, now_us, metrics, reach_h)
    for signal in signals:
        customer = about[signal["id"]]
        if customer is not None and signal["type"] in contact_rules.on_signals:
            outbound.ask(connection, signal["tenant"], customer, signal["id"], now_us)
    signal_queue.done(connection, [s["sequence"] for s in signals])


def _play(
    connection: Connection,
    signal: Mapping[str, Any],
    one: Situation,
    rules: Rules,
    now_us: int,
    metrics: Metrics,
    reach_h: int,
) -> None:
    if signal["revision"] > 0 and not one.superseded:
        one = replace(one, cases=cases.deadlines(connection, one.signal_id))
        retracted = bool(signal["data"].get("retracted"))
        what = "retracted" if retracted else "corrected"
        cases.signal_changed(connection, one.signal_id, what, now_us)
        if retracted:
            contacts.cancel(connection, one.signal_id, "retracted", now_us)
    made = []
    fitting = [p for p in rules.of(signal["tenant"]) if p.spec.trigger.signal == signal["type"]]
    if signal["revision"] > 0:  # an episode finishes on the version that it began with
        digests = decisions.first_digests(connection, one.signal_id)
        fitting = playbooks.as_begun(connection, signal["tenant"], fitting, digests)
    for playbook in fitting:
        # Another playbook may have sent since. Urgent messages are not subject to what was sent.
        if one.person is not None and reach_h and not playbook.spec.urgent:
            customer, tenant = one.person.customer, signal["tenant"]
            sent = contact_policy.sent(connection, tenant, customer, now_us, reach_h)
            one = replace(one, sent=sent)
        planned = plan(playbook, one)
        for verdict in _carry_out(connection, signal["tenant"], one, playbook, planned, now_us):
            made.append(_decision(signal, one, playbook, verdict))
            if verdict.reason == "playbook_error":
                metrics.playbook_errors.labels(playbook.id).inc()
                log.error("playbook %s, signal %s: %s", playbook.id, one.signal_id, verdict.detail)
    decisions.put(connection, made, now_us)


def _carry_out(
    connection: Connection,
    tenant: str,
    one: Situation,
    playbook: Playbook,
    planned: Plan,
    now_us: int,
) -> list[Verdict]:
    """Store case and contacts; return the final verdicts."""
    became: dict[str, set[str]] = {}
    case = case_id(one.signal_id, playbook.id)
    if planned.case is not None:
        new = _new_case(tenant, one, playbook, planned.case)
        opened = cases.open_(connection, new, now_us)
        became["case"] = {"new" if opened else "standing"}
        if opened:
            _give_type(connection, tenant, one, playbook, new, now_us)
        if one.alert_id is not None:
            alerts.link_case(connection, one.alert_id, case, now_us)
    has_case = planned.case is not None or case in one.cases
    stored = contacts.put(
        connection,
        [
            _new_contact(tenant, one, playbook, contact, case if has_case else None)
            for contact in planned.contacts
        ],
        now_us,
    )
    for contact in planned.contacts:
        became.setdefault(contact.treatment, set()).add(stored[contact.contact_id])
    old = any(verdict.reason == TOO_OLD for verdict in planned.verdicts)
    if one.revision > 0 and not one.superseded and not old:
        contacts.cancel(
            connection, one.signal_id, "corrected", now_us, playbook=playbook.id, keep=list(stored)
        )
    return [
        _final_verdict(verdict, became.get(verdict.treatment, set()))
        for verdict in planned.verdicts
    ]


def _give_type(
    connection: Connection,
    tenant: str,
    one: Situation,
    playbook: Playbook,
    new: cases.NewCase,
    now_us: int,
) -> None:
    """Give a new case the plan of its type; a type that is not there is logged, the case stays."""
    assert playbook.spec.case is not None
    type_id = playbook.spec.case.type
    if type_id is None:
        return
    try:
        case_type = case_types.current(connection, tenant, type_id)
    except NotFound as error:
        log.error("playbook %s: %s; the case has no steps", playbook.id, error)
        return
    case_steps.attach(
        connection, tenant, new.case_id, case_type, cases.AUTHOR, now_us, new.customer,
        signal=one.data,
    )  # fmt: skip


def _final_verdict(verdict: Verdict, became: set[str]) -> Verdict:
    """Adjust a verdict to the store's outcomes: planned becomes corrected or already decided."""
    if verdict.outcome == "nothing" or "new" in became:
        return verdict
    if "corrected" in became:
        return replace(verdict, reason="corrected")
    return replace(verdict, outcome="nothing", reason="already_decided")


def _new_case(tenant: str, one: Situation, playbook: Playbook, case: PlannedCase) -> cases.NewCase:
    assert one.person is not None
    return cases.NewCase(
        case_id=case.case_id,
        tenant=tenant,
        side=case.side,
        kind=case.kind,
        title=case.title,
        urgent=playbook.spec.urgent,
        customer=one.person.customer,
        subject=one.subject,
        signal_id=one.signal_id,
        playbook=playbook.id,
        deadline_us=None if case.deadline is None else to_us(case.deadline),
        purpose=playbook.spec.purpose,
        skill=case.skill,
        severity=severity if isinstance(severity := one.data.get("severity"), int) else 0,
    )


def _new_contact(
    tenant: str, one: Situation, playbook: Playbook, contact: PlannedContact, case: str | None
) -> contacts.NewContact:
    assert one.person is not None
    return contacts.NewContact(
        contact_id=contact.contact_id,
        tenant=tenant,
        customer=one.person.customer,
        channel=contact.channel,
        receiver_id=contact.receiver_id,
        address=contact.address,
        purpose=playbook.spec.purpose,
        language=contact.language,
        type=contact.type,
        subject=contact.subject,
        body=contact.body,
        payload=contact.payload,
        urgent=playbook.spec.urgent,
        signal_id=one.signal_id,
        signal_revision=one.revision,
        playbook=playbook.id,
        treatment=contact.treatment,
        case_id=case,
        alert_id=one.alert_id,
        deliver_at_us=contact.deliver_at_us,
        exempt=sorted(one.exempt),
    )


def _decision(
    signal: Mapping[str, Any], one: Situation | None, playbook: Playbook | None, verdict: Verdict
) -> decisions.NewDecision:
    person = None if one is None else one.person
    return decisions.NewDecision(
        tenant=signal["tenant"],
        signal_id=signal["id"],
        signal_revision=signal["revision"],
        signal_type=signal["type"],
        subject=signal["subject"],
        customer=None if person is None else person.customer,
        playbook="-" if playbook is None else playbook.id,
        digest="" if playbook is None else playbook.digest,
        treatment=verdict.treatment,
        outcome=verdict.outcome,
        reason=verdict.reason,
        detail=verdict.detail,
    )
