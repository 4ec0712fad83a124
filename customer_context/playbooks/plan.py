"""The plan of a playbook for a signal: case, contacts, and the reason for each.

Pure: `Situation` has all inputs. Fails closed: without a customer, the purpose's consent or the
channel's consent nothing is planned.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from contracts.channels import CHANNELS
from contracts.contacts import WEBHOOKS, case_id, contact_id
from contracts.kinds import LANGUAGES
from customer_context.contact_policy import policy
from customer_context.contact_policy.policy import Policy, Reaction, Sent
from customer_context.playbooks import freshness
from customer_context.playbooks.freshness import too_old
from customer_context.playbooks.model import Message, Playbook, Webhook
from customer_context.playbooks.text import TextError, render
from customer_context.rules.conditions import ConditionError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TOO_OLD = "too_old"
"""Reason of a signal that is no news any more."""


@dataclass(frozen=True, slots=True)
class Person:
    """The customer of a signal. addresses : kind (contracts.channels) → address."""

    customer: str
    name: str
    language: str
    addresses: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Situation:
    """A signal and all inputs of a decision on it.

    happened_at, now : aware
    granted : purposes in force
    receivers : side → ids of active ones
    channels : configured channels to customers
    cases : cases that the signal opened before → their deadlines
    superseded : the store has a newer revision of the signal
    alert_id : the alert it belongs to; evidence : of it in energy, where it is known already
    over : what the signal reports has ended
    policy : the contact policy of messages; exempt : ids of rules that are not of it
    sent : (contact id, message) that count, to the customer and the household
    reactions : of the customer
    not_by : (purpose, channel) that the customer does not want
    preferred : matter → the channel that the customer has chosen, and can be reached by
    objected : the customer objects to automated decisions: no message without a person
    """

    signal_id: str
    revision: int
    type: str
    subject: str | None
    time: datetime
    data: Mapping[str, Any]
    happened_at: datetime
    person: Person | None
    granted: frozenset[str]
    receivers: Mapping[str, Sequence[int]]
    channels: frozenset[str]
    subject_name: str
    timezone: str
    now: datetime
    cases: Mapping[str, datetime | None] = field(default_factory=dict)
    superseded: bool = False
    alert_id: str | None = None
    evidence: Mapping[str, Any] | None = None
    over: bool = False
    policy: Policy = field(default_factory=Policy)
    exempt: frozenset[str] = frozenset()
    sent: Sequence[tuple[str, Sent]] = ()
    reactions: Sequence[Reaction] = ()
    not_by: frozenset[tuple[str, str]] = frozenset()
    objected: bool = False
    preferred: Mapping[str, str] = field(default_factory=dict)

    @property
    def signal(self) -> dict[str, Any]:
        """The value of `signal` in conditions and texts."""
        return {
            "id": self.signal_id,
            "type": self.type,
            "subject": self.subject or "",
            "time": self.time,
            "revision": self.revision,
            "over": self.over,
        }


@dataclass(frozen=True, slots=True)
class PlannedCase:
    """A case to open. title : language → text; skill : that it needs, '' = none."""

    case_id: str
    side: str
    kind: str
    title: dict[str, str]
    deadline: datetime | None
    skill: str = ""


@dataclass(frozen=True, slots=True)
class PlannedContact:
    """A contact to store. deliver_at_us : from when it may go; None = not subject to the policy."""

    contact_id: str
    treatment: str
    channel: str
    type: str
    language: str
    receiver_id: int | None = None
    address: str | None = None
    subject: str = ""
    body: str = ""
    payload: dict[str, Any] | None = None
    deliver_at_us: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision with its reason; treatment '' = the whole playbook."""

    treatment: str
    outcome: str
    reason: str
    detail: str = ""


@dataclass(slots=True)
class Plan:
    """The plan of one playbook for one signal."""

    verdicts: list[Verdict] = field(default_factory=list)
    case: PlannedCase | None = None
    contacts: list[PlannedContact] = field(default_factory=list)

    @property
    def ids(self) -> set[str]:
        """Ids of the contacts."""
        return {contact.contact_id for contact in self.contacts}

    def nothing(self, reason: str, detail: str = "", treatment: str = "") -> "Plan":
        """Add a verdict with the reason why nothing is done."""
        self.verdicts.append(Verdict(treatment, "nothing", reason, detail))
        return self


