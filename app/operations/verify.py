"""`tachowatt verify`: check on a live store that the features follow from the samples."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ingest.device_state.cache import carry_from_bytes
from ingest.kernels import KINDS, Kind, compute, still_open
from ingest.registry import load as load_registry
from store.pipeline import carry as checkpoints
from store.pipeline import features, ledger, offsets, reconcile, telemetry
from store.postgres.pool import Connection, connect, translated
from store.schema import partitions


@dataclass(slots=True)
class Verdict:
    """What was checked, and every difference found.

    differences : one line each; empty = all correct.
    waiting : devices with late samples not yet reconciled (not checked).
    """

    devices: int = 0
    samples: int = 0
    rows: int = 0
    waiting: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not self.differences and not self.waiting


def verify(
    database_url: str,
    progress: Callable[[int, int], None] | None = None,
    most_devices: int | None = None,
) -> Verdict:
    """Recompute every feature from the stored samples and compare bit for bit.

    Also find duplicate (device, time), and check that the ledger closes and agrees with the
    offsets.

    All reads use one snapshot, so a service may run meanwhile.
    progress(done, of) : called after each device. most_devices : recompute at most this many,
    evenly spread (always the same); all other checks stay complete.
    """
    verdict = Verdict()
    with translated(), connect(database_url, application="tachowatt-verify") as connection:
        connection.execute("set transaction isolation level repeatable read, read only")
        registry = load_registry(connection)
        waiting = reconcile.pending(connection)
        secured_us = partitions.secured(connection)
        verdict.waiting = len(waiting)
        work = [
            (kind, device_id)
            for kind in KINDS.values()
            for device_id in telemetry.devices(connection, kind.samples)
        ]
        if most_devices is not None and len(work) > most_devices:
            work = [work[i * len(work) // most_devices] for i in range(most_devices)]
        for kind in KINDS.values():
            for device_id, at, n in telemetry.doubled(connection, kind.samples):
                verdict.differences.append(
                    f"{kind.samples.name}: device {device_id} at {at} stands {n} times"
                )
        for done, (kind, device_id) in enumerate(work, start=1):
            if device_id not in waiting:
                after_us, carry = _beginning(connection, kind, device_id, secured_us)
                samples = telemetry.read(connection, kind.samples, [device_id], after_us)
                computed = compute(kind, samples, carry, registry.grids)
                verdict.samples += len(samples)
                open_rows = still_open(
                    kind, np.array([device_id]), computed.carry if len(samples) else carry
                )
                for table in kind.features:
                    expected = computed.rows[table.name]
                    found, _ = features.read(connection, table, device_id, after_us)
                    if (found["decided_us"] == features.PROVISIONAL_US).any():
                        expected = np.concatenate((expected, open_rows[table.name]))
                    expected = expected[features.canonical(table, expected)]
                    verdict.rows += expected.shape[0]
                    if found.tobytes() != expected.tobytes():
                        same = sum(
                            a.tobytes() == b.tobytes()
                            for a, b in zip(found, expected, strict=False)
                        )
                        verdict.differences.append(
                            f"{table.name}: device {device_id} "
                            f"({registry.by_id[device_id].device}) has {found.shape[0]} rows, "
                            f"recomputed {expected.shape[0]}, {same} equal"
                        )
            verdict.devices += 1
            if progress is not None:
                progress(done, len(work))
        verdict.differences += ledger_problems(connection)
    return verdict


def ledger_problems(connection: Connection) -> list[str]:
    """Check that the ledger closes and agrees with the offsets; return problems.

    The caller's transaction must use one snapshot: both change with every batch."""
    entries = ledger.read(connection)
    wrong = [
        f"the ledger of {tenant}/{dialect} does not close"
        for (tenant, dialect), entry in entries.items()
        if not entry.closes
    ]
    received, committed = sum(e.received for e in entries.values()), offsets.total(connection)
    if received != committed:
        wrong.append(f"the ledger counts {received} messages, the offsets {committed}")
    return wrong


def _beginning(
    connection: Connection, kind: Kind, device_id: int, secured_us: int | None
) -> tuple[int | None, NDArray[np.float64]]:
    """Return where the check of a device starts: its first sample, or the checkpoint before which
    retention may have dropped samples. (time or None, carry float64[1, width])."""
    if secured_us is not None:
        found = checkpoints.last_before(connection, device_id, kind.carry_version, secured_us)
        if found is not None:
            return found.as_of_us, carry_from_bytes(found.carry, kind)[np.newaxis]
    return None, kind.initial(1)
