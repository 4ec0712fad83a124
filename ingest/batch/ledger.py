"""The ledger entries of a batch."""

from collections import Counter, defaultdict

import numpy as np

from ingest.batch.work import Envelope, Outcome, Tally, Work
from ingest.decoding.fast_path.classify import ColumnarBatch
from ingest.device_state.cache import StateCache
from store.pipeline.ledger import Entry


def ledger_of(work: Work, cache: StateCache) -> dict[tuple[str, str], Entry]:
    """Count the ledger entries of a batch, by (tenant, dialect).

    `received` and `samples_received` are counted from the messages, the others from their outcomes,
    so that a message lost between the steps shows as a ledger that does not close.
    """
    entries: dict[tuple[str, str], Entry] = defaultdict(Entry)
    for envelope in work.envelopes:
        entry = entries[ledger_key(envelope, cache.registry.tenants)]
        entry.received += 1
        entry.samples_received += envelope.samples
        match envelope.outcome:
            case Outcome.STORED:
                entry.stored += 1
            case Outcome.DUPLICATE:
                entry.duplicate += 1
            case Outcome.DEAD_LETTERED:
                entry.dead_lettered += 1
            case Outcome.REFUSED:
                entry.refused += 1
            case Outcome.IGNORED:
                entry.ignored += 1
        entry.samples_stored += envelope.stored
        entry.samples_merged += envelope.merged
        entry.samples_duplicate += envelope.duplicate
        entry.samples_refused += envelope.refused_samples
    for kind, columnar in work.columnar.items():
        _count_columnar(entries, columnar, work.tallies[kind], len(work.envelopes), cache)
    return dict(entries)


def warnings_of(work: Work, cache: StateCache) -> Counter[tuple[str, str, str]]:
    """Count the messages that were read with a warning, by (tenant, dialect, warning)."""
    return Counter(
        (*ledger_key(envelope, cache.registry.tenants), envelope.warning)
        for envelope in work.envelopes
        if envelope.warning is not None and envelope.outcome in (Outcome.STORED, Outcome.DUPLICATE)
    )


def _count_columnar(
    entries: dict[tuple[str, str], Entry],
    columnar: ColumnarBatch,
    tally: Tally,
    before: int,
    cache: StateCache,
) -> None:
    ids, of_device = np.unique(columnar.device_id, return_inverse=True)
    tenants = [cache.registry.by_id[device_id].tenant for device_id in ids.tolist()]
    for tenant in set(tenants):
        ours = np.array([name == tenant for name in tenants])[of_device]
        entry = entries[(tenant, "native")]
        added = int(np.count_nonzero(tally.added[before:][ours]))
        received = int(np.count_nonzero(ours))
        entry.received += received
        entry.stored += added
        entry.duplicate += received - added
        entry.samples_received += int(columnar.counts[ours].sum())
        entry.samples_stored += int(tally.stored[before:][ours].sum())
        entry.samples_merged += int(tally.merged[before:][ours].sum())
        entry.samples_duplicate += int(tally.duplicate[before:][ours].sum())


def ledger_key(envelope: Envelope, tenants: frozenset[str]) -> tuple[str, str]:
    """Return the (tenant, dialect) of a message's ledger entry; `-` where unknown."""
    dialect = envelope.route.dialect if envelope.route else "-"
    if envelope.device is not None:
        return envelope.device.tenant, dialect
    named = envelope.route.tenant if envelope.route else ""
    return (named if named in tenants else "-"), dialect


def outcomes_of(work: Work) -> dict[str, int]:
    """Count messages by outcome."""
    counts: dict[str, int] = defaultdict(int)
    for envelope in work.envelopes:
        counts[str(envelope.outcome)] += 1
    for kind, columnar in work.columnar.items():
        added = int(np.count_nonzero(work.tallies[kind].added[len(work.envelopes) :]))
        counts[str(Outcome.STORED)] += added
        counts[str(Outcome.DUPLICATE)] += len(columnar) - added
    return {outcome: n for outcome, n in counts.items() if n}
