"""Broken rules that the proof must find: each replaces one rule of ours while it runs."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import Any
from unittest import mock  # only replaces attributes for a while

import ingest.registry
from contracts.channels import CHANNELS, PURPOSES
from customer_context.consent import narrowing, opt_in, state
from customer_context.consent.state import ConsentState, Decision
from customer_context.identity import corrections, holders
from customer_context.identity.corrections import Correction
from customer_context.identity.holders import Device
from customer_context.playbooks import plan as planning
from ingest.batch import steps
from ingest.batch.work import Outcome
from ingest.decoding.fast_path.classify import Topics
from proving.testbed.broken import broken_rule
from services import visibility
from store.people import consent
from store.postgres import consent_order

Patch = tuple[Any, str, Any]

# ── which decision is in force ──────────────────────────────────────────────────────────────────


def _oldest(decision: Decision) -> Any:
    return (-decision.effective_at.timestamp(), -decision.consent_id)


def _recorded_only(decision: Decision) -> Any:
    return (decision.recorded_at, decision.consent_id)


def _no_tie(decision: Decision) -> Any:
    return (decision.effective_at, decision.recorded_at, decision.consent_id)


def _about_any(*names: str) -> Callable[[Decision, Any], bool]:
    """Return a rule that does not look at these limits."""

    def is_about(self: Decision, question: Any) -> bool:
        return self.purpose == question.purpose and all(
            getattr(self, name) in (None, getattr(question, name))
            for name in ("channel", "data_category", "recipient")
            if name not in names
        )

    return is_about


def _already_begun(decisions: Any, question: Any, at: datetime) -> Decision | None:
    about = [one for one in decisions if one.decides and one.is_about(question)]
    return max(about, key=state.rank, default=None)


def _never_ends(self: Decision, at: datetime) -> bool:
    return self.state == state.GRANTED and self.decides


def _pending_withdraws(decisions: Any, question: Any, at: datetime) -> Decision | None:
    """A grant that waits ends what was permitted before."""
    about = [one for one in decisions if one.is_about(question)]
    begun = [one for one in about if one.valid_from is None or one.valid_from <= at]
    return max(begun, key=state.rank, default=None)


# ── whose it was, and the stream ────────────────────────────────────────────────────────────────


def _newest_holder(self: Device, us: int) -> Any:
    return self.holders[-1] if self.holders else None


def _first_contract(assignments: Any, contracts: Any) -> Any:
    first = {
        subject: sorted(spans, key=lambda span: span.from_us)[:1]
        for subject, spans in contracts.items()
    }
    return _HOLDERS(assignments, first)


_HOLDERS = holders.holders
_CORRECT = corrections.correct


def _loses_the_rest(known: Any, from_us: int, to_us: int, value: Any) -> Correction[Any]:
    found = _CORRECT(known, from_us, to_us, value)
    return Correction(found.removed, tuple(p for p in found.added if p.from_us != to_us))


def _never_overrules(known: Any, from_us: int, to_us: int, value: Any) -> Correction[Any]:
    if any(period.from_us < to_us and from_us < period.to_us for period in known):
        return Correction((), ())
    return _CORRECT(known, from_us, to_us, value)


def _any_purpose(self: ConsentState, tenant: str, customer: str | None, kind: str) -> bool:
    return customer is not None and bool(self.granted.get((tenant, customer)))


def _nobody_agrees(self: ConsentState, tenant: str, customer: str | None, kind: str) -> bool:
    return customer is None or _COVERS(self, tenant, customer, kind)


_COVERS = ConsentState.covers
_CONSENT = steps.consent


def _first_sample_decides(work: Any, cache: Any) -> None:
    for envelope in work.envelopes:
        if envelope.device is None or envelope.decoded is None:
            continue
        holder = envelope.device.holder_at(envelope.decoded.observed_us[0])
        customer = None if holder is None else holder.customer
        covers = cache.registry.consent.covers(
            envelope.device.tenant, customer, envelope.device.kind
        )
        if not covers:
            envelope.decoded, envelope.outcome = None, Outcome.REFUSED


def _unreadable_is_kept(work: Any, cache: Any) -> None:
    dead = [envelope for envelope in work.envelopes if envelope.dead is not None]
    _CONSENT(work, cache)
    for envelope in dead:
        envelope.outcome = Outcome.DEAD_LETTERED


def _not_asked(self: Topics, topic: str) -> None:
    with mock.patch.object(ConsentState, "covers", return_value=True):
        _LEARN(self, topic)


_LEARN = Topics.learn

# ── contacts ────────────────────────────────────────────────────────────────────────────────────

_PLAN = planning.plan


def _plan_with(**changed: Any) -> Callable[..., Any]:
    return lambda playbook, situation: _PLAN(playbook, replace(situation, **changed))


def _without_channel_purpose() -> Mapping[str, Any]:
    return {name: replace(spec, purpose=None) for name, spec in CHANNELS.items()}


def _not_asked_again(purpose: Any, channel: str, granted: Any, not_by: Any = frozenset()) -> None:
    return None


def _refusal_of_all_channels(
    purpose: Any, channel: str, granted: Any, not_by: Any = frozenset()
) -> str | None:
    return _REFUSAL(purpose, channel, granted)


_REFUSAL = planning.refusal

# ── visibility ──────────────────────────────────────────────────────────────────────────────────

_AS_SEEN = visibility.as_seen
_HIDDEN_SINCE = visibility._hidden_since


def _undecided_is_shown(purposes: set[str], decided: Mapping[str, Any]) -> datetime | None:
    return _HIDDEN_SINCE({purpose for purpose in purposes if purpose in decided}, decided)


def _latest_withdrawal(purposes: set[str], decided: Mapping[str, Any]) -> datetime | None:
    since = [_HIDDEN_SINCE({purpose}, decided) for purpose in purposes]
    return max((one for one in since if one is not None), default=None)


def _signal_is_not_asked(*arguments: Any, **named: Any) -> Any:
    kind, rows, owners, decided, _ = arguments
    return _AS_SEEN(kind, rows, owners, decided, {}, **named)


def _every_customer(*arguments: Any, reader: str | None) -> Any:
    kind, rows, owners, *rest = arguments
    as_ = [owner if reader is None else reader for owner in owners]
    return _AS_SEEN(kind, rows, as_, *rest, reader=reader)


def _no_own_view(*arguments: Any, reader: str | None) -> Any:
    return _AS_SEEN(*arguments, reader=None)


def _whole_diary(case: Mapping[str, Any], entries: Any) -> list[Any]:
    return [dict(entry) for entry in entries]


# ── merges, and what waits for its confirmation ─────────────────────────────────────────────────


def _nothing_appended(*_: Any) -> list[Any]:
    return []


def _undecided_refuses(own: Any, others: Any, at: datetime) -> list[Any]:
    """An id that never decided counts as one that has refused."""
    unasked = [
        [*ledger, *(replace(one, state=state.WITHDRAWN, opt_in=None) for one in own
                    if one.purpose not in {d.purpose for d in ledger})]
        for ledger in others
    ]  # fmt: skip
    return _NARROWED(own, unasked, at)


def _no_end(own: Any, others: Any, at: datetime) -> list[Any]:
    """The end of the other id's grant does not count."""
    endless = [
        [replace(one, valid_to=None) if one.grants(at) else one for one in ledger]
        for ledger in others
    ]
    return _NARROWED(own, endless, at)


