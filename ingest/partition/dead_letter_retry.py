"""Retry dead letters: what a retried batch does in addition to the steps of any batch."""

from collections.abc import Sequence

from ingest.batch.commit import Ledger
from ingest.batch.ledger import ledger_key
from ingest.batch.work import Outcome, Work
from store.pipeline import dead_letter, ledger
from store.pipeline.dead_letter import DeadLetterRow
from store.postgres.pool import Connection

AT_ONCE = 500


def finish(
    connection: Connection,
    work: Work,
    rows: Sequence[DeadLetterRow],
    tenants: frozenset[str],
    now_us: int,
) -> None:
    """Write the result of each retried row, in the caller's transaction."""
    results = []
    for envelope, row in zip(work.envelopes, rows, strict=True):
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
