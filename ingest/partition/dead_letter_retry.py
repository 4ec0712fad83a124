"""Retry dead letters: take them through the steps of a batch again, and write the result."""

from collections.abc import Callable, Sequence

from ingest.batch import steps
from ingest.batch.commit import Ledger
from ingest.batch.ledger import ledger_key
from ingest.batch.work import DATA_ERRORS, Envelope, Outcome, Work
from ingest.device_state.cache import StateCache
from ingest.partition.lease import PartitionLease
from store.pipeline import dead_letter, ledger
from store.pipeline.dead_letter import DeadLetterRow
from store.postgres.pool import Connection, translated

AT_ONCE = 50
"""Messages in one transaction, so that live messages never wait longer for it than for a batch."""

Commit = Callable[[Callable[[StateCache], Work], int, Sequence[DeadLetterRow]], object]
"""Takes work through all steps and commits it; the offset moves on by the number."""


def retry(lease: PartitionLease, open_: Callable[[], object], commit: Commit) -> int:
    """Process dead letters again that are marked for it, or deferred and due, in order of arrival.
    Returns how many.

    open_ : opens the lease again after an error; a row that fails alone stays a dead letter.
    """
    with translated():
        now_us = lease.clock.now_us()
        rows = dead_letter.to_retry(lease.connection, lease.partition.number, now_us, AT_ONCE)
        lease.connection.rollback()
    if not rows:
        return 0
    try:
        envelopes = [Envelope(row.message(), row.offset, i) for i, row in enumerate(rows)]
        commit(lambda _: Work(envelopes), 0, rows)
    except DATA_ERRORS:
        for row in rows:
            _retry_one(row, open_, commit)
    return len(rows)


def _retry_one(row: DeadLetterRow, open_: Callable[[], object], commit: Commit) -> None:
    open_()
    try:
        commit(lambda _: Work([Envelope(row.message(), row.offset)]), 0, [row])
    except DATA_ERRORS as error:
        open_()
        envelope = Envelope(row.message(), row.offset)
        steps.dead_letter_unforeseen(envelope, error)
        commit(lambda _: Work([envelope]), 0, [row])


def finish(
    connection: Connection,
    work: Work,
    rows: Sequence[DeadLetterRow],
    cache: StateCache,
    now_us: int,
) -> None:
    """Write the result of each retried row, in the caller's transaction."""
    results = []
    tenants = cache.registry.tenants
    for envelope, row in zip(work.envelopes, rows, strict=True):
        if envelope.device is not None:
            device, deferred = envelope.device, row.state == "deferred"
            cache.intake.kept.give_back(
                device.device_id, device.tenant, row.size, deferred=deferred
            )
        if envelope.outcome is Outcome.DEAD_LETTERED and envelope.dead is not None:
            key = ledger_key(envelope, tenants)
            results.append((row.id, "open", str(envelope.dead.reason), envelope.dead.detail, *key))
            # Its row stays: no second row for the same message.
            envelope.dead = None
        else:
            results.append((row.id, "retried", str(envelope.outcome), "", "", ""))
    dead_letter.finish_retry(connection, results, now_us)


def subtract_retried(entries: Ledger, rows: Sequence[DeadLetterRow]) -> None:
    """Subtract the ledger entry that counted each retried message as dead-lettered.

    `ledger_of` counts it again, perhaps for another tenant, because its device is known by now.
    """
    for row in rows:
        entry = entries.setdefault((row.tenant, row.dialect), ledger.Entry())
        entry.received -= 1
        entry.dead_lettered -= 1
