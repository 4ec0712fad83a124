"""Clusters: the same thing at many meters at about the same time, such as an outage. Pure.

Findings of one kind whose beginnings lie no further apart than a gap, one after the other, are one
cluster if they are of enough different subjects. Oracle: tests/oracles/clusters.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

GAP = timedelta(minutes=20)
"""Meters are read each quarter of an hour, so that one outage shows within one step of each."""

FEWEST = 3
"""Fewer meters are a coincidence."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding at a subject. id : of its alert."""

    id: str
    kind: str
    subject: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Cluster:
    """Findings of one kind at about one time. first, last : their beginnings."""

    kind: str
    first: datetime
    last: datetime
    subjects: tuple[str, ...]
    ids: tuple[str, ...]


def clusters(
    findings: Iterable[Finding], gap: timedelta = GAP, fewest: int = FEWEST
) -> list[Cluster]:
    """Return the clusters, the one with most subjects first.

    Invariants: a finding is in at most one cluster; the order of findings changes nothing.
    """
    found: list[Cluster] = []
    run: list[Finding] = []
    for finding in sorted(findings, key=lambda one: (one.kind, one.at, one.id)):
        if run and (finding.kind != run[-1].kind or finding.at - run[-1].at > gap):
            found += _cluster(run, fewest)
            run = []
        run.append(finding)
    found += _cluster(run, fewest)
    return sorted(found, key=lambda one: (-len(one.subjects), one.first, one.kind))


def _cluster(run: list[Finding], fewest: int) -> list[Cluster]:
    subjects = tuple(sorted({one.subject for one in run}))
    if len(subjects) < fewest:
        return []
    return [Cluster(run[0].kind, run[0].at, run[-1].at, subjects, tuple(one.id for one in run))]
