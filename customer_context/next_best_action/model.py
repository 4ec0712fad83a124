"""Actions: YAML files of an issue with its groups, actions and treatments (docs/actions.md).

A file `all.yaml` (id: all) has the policies of all actions. Policies are inherited downwards (all →
issue → group → action) and can be switched off at any level by their id.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import Field

from contracts.channels import TO_CUSTOMER
from contracts.purposes import Purpose
from customer_context.cases.working_time import is_holiday
from customer_context.contact_policy.policy import CONVERSATION, ONE_OF_EACH, Outcome
from customer_context.contact_policy.quiet_hours import minutes_of
from customer_context.facts.catalogue import FACTS, FactType
from customer_context.facts.conditions import Condition, problem
from customer_context.rules.form import Part, Slug, Texts, read, wrong
from runtime import yaml_text
from runtime.errors import Usage

Stage = Literal["eligible", "applicable", "suitable"]
STAGES: tuple[Stage, ...] = ("eligible", "applicable", "suitable")
ALL = "all"
PLACES = (*CONVERSATION, *TO_CUSTOMER)
"""Where a treatment can be said or sent."""

_WORD_ALL = re.compile(rf"\b{ALL}\b|\\")
"""Without the word, and without an escape that could be it, a file is that of an issue."""
_Conditions = list[Condition]
_Percent = Annotated[float | int, Field(ge=-100, le=1000)]
_Share = Annotated[float | int, Field(gt=0, le=1)]


class EngagementPolicy(Part):
    """Conditions that all must hold. kind : may they (eligible), does it fit now (applicable), is
    it good for them (suitable)."""

    id: Slug
    kind: Stage
    when: _Conditions = Field(min_length=1)


class CapPart(Part):
    """At most so many messages in any so many hours. channel : None = all together."""

    id: Slug
    most: int = Field(ge=0, le=1000)
    within_h: int = Field(ge=1, le=24 * 366)
    per: Literal["person", "household"] = "person"
    channel: str | None = None


class SuppressPart(Part):
    """No message for for_d days after the last of `count` reactions within within_d days."""

    id: Slug
    after: list[str] = Field(min_length=1)
    for_d: int = Field(ge=1, le=3660)
    within_d: int = Field(ge=1, le=3660)
    count: int = Field(default=1, ge=1, le=100)
    of: Literal["action", "group", "issue", "all"] = "action"
    channel: str | None = None


class QuietPart(Part):
    """From begin to before end, in the customer's zone, such as 20:00 to 08:00.

    channels : which they hold; None = all.
    """

    begin: str
    end: str
    channels: list[str] | None = None


class ContactPart(Part):
    """Rules of contact at a level; quiet hours and distance replace those of the level above."""

    caps: list[CapPart] = Field(default_factory=list)
    suppress: list[SuppressPart] = Field(default_factory=list)
    quiet_hours: QuietPart | None = None
    distance_h: int | None = Field(default=None, ge=0, le=24 * 366)


class ContextWeight(Part):
    """Percent that are added where all conditions hold."""

    when: _Conditions = Field(min_length=1)
    weight: _Percent


class FactOfValue(Part):
    """A value that is a fact's, within bounds."""

    fact: str
    least: float | int = 0
    most: float | int = 1_000_000


class Treatment(Part):
    """How an action is said or sent at one place. channel : of `PLACES`.

    subject : of a message; text : Jinja2 over facts, such as {{ consumption.year_kwh | number }}.
    propensity : instead of the action's.
    """

    id: Slug
    channel: str
    text: Texts
    subject: Texts | None = None
    when: _Conditions = Field(default_factory=list)
    propensity: _Share | None = None


class Action(Part):
    """One thing to offer, advise or announce.

    purpose : without which it does not exist; None = the contract itself (bypassing issues only).
    value : in the tenant's own measure, such as euro a year. weight, context : percent, added.
    rests_on : on which data it rests. case_type : opened where the customer accepts.
    valid_from, valid_to : dates, inclusive, in the tenant's zone.
    """

    id: Slug
    title: Texts
    rests_on: Texts
    treatments: list[Treatment] = Field(min_length=1, max_length=50)
    purpose: Purpose | None = Field(default=None, strict=False)
    value: float | int | FactOfValue = 1
    propensity: _Share = 0.5
    weight: _Percent = 0
    context: list[ContextWeight] = Field(default_factory=list)
    eligible: _Conditions = Field(default_factory=list)
    applicable: _Conditions = Field(default_factory=list)
    suitable: _Conditions = Field(default_factory=list)
    policies: list[EngagementPolicy] = Field(default_factory=list)
    switch_off: list[Slug] = Field(default_factory=list)
    contact: ContactPart = Field(default_factory=ContactPart)
    valid_from: date | None = None
    valid_to: date | None = None
    case_type: Slug | None = None
    urgent: bool = False


class Group(Part):
    """Actions that compete for one matter."""

    id: Slug
    title: Texts
    actions: list[Action] = Field(min_length=1)
    weight: _Percent = 0
    policies: list[EngagementPolicy] = Field(default_factory=list)
    switch_off: list[Slug] = Field(default_factory=list)
    contact: ContactPart = Field(default_factory=ContactPart)


