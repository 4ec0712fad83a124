"""Features: the results of the kernels. Each row has the time of the sample that decided it.

A row depends on nothing after its `decided_at`. Therefore a correction of a device's features
replaces the rows decided after a point by those of a replay from that point.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from store.pipeline.telemetry import copy_in
from store.postgres.binary import kind_of, read_columns, sql_name
from store.postgres.pool import Connection
from store.postgres.times import PROVISIONAL_US as PROVISIONAL_US
from store.postgres.times import from_us

Rows = NDArray[np.void]


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """One kind of feature.

    fields : name → dtype of the kernel's rows, without `device`; int64 and float64, and
    fixed arrays of them.
    key : the fields that identify a row among those of its device.
    past : the table that keeps what a correction replaced; None = nothing is kept.
    """

    name: str
    fields: Mapping[str, np.dtype[np.generic]]
    key: tuple[str, ...]
    past: str | None = None

    @classmethod
    def of(
        cls,
        name: str,
        dtype: np.dtype[np.void],
        key: tuple[str, ...],
        omit: tuple[str, ...] = (),
        past: str | None = None,
    ) -> "FeatureTable":
        """Return the table for rows of a kernel's structured dtype, without the fields `omit`."""
        assert dtype.names is not None and dtype.fields is not None
        fields = {n: dtype.fields[n][0] for n in dtype.names if n not in ("device", *omit)}
        return cls(name, fields, key, past)

    @property
    def dtype(self) -> np.dtype[np.void]:
        return np.dtype([("device_id", np.int64), *self.fields.items()])


@dataclass(frozen=True, slots=True)
class Change:
    """The effect of a correction on one row: added (no old), removed (no new) or changed."""

    table: str
    key: tuple[object, ...]
    old: np.void | None
    new: np.void | None

    @property
    def real(self) -> bool:
        """False where the row is the same as before, or a provisional row was removed."""
        before = None if self.old is None or is_provisional(self.old) else self.old.tobytes()
        return before != (None if self.new is None else self.new.tobytes())


def is_provisional(row: np.void) -> bool:
    """Return True for a row that nothing has decided yet."""
    return bool(row["decided_us"] == PROVISIONAL_US)


def append(
    connection: Connection,
    table: FeatureTable,
    rows: Rows,
    revision: NDArray[np.int64] | None = None,
) -> None:
    """COPY rows (fields of `table.dtype`), in the caller's transaction."""
    if not rows.shape[0]:
        return
    columns: dict[str, NDArray[np.generic]] = {"device_id": rows["device_id"]}
    for name in table.fields:
        columns[name] = rows[name]
    columns["revision"] = np.zeros(rows.shape[0], np.int64) if revision is None else revision
    copy_in(connection, table.name, columns)


def read(
    connection: Connection,
    table: FeatureTable,
    device_id: int,
    after_us: int | None = None,
    until_us: int | None = None,
) -> tuple[Rows, NDArray[np.int64]]:
    """Return a device's rows decided in (after, until], by decision and key; their revisions."""
    conditions, parameters = _decided(device_id, after_us, until_us)
    return read_from(connection, table, f"{table.name} {conditions}", parameters)


def read_from(
    connection: Connection, table: FeatureTable, source: str, parameters: Sequence[object]
) -> tuple[Rows, NDArray[np.int64]]:
    """Return the rows of `source` (a FROM clause with the table's columns); their revisions.

    Rows are in the order of decision and key.
    """
    wanted = [("device_id", "int")]
    wanted += [(sql_name(n), kind_of(n, d)) for n, d in table.fields.items()]
    wanted.append(("revision", "int"))
    columns = read_columns(connection, wanted, source, parameters)
    rows = np.empty(columns[0].shape[0], table.dtype)
    for name, column in zip(("device_id", *table.fields), columns, strict=False):
        rows[name] = column
    index = canonical(table, rows)
    return rows[index], columns[-1].astype(np.int64)[index]


def _decided(
    device_id: int, after_us: int | None, until_us: int | None
) -> tuple[str, list[object]]:
    """Return a WHERE clause for a device's rows decided in (after, until], and its parameters."""
    conditions = "where device_id = %s"
    parameters: list[object] = [device_id]
    if after_us is not None:
        conditions += " and decided_at > %s"
        parameters.append(from_us(after_us))
    if until_us is not None:
        conditions += " and decided_at <= %s"
        parameters.append(from_us(until_us))
    return conditions, parameters


