"""Sources (a dialect of a tenant) whose messages are deferred, in one partition each."""

from dataclasses import dataclass

from store.pipeline import text
from store.postgres.pool import Connection
from store.postgres.times import from_us, to_us

Source = tuple[str, str]
"""tenant, dialect"""


@dataclass(frozen=True, slots=True)
class Stopped:
    """A stopped source. probe_us : when some of its messages are processed again; tries : how often
    that has failed."""

    why: str
    probe_us: int
    tries: int = 0


def load(connection: Connection, partition: int) -> dict[Source, Stopped]:
    """Return the stopped sources of a partition."""
    rows = connection.execute(
        "select tenant, dialect, why, probe_at, tries from pipeline.stopped_source "
        "where partition = %s",
        (partition,),
    )
    return {(row[0], row[1]): Stopped(row[2], to_us(row[3]), row[4]) for row in rows.fetchall()}


def stop(
    connection: Connection, partition: int, source: Source, stopped: Stopped, now_us: int
) -> None:
    """Stop a source, or set when it is tried again, in the caller's transaction."""
    connection.execute(
        "insert into pipeline.stopped_source (tenant, dialect, partition, why, since, probe_at, "
        "tries) values (%s, %s, %s, %s, %s, %s, %s) on conflict (tenant, dialect, partition) "
        "do update set probe_at = excluded.probe_at, tries = excluded.tries",
        (
            *source,
            partition,
            text.storable(stopped.why),
            from_us(now_us),
            from_us(stopped.probe_us),
            stopped.tries,
        ),
    )


def release(connection: Connection, partition: int, source: Source, now_us: int) -> None:
    """Let a source go on; its deferred messages are due. In the caller's transaction."""
    connection.execute(
        "delete from pipeline.stopped_source where tenant = %s and dialect = %s and partition = %s",
        (*source, partition),
    )
    connection.execute(
        "update pipeline.dead_letter set due_at = %s where state = 'deferred' "
        "and reason = 'source_stopped' and tenant = %s and dialect = %s and partition = %s",
        (from_us(now_us), *source, partition),
    )


def resume(connection: Connection, now_us: int) -> dict[tuple[str, str, int], str]:
    """Let all sources go on; return (tenant, dialect, partition) → why it had stopped."""
    found: dict[tuple[str, str, int], str] = {}
    rows = connection.execute(
        "select tenant, dialect, partition, why from pipeline.stopped_source order by 1, 2, 3"
    ).fetchall()
    for tenant, dialect, partition, why in rows:
        release(connection, partition, (tenant, dialect), now_us)
        found[(tenant, dialect, partition)] = why
    return found


def count(connection: Connection) -> int:
    """Count the stopped sources of all tenants; every role may."""
    row = connection.execute("select pipeline.stopped_sources()").fetchone()
    assert row is not None
    return int(row[0])