class Issue(Part):
    """A file of actions. bypass : why its actions take part in no arbitration, cap or budget."""

    id: Slug
    version: int = Field(ge=1)
    title: Texts
    groups: list[Group] = Field(min_length=1)
    weight: _Percent = 0
    bypass: Literal["safety", "claims", "legal", "contract"] | None = None
    policies: list[EngagementPolicy] = Field(default_factory=list)
    switch_off: list[Slug] = Field(default_factory=list)
    contact: ContactPart = Field(default_factory=ContactPart)


class MessagesPart(Part):
    """Contact rules of messages that are no action: of playbooks, and about cases. They inherit
    those of all actions, and switch off what does not apply to them."""

    switch_off: list[Slug] = Field(default_factory=list)
    contact: ContactPart = Field(default_factory=ContactPart)


class HolidaysPart(Part):
    """Whose public holidays `calendar.holiday` means, ISO 3166. region : None = nationwide ones."""

    country: str = "DE"
    region: str | None = None


class AllActions(Part):
    """The file of what holds for all actions, and for messages. timezone : of validity."""

    id: Literal["all"]
    version: int = Field(ge=1)
    timezone: str = "Europe/Berlin"
    policies: list[EngagementPolicy] = Field(default_factory=list)
    contact: ContactPart = Field(default_factory=ContactPart)
    messages: MessagesPart = Field(default_factory=MessagesPart)
    holidays: HolidaysPart = Field(default_factory=HolidaysPart)


@dataclass(frozen=True, slots=True)
class ActionSet:
    """All files of actions that are in use together. digest : SHA-256 of their texts; versions :
    id of an issue, or `all` → version."""

    all: AllActions
    issues: tuple[Issue, ...]
    texts: Mapping[str, str]
    digest: str

    @property
    def versions(self) -> dict[str, int]:
        """Id of each file → its version."""
        return {ALL: self.all.version} | {issue.id: issue.version for issue in self.issues}

    def actions(self) -> Iterator[tuple[Issue, Group, Action]]:
        """Yield every action with its group and issue."""
        for issue in self.issues:
            for group in issue.groups:
                for action in group.actions:
                    yield issue, group, action


def parse(texts: Mapping[str, str]) -> ActionSet:
    """Parse files by name. Raises `Usage` with file, field and the expected value."""
    every: AllActions | None = None
    issues: dict[str, Issue] = {}
    homes: dict[str, str] = {}
    for file, text in sorted(texts.items()):
        if is_of_all(text):
            if every is not None:
                raise wrong(file, "id", f"{ALL!r} is also the id of another file")
            every = read(AllActions, text, file)
            _check_all(every, file)
            continue
        issue: Issue = read(Issue, text, file)
        if issue.id in homes:
            raise wrong(file, "id", f"{issue.id!r} is also the id of {homes[issue.id]}")
        homes[issue.id] = file
        issues[issue.id] = issue
    every = every or AllActions(id="all", version=1)
    for issue in issues.values():
        _check_issue(every, issue, homes[issue.id])
    _check_ids(issues, homes)
    digest = hashlib.sha256()
    for file, text in sorted(texts.items()):
        digest.update(f"{file}\0{text}\0".encode())
    ordered = tuple(issues[id_] for id_ in sorted(issues))
    return ActionSet(every, ordered, dict(texts), digest.hexdigest())


def is_of_all(text: str) -> bool:
    """Return whether a text is the file of what holds for all actions."""
    if _WORD_ALL.search(text) is None:
        return False  # most files, which are then read once
    try:
        found = yaml_text.load(text)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        return False
    return isinstance(found, dict) and found.get("id") == ALL


def _check_all(every: AllActions, file: str) -> None:
    try:
        ZoneInfo(every.timezone)
    except (ValueError, OSError, KeyError) as error:
        raise wrong(file, "timezone", f"no IANA time zone: {error}") from None
    try:
        is_holiday(date(2026, 1, 1), every.holidays.country, every.holidays.region)
    except (NotImplementedError, KeyError):
        raise wrong(file, "holidays", "expected ISO 3166, such as DE and NW") from None
    _check_policies(every.policies, file, "policies")
    _check_contact(every.contact, file, "contact")
    above = _ids(every)
    _check_switched_off(every.messages.switch_off, above, file, "messages.")
    own = every.messages.contact
    taken = ({cap.id for cap in own.caps} | {one.id for one in own.suppress}) & above
    if taken:
        raise wrong(file, "messages.contact", f"{min(taken)!r} is also the id of a rule above")
    _check_contact(own, file, "messages.contact")


def _check_switched_off(ids: list[str], above: set[str], file: str, where: str) -> None:
    for off in ids:
        if off not in above:
            raise wrong(file, f"{where}switch_off", f"no level above has a rule {off!r}")


def _check_issue(every: AllActions, issue: Issue, file: str) -> None:
    above = _ids(every)
    _check_level(issue, above, file, "")
    for g, group in enumerate(issue.groups):
        of_group = above | _ids(issue)
        _check_level(group, of_group, file, f"groups.{g}.")
        for a, action in enumerate(group.actions):
            where = f"groups.{g}.actions.{a}."
            _check_level(action, of_group | _ids(group), file, where)
            _check_action(action, issue, file, where)