def canonical(table: FeatureTable, rows: Rows) -> NDArray[np.int64]:
    """Return the index that sorts rows by decision and key, to compare two sets bit for bit."""
    keys = [rows[name] for name in reversed(table.key)]
    return np.lexsort((*keys, rows["decided_us"], rows["device_id"]))


def replace(
    connection: Connection,
    table: FeatureTable,
    device_id: int,
    after_us: int | None,
    until_us: int | None,
    rows: Rows,
    now_us: int,
) -> list[Change]:
    """Replace the rows decided in (after, until] by `rows`.

    An unchanged row keeps its revision, a changed one gets the next. Where the table has a past,
    replaced and removed rows go there with the time, and a mark for each row that is new.
    Returns the added, changed and removed rows.
    """
    rows = rows[canonical(table, rows)]
    old, old_revision = read(connection, table, device_id, after_us, until_us)
    if old.shape == rows.shape and old.tobytes() == rows.tobytes():
        return []
    before = {_key(table, row): (row, int(r)) for row, r in zip(old, old_revision, strict=True)}
    revisions = {key: was[1] for key, was in before.items()}
    revision = np.zeros(rows.shape[0], np.int64)
    changes = []
    for i, row in enumerate(rows):
        key = _key(table, row)
        was = before.pop(key, None)
        if was is None:
            changes.append(Change(table.name, key, None, row))
        elif was[0].tobytes() == row.tobytes():
            revision[i] = was[1]
        else:
            revision[i] = was[1] + 1
            changes.append(Change(table.name, key, was[0], row))
    conditions, parameters = _decided(device_id, after_us, until_us)
    connection.execute(f"delete from {table.name} {conditions}", parameters)
    append(connection, table, rows, revision)
    changes += [Change(table.name, key, row, None) for key, (row, _) in before.items()]
    if table.past is not None:
        _keep_past(connection, table, table.past, changes, revisions, now_us)
    return changes


def _keep_past(
    connection: Connection,
    table: FeatureTable,
    past: str,
    changes: list[Change],
    revisions: Mapping[tuple[object, ...], int],
    now_us: int,
) -> None:
    """COPY what changes replaced; a row that is new leaves a mark that there was none."""
    kept = [change for change in changes if change.old is None or not is_provisional(change.old)]
    if not kept:
        return
    rows = np.empty(len(kept), table.dtype)
    for at, change in enumerate(kept):
        rows[at] = change.new if change.old is None else change.old
    columns: dict[str, NDArray[np.generic]] = {"device_id": rows["device_id"]}
    for name in table.fields:
        columns[name] = rows[name]
    columns["revision"] = np.array([revisions.get(change.key, 0) for change in kept], np.int64)
    columns["existed"] = np.array([change.old is not None for change in kept], np.int64)
    columns["replaced_us"] = np.full(len(kept), now_us, np.int64)
    copy_in(connection, past, columns)


def drop_provisional(
    connection: Connection, table: FeatureTable, device_ids: Sequence[int]
) -> None:
    """Remove the provisional rows of devices, in the caller's transaction."""
    connection.execute(
        f"delete from {table.name} where device_id = any(%s) and decided_at = %s",
        (list(device_ids), from_us(PROVISIONAL_US)),
    )


def with_provisional(
    connection: Connection, table: FeatureTable, device_ids: Sequence[int]
) -> set[int]:
    """Return those of the devices that have provisional rows; one index probe each."""
    rows = connection.execute(
        f"select distinct device_id from {table.name} "
        "where device_id = any(%s) and decided_at = %s",
        (list(device_ids), from_us(PROVISIONAL_US)),
    )
    return {row[0] for row in rows.fetchall()}


def devices(connection: Connection, table: FeatureTable) -> set[int]:
    """Return the devices that have rows in this table."""
    return {row[0] for row in connection.execute(f"select distinct device_id from {table.name}")}


def count(connection: Connection, table: FeatureTable) -> int:
    """Count the rows."""
    row = connection.execute(f"select count(*) from {table.name}").fetchone()
    return int(row[0]) if row else 0


def select(
    connection: Connection, table: FeatureTable, device_ids: Sequence[int] | None = None
) -> Rows:
    """Return all rows, or those of some devices, by device and decision."""
    ids = devices(connection, table) if device_ids is None else set(device_ids)
    parts = [read(connection, table, device_id)[0] for device_id in sorted(ids)]
    return np.concatenate(parts) if parts else np.empty(0, table.dtype)


def _key(table: FeatureTable, row: np.void) -> tuple[object, ...]:
    return tuple(row[name].item() for name in table.key)
