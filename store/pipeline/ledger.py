"""The ledger: outcomes of all messages, per tenant and dialect."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from store.postgres.pool import Connection


@dataclass(slots=True)
class Entry:
    """Counts of one tenant and dialect; messages first, then samples."""

    received: int = 0
    stored: int = 0
    duplicate: int = 0
    dead_lettered: int = 0
    refused: int = 0
    samples_received: int = 0
    samples_stored: int = 0
    samples_merged: int = 0
    samples_duplicate: int = 0
    samples_refused: int = 0

    @property
    def closes(self) -> bool:
        """True where every message, and every sample of those decoded, is accounted for."""
        messages = self.stored + self.duplicate + self.dead_lettered + self.refused
        samples = (
            self.samples_stored
            + self.samples_merged
            + self.samples_duplicate
            + self.samples_refused
        )
        return (
            self.received == messages
            and self.samples_received == samples
            and all(getattr(self, name) >= 0 for name in COUNTS)
        )

    def __iadd__(self, other: "Entry") -> "Entry":
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self


COUNTS = tuple(field.name for field in fields(Entry))

Key = tuple[str, str]


def add(connection: Connection, entries: Mapping[Key, Entry], partition: int) -> None:
    """Add to the ledger of a log's partition, in the caller's transaction."""
    if not entries:
        return
    columns = ", ".join(COUNTS)
    sums = ", ".join(f"{name} = ledger.{name} + excluded.{name}" for name in COUNTS)
    marks = ", ".join(["%s"] * len(COUNTS))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"insert into pipeline.ledger as ledger (tenant, dialect, partition, {columns}) "
            f"values (%s, %s, %s, {marks}) "
            f"on conflict (tenant, dialect, partition) do update set {sums}",
            [
                (*key, partition, *(getattr(entry, name) for name in COUNTS))
                for key, entry in sorted(entries.items())
            ],
        )


def read(connection: Connection) -> dict[Key, Entry]:
    """Return all entries, by (tenant, dialect)."""
    rows = connection.execute(
        f"select tenant, dialect, {', '.join(f'sum({name})::bigint' for name in COUNTS)} "
        "from pipeline.ledger group by 1, 2 order by 1, 2"
    )
    return {(row[0], row[1]): Entry(*row[2:]) for row in rows.fetchall()}
