"""Play contacts of households through the contact policy, and check every delivered one plainly.

Two workers decide, each by its own clock, which jumps ahead and back. A worker takes the lock of a
household, reads what was sent, asks the policy, and writes. Held messages count and wait for the
end of quiet hours; when they are delivered the policy is asked again, with the clock of that time,
and consent may have gone meanwhile. The oracle looks at nothing but what was delivered and by which
rules.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from contracts.channels import CHANNELS
from contracts.matters import Matter
from customer_context.contact_policy import policy
from customer_context.contact_policy.policy import (
    Cap,
    Message,
    Person,
    Policy,
    Reaction,
    Sent,
    Suppression,
)
from customer_context.contact_policy.quiet_hours import QuietHours
from proving.policy.checks import Delivered, breaches

_MIN_US = 60_000_000
_HOUR_US = 60 * _MIN_US
_DAY_US = 24 * _HOUR_US
_BEGIN_US = 1_772_000_000_000_000
"""Late February 2026: some weeks before clocks change, in both hemispheres."""
_ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC")
_CHANNELS = ("inbox", "email")
_PURPOSES = ("driving_score", "energy_insight")
_SWITCHED_OFF = (
    "person-day", "quiet-hours", "minimum-distance", "rejected", "preferred-channel",
)  # fmt: skip
_OF_HOUSEHOLD = 60
"""Contacts that are tried for one household."""
_HORIZON_US = 31 * _DAY_US
_REPORT_EVERY = 50
"""Households between two reports of progress."""


@dataclass(slots=True)
class Proof:
    """What was tried, and what is wrong."""

    households: int = 0
    contacts: int = 0
    delivered: int = 0
    urgent: int = 0
    held: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    cancelled: int = 0
    clock_jumps: int = 0
    overlaps: int = 0
    compared: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Action:
    """An action with its rules. exempt : ids of rules that are switched off for it."""

    id: str
    group: str
    issue: str
    purpose: str
    policy: Policy
    exempt: frozenset[str]
    urgent: bool = False


@dataclass(slots=True)
class _Customer:
    zone: str
    granted: set[str]
    not_by: set[tuple[str, str]]
    preferred: dict[str, str]
    reactions: list[Reaction] = field(default_factory=list)


@dataclass(slots=True)
class _Planned:
    """A message that was decided; at_us : of its delivery, planned or done."""

    id: int
    customer: int
    action: Action
    channel: str
    at_us: int
    delivered: bool = False


def prove(
    seed: int,
    contacts: int,
    most_problems: int = 5,
    progress: Callable[[int], None] = lambda done: None,
) -> Proof:
    """Try `contacts` contacts, of one household after the other. progress : how many are done."""
    found = Proof()
    number = 0
    while found.contacts < contacts and len(found.problems) < most_problems:
        random = Random(f"{seed} {number}")
        household = _Household(random, found, min(_OF_HOUSEHOLD, contacts - found.contacts))
        for problem in household.play():
            found.problems.append(f"seed {seed}, household {number}: {problem}")
        found.households += 1
        number += 1
        if number % _REPORT_EVERY == 0:
            progress(found.contacts)
    return found


def rules(random: Random) -> Policy:
    """Return random rules."""
    caps = [
        Cap("person-day", random.randint(1, 2), 24),
        Cap("person-week", random.randint(2, 4), 168),
        Cap("email-week", 1, random.choice((72, 168)), channel="email"),
        Cap("household-week", random.randint(2, 5), 168, household=True),
    ]
    begin = random.choice((20 * 60, 22 * 60 + 30, 0, 150))
    held = random.choice((None, None, frozenset({"email"})))
    return Policy(
        tuple(random.sample(caps, random.randint(1, 4))),
        (
            Suppression("rejected", frozenset({"rejected"}), 20, 60, random.randint(1, 2)),
            Suppression("complaint", frozenset({"complaint"}), 10, 30, of="all"),
            Suppression("bounced", frozenset({"rejected"}), 5, 30, of="issue", channel="email"),
        ),
        random.choice((None, QuietHours(begin, (begin + random.choice((150, 600))) % 1440, held))),
        random.choice((0, 6, 24)),
    )


class _Household:
    """One household: its customers, what is planned and delivered, and the workers' clocks."""

    def __init__(self, random: Random, found: Proof, contacts: int) -> None:
        self._random = random
        self._found = found
        self._contacts = contacts
        everywhere = rules(random)
        self._actions = [self._action(i, everywhere) for i in range(4)]
        purposes = [*_PURPOSES, *(str(s.purpose) for s in CHANNELS.values() if s.purpose)]
        self._customers = [
            _Customer(
                random.choice(_ZONES),
                {purpose for purpose in purposes if random.random() < 0.9},
                {(random.choice(_PURPOSES), "email")} if random.random() < 0.2 else set(),
                _chosen(random),
            )
            for _ in range(random.randint(1, 3))
        ]
        self._planned: list[_Planned] = []
        self._log: list[Delivered] = []
        start = _BEGIN_US + random.randrange(40) * _DAY_US + random.randrange(_DAY_US)
        self._clocks = [start, start + random.randint(-90, 90) * _MIN_US]

    def _action(self, number: int, everywhere: Policy) -> Action:
        random = self._random
        off = frozenset(random.sample(_SWITCHED_OFF, 1) if random.random() < 0.25 else ())
        return Action(
            f"action-{number}", f"group-{number // 2}", "offers", random.choice(_PURPOSES),
            switched(everywhere, off), off, urgent=number == 3 and random.random() < 0.5,
        )  # fmt: skip

    def play(self) -> Iterator[str]:
        """Try the contacts; yield what is wrong."""
        tried = 0
        while tried < self._contacts:
            worker = self._random.randrange(2)
            self._tick()
            self._change()
            self._deliver_due(worker)
            if self._random.random() < 0.15 and tried + 1 < self._contacts:
                tried += 2
                self._found.overlaps += 1
                yield from self._two_at_once(worker)
            else:
                tried += 1
                yield from self._contact(worker)
        self._found.contacts += tried
        yield from breaches(self._log)

    def _tick(self) -> None:
        random = self._random
        step = random.choice((0, 5, 60, 400, 1500)) * _MIN_US + random.randrange(_MIN_US)
        self._clocks = [clock + step for clock in self._clocks]
        if random.random() < 0.05:
            self._found.clock_jumps += 1
            self._clocks[random.randrange(2)] += random.choice((-180, -60, 60, 2000)) * _MIN_US

    def _change(self) -> None:
        """A customer may decide on a consent, or react to what was delivered."""
        random = self._random
        customer = random.choice(self._customers)
        if random.random() < 0.03:
            purpose = random.choice((*_PURPOSES, "channel_email"))
            customer.granted ^= {purpose}
        if random.random() < 0.02:
            customer.preferred = _chosen(random)
        if random.random() < 0.08 and self._log:
            last = random.choice(self._log[-5:])
            action = next(one for one in self._actions if one.id == last.action)
            outcome = random.choice(("rejected", "complaint", "opened", "accepted"))
            self._customers[last.customer].reactions.append(
                Reaction(last.at_us, outcome, last.channel, action.id, action.group, action.issue)
            )

    def _contact(self, worker: int) -> Iterator[str]:
        """One worker under the lock: read, ask, write."""
        asked = self._choose()
        yield from self._write(worker, asked, self._read(worker, asked))

    def _two_at_once(self, worker: int) -> Iterator[str]:
        """Both workers want the same household; the lock makes one wait for the other's write."""
        first, second = self._choose(), self._choose()
        if takes_lock():
            yield from self._write(worker, first, self._read(worker, first))
            yield from self._write(1 - worker, second, self._read(1 - worker, second))
        else:
            read = [self._read(worker, first), self._read(1 - worker, second)]
            yield from self._write(worker, first, read[0])
            yield from self._write(1 - worker, second, read[1])

    def _choose(self) -> tuple[int, Action, str]:
        random = self._random
        customer = random.randrange(len(self._customers))
        return customer, random.choice(self._actions), random.choice(_CHANNELS)

    def _read(self, worker: int, asked: tuple[int, Action, str]) -> tuple[Message, Person]:
        customer, action, channel = asked
        at_us = self._clocks[worker]
        return self._message(at_us, action, channel), self._person(customer, at_us, None)

    def _write(
        self, worker: int, asked: tuple[int, Action, str], read: tuple[Message, Person]
    ) -> Iterator[str]:
        customer, action, channel = asked
        message, person = read
        verdict = policy.judge(action.policy, message, person)
        if self._random.random() < 0.02:
            yield from self._compare(action, message, person, verdict)
        if verdict.refusal:
            refused = self._found.refused
            refused[verdict.refusal] = refused.get(verdict.refusal, 0) + 1
            return
        planned = _Planned(len(self._planned), customer, action, channel, verdict.deliver_at_us)
        self._planned.append(planned)
        if verdict.deliver_at_us <= message.at_us:
            self._delivered(planned, message.at_us)
        else:
            self._found.held += 1

    def _deliver_due(self, worker: int) -> None:
        now_us = self._clocks[worker]
        for planned in self._planned:
            if planned.delivered or planned.at_us > now_us:
                continue
            person = self._person(planned.customer, now_us, planned.id)
            message = self._message(now_us, planned.action, planned.channel)
            verdict = asked_again(planned.action.policy, message, person)
            if verdict.refusal:
                self._found.cancelled += 1
                planned.at_us = -_HORIZON_US
                planned.delivered = True
            elif verdict.deliver_at_us > now_us:
                planned.at_us = verdict.deliver_at_us
            else:
                self._delivered(planned, now_us)

    def _delivered(self, planned: _Planned, at_us: int) -> None:
        planned.delivered, planned.at_us = True, at_us
        self._found.delivered += 1
        self._found.urgent += planned.action.urgent
        customer = self._customers[planned.customer]
        self._log.append(
            Delivered(
                at_us, planned.customer, customer.zone, planned.channel, planned.action.id,
                planned.action.group, planned.action.purpose, planned.action.urgent,
                plain(planned.action), planned.action.exempt, frozenset(customer.granted),
                frozenset(customer.not_by), tuple(map(plain_reaction, customer.reactions)),
                dict(customer.preferred),
            )
        )  # fmt: skip

    def _message(self, at_us: int, action: Action, channel: str) -> Message:
        return Message(
            at_us, channel, action.purpose, action.id, action.group, action.issue, action.urgent
        )

    def _person(self, number: int, at_us: int, but: int | None) -> Person:
        customer = self._customers[number]
        sent = tuple(
            Sent(one.at_us, one.channel, one.customer == number, one.action.exempt)
            for one in self._planned
            if one.id != but and not one.action.urgent and one.at_us > 0
            and abs(one.at_us - at_us) < _HORIZON_US
            and is_read(one.at_us, one.delivered, at_us)
        )  # fmt: skip
        return Person(
            customer.zone, frozenset(customer.granted), frozenset(customer.not_by), sent,
            tuple(customer.reactions), dict(customer.preferred),
        )  # fmt: skip

    def _compare(
        self, action: Action, message: Message, person: Person, verdict: policy.Verdict
    ) -> Iterator[str]:
        """Compare one verdict with the oracle's, which is slow."""
        from tests.oracles import contact_policy as oracle

        self._found.compared += 1
        asked = {
            "at": message.at_us, "channel": message.channel, "purpose": message.purpose,
            "action": message.action, "group": message.group, "issue": message.issue,
            "urgent": message.urgent,
        }  # fmt: skip
        known = {
            "zone": person.zone, "granted": person.granted, "not_by": person.not_by,
            "sent": [
                {"at": s.at_us, "channel": s.channel, "own": s.own, "exempt": s.exempt}
                for s in person.sent
            ],
            "reactions": [plain_reaction(one) for one in person.reactions],
            "preferred": person.preferred,
        }  # fmt: skip
        purposes = {name: spec.purpose for name, spec in CHANNELS.items()}
        wanted = oracle.judge(plain(action), asked, known, purposes)
        if (verdict.refusal, verdict.rule, verdict.deliver_at_us) != wanted:
            yield f"the policy says {verdict}, expected {wanted}"