def _ids(level: Any) -> set[str]:
    """Return the ids of the rules that a level adds, which levels below can switch off."""
    found = {policy.id for policy in level.policies}
    found |= {one.id for one in (*level.contact.caps, *level.contact.suppress)}
    return found | ONE_OF_EACH


def _check_level(level: Any, above: set[str], file: str, where: str) -> None:
    _check_switched_off(level.switch_off, above, file, where)
    taken = (_ids(level) - ONE_OF_EACH) & above
    if taken:
        raise wrong(file, f"{where}policies", f"{min(taken)!r} is also the id of a rule above")
    _check_policies(level.policies, file, f"{where}policies")
    _check_contact(level.contact, file, f"{where}contact")


def _check_policies(policies: list[EngagementPolicy], file: str, where: str) -> None:
    ids = [policy.id for policy in policies]
    for i, policy in enumerate(policies):
        if policy.id in ids[:i] or policy.id in STAGES:
            raise wrong(file, f"{where}.{i}.id", f"{policy.id!r} is taken; ids must differ")
        _check_conditions(policy.when, file, f"{where}.{i}.when")


def _check_conditions(conditions: _Conditions, file: str, where: str) -> None:
    for i, condition in enumerate(conditions):
        found = problem(condition)
        if found is not None:
            raise wrong(file, f"{where}.{i}", found)


def _check_contact(contact: ContactPart, file: str, where: str) -> None:
    for i, cap in enumerate(contact.caps):
        if cap.channel is not None and cap.channel not in TO_CUSTOMER:
            raise wrong(file, f"{where}.caps.{i}.channel", f"expected one of {TO_CUSTOMER}")
    for i, one in enumerate(contact.suppress):
        unknown = [name for name in one.after if name not in frozenset(Outcome)]
        if unknown:
            expected = ", ".join(Outcome)
            raise wrong(file, f"{where}.suppress.{i}.after", f"expected {expected}: {unknown[0]!r}")
        if one.channel is not None and one.channel not in PLACES:
            raise wrong(file, f"{where}.suppress.{i}.channel", f"expected one of {PLACES}")
    ids = [cap.id for cap in contact.caps] + [one.id for one in contact.suppress]
    if len(set(ids)) < len(ids):
        raise wrong(file, where, "ids of caps and suppressions must differ")
    if contact.quiet_hours is not None:
        for channel in contact.quiet_hours.channels or []:
            if channel not in TO_CUSTOMER:
                raise wrong(file, f"{where}.quiet_hours.channels", f"expected {TO_CUSTOMER}")
        for name in ("begin", "end"):
            try:
                minutes_of(getattr(contact.quiet_hours, name))
            except ValueError:
                raise wrong(file, f"{where}.quiet_hours.{name}", "expected HH:MM") from None


def _check_action(action: Action, issue: Issue, file: str, where: str) -> None:
    if action.purpose is None and issue.bypass is None:
        raise wrong(file, f"{where}purpose", "expected a purpose; only a bypassing issue has none")
    for stage in STAGES:
        _check_conditions(getattr(action, stage), file, f"{where}{stage}")
    for i, context in enumerate(action.context):
        _check_conditions(context.when, file, f"{where}context.{i}.when")
    if isinstance(action.value, FactOfValue):
        fact = FACTS.get(action.value.fact)
        if fact is None or fact.type not in (FactType.NUMBER, FactType.INTEGER):
            raise wrong(file, f"{where}value.fact", f"no fact with numbers: {action.value.fact!r}")
        if action.value.least > action.value.most:
            raise wrong(file, f"{where}value", "least is more than most")
    if action.valid_from and action.valid_to and action.valid_from > action.valid_to:
        raise wrong(file, f"{where}valid_to", "it ends before it begins")
    ids = [treatment.id for treatment in action.treatments]
    for i, treatment in enumerate(action.treatments):
        at = f"{where}treatments.{i}."
        if treatment.id in ids[:i]:
            raise wrong(file, f"{at}id", f"{treatment.id!r} is taken; ids must differ")
        if treatment.channel not in PLACES:
            raise wrong(file, f"{at}channel", f"expected one of {', '.join(PLACES)}")
        if treatment.channel in TO_CUSTOMER and treatment.subject is None:
            raise wrong(file, f"{at}subject", f"a message by {treatment.channel} has a subject")
        _check_conditions(treatment.when, file, f"{at}when")


def _check_ids(issues: Mapping[str, Issue], homes: Mapping[str, str]) -> None:
    """Ids of actions differ over all files: decisions and outcomes name an action by its id."""
    seen: dict[str, str] = {}
    for issue in issues.values():
        for group in issue.groups:
            for action in group.actions:
                if action.id in seen:
                    raise Usage(
                        f"{homes[issue.id]}: groups: the action {action.id!r} is also in "
                        f"{seen[action.id]}; ids must differ"
                    )
                seen[action.id] = homes[issue.id]