_NARROWED = narrowing.narrowed


def _permits(own: Any, others: Any, at: datetime) -> list[Any]:
    """What the other id grants counts for this one too."""
    found = [one for one in _NARROWED(own, others, at) if one.grant is not None]
    for ledger in others:
        found += [
            one for one in _NARROWED(ledger, [], at) if one.grant is not None
        ] + [
            narrowing.Appended(
                state.Question(d.purpose), narrowing.Grant(d.valid_to, d.consent_id)
            )
            for d in ledger
            if d.grants(at) and d.channel is d.data_category is d.recipient is None
        ]  # fmt: skip
    return found


def _said_meanwhile_ends(_: str, source: str, merge_id: str) -> bool:
    return source in (narrowing.merge_source(merge_id), narrowing.said_source(merge_id))


def _said_meanwhile_stays(_: str, source: str, merge_id: str) -> bool:
    return source == narrowing.merge_source(merge_id)


def _confirms_after(*left_out: str) -> Callable[..., Any]:
    """A refusal is left out."""

    def refusal(decisions: Any, pending: Decision, expires_at: datetime, at: datetime) -> Any:
        found = _CONFIRM(decisions, pending, expires_at, at)
        return None if found in left_out else found

    return refusal


_CONFIRM = opt_in.refusal


def _only_this_id(connection: Any, tenant: str, customer: str) -> list[str]:
    return [customer]


# ── in the database ─────────────────────────────────────────────────────────────────────────────


