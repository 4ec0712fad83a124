"""Compare contacts with true events, and with the consents that the simulators record.

Nothing here trusts the sender. Purpose and channel of a contact follow from its signal, its
customer from the simulators' registry, and arrivals from the receiver's own records.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.demo.receiver import Delivery, Mail
from proving.judge.evidence import Contact, Evidence, SignalRecord
from proving.judge.latency import percentile

PURPOSE_OF: Mapping[str, str] = {
    "vehicle.crash": "claims_assistance",
    "meter.anomaly.raised": "energy_insight",
    "meter.anomaly.cleared": "energy_insight",
    "trip.completed": "driving_score",
    "driving.event": "driving_score",
    "score.changed": "driving_score",
}
"""The purpose that a customer must allow for a contact about a signal of this type."""
CHANNEL_PURPOSE: Mapping[str, str | None] = {
    "webhook": None,
    "inbox": None,
    "email": "channel_email",
}
SIDE_OF: Mapping[str, str] = {"vehicle.crash": "insurer", "meter.anomaly.raised": "utility"}
"""The receiver of the webhook."""

NEWS_S: Mapping[str, float] = {
    "vehicle.crash": 48 * 3600.0,
    "meter.anomaly.raised": 72 * 3600.0,
    "score.changed": 24 * 3600.0,
}
"""Age up to which somebody is notified of a signal of this type; an older one is history."""
_NEWS_MARGIN_S = 3600.0
"""Near the limit both are right: a signal is decided after it was made."""

CRASH_WITHIN_S = 2.0
"""Promised for 95 of 100 crashes: from the device's message to the webhook with its
signature verified."""
_SAME_CRASH_US = 10_000_000
_SHOWN = 3


@dataclass(slots=True)
class Contacted:
    """The comparison.

    crashes : true crashes that were found and sent to their insurer; latencies_s : seconds from
    publication to the verified webhook, for every crash sent, true or not; late : missed latency
    promises, which also depend on the machine.
    """

    crashes: int = 0
    latencies_s: list[float] = field(default_factory=list)
    states: Counter[str] = field(default_factory=Counter)
    channels: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    problems: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)

    @property
    def p95_s(self) -> float | None:
        """95th percentile of the crashes' latencies; None without any."""
        return percentile(self.latencies_s, 0.95)

    def crash_figures(self) -> dict[str, Any]:
        """For the demo's answer."""
        return {
            "contacted": self.crashes,
            "p95_s": _rounded(self.p95_s),
            "max_s": _rounded(max(self.latencies_s, default=None)),
        }

    def contact_figures(self) -> dict[str, Any]:
        """For the demo's answer."""
        states = {name: self.states[name] for name in ("delivered", "pending", "failed")}
        others = {name: n for name, n in sorted(self.states.items()) if name not in states}
        return {**states, **others, "by_channel": dict(sorted(self.channels.items()))}


def judge_contacts(evidence: Evidence) -> Contacted:
    """Compare; `problems` of the result lists every failure."""
    result = Contacted(refused=evidence.refused)
    signals = {signal.signal_id: signal for signal in evidence.signals}
    contacts = {contact.contact_id: contact for contact in evidence.contacts}
    for contact in evidence.contacts:
        result.states[contact.state] += 1
        if contact.state == "delivered":
            result.channels[contact.channel] += 1
    _crashes(evidence, signals, contacts, result)
    result.problems += [
        *_alerts(evidence, contacts),
        *_old_news(evidence, signals),
        *_at_the_end(result),
        *_arrivals(evidence, contacts),
        *_identities(evidence, signals, contacts),
        *_allowed(evidence, signals, contacts),
    ]
    return result


