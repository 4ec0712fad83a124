"""Compute all features again from the stored samples, by the kernels of this program."""

from collections.abc import Callable
from dataclasses import dataclass, field

from contracts.partition import Partition
from ingest.kernels import KINDS
from ingest.partition.worker import Worker
from ingest.registry import Registries
from runtime.clock import Clock
from runtime.errors import Owned
from runtime.settings import Settings
from store.pipeline import carry, telemetry
from store.pipeline import log as store_log
from store.postgres.pool import connect


@dataclass(slots=True)
class Recomputed:
    """requested : devices that were marked now, or by an earlier run that was interrupted.

    done : devices that are computed; owned : partitions that a running worker has.
    """

    requested: int = 0
    done: int = 0
    owned: list[int] = field(default_factory=list)


def request(url: str) -> int:
    """Mark every device with samples to be computed again; return how many are marked.

    Those that an interrupted run has left are marked already: then only they are. A worker computes
    its marked devices after its start, between two batches.
    """
    with connect(url) as connection:
        marked = carry.marked(connection)
        if not marked:
            devices: set[int] = set()
            for kind in KINDS.values():
                devices |= set(telemetry.devices(connection, kind.samples))
            carry.mark(connection, sorted(devices))
            marked = len(devices)
        connection.commit()
    return marked


def recompute(
    url: str, settings: Settings, clock: Clock, progress: Callable[[int, int], None] | None = None
) -> Recomputed:
    """Mark the devices and compute them now, partition by partition, each device in a transaction.

    A partition that a running worker owns is left to it. progress : devices done, of how many.
    """
    found = Recomputed(requested=request(url))
    with connect(url) as connection:
        log = store_log.chosen(connection)
        connection.rollback()
    registries = Registries()

    def finished() -> None:
        found.done += 1
        if progress is not None:
            progress(found.done, max(found.requested, found.done))

    for number in range(log.partitions):
        partition = Partition(number, log.partitions, log.kind)
        worker = Worker(url, settings, clock, partition=partition, registries=registries)
        try:
            worker.open()
            worker.reconcile(everything=True, finished=finished)
        except Owned:
            found.owned.append(number)
        finally:
            worker.close()
    return found