def _sql(old: str, new: str) -> str:
    broken = consent._IN_FORCE.replace(old, new)
    assert broken != consent._IN_FORCE
    return broken


_WAITS = "{n}opt_in is distinct from 'pending'"
assert _WAITS in consent_order.TO_READ


def _keeps_its_dates(connection: Any, before: Any, now_us: int) -> Any:
    return before


def _no_consents(connection: Any, customers: Any = None, at: Any = None) -> Any:
    return {} if customers is not None else _GRANTED(connection, customers, at)


_GRANTED = consent.granted

BROKEN: Mapping[str, Patch] = {
    "newest": (state, "rank", _oldest),
    "date-ahead": (state, "rank", _recorded_only),
    "withdrawal-of-one-instant": (state, "rank", _no_tie),
    "channel": (Decision, "is_about", _about_any("channel")),
    "category": (Decision, "is_about", _about_any("data_category")),
    "recipient": (Decision, "is_about", _about_any("recipient")),
    "begin": (state, "decision_in_force", _already_begun),
    "end": (Decision, "grants", _never_ends),
    "double-opt-in": (Decision, "decides", property(lambda self: True)),
    "waiting-withdraws": (state, "decision_in_force", _pending_withdraws),
    "holder-at-the-time": (Device, "holder_at", _newest_holder),
    "last-contract": (holders, "holders", _first_contract),
    "correction": (corrections, "correct", _loses_the_rest),
    "correction-overrules": (corrections, "correct", _never_overrules),
    "purpose-of-the-device": (ConsentState, "covers", _any_purpose),
    "nobody's": (ConsentState, "covers", _nobody_agrees),
    "each-sample": (steps, "consent", _first_sample_decides),
    "unreadable": (steps, "consent", _unreadable_is_kept),
    "fast-path": (Topics, "learn", _not_asked),
    "playbook": (planning, "plan", _plan_with(granted=frozenset(PURPOSES))),
    "channel-purpose": (planning, "CHANNELS", _without_channel_purpose()),
    "channel-refused": (planning, "plan", _plan_with(not_by=frozenset())),
    "before-sending": (planning, "refusal", _not_asked_again),
    "channel-before-sending": (planning, "refusal", _refusal_of_all_channels),
    "undecided": (visibility, "_hidden_since", _undecided_is_shown),
    "hidden-since": (visibility, "_hidden_since", _latest_withdrawal),
    "purpose-of-the-signal": (visibility, "as_seen", _signal_is_not_asked),
    "other-customer": (visibility, "as_seen", _every_customer),
    "own-view": (visibility, "as_seen", _no_own_view),
    "diary": (visibility, "diary", _whole_diary),
    "confirmed-after-its-end": (opt_in, "refusal", _confirms_after("expired")),
    "confirmed-after-a-withdrawal": (opt_in, "refusal", _confirms_after("withdrawn")),
    "confirmed-twice": (opt_in, "refusal", _confirms_after("confirmed")),
    "merge-narrows": (narrowing, "narrowed", _nothing_appended),
    "merge-permits": (narrowing, "narrowed", _permits),
    "merge-of-the-undecided": (narrowing, "narrowed", _undecided_refuses),
    "merge-end": (narrowing, "narrowed", _no_end),
    "split-restores": (narrowing, "restored", _nothing_appended),
    "split-keeps-withdrawals": (narrowing, "is_left_out", _said_meanwhile_ends),
    "split-ends-grants": (narrowing, "is_left_out", _said_meanwhile_stays),
}
"""Name → object, attribute and broken value."""

BROKEN_IN_DATABASE: Mapping[str, Patch] = {
    "sql-newest": (consent, "_IN_FORCE", _sql("recorded_at) desc", "recorded_at) asc")),
    "sql-opt-in": (consent, "TO_READ", consent_order.TO_READ.replace(_WAITS, "true")),
    "sql-end": (consent, "_IN_FORCE", _sql("valid_to is null or", "true or")),
    "snapshot-dates": (ingest.registry, "_at_its_date", _keeps_its_dates),
    "own-view-of-merged": (visibility, "same_as", _only_this_id),
    "snapshot-follows": (consent, "granted", _no_consents),
}
"""The same of rules that only the histories in the database run."""

_ALL = {**BROKEN, **BROKEN_IN_DATABASE}
NAMES = tuple(_ALL)
assert consent_order.NEWEST_FIRST.format(n="") in consent._IN_FORCE


def broken(name: str | None) -> AbstractContextManager[None]:
    """Break a rule; None = none."""
    return broken_rule(_ALL, name)