def _crashes(
    evidence: Evidence,
    signals: Mapping[str, SignalRecord],
    contacts: Mapping[str, Contact],
    result: Contacted,
) -> None:
    """Match crashes with webhooks, and measure their latency."""
    first_s: dict[str, float] = {}
    for delivery in evidence.webhooks:
        contact = contacts.get(delivery.webhook_id)
        signal = signals.get(contact.signal_id) if contact else None
        if signal is None or signal.type != "vehicle.crash":
            continue
        if delivery.verified and delivery.side == SIDE_OF[signal.type]:
            first_s.setdefault(signal.signal_id, delivery.at_s)
    for signal_id, at_s in first_s.items():
        known_s = signals[signal_id].known_s
        if known_s is None:
            result.problems.append(f"nobody knows when {signal_id} was published")
        else:
            result.latencies_s.append(at_s - known_s)
    for device, at_us in evidence.crashes:
        if any(_is_of(signals[signal_id], device, at_us) for signal_id in first_s):
            result.crashes += 1
        else:
            result.problems.append(f"the crash of {device} was found, but no insurer was notified")
    p95_s = result.p95_s
    if p95_s is not None and p95_s >= CRASH_WITHIN_S:
        result.late.append(
            f"p95 from a crash's message to its webhook is {p95_s:.2f} s, "
            f"below {CRASH_WITHIN_S:.0f} s is promised"
        )


def _alerts(evidence: Evidence, contacts: Mapping[str, Contact]) -> list[str]:
    """Check that the utility got every valid anomaly, unless its customer does not allow it."""
    heard = {
        contacts[d.webhook_id].signal_id
        for d in evidence.webhooks
        if d.verified and d.side == SIDE_OF["meter.anomaly.raised"] and d.webhook_id in contacts
    }
    silent = [
        signal.subject
        for signal in evidence.signals
        if signal.type == "meter.anomaly.raised"
        and not signal.retracted
        and signal.age_s <= NEWS_S[signal.type] - _NEWS_MARGIN_S
        and signal.signal_id not in heard
        and PURPOSE_OF[signal.type]
        in evidence.consents.get(evidence.owner.get(signal.subject, ""), ())
    ]
    return [f"no utility was notified of an anomaly of {subject}" for subject in silent[:_SHOWN]]


def _old_news(evidence: Evidence, signals: Mapping[str, SignalRecord]) -> list[str]:
    """Check that nobody was notified of what had happened long before it was known."""
    old = [
        contact.contact_id
        for contact in evidence.contacts
        if (signal := signals.get(contact.signal_id)) is not None
        and signal.age_s > NEWS_S.get(signal.type, 0.0) + _NEWS_MARGIN_S
    ]
    return [f"contact {contact_id} reports old news" for contact_id in old[:_SHOWN]]


def _is_of(signal: SignalRecord, device: str, at_us: int) -> bool:
    return signal.device == device and abs(signal.at_us - at_us) <= _SAME_CRASH_US


def _at_the_end(result: Contacted) -> list[str]:
    return [
        f"{result.states[state]} contacts are {state} at the end"
        for state in ("pending", "failed")
        if result.states[state]
    ]


def _arrivals(evidence: Evidence, contacts: Mapping[str, Contact]) -> list[str]:
    """Check that arrivals and sent contacts are the same, and signed."""
    wrong = [d for d in evidence.webhooks if not d.verified]
    problems = [
        f"a webhook to the {d.side} came with a wrong signature: {d.reason}" for d in wrong[:_SHOWN]
    ]
    arrived = {d.webhook_id for d in evidence.webhooks if d.verified}
    strange = arrived - contacts.keys()
    if strange:
        problems.append(f"{len(strange)} webhooks have an id that is no contact's")
    mailed = {_mailed_id(mail): mail for mail in evidence.mails}
    strange = mailed.keys() - contacts.keys()
    if strange:
        problems.append(f"{len(strange)} mails have an id that is no contact's")
    for channel, came in (("webhook", arrived), ("email", mailed.keys())):
        lost = [
            c
            for c in evidence.contacts
            if c.channel == channel and c.state == "delivered" and c.contact_id not in came
        ]
        if lost:
            problems.append(f"{len(lost)} contacts by {channel} count as delivered but never came")
    return problems


def _mailed_id(mail: Mail) -> str:
    """Return the contact id of a Message-ID `<contact id@…>`."""
    return mail.message_id.strip("<>").partition("@")[0]


