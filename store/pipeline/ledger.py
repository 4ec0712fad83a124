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
    ignored: int = 0
    samples_received: int = 0
    samples_stored: int = 0
    samples_merged: int = 0
    samples_duplicate: int = 0
    samples_refused: int = 0

    @property
    def closes(self) -> bool:
        """True where every message, and every sample of those decoded, is accounted for."""
        messages = self.stored + self.duplicate + self.dead_lettered + self.refused + self.ignored
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


def warn(connection: Connection, warnings: Mapping[tuple[str, str, str], int], part: int) -> None:
    """Count messages that were read with a warning, in the caller's transaction.

    warnings : (tenant, dialect, warning) → messages; part : of a log, the partition.
    """
    if not warnings:
        return
    with connection.cursor() as cursor:
        for (tenant, dialect, warning), messages in sorted(warnings.items()):
            cursor.execute(
                "insert into pipeline.ledger_warning as w values (%s, %s, %s, %s, %s) "
                "on conflict (tenant, dialect, partition, warning) "
                "do update set messages = w.messages + excluded.messages",
                (tenant, dialect, part, warning, messages),
            )


def warnings(connection: Connection) -> dict[tuple[str, str, str], int]:
    """Return (tenant, dialect, warning) → messages that were read with it."""
    rows = connection.execute(
        "select tenant, dialect, warning, sum(messages)::bigint from pipeline.ledger_warning "
        "group by 1, 2, 3 order by 1, 2, 3"
    )
    return {(row[0], row[1], row[2]): row[3] for row in rows.fetchall()}


def read(connection: Connection) -> dict[Key, Entry]:
    """Return all entries, by (tenant, dialect)."""
    rows = connection.execute(
        f"select tenant, dialect, {', '.join(f'sum({name})::bigint' for name in COUNTS)} "
        "from pipeline.ledger group by 1, 2 order by 1, 2"
    )
    return {(row[0], row[1]): Entry(*row[2:]) for row in rows.fetchall()}
