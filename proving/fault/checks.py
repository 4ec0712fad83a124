"""Checks after faults: nothing is lost, duplicated or different, and nothing leaks."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.demo.receiver import DemoReceiver
from app.operations.verify import ledger_problems, verify
from ingest.registry import load as load_registry
from proving.fault.load import Device, Sent
from proving.testbed.process import Process, Usage
from proving.testbed.proxy import Proxy
from runtime.calibration import Limit
from runtime.clock import Clock
from store.casework import contacts
from store.pipeline import reconcile, telemetry
from store.postgres.pool import connect
from store.signals import signal_queue

_SETTLE_WITHIN_S = 120.0
_SHOWN = 5
_MOST_CONTACTS = 10_000

MOST_FILES = 150
MOST_MEMORY_MIB = 700
MOST_CONNECTIONS = 40
"""Of one process and through one proxy; a healthy one uses a third of this."""
GROWN_FILES = 30
GROWN_MEMORY_MIB = 350
"""Since the first reading of a process, perhaps in its first seconds: then it grows by some 300 MiB
to the need of its largest batches, and stays there (docs/performance.md)."""
BOUNDS = {
    "files": MOST_FILES,
    "files_grown": GROWN_FILES,
    "memory_mib": MOST_MEMORY_MIB,
    "memory_mib_grown": GROWN_MEMORY_MIB,
    "connections": MOST_CONNECTIONS,
}


@dataclass(slots=True)
class Findings:
    """Problems, summed over a run."""

    lost: int = 0
    doubled: int = 0
    differences: int = 0
    leaks: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def add(self, problem: str) -> None:
        """Add a problem once."""
        if problem not in self.problems:
            self.problems.append(problem)


def ledger(database_url: str) -> list[str]:
    """Check that the ledger closes and agrees with the offsets."""
    with connect(database_url) as connection:
        connection.execute("set transaction isolation level repeatable read, read only")
        return ledger_problems(connection)


async def settled(database_url: str, clock: Clock) -> str:
    """Wait until nothing is to be reconciled, decided or sent; return what is left at the limit."""

    def waiting() -> dict[str, int]:
        with connect(database_url) as connection:
            return {
                "devices to reconcile": len(reconcile.pending(connection)),
                "signals to decide on": signal_queue.waiting(connection),
                "contacts to send": contacts.counts(connection)["pending"],
            }

    limit = Limit(clock, _SETTLE_WITHIN_S)
    while any((found := await asyncio.to_thread(waiting)).values()):
        if limit.over():
            return f"{limit.seconds:.0f} s later there still are " + ", ".join(
                f"{count} {what}" for what, count in found.items() if count
            )
        await asyncio.sleep(0.2)
    return ""


def proof(database_url: str, most_devices: int | None, findings: Findings) -> None:
    """Run `tachowatt verify`."""
    verdict = verify(database_url, most_devices=most_devices)
    for difference in verdict.differences:
        if " stands " in difference:
            findings.doubled += 1
        else:
            findings.differences += 1
        findings.add(difference)


def samples(database_url: str, sent: Sent, tenants: Sequence[str], findings: Findings) -> int:
    """Check that the store has exactly the acknowledged instants of these tenants' devices.

    Returns how many.
    """
    looked_at = 0
    with connect(database_url) as connection:
        devices = load_registry(connection).by_id.values()
        native = [d for d in devices if d.dialect == "native" and d.tenant in tenants]
        for device in native:
            key: Device = (device.tenant, device.device)
            expected = sent.times.get(key, set())
            stored = Counter[int]()
            for piece in telemetry.pieces(
                connection, telemetry.TABLES[device.kind], device.device_id
            ):
                stored.update(piece.observed_us.tolist())
            lost = expected - stored.keys()
            doubled = sum(count - 1 for count in stored.values())
            strange = stored.keys() - expected
            findings.lost += len(lost)
            findings.doubled += doubled
            if lost:
                findings.add(f"{key}: {len(lost)} of {len(expected)} samples are lost")
            if doubled:
                findings.add(f"{key}: {doubled} samples stand twice")
            if strange:
                findings.differences += len(strange)
                findings.add(f"{key}: {len(strange)} samples are stored that were never sent")
            looked_at += len(expected)
    return looked_at


def delivered(
    database_url: str, tenants: Sequence[str], receiver: DemoReceiver, findings: Findings
) -> int:
    """Check that every delivered webhook arrived, under its own id only. Return the count."""
    ids: dict[str, str] = {}
    things: dict[tuple[str, ...], set[str]] = defaultdict(set)
    with connect(database_url) as connection:
        for tenant in tenants:
            for row in contacts.list_(connection, tenant, limit=_MOST_CONTACTS):
                if row["state"] == "failed":
                    findings.add(f"contact {row['contact_id']} has failed: {row['reason']}")
                if row["channel"] == "webhook":
                    ids[row["contact_id"]] = row["state"]
                    named = ("signal_id", "playbook", "treatment", "receiver", "purpose")
                    things[(tenant, *(str(row[name]) for name in named))].add(row["contact_id"])
    came = {d.webhook_id for d in receiver.deliveries() if d.verified}
    lost = sum(state == "delivered" and one not in came for one, state in ids.items())
    if lost:
        findings.lost += lost
        findings.add(f"{lost} contacts count as delivered and never came")
    strange = came - ids.keys()
    if strange:
        findings.doubled += len(strange)
        findings.add(f"{len(strange)} webhooks came with an id that no contact has")
    many = [thing for thing, different in things.items() if len(different) > 1]
    if many:
        findings.doubled += len(many)
        findings.add(f"one thing was sent under several ids: {many[:_SHOWN]}")
    wrong = [d for d in receiver.deliveries() if not d.verified]
    if wrong:
        findings.add(f"{len(wrong)} webhooks had a wrong signature: {wrong[0].reason}")
    return sum(state == "delivered" for state in ids.values())


class Leaks:
    """Checks resources of processes and proxies.

    They never exceed the bounds, and at rest hardly exceed the first reading.
    """

    def __init__(self) -> None:
        self._first: dict[int, Usage] = {}
        self.most_files = self.most_memory_mib = self.most_connections = 0

    def look(
        self,
        processes: Sequence[Process],
        proxies: Sequence[Proxy],
        findings: Findings,
        *,
        at_rest: bool,
    ) -> None:
        """Read all resources. at_rest : no work is in progress, so readings are comparable."""
        for process in processes:
            found = process.usage()
            if found is None:
                continue
            self.most_files = max(self.most_files, found.files)
            self.most_memory_mib = max(self.most_memory_mib, found.memory_mib)
            if found.files > MOST_FILES:
                self._add(findings, f"{process.name} holds {found.files} files")
            if found.memory_mib > MOST_MEMORY_MIB:
                self._add(findings, f"{process.name} holds {found.memory_mib} MiB")
            if at_rest:
                first = self._first.setdefault(found.pid, found)
                if found.files - first.files > GROWN_FILES:
                    self._add(findings, f"{process.name} held {first} and holds {found}")
                if found.memory_mib - first.memory_mib > GROWN_MEMORY_MIB:
                    self._add(findings, f"{process.name} held {first} and holds {found}")
        for proxy in proxies:
            self.most_connections = max(self.most_connections, proxy.open)
            if proxy.open > MOST_CONNECTIONS:
                self._add(findings, f"{proxy.open} connections {proxy.name}")

    def _add(self, findings: Findings, leak: str) -> None:
        findings.leaks.append(leak)
        findings.add(leak)