def _identities(
    evidence: Evidence, signals: Mapping[str, SignalRecord], contacts: Mapping[str, Contact]
) -> list[str]:
    """Check that an id always means one thing, and a receiver gets a thing under one id only."""
    problems = []
    things: dict[str, set[str]] = defaultdict(set)
    ids: dict[tuple[str, str], set[str]] = defaultdict(set)
    for delivery in evidence.webhooks:
        contact = contacts.get(delivery.webhook_id)
        if not delivery.verified or contact is None:
            continue  # reported above
        named = _named(delivery)
        things[delivery.webhook_id].add(named)
        if named != contact.signal_id:
            problems.append(f"webhook {delivery.webhook_id} is about {named or 'nothing'}")
        ids[(delivery.side, _thing(signals.get(contact.signal_id), contact, evidence))].add(
            delivery.webhook_id
        )
    for webhook_id, names in things.items():
        if len(names) > 1:
            problems.append(f"webhook {webhook_id} came with different contents: {sorted(names)}")
    for (side, thing), different in ids.items():
        if len(different) > 1:
            problems.append(f"the {side} was notified of {thing} under {len(different)} ids")
    return problems


def _named(delivery: Delivery) -> str:
    """Return the signal that a webhook's body names (an alert has the id of its signal)."""
    data = (delivery.body or {}).get("data")
    found = data if isinstance(data, dict) else {}
    return str(found.get("signal_id") or found.get("alert_id") or "")


def _thing(signal: SignalRecord | None, contact: Contact, evidence: Evidence) -> str:
    """Return the underlying event: a true crash for any signal id, else the signal."""
    if signal is not None and signal.type == "vehicle.crash":
        for device, at_us in evidence.crashes:
            if _is_of(signal, device, at_us):
                return f"the crash of {device} at {at_us}"
    return f"signal {contact.signal_id}"


def _allowed(
    evidence: Evidence, signals: Mapping[str, SignalRecord], contacts: Mapping[str, Contact]
) -> list[str]:
    """Check that customers allowed everything sent, and that it went to nobody else."""
    problems: list[str] = []
    came = [c.contact_id for c in evidence.contacts if c.state == "delivered"]
    came += [d.webhook_id for d in evidence.webhooks]
    came += [_mailed_id(mail) for mail in evidence.mails]
    for contact_id in dict.fromkeys(came):
        contact = contacts.get(contact_id)
        if contact is None:
            continue  # reported above
        signal = signals.get(contact.signal_id)
        if signal is None:
            problems.append(f"contact {contact_id} speaks of a signal that does not exist")
            continue
        customer = _customer_of(signal.subject, evidence.owner)
        if customer is None or contact.customer != customer:
            problems.append(
                f"a contact about {signal.subject} is to {contact.customer}, not to {customer}"
            )
            continue
        if signal.type not in PURPOSE_OF or contact.channel not in CHANNEL_PURPOSE:
            problems.append(
                f"contact {contact_id} by {contact.channel} about {signal.type}: the judge does "
                "not know what its customer must allow"
            )
            continue
        of_channel = CHANNEL_PURPOSE[contact.channel]
        needed = {PURPOSE_OF[signal.type]} | ({of_channel} if of_channel else set())
        missing = needed - set(evidence.consents.get(customer, ()))
        if missing:
            problems.append(
                f"{customer} was contacted by {contact.channel} about {signal.type} without "
                f"having allowed {', '.join(sorted(missing))}"
            )
    problems += _mailed_to_others(evidence.mails, contacts)
    return problems


def _mailed_to_others(mails: Iterable[Mail], contacts: Mapping[str, Contact]) -> list[str]:
    """Find misdirected mails; simulated customers have `<customer>@example.org`."""
    return [
        f"a mail for {contact.customer} went to {', '.join(mail.recipients)}"
        for mail in mails
        if (contact := contacts.get(_mailed_id(mail))) is not None
        and mail.recipients != (f"{contact.customer}@example.org",)
    ]


def _customer_of(subject: str, owner: Mapping[str, str]) -> str | None:
    kind, _, name = subject.partition(":")
    return name if kind == "customer" else owner.get(subject)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
