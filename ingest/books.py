"""What a batch adds to the ledger."""

from collections import defaultdict

from ingest.work import Letter, Outcome, Work
from store.ledger import Entry


def ledger_of(work: Work, tenants: frozenset[str]) -> dict[tuple[str, str], Entry]:
    """What this batch adds to the books.

    `received` and `samples_received` are counted from what came in, the others from what it
    became, so that a hole in the steps shows as books that do not close.
    """
    entries: dict[tuple[str, str], Entry] = defaultdict(Entry)
    for letter in work.letters:
        entry = entries[ledger_key(letter, tenants)]
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
    return dict(entries)


def ledger_key(letter: Letter, tenants: frozenset[str]) -> tuple[str, str]:
    """(tenant, dialect) under which a message is booked; `-` for what nobody knows."""
    dialect = letter.route.dialect if letter.route else "-"
    if letter.device is not None:
        return letter.device.tenant, dialect
    named = letter.route.tenant if letter.route else ""
    return (named if named in tenants else "-"), dialect