def plan(playbook: Playbook, situation: Situation) -> Plan:
    """Plan a playbook's case and contacts; always at least one verdict, never an exception."""
    made = Plan()
    if situation.superseded:
        return made.nothing("superseded", "a newer revision of the signal is there")
    if situation.data.get("retracted"):
        return made.nothing("retracted", "the signal was taken back")
    if too_old(situation.time, situation.now, playbook.spec.trigger.max_age_min):
        return made.nothing(TOO_OLD, _age(situation, playbook.spec.trigger.max_age_min))
    try:
        if not playbook.holds("trigger.when", situation.signal, situation.data):
            return made.nothing("condition_false", playbook.spec.trigger.when)
    except ConditionError as error:
        return made.nothing("playbook_error", str(error))
    if situation.person is None:
        return made.nothing("no_customer", f"nobody held {situation.subject} then")
    purpose = playbook.spec.purpose
    if purpose not in situation.granted:
        return made.nothing(f"no_consent:{purpose}", "needed by the playbook's purpose")
    _plan_case(made, playbook, situation)
    for contact in playbook.spec.contacts:
        where = f"contacts.{contact.id}"
        with_reason = _webhooks if isinstance(contact, Webhook) else _message
        _guarded(made, playbook, situation, where, contact.id, with_reason, contact)
    return made


def _guarded(
    made: Plan,
    playbook: Playbook,
    situation: Situation,
    where: str,
    treatment: str,
    act: Callable[..., None],
    *arguments: Any,
) -> None:
    """Run `act` where its condition holds; an error becomes a verdict and stops nothing else."""
    try:
        if not playbook.holds(f"{where}.when", situation.signal, situation.data):
            condition = playbook.conditions[f"{where}.when"].source
            made.nothing("condition_false", condition, treatment)
            return
        act(made, playbook, situation, *arguments)
    except (ConditionError, TextError) as error:
        made.nothing("playbook_error", str(error), treatment)


def _plan_case(made: Plan, playbook: Playbook, situation: Situation) -> None:
    if playbook.spec.case is not None:
        _guarded(made, playbook, situation, "case", "case", _open_case)


def _open_case(made: Plan, playbook: Playbook, situation: Situation) -> None:
    case = playbook.spec.case
    assert case is not None
    id_ = case_id(situation.signal_id, playbook.id)
    deadline = situation.cases.get(id_, freshness.deadline(situation.time, case.deadline_min))
    title = {
        language: render(
            playbook.texts["case.title", language],
            _values(situation, deadline),
            language,
            one_line=True,
        )
        for language in LANGUAGES
    }
    made.case = PlannedCase(id_, case.side, case.kind, title, deadline, case.skill or "")
    made.verdicts.append(Verdict("case", "case", "planned"))


def _age(situation: Situation, max_age_min: int | None) -> str:
    minutes = (situation.now - situation.time).total_seconds() / 60
    return f"it was to be known {minutes:.0f} minutes ago, at most {max_age_min} are news"


def _webhooks(made: Plan, playbook: Playbook, situation: Situation, contact: Webhook) -> None:
    if too_old(situation.time, situation.now, contact.max_age_min):
        made.nothing(TOO_OLD, _age(situation, contact.max_age_min), contact.id)
        return
    if (playbook.spec.purpose, "webhook") in situation.not_by:
        made.nothing("channel_refused", "not by webhook", contact.id)
        return
    receivers = situation.receivers.get(contact.to, ())
    if not receivers:
        made.nothing("no_receiver", f"no active receiver of the {contact.to}", contact.id)
        return
    payload = _BODIES[contact.type](situation, made.case)
    WEBHOOKS[contact.type].model_validate(payload)
    for receiver_id in receivers:
        made.contacts.append(
            PlannedContact(
                contact_id(situation.signal_id, playbook.id, contact.id, receiver_id),
                contact.id,
                "webhook",
                contact.type,
                "en",
                receiver_id=receiver_id,
                payload=payload,
            )
        )
    count = len(receivers)
    made.verdicts.append(
        Verdict(contact.id, "contact", "planned", f"{count} receiver{'s' * (count > 1)}")
    )


def _message(made: Plan, playbook: Playbook, situation: Situation, contact: Message) -> None:
    person = situation.person
    assert person is not None
    if too_old(situation.time, situation.now, contact.max_age_min):
        made.nothing(TOO_OLD, _age(situation, contact.max_age_min), contact.id)
        return
    if situation.objected:
        made.nothing("objection", "the customer wants a person to decide", contact.id)
        return
    spec = CHANNELS[contact.channel]
    if spec.purpose is not None and spec.purpose not in situation.granted:
        made.nothing("no_channel_consent", spec.purpose, contact.id)
        return
    if (playbook.spec.purpose, contact.channel) in situation.not_by:
        made.nothing("channel_refused", f"not by {contact.channel}", contact.id)
        return
    if contact.channel not in situation.channels:
        made.nothing("channel_not_set_up", f"there is no {spec.configured_by}", contact.id)
        return
    address = None if spec.address is None else person.addresses.get(spec.address)
    if spec.address is not None and address is None:
        made.nothing("no_address", f"the customer has no {spec.name.en} address", contact.id)
        return
    id_ = contact_id(situation.signal_id, playbook.id, contact.id, None)
    verdict = _asked(made, playbook, situation, contact, id_)
    if verdict.refusal:
        made.nothing(verdict.refusal, verdict.rule, contact.id)
        return
    language = person.language if person.language in LANGUAGES else "en"
    values = _values(situation, None if made.case is None else made.case.deadline)
    where = f"contacts.{contact.id}"
    made.contacts.append(
        PlannedContact(
            id_,
            contact.id,
            contact.channel,
            situation.type,
            language,
            deliver_at_us=verdict.deliver_at_us,
            address=address,
            subject=render(
                playbook.texts[f"{where}.subject", language], values, language, one_line=True
            ),
            body=render(playbook.texts[f"{where}.body", language], values, language),
        )
    )
    held = verdict.deliver_at_us > _us(situation.now)
    detail = f"{policy.QUIET_HOURS}: delivered from {_local(verdict, situation)}" if held else ""
    made.verdicts.append(Verdict(contact.id, "contact", "planned", detail))


