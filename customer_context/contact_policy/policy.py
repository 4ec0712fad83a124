"""Contact policy: may this message go to this customer, and from when? Pure.

In this order: 1. consent to purpose and channel, 2. the channel that the person has chosen for the
matter, 3. suppression after reactions, 4. quiet hours, which hold delivery, 5. caps and 6. the
minimum distance, both at the time of delivery. Urgent
messages pass all but consent, and are not counted. A message that a rule does not apply to is not
counted by that rule. A cap counts in every window of its length that contains the delivery, before
and after: so it holds in whatever order messages are decided, and whichever way clocks jump. What
is said in a conversation that the customer began is subject to consent and suppression only.
Oracle: tests/oracles/contact_policy.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from contracts.channels import CHANNELS, STORED
from contracts.matters import matter_of
from customer_context.contact_policy.quiet_hours import QuietHours, deliver_from

_US_PER_H = 3_600_000_000
_US_PER_D = 24 * _US_PER_H

QUIET_HOURS, DISTANCE, PREFERRED = "quiet-hours", "minimum-distance", "preferred-channel"
ONE_OF_EACH = frozenset({QUIET_HOURS, DISTANCE, PREFERRED})
"""Ids of the rules that there is one of."""

MESSAGES = "messages"
"""The issue of messages that are no action: of playbooks, and about cases."""

CONVERSATION = ("agent", "portal")
"""Places in a conversation that the customer began: said by an agent, or shown on the own pages."""


class Outcome(StrEnum):
    """What became of a message or an offer."""

    DELIVERED = "delivered"
    OPENED = "opened"
    CLICKED = "clicked"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    COMPLAINT = "complaint"
    SOLVED = "solved"


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `most` messages in any `within_h` hours. channel : None = over all channels;
    household : counts the messages to all of the household."""

    id: str
    most: int
    within_h: int
    channel: str | None = None
    household: bool = False


@dataclass(frozen=True, slots=True)
class Suppression:
    """No message for `for_d` days after the last of `count` reactions within `within_d` days.

    of : what the reactions were to: the same action, group or issue, or all. channel : of the
    reactions and of the message; None = all.
    """

    id: str
    after: frozenset[str]
    for_d: int
    within_d: int
    count: int = 1
    of: str = "action"
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules for one action. distance_h : between two messages to a person; 0 = none.

    preferred : no message goes by another channel than the one that was chosen for its matter.
    """

    caps: tuple[Cap, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    quiet_hours: QuietHours | None = None
    distance_h: int = 0
    preferred: bool = True

    @property
    def ids(self) -> frozenset[str]:
        """Ids of the rules that there are."""
        found = {cap.id for cap in self.caps} | {one.id for one in self.suppressions}
        found |= {QUIET_HOURS} if self.quiet_hours is not None else set()
        found |= {PREFERRED} if self.preferred else set()
        return frozenset(found | ({DISTANCE} if self.distance_h else set()))

    def without(self, ids: frozenset[str]) -> "Policy":
        """Return the rules but those with these ids."""
        return Policy(
            tuple(cap for cap in self.caps if cap.id not in ids),
            tuple(one for one in self.suppressions if one.id not in ids),
            None if QUIET_HOURS in ids else self.quiet_hours,
            0 if DISTANCE in ids else self.distance_h,
            self.preferred and PREFERRED not in ids,
        )

    @property
    def reach_h(self) -> int:
        """How far before and after a message its caps and distance look, in hours."""
        return max([self.distance_h, *(cap.within_h for cap in self.caps)])


@dataclass(frozen=True, slots=True)
class Message:
    """What is asked about. at_us : when it would be delivered at the earliest."""

    at_us: int
    channel: str
    purpose: str | None
    action: str
    group: str
    issue: str
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was delivered, or is to be, and is not urgent.

    own : to the same person, else to another one of the household. exempt : ids of rules that did
    not apply to it.
    """

    at_us: int
    channel: str
    own: bool = True
    exempt: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reaction:
    """A reaction of the person. outcome : of `Outcome`."""

    at_us: int
    outcome: str
    channel: str
    action: str
    group: str
    issue: str


@dataclass(frozen=True, slots=True)
class Person:
    """What the policy knows of a customer.

    granted : purposes in force; not_by : (purpose, channel) that is not wanted; zone : IANA name.
    preferred : matter → the channel that was chosen for it, and by which they can be reached.
    """

    zone: str
    granted: frozenset[str]
    not_by: frozenset[tuple[str, str]] = frozenset()
    sent: Sequence[Sent] = field(default_factory=tuple)
    reactions: Sequence[Reaction] = field(default_factory=tuple)
    preferred: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """refusal : why it may not go, '' = it may; rule : its id; deliver_at_us : from when."""

    refusal: str
    rule: str
    deliver_at_us: int


def judge(policy: Policy, message: Message, person: Person) -> Verdict:
    """Return whether a message may go, and from when."""
    return Judge(person).verdict(policy, message)


