"""Checkpoints of kernels' carries: a cache that can always be rebuilt from the samples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from store.postgres.pool import Connection
from store.postgres.times import from_us, to_us


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A device's carry after all its samples up to and including `as_of_us`."""

    device_id: int
    as_of_us: int
    carry_version: int
    carry: bytes


def latest(
    connection: Connection, device_ids: Sequence[int], carry_version: int
) -> dict[int, Checkpoint]:
    """Return the newest readable checkpoint of each device that has one."""
    rows = connection.execute(
        "select distinct on (device_id) device_id, as_of, carry_version, carry "
        "from pipeline.checkpoint where device_id = any(%s) and carry_version = %s "
        "order by device_id, as_of desc",
        (list(device_ids), carry_version),
    )
    return {row[0]: Checkpoint(row[0], to_us(row[1]), row[2], row[3]) for row in rows.fetchall()}


def last_before(
    connection: Connection, device_id: int, carry_version: int, at_us: int
) -> Checkpoint | None:
    """Return the newest readable checkpoint of a device with as_of < `at_us`."""
    found = _read(
        connection, "as_of < %s order by as_of desc limit 1", device_id, carry_version, at_us
    )
    return found[0] if found else None


def since(
    connection: Connection, device_id: int, carry_version: int, at_us: int
) -> list[Checkpoint]:
    """Return the readable checkpoints of a device with as_of >= `at_us`, ascending."""
    return _read(connection, "as_of >= %s order by as_of", device_id, carry_version, at_us)


def _read(
    connection: Connection, condition: str, device_id: int, carry_version: int, at_us: int
) -> list[Checkpoint]:
    rows = connection.execute(
        "select device_id, as_of, carry_version, carry from pipeline.checkpoint "
        f"where device_id = %s and carry_version = %s and {condition}",
        (device_id, carry_version, from_us(at_us)),
    )
    return [Checkpoint(row[0], to_us(row[1]), row[2], row[3]) for row in rows.fetchall()]


def save(connection: Connection, checkpoints: Sequence[Checkpoint]) -> None:
    """Write checkpoints, in the caller's transaction."""
    if not checkpoints:
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into pipeline.checkpoint values (%s, %s, %s, %s) "
            "on conflict (device_id, as_of) do update "
            "set carry_version = excluded.carry_version, carry = excluded.carry",
            [(c.device_id, from_us(c.as_of_us), c.carry_version, c.carry) for c in checkpoints],
        )


def delete(connection: Connection, device_id: int, after_us: int, until_us: int | None) -> None:
    """Delete checkpoints of a device with `after_us` < as_of <= `until_us` (None = all later)."""
    connection.execute(
        "delete from pipeline.checkpoint where device_id = %s and as_of > %s "
        "and (%s::timestamptz is null or as_of <= %s)",
        (
            device_id,
            from_us(after_us),
            None if until_us is None else from_us(until_us),
            None if until_us is None else from_us(until_us),
        ),
    )


def outdated(connection: Connection, parameters: Mapping[int, str]) -> list[int]:
    """Return the devices whose features were computed with other parameters than these."""
    rows = connection.execute("select device_id, parameters from pipeline.computed_with")
    return [
        device_id for device_id, was in rows.fetchall() if parameters.get(device_id, was) != was
    ]


def computed_with(connection: Connection, parameters: Mapping[int, str]) -> None:
    """Record the parameters of devices' computations, in the caller's transaction."""
    connection.execute(
        "insert into pipeline.computed_with select * from unnest(%s::bigint[], %s::text[]) "
        "on conflict (device_id) do update set parameters = excluded.parameters",
        (list(parameters), list(parameters.values())),
    )


AGAIN = "again"
"""Parameters of no device: its features are computed again when its worker starts."""


def mark(connection: Connection, device_ids: Sequence[int]) -> None:
    """Mark devices to be computed again, in the caller's transaction."""
    computed_with(connection, dict.fromkeys(device_ids, AGAIN))


def marked(connection: Connection) -> int:
    """Count the devices that are marked to be computed again."""
    row = connection.execute(
        "select count(*) from pipeline.computed_with where parameters = %s", (AGAIN,)
    ).fetchone()
    return int(row[0]) if row else 0