def _asked(
    made: Plan, playbook: Playbook, situation: Situation, contact: Message, id_: str
) -> policy.Verdict:
    """Ask the contact policy. What this plan sends by other channels counts."""
    message = policy.Message(
        _us(situation.now), contact.channel, playbook.spec.purpose, playbook.id,
        playbook.spec.trigger.signal, policy.MESSAGES, playbook.spec.urgent,
    )  # fmt: skip
    planned = [
        Sent(one.deliver_at_us, one.channel, exempt=situation.exempt)
        for one in made.contacts
        if one.deliver_at_us is not None
    ]
    before = [one for other, one in situation.sent if other != id_ and other not in made.ids]
    person = policy.Person(
        situation.timezone, situation.granted, situation.not_by, (*before, *planned),
        situation.reactions, situation.preferred,
    )  # fmt: skip
    return policy.judge(situation.policy, message, person)


def _us(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def _local(verdict: policy.Verdict, situation: Situation) -> str:
    at = _EPOCH + timedelta(microseconds=verdict.deliver_at_us)
    return f"{at.astimezone(ZoneInfo(situation.timezone)):%Y-%m-%d %H:%M}"


def _values(situation: Situation, deadline: datetime | None) -> dict[str, Any]:
    kind = (situation.subject or "").partition(":")[0]
    return {
        "signal": situation.signal,
        "data": dict(situation.data),
        "at": situation.happened_at.astimezone(ZoneInfo(situation.timezone)),
        "deadline": freshness.still_ahead(deadline, situation.now),
        "customer": {"name": "" if situation.person is None else situation.person.name},
        "subject": {"name": situation.subject_name, "kind": kind},
        "timezone": situation.timezone,
    }


def _crash_body(situation: Situation, case: PlannedCase | None) -> dict[str, Any]:
    assert situation.person is not None
    deadline = None if case is None else freshness.still_ahead(case.deadline, situation.now)
    return {
        "type": "crash.detected",
        "timestamp": situation.time.isoformat(),
        "data": {
            "signal_id": situation.signal_id,
            "revision": situation.revision,
            "subject": situation.subject,
            "customer": situation.person.customer,
            "happened_at": situation.happened_at.isoformat(),
            "severity": situation.data["severity"],
            "case_id": None if case is None else case.case_id,
            "call_back_until": None if deadline is None else deadline.isoformat(),
        },
    }


def _alert_body(situation: Situation, case: PlannedCase | None) -> dict[str, Any]:
    data = situation.data
    return {
        "type": "alert.raised",
        "timestamp": situation.time.isoformat(),
        "data": {
            "alert_id": situation.alert_id,
            "revision": situation.revision,
            "subject": situation.subject,
            "kind": data["kind"],
            "severity": data["severity"],
            "happened_at": situation.happened_at.isoformat(),
            "observed": data["observed"],
            "expected": data["expected"],
            "threshold": data["threshold"],
            "unit": data["unit"],
            "case_id": None if case is None else case.case_id,
            "evidence": _figures(situation.evidence),
        },
    }


def _figures(evidence: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what a webhook says of the evidence; None where it has no figures."""
    if evidence is None or evidence["energy"] is None:
        return None
    return {
        **evidence["energy"],
        "similar_days": evidence["similar_days"],
        "likelier_cause": evidence["likelier_cause"],
        "known_until": evidence["known_until"],
    }


_BODIES: Mapping[str, Callable[[Situation, PlannedCase | None], dict[str, Any]]] = {
    "crash.detected": _crash_body,
    "alert.raised": _alert_body,
}


def refusal(
    purpose: str | None,
    channel: str,
    granted: frozenset[str],
    not_by: frozenset[tuple[str, str]] = frozenset(),
    *,
    contract: bool = False,
) -> str | None:
    """Return why a planned contact may not be sent now; None where it may.

    not_by : (purpose, channel) that the customer does not want. contract : without a purpose it
    rests on the contract.
    """
    if (purpose is None and not contract) or (purpose is not None and purpose not in granted):
        return f"no_consent:{purpose or 'none'}"
    needed = CHANNELS[channel].purpose
    if needed is not None and needed not in granted:
        return "no_channel_consent"
    return "channel_refused" if (purpose, channel) in not_by else None
