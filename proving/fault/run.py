"""`tachowatt fault`: inject faults into all parts under load, check that they leave no trace."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from proving.fault import checks
from proving.fault.kinds import KINDS, Fault, FaultContext, kill_meanwhile
from proving.fault.load import Fleets, Probes, fleet_publisher
from proving.judge.latency import percentile
from proving.testbed.process import faketime
from proving.testbed.topology import Topology
from runtime.calibration import known_slowness
from runtime.clock import Clock
from runtime.errors import Stop
from simulators.publisher import Publisher

_PROBE_WITHIN_S = 90.0
_DRAIN_WITHIN_S = 120.0
_CALM_S = (0.3, 2.0)
_RECOVERY_P95_S = 10.0
_VERIFIED_BETWEEN = 150
"""Devices recomputed at each check before the last; the last one recomputes all."""


@dataclass(frozen=True, slots=True)
class Plan:
    """rounds : faults; kinds : of proving.fault.kinds.KINDS; check_every : rounds between two full
    checks; rate : messages/s of the fleets; meanwhile : add a kill to faults that kill nothing.
    """

    rounds: int
    seed: int
    kinds: Sequence[str] = tuple(KINDS)
    check_every: int = 10
    rate: float = 80.0
    meanwhile: bool = True


@dataclass(slots=True)
class Round:
    """published : messages before the fault; acknowledged_s : from the return of the victim
    (its process was started) until a message of each partition, sent then, was acknowledged
    end to end; recovery_s : until all killed processes were ready too. None = never.
    """

    number: int
    kind: str
    victim: str
    published: int
    away_s: float
    acknowledged_s: float | None
    recovery_s: float | None
    kills: int
    killed_meanwhile: str = ""
    problems: list[str] = field(default_factory=list)


View = Callable[[Round], None]


async def run(
    directory: Path, kafka_home: Path | None, clock: Clock, plan: Plan, view: View
) -> dict[str, Any]:
    """Run all rounds; return the results. `problems` lists every failure."""
    began = clock.monotonic()
    async with Topology(directory, clock, kafka_home) as topology:
        fleets = Fleets(topology.url, topology.box, topology.receiver, clock, plan.seed, plan.rate)
        probes = Probes(topology.url, clock, fleets.sent)
        async with (
            fleet_publisher(topology.mosquitto.url, clock, fleets.sent) as publisher,
            probes.publisher(topology.mosquitto.url) as probing,
        ):
            match = _Run(topology, fleets, probes, publisher, probing, clock, plan)
            await match.rounds(view)
            found = match.answer()
        for process in topology.running():
            problem = await process.terminate()
            if problem:
                found["problems"].append(problem)
    found["seconds"] = round(clock.monotonic() - began, 1)
    return found


class _Run:
    def __init__(
        self,
        topology: Topology,
        fleets: Fleets,
        probes: Probes,
        publisher: Publisher,
        probing: Publisher,
        clock: Clock,
        plan: Plan,
    ) -> None:
        self._topology, self._fleets, self._probes = topology, fleets, probes
        self._publisher, self._probing = publisher, probing
        self._clock, self._plan = clock, plan
        self._rng = Random(plan.seed)
        self._context = FaultContext(topology, fleets, clock, self._rng)
        self._findings = checks.Findings()
        self._leaks = checks.Leaks()
        self._rounds: list[Round] = []
        self._samples = self._delivered = 0
        # Kinds that this machine does not support, with the reason.
        self._left_out: dict[str, str] = {}
        if topology.no_small_disk:
            self._left_out["disk-full"] = topology.no_small_disk
        if faketime() is None:
            self._left_out["clock-step"] = (
                "the clock of a process cannot be stepped without Debian's libfaketime"
            )

    async def rounds(self, view: View) -> None:
        """Run all rounds, with full checks in between and at the end."""
        self._fleets.start(self._publisher)
        if not await self._probes.ask(self._probing, _PROBE_WITHIN_S):
            raise Stop(
                f"no message comes through at all; the logs are in {self._topology.directory}"
            )
        for number, kind in enumerate(self._drawn(), start=1):
            await self._context.away(*_CALM_S)
            found = await self._round(number, kind)
            self._rounds.append(found)
            if self._topology.dead():  # already reported; without it the system never settles
                view(found)
                return
            last = number == self._plan.rounds
            if last or number % self._plan.check_every == 0:
                await self._look(last)
                if not last:
                    self._fleets.start(self._publisher)
            view(found)

    def _drawn(self) -> Iterator[str]:
        """Yield all kinds equally often, in random order."""
        deck: list[str] = []
        kinds = [kind for kind in self._plan.kinds if kind not in self._left_out]
        for _ in range(self._plan.rounds):
            if not deck:
                deck = self._rng.sample(kinds, len(kinds))
            yield deck.pop()

    async def _round(self, number: int, kind: str) -> Round:
        published = self._publisher.counters.published
        faults = [await self._inject(kind)] if kind.startswith("kill-") else await self._two(kind)
        back_s = max(fault.back_s for fault in faults)
        acknowledged_s, recovery_s, problems = await self._recovered(faults, back_s)
        problems += await asyncio.to_thread(checks.ledger, self._topology.url)
        problems += [f"{name} is dead" for name in self._topology.dead()]
        self._measure(at_rest=False)
        if self._fleets.task is not None and self._fleets.task.done():
            self._fleets.task.result()
        for problem in problems:
            self._findings.add(f"round {number}, {kind} {faults[0].victim}: {problem}")
        return Round(
            number,
            kind,
            faults[0].victim,
            published,
            round(faults[0].away_s, 2),
            acknowledged_s,
            recovery_s,
            sum(fault.kills for fault in faults),
            faults[1].victim if len(faults) > 1 else "",
            problems,
        )

    async def _inject(self, kind: str) -> Fault:
        return await KINDS[kind](self._context)

    async def _two(self, kind: str) -> list[Fault]:
        fault = asyncio.create_task(self._inject(kind))
        try:
            if not self._plan.meanwhile:
                return [await fault]
            kill = await kill_meanwhile(self._context, kind, fault)
            return [await fault, kill]
        finally:
            fault.cancel()

    async def _recovered(
        self, faults: Sequence[Fault], back_s: float
    ) -> tuple[float | None, float | None, list[str]]:
        """Return times of acknowledgement and of recovery, and problems."""
        problems = [problem for fault in faults for problem in fault.problems]

        async def ask() -> float | None:
            answered = await self._probes.ask(self._probing, _PROBE_WITHIN_S)
            return round(self._clock.monotonic() - back_s, 2) if answered else None

        async def ready(name: str) -> float | None:
            try:
                await self._topology.processes[name].ready()
            except Stop as error:
                problems.append(str(error))
                return None
            return round(self._clock.monotonic() - back_s, 2)

        names = [name for fault in faults for name in fault.restarted]
        acknowledged_s, *ready_s = await asyncio.gather(ask(), *(ready(name) for name in names))
        if acknowledged_s is None:
            problems.append(f"no end-to-end acknowledgement within {_PROBE_WITHIN_S:.0f} s")
        all_s = [acknowledged_s, *ready_s]
        found = [each_s for each_s in all_s if each_s is not None]
        return acknowledged_s, max(found) if len(found) == len(all_s) else None, problems

    async def _look(self, last: bool) -> None:
        """Wait until the system settles; then check that nothing is missing."""
        findings, topology = self._findings, self._topology
        await self._fleets.finish()
        for publisher in (self._publisher, self._probing):
            if not await publisher.drain(_DRAIN_WITHIN_S * known_slowness(self._clock)):
                unacked = publisher.counters.unacked
                findings.add(
                    f"{unacked} messages are not acknowledged after {_DRAIN_WITHIN_S:.0f} s"
                )
        waiting = await checks.settled(topology.url, self._clock)
        if waiting:
            findings.add(waiting)
        most = None if last else _VERIFIED_BETWEEN
        await asyncio.to_thread(checks.proof, topology.url, most, findings)
        tenants = self._fleets.tenants if last else self._fleets.tenants[-1:]
        self._samples = await asyncio.to_thread(
            checks.samples, topology.url, self._fleets.sent, [*tenants, "probe"], findings
        )
        self._delivered = await asyncio.to_thread(
            checks.delivered, topology.url, self._fleets.tenants, topology.receiver, findings
        )
        self._measure(at_rest=True)

    def _measure(self, *, at_rest: bool) -> None:
        topology = self._topology
        lines = list(topology.proxies.values())
        self._leaks.look(topology.running(), lines, self._findings, at_rest=at_rest)

    def answer(self) -> dict[str, Any]:
        """Return the figures."""
        findings, leaks = self._findings, self._leaks
        recovery = [r.recovery_s for r in self._rounds if r.recovery_s is not None]
        acknowledged = [r.acknowledged_s for r in self._rounds if r.acknowledged_s is not None]
        p95_s = percentile(recovery, 0.95)
        if p95_s is not None and p95_s >= _RECOVERY_P95_S:
            findings.add(f"recovery p95 is {p95_s} s, below {_RECOVERY_P95_S:.0f} s is promised")
        counters = self._publisher.counters
        return {
            "seed": self._plan.seed,
            "kills": sum(r.kills for r in self._rounds),
            "kinds": dict(sorted(Counter(r.kind for r in self._rounds).items())),
            "published": counters.published,
            "resent": counters.resent,
            "samples": self._samples,
            "contacts_delivered": self._delivered,
            "lost": findings.lost,
            "doubled": findings.doubled,
            "differences": findings.differences,
            "acknowledged_s": _spread(acknowledged),
            "recovery_s": _spread(recovery),
            "leaks": {
                "found": findings.leaks,
                "most_files": leaks.most_files,
                "most_memory_mib": leaks.most_memory_mib,
                "most_connections": leaks.most_connections,
                "bounds": checks.BOUNDS,
            },
            "left_out": self._left_out,
            "problems": findings.problems,
            "rounds": [asdict(r) for r in self._rounds],
        }


def _spread(seconds: Sequence[float]) -> dict[str, float | None]:
    return {
        "p50": percentile(seconds, 0.5),
        "p95": percentile(seconds, 0.95),
        "max": max(seconds, default=None),
    }
