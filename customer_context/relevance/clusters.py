"""Clusters: the same thing at many meters at about the same time, such as an outage. Pure.

Findings of one kind whose beginnings lie no further apart than a gap, one after the other, are one
cluster if they are of enough different subjects. Where the place is known (a concentrator, a
street), findings of any kind there are one within a longer gap. Oracle: tests/oracles/clusters.py.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

GAP = timedelta(minutes=20)
"""Meters are read each quarter of an hour, so that one outage shows within one step of each."""

PLACE_GAP = timedelta(hours=6)
"""Meters of one concentrator show its failure at their next reading, and each in its own way."""

FEWEST = 3
"""Fewer meters are a coincidence."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding at a subject. id : of its alert; place : '' = not known."""

    id: str
    kind: str
    subject: str
    at: datetime
    place: str = ""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Findings at about one time. first, last : their beginnings.

    kind : the most frequent one, the first by name of several. place : '' = of one kind anywhere.
    """

    kind: str
    first: datetime
    last: datetime
    subjects: tuple[str, ...]
    ids: tuple[str, ...]
    place: str = ""


def matters(
    findings: Iterable[Finding],
    alone: Collection[str],
    gap: timedelta = GAP,
    place_gap: timedelta = PLACE_GAP,
    fewest: int = FEWEST,
) -> list[Cluster]:
    """Return what is one matter: clusters at one place, and of the rest those of one kind.

    alone : kinds that are a cluster by their time alone. A finding is in at most one cluster; the
    order of findings changes nothing. The cluster with most subjects is first.
    """
    everything = sorted(findings, key=lambda one: (one.place, one.at, one.id))
    found: list[Cluster] = []
    run: list[Finding] = []
    for finding in everything:
        if not finding.place:
            continue
        if run and (finding.place != run[-1].place or finding.at - run[-1].at > place_gap):
            found += _cluster(run, fewest)
            run = []
        run.append(finding)
    found += _cluster(run, fewest)
    taken = {id_ for cluster in found for id_ in cluster.ids}
    rest = [one for one in everything if one.id not in taken and one.kind in alone]
    found += [replace(one, place="") for one in clusters(rest, gap, fewest)]
    return sorted(found, key=lambda one: (-len(one.subjects), one.first, one.place, one.kind))


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
    counts = Counter(one.kind for one in run)
    kind = min(counts, key=lambda name: (-counts[name], name))
    ids = tuple(one.id for one in run)
    return [Cluster(kind, run[0].at, run[-1].at, subjects, ids, run[0].place)]