def _chosen(random: Random) -> dict[str, str]:
    """Return the channels that a customer has chosen for matters."""
    return {matter: random.choice(_CHANNELS) for matter in Matter if random.random() < 0.25}


def switched(everywhere: Policy, off: frozenset[str]) -> Policy:
    """Return rules without those that are switched off."""
    return replace(
        everywhere,
        caps=tuple(cap for cap in everywhere.caps if cap.id not in off),
        suppressions=tuple(one for one in everywhere.suppressions if one.id not in off),
        quiet_hours=None if policy.QUIET_HOURS in off else everywhere.quiet_hours,
        distance_h=0 if policy.DISTANCE in off else everywhere.distance_h,
        preferred=policy.PREFERRED not in off,
    )


def takes_lock() -> bool:
    """Whether a worker waits for the household's lock."""
    return True


def is_read(at_us: int, delivered: bool, now_us: int) -> bool:
    """Whether a worker reads a message that is stored: also one that was delivered later than its
    own clock says now, by a worker whose clock is ahead, or before its own jumped back."""
    return True


def asked_again(rules_: Policy, message: Message, person: Person) -> policy.Verdict:
    """Ask the policy again when a held message is delivered."""
    return policy.judge(rules_, message, person)


def plain(action: Action) -> dict[str, Any]:
    """Return the rules of an action in the form that the oracle reads."""
    rules_ = action.policy
    hours = rules_.quiet_hours
    return {
        "caps": [
            {
                "id": cap.id, "most": cap.most, "within_h": cap.within_h, "channel": cap.channel,
                "per": "household" if cap.household else "person",
            }
            for cap in rules_.caps
        ],
        "suppress": [
            {
                "id": one.id, "after": one.after, "for_d": one.for_d, "within_d": one.within_d,
                "count": one.count, "of": one.of, "channel": one.channel,
            }
            for one in rules_.suppressions
        ],
        "quiet": None if hours is None else (_clock(hours.begin_min), _clock(hours.end_min)),
        "quiet_channels": None if hours is None else hours.channels,
        "distance_h": rules_.distance_h,
        "preferred": rules_.preferred,
    }  # fmt: skip


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def plain_reaction(one: Reaction) -> dict[str, Any]:
    """Return a reaction in the form that the oracle reads."""
    return {
        "at": one.at_us, "outcome": one.outcome, "channel": one.channel, "action": one.action,
        "group": one.group, "issue": one.issue,
    }  # fmt: skip