class Judge:
    """The policy's verdicts on many messages to one person at one instant.

    What does not depend on the action is asked once for each policy and channel.
    """

    __slots__ = ("_asked", "_consent", "_person", "_when")

    def __init__(self, person: Person) -> None:
        self._person = person
        self._when: dict[tuple[int, str, int], Verdict] = {}
        self._consent: dict[tuple[str | None, str], str] = {}
        self._asked: dict[tuple[int, int], list[Suppression]] = {}

    def verdict(self, policy: Policy, message: Message) -> Verdict:
        """Return whether a message may go, and from when. `policy` outlives the judge."""
        pair = (message.purpose, message.channel)
        refused = self._consent.get(pair)
        if refused is None:
            refused = self._consent[pair] = _without_consent(message, self._person)
        if refused:
            return Verdict(refused, "consent", message.at_us)
        if message.urgent:
            return Verdict("", "", message.at_us)
        if policy.preferred and self._person.preferred and _elsewhere(message, self._person):
            return Verdict("not_preferred", PREFERRED, message.at_us)
        if self._person.reactions:
            for suppression in self._suppressions(policy, message.at_us):
                if _suppressed(suppression, message, self._person.reactions):
                    return Verdict("suppressed", suppression.id, message.at_us)
        if message.channel in CONVERSATION:
            return Verdict("", "", message.at_us)
        key = (id(policy), message.channel, message.at_us)
        found = self._when.get(key)
        if found is None:
            found = self._when[key] = _when(policy, message, self._person)
        return found

    def _suppressions(self, policy: Policy, at_us: int) -> list[Suppression]:
        """Return the suppressions for which there are reactions at all, to whatever."""
        key = (id(policy), at_us)
        found = self._asked.get(key)
        if found is None:
            outcomes = {one.outcome for one in self._person.reactions if one.at_us <= at_us}
            found = self._asked[key] = [
                one for one in policy.suppressions if not one.after.isdisjoint(outcomes)
            ]
        return found


def _when(policy: Policy, message: Message, person: Person) -> Verdict:
    """Return the verdict of quiet hours, caps and distance."""
    hours = policy.quiet_hours
    if hours is not None and not hours.hold(message.channel):
        hours = None
    at_us = deliver_from(message.at_us, person.zone, hours)
    for cap in policy.caps:
        if _full(cap, message.channel, at_us, person.sent):
            return Verdict("cap_reached", cap.id, at_us)
    if _too_near(policy.distance_h, at_us, person.sent):
        return Verdict("too_soon", DISTANCE, at_us)
    return Verdict("", "", at_us)


def _without_consent(message: Message, person: Person) -> str:
    if message.purpose is not None and message.purpose not in person.granted:
        return "no_consent"
    spec = CHANNELS.get(message.channel)
    if spec is not None and spec.purpose is not None and spec.purpose not in person.granted:
        return "no_channel_consent"
    if message.purpose is not None and (message.purpose, message.channel) in person.not_by:
        return "channel_refused"
    return ""


def _elsewhere(message: Message, person: Person) -> bool:
    """Return whether the person has chosen another channel for the matter, which may have it.

    What is stored on our own pages or said in a conversation reaches nobody who does not come.
    """
    chosen = person.preferred.get(matter_of(message.purpose))
    if chosen is None or chosen == message.channel:
        return False
    if message.channel in STORED or message.channel in CONVERSATION:
        return False
    return not _without_consent(replace(message, channel=chosen), person)


def _suppressed(suppression: Suppression, message: Message, reactions: Iterable[Reaction]) -> bool:
    if suppression.channel is not None and suppression.channel != message.channel:
        return False
    since_us = message.at_us - suppression.within_d * _US_PER_D
    times = [
        one.at_us
        for one in reactions
        if one.outcome in suppression.after
        and since_us < one.at_us <= message.at_us
        and suppression.channel in (None, one.channel)
        and _same(suppression.of, message, one)
    ]
    if len(times) < suppression.count:
        return False
    return message.at_us < max(times) + suppression.for_d * _US_PER_D


def _same(of: str, message: Message, reaction: Reaction) -> bool:
    if of == "all":
        return True
    return bool(getattr(message, of) == getattr(reaction, of)) and message.issue == reaction.issue


def _full(cap: Cap, channel: str, at_us: int, sent: Iterable[Sent]) -> bool:
    """Return whether one more at `at_us` would be too many in a window that contains it."""
    if cap.channel is not None and cap.channel != channel:
        return False
    window_us = cap.within_h * _US_PER_H
    near = sorted(
        one.at_us
        for one in sent
        if abs(one.at_us - at_us) < window_us
        and (cap.household or one.own)
        and cap.channel in (None, one.channel)
        and cap.id not in one.exempt
    )
    if len(near) < cap.most:
        return False
    if cap.most == 0:
        return True
    # Together with at_us, `most` others within less than a window make one too many.
    for first, last in zip(near, near[cap.most - 1 :], strict=False):
        if max(last, at_us) - min(first, at_us) < window_us:
            return True
    return False


def _too_near(distance_h: int, at_us: int, sent: Iterable[Sent]) -> bool:
    distance_us = distance_h * _US_PER_H
    return any(
        one.own and DISTANCE not in one.exempt and abs(one.at_us - at_us) < distance_us
        for one in sent
    )
