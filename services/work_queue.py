"""The work queue: what fits somebody, the next case, take, delegate and give back; for supervisors
who has what, and what became of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from contracts.roles import Role
from customer_context.cases import assignment
from customer_context.cases import work_queue as rule
from customer_context.cases.states import CaseChange
from customer_context.cases.work_queue import Need, Ranked, Worker
from runtime.errors import NotAllowed, NotFound
from services import case_texts, visibility
from services.visibility import Kind
from store.casework import cases
from store.casework import work_queue as store
from store.people import persons
from store.postgres.pool import Connection
from store.postgres.rows import After
from store.postgres.times import from_us

_ROUNDS = 5
_AT_A_TIME = 8
"""Cases that `next_` looks at in each round, of each need: others may take some at that moment."""

WORKING = (Role.AGENT, Role.SUPERVISOR, Role.INSURER, Role.UTILITY, Role.BACK_OFFICE)
"""Roles whose people work on cases."""
_SIDES = {Role.INSURER: "insurer", Role.UTILITY: "utility"}
REPORTED = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks. person : id, None = a machine; side : None = both; leads : may pass on others'."""

    name: str
    person: str | None = None
    side: str | None = None
    leads: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who works on cases, or nobody (name None), with numbers of cases."""

    name: str | None
    role: str | None
    skills: Sequence[str]
    languages: Sequence[str]
    absent: bool
    cases: int = 0
    overdue: int = 0
    waiting: int = 0
    urgent: int = 0
    oldest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Uncovered:
    """Cases that nobody who is present can do."""

    side: str
    skill: str
    language: str
    cases: int
    first: datetime


@dataclass(frozen=True, slots=True)
class Team:
    """Who has what. members : nobody first, then by name."""

    members: list[Member]
    uncovered: list[Uncovered]


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """What became of the cases opened since: by day, by kind. Times in seconds."""

    since: datetime
    days: list[dict[str, Any]]
    kinds: list[dict[str, Any]]


def worker_of(connection: Connection, tenant: str, asking: Asking, now: datetime) -> Worker:
    """Return who asks as a worker. A machine has no skills stated: it may take all."""
    if asking.person is None:
        return Worker(asking.name, side=asking.side)
    found = persons.workers(connection, tenant, WORKING, now, only=asking.person)
    return replace(_worker(found[0]), side=asking.side) if found else Worker(asking.name)


def fitting(
    connection: Connection,
    tenant: str,
    asking: Asking,
    now: datetime,
    *,
    side: str | None = None,
    kind: str | None = None,
    after: After = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Return cases that nobody has and that fit who asks, most urgent first."""
    worker = worker_of(connection, tenant, asking, now)
    of = [need for need in _fitting_needs(connection, tenant, worker) if side in (None, need[0])]
    found = store.free(connection, tenant, of, kind=kind, after=after, limit=limit)
    shown = visibility.shown(connection, tenant, Kind.CASE, found, reader=None)
    return [row for row in shown if kind is None or row["withdrawn"] is None]


def _fitting_needs(connection: Connection, tenant: str, worker: Worker) -> list[store.Need]:
    return [need for need in store.needs(connection, tenant) if rule.fits(worker, Need(*need))]


def next_(
    connection: Connection, tenant: str, asking: Asking, now_us: int, but: str = ""
) -> dict[str, Any] | None:
    """Give who asks their next case; return it, None where there is none.

    It is theirs with this transaction: nobody else gets it. but : the one that they have just had.
    """
    now = from_us(now_us)
    worker = worker_of(connection, tenant, asking, now)
    for _ in range(_ROUNDS):
        own = _ranked(store.owned(connection, tenant, asking.name, asking.side, rule.MOST_OWN + 1))
        of = _fitting_needs(connection, tenant, worker)
        free = _ranked(store.free(connection, tenant, of, limit=_AT_A_TIME))
        worker = replace(worker, load=len(own))
        while True:
            chosen = rule.choose(worker, own, free, now, but)
            if chosen is None:
                break
            mine = any(case.case_id == chosen for case in own)
            row = cases.lock_free(connection, tenant, chosen)
            still = asking.name if mine else None
            if row is not None and row["owner"] == still and row["state"] != "resolved":
                return _write(connection, row, asking, now_us, assignment.take)
            own = [case for case in own if case.case_id != chosen]
            free = [case for case in free if case.case_id != chosen]
        if not of:
            return None
    return None


def _ranked(found: Sequence[Mapping[str, Any]]) -> list[Ranked]:
    return [Ranked(row["case_id"], row["rank_at"], row["urgent"]) for row in found]


def take(
    connection: Connection,
    tenant: str,
    case_id: str,
    asking: Asking,
    now_us: int,
    *,
    expected_version: int | None = None,
) -> dict[str, Any]:
    """Take a case. Raises `NotFound`, `Stale`, `NotAllowed`."""
    case = cases.lock(connection, tenant, case_id, expected_version)
    return _write(connection, case, asking, now_us, assignment.take)


