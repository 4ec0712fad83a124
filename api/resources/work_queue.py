"""The resources of the work queue, for API and pages: who asks, who has what, service levels."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from pydantic import Field

from api.http.answers import Shape
from api.http.auth import Caller
from api.http.scopes import Scope
from services.work_queue import Asking, Member, ServiceLevel, Team


def asking(caller: Caller) -> Asking:
    """Return a caller as who asks for work."""
    leads = Scope.TEAM_READ in caller.scopes
    return Asking(caller.name, caller.person, caller.side, leads)


class Colleague(Shape):
    """Somebody who can be given a case. cases : theirs that are not resolved."""

    name: str
    skills: list[str] = Field(description="Empty = all.")
    languages: list[str] = Field(description="Empty = all.")
    cases: int


class Workload(Shape):
    """What somebody has. name, role : null where nobody, or a machine, has the cases."""

    name: str | None
    role: str | None
    skills: list[str]
    languages: list[str]
    absent: bool
    cases: int
    overdue: int
    waiting: int = Field(description="Cases whose customer waits for an answer.")
    urgent: int
    oldest: datetime | None


class UncoveredCases(Shape):
    """Cases that nobody who is present can do: the side, skill or language is missing."""

    side: str
    skill: str | None
    language: str | None
    cases: int
    first_rank_at: datetime


class TeamNow(Shape):
    """Who has what, nobody first, and what nobody who is present can do."""

    data: list[Workload]
    uncovered: list[UncoveredCases]


class Level(Shape):
    """What became of cases. Times in seconds from the opening; null where there is none yet."""

    opened: int
    resolved: int
    in_time: int = Field(description="Resolved before their last deadline.")
    late: int = Field(description="Resolved after it, or not resolved and overdue.")
    first_action_p50_s: float | None
    first_action_p90_s: float | None
    resolved_p50_s: float | None
    resolved_p90_s: float | None


class DayLevel(Level):
    """Cases opened on one local day."""

    day: date


class KindLevel(Level):
    """Cases of one kind."""

    kind: str


class ServiceLevelReport(Shape):
    """What became of the cases opened since, by day and by kind."""

    since: datetime
    days: list[DayLevel]
    kinds: list[KindLevel]


def team_now(found: Team) -> TeamNow:
    """Convert who has what to the resource."""
    return TeamNow(
        data=[_workload(member) for member in found.members],
        uncovered=[
            UncoveredCases(
                side=one.side,
                skill=one.skill or None,
                language=one.language or None,
                cases=one.cases,
                first_rank_at=one.first,
            )
            for one in found.uncovered
        ],
    )


def _workload(member: Member) -> Workload:
    return Workload(
        name=member.name,
        role=member.role,
        skills=list(member.skills),
        languages=list(member.languages),
        absent=member.absent,
        cases=member.cases,
        overdue=member.overdue,
        waiting=member.waiting,
        urgent=member.urgent,
        oldest=member.oldest,
    )


def report(found: ServiceLevel) -> ServiceLevelReport:
    """Convert service levels to the resource."""
    return ServiceLevelReport(
        since=found.since,
        days=[DayLevel.model_validate({**_level(row), "day": row["day"]}) for row in found.days],
        kinds=[
            KindLevel.model_validate({**_level(row), "kind": row["kind"]}) for row in found.kinds
        ],
    )


def _level(row: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {name: row[name] for name in ("opened", "resolved", "in_time", "late")}
    times = {
        name: row[column]
        for name, column in (
            ("first_action_p50_s", "first_p50_s"),
            ("first_action_p90_s", "first_p90_s"),
            ("resolved_p50_s", "resolved_p50_s"),
            ("resolved_p90_s", "resolved_p90_s"),
        )
    }
    return numbers | {k: None if v is None else round(float(v), 1) for k, v in times.items()}
