"""What a batch adds to the ledger."""

from collections import Counter, defaultdict

import numpy as np

from ingest.batch.work import Letter, Outcome, Tally, Work
from ingest.decoding.fast_path.classify import Plain
from ingest.device_state.cache import Memory
from runtime.errors import Reason
from store.pipeline.ledger import Entry


def ledger_of(work: Work, memory: Memory) -> dict[tuple[str, str], Entry]:
    """What this batch adds to the books.

    `received` and `samples_received` are counted from what came in, the others from what it
    became, so that a hole in the steps shows as books that do not close.
    """
    entries: dict[tuple[str, str], Entry] = defaultdict(Entry)
    for letter in work.letters:
        entry = entries[ledger_key(letter, memory.registry.tenants)]
        entry.received += 1
        entry.samples_received += letter.samples
        match letter.outcome:
            case Outcome.STORED:
                entry.stored += 1
            case Outcome.DUPLICATE:
                entry.duplicate += 1
            case Outcome.DEAD_LETTERED:
                entry.dead_lettered += 1
            case Outcome.REFUSED:
                entry.refused += 1
        entry.samples_stored += letter.stored
        entry.samples_merged += letter.merged
        entry.samples_duplicate += letter.duplicate
        entry.samples_refused += letter.refused_samples
    for kind, plain in work.plain.items():
        _book_plain(entries, plain, work.tallies[kind], len(work.letters), memory)
    return dict(entries)


def of_nobody(work: Work, memory: Memory) -> Counter[tuple[str, str]]:
    """How many messages of each tenant and dialect are of a device, or a topic, that nobody
    knows."""
    reasons = (Reason.UNKNOWN_DEVICE, Reason.UNKNOWN_TOPIC)
    return Counter(
        ledger_key(letter, memory.registry.tenants)
        for letter in work.letters
        if letter.dead is not None and letter.dead.reason in reasons
    )


def _book_plain(
    entries: dict[tuple[str, str], Entry], plain: Plain, tally: Tally, before: int, memory: Memory
) -> None:
    ids, of_device = np.unique(plain.device_id, return_inverse=True)
    tenants = [memory.registry.by_id[device_id].tenant for device_id in ids.tolist()]
    for tenant in set(tenants):
        ours = np.array([name == tenant for name in tenants])[of_device]
        entry = entries[(tenant, "native")]
        added = int(np.count_nonzero(tally.added[before:][ours]))
        received = int(np.count_nonzero(ours))
        entry.received += received
        entry.stored += added
        entry.duplicate += received - added
        entry.samples_received += int(plain.counts[ours].sum())
        entry.samples_stored += int(tally.stored[before:][ours].sum())
        entry.samples_merged += int(tally.merged[before:][ours].sum())
        entry.samples_duplicate += int(tally.duplicate[before:][ours].sum())


def ledger_key(letter: Letter, tenants: frozenset[str]) -> tuple[str, str]:
    """(tenant, dialect) under which a message is booked; `-` for what nobody knows."""
    dialect = letter.route.dialect if letter.route else "-"
    if letter.device is not None:
        return letter.device.tenant, dialect
    named = letter.route.tenant if letter.route else ""
    return (named if named in tenants else "-"), dialect


def outcomes_of(work: Work) -> dict[str, int]:
    """How many messages had each outcome."""
    counts: dict[str, int] = defaultdict(int)
    for letter in work.letters:
        counts[str(letter.outcome)] += 1
    for kind, plain in work.plain.items():
        added = int(np.count_nonzero(work.tallies[kind].added[len(work.letters) :]))
        counts[str(Outcome.STORED)] += added
        counts[str(Outcome.DUPLICATE)] += len(plain) - added
    return {outcome: n for outcome, n in counts.items() if n}