def delegate(
    connection: Connection,
    tenant: str,
    case_id: str,
    asking: Asking,
    now_us: int,
    to: str,
    note: str,
    *,
    expected_version: int | None = None,
) -> dict[str, Any]:
    """Pass a case on with a note. to : name of somebody who can do it.

    Raises `NotFound`, `Stale`, `NotAllowed`.
    """
    case = cases.lock(connection, tenant, case_id, expected_version)
    able = [one.name for one in delegates(connection, case, from_us(now_us))]
    if able.count(to) != 1:
        why = "two people have this name" if to in able else "nobody present who can do it has it"
        raise NotAllowed(f"{to!r}: {why}")

    def change(case: Mapping[str, Any], who: str, *, leads: bool) -> CaseChange:
        return assignment.delegate(case, who, to, note, leads=leads)

    return _write(connection, case, asking, now_us, change)


def give_back(
    connection: Connection,
    tenant: str,
    case_id: str,
    asking: Asking,
    now_us: int,
    note: str,
    *,
    expected_version: int | None = None,
) -> dict[str, Any]:
    """Give a case back to the queue with a note. Raises `NotFound`, `Stale`, `NotAllowed`."""
    case = cases.lock(connection, tenant, case_id, expected_version)

    def change(case: Mapping[str, Any], who: str, *, leads: bool) -> CaseChange:
        return assignment.give_back(case, who, note, leads=leads)

    return _write(connection, case, asking, now_us, change)


def delegates(connection: Connection, case: Mapping[str, Any], now: datetime) -> list[Worker]:
    """Return who can be given a case, who has the fewest first."""
    tenant = case["tenant"]
    loads = store.loads(connection, tenant)
    everybody = [
        replace(_worker(row), load=loads.get(row["name"], 0))
        for row in persons.workers(connection, tenant, WORKING, now)
    ]
    need = Need(case["side"], case["skill"], case["language"])
    return rule.delegates(need, everybody, but=case["owner"] or "")


def team(connection: Connection, tenant: str, side: str | None, now: datetime) -> Team:
    """Return who has what, and what nobody who is present can do."""
    people = persons.workers(connection, tenant, WORKING, now)
    numbers = {row["owner"]: row for row in store.by_owner(connection, tenant, side, now)}
    workers = [_worker(row) for row in people]
    members = [_member(None, None, numbers.pop(None, {}))]
    members += [
        _member(worker, row["role"], numbers.pop(row["name"], {}))
        for worker, row in zip(workers, people, strict=True)
        if side is None or worker.side in (None, side)
    ]
    members += [  # keys of machines, and people who have left
        _member(Worker(name), None, row) for name, row in sorted(numbers.items())
    ]
    present = [worker for worker in workers if not worker.absent]
    uncovered = [
        Uncovered(row["side"], row["skill"], row["language"], row["cases"], row["first"])
        for row in store.by_need(connection, tenant, side)
        if not any(
            rule.fits(one, Need(row["side"], row["skill"], row["language"])) for one in present
        )
    ]
    return Team(members, uncovered)


def _member(worker: Worker | None, role: str | None, numbers: Mapping[str, Any]) -> Member:
    counts = {name: numbers.get(name, 0) for name in ("cases", "overdue", "waiting", "urgent")}
    return Member(
        None if worker is None else worker.name,
        role,
        [] if worker is None else sorted(worker.skills),
        [] if worker is None else sorted(worker.languages),
        worker is not None and worker.absent,
        **counts,
        oldest=numbers.get("oldest"),
    )


def service_level(
    connection: Connection, tenant: str, side: str | None, now: datetime
) -> ServiceLevel:
    """Return what became of the cases of the last 30 days."""
    since = now - REPORTED
    return ServiceLevel(
        since,
        store.levels_by_day(connection, tenant, side, since, now),
        store.levels_by_kind(connection, tenant, side, since, now),
    )


def _worker(row: Mapping[str, Any]) -> Worker:
    return Worker(
        row["name"],
        frozenset(row["skills"]),
        frozenset(row["languages"]),
        _SIDES.get(row["role"]),
        absent=row["absent"],
    )


def _write(
    connection: Connection,
    case: dict[str, Any],
    asking: Asking,
    now_us: int,
    change: Callable[..., CaseChange],
) -> dict[str, Any]:
    """Write who has a case; return it as others see it. Raises `NotFound` on another side."""
    if asking.side not in (None, case["side"]):
        raise NotFound(f"there is no case {case['case_id']!r}")
    changed = change(case, asking.name, leads=asking.leads)
    if changed.fields or changed.entries:
        case = case_texts.write(
            connection, case, asking.name, now_us, fields=changed.fields, entries=changed.entries
        )
    found = visibility.one(connection, case["tenant"], Kind.CASE, case, reader=None)
    assert found is not None, "cases are hidden, not left out"
    return found
