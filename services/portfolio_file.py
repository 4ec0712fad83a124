"""The scores of a portfolio as one file: CSV or Parquet, written in parts."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

CSV, PARQUET = "text/csv", "application/vnd.apache.parquet"
"""Media types."""

Rows = Sequence[Mapping[str, Any]]


def as_csv(columns: Mapping[str, type], parts: Iterable[Rows]) -> Iterator[bytes]:
    """Give rows with these columns as CSV, a header first; an absent value is an empty cell."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(columns), lineterminator="\r\n")
    writer.writeheader()
    for rows in parts:
        writer.writerows({name: _text(value) for name, value in row.items()} for row in rows)
        yield out.getvalue().encode()
        out.seek(0)
        out.truncate()
    if out.tell():
        yield out.getvalue().encode()


def as_parquet(columns: Mapping[str, type], parts: Iterable[Rows]) -> Iterator[bytes]:
    """Give rows with these columns as Parquet, a row group for each part; times in µs UTC."""
    import pyarrow as pa  # slow to import
    import pyarrow.parquet as pq

    types = {
        str: pa.string(), float: pa.float64(), int: pa.int64(), bool: pa.bool_(),
        datetime: pa.timestamp("us", "UTC"),
    }  # fmt: skip
    schema = pa.schema([(name, types[kind]) for name, kind in columns.items()])
    out = _Out()
    with pq.ParquetWriter(out, schema) as writer:
        for rows in parts:
            if rows:
                writer.write_table(pa.Table.from_pylist([dict(row) for row in rows], schema))
            yield out.taken()
    yield out.taken()


class _Out(io.RawIOBase):
    """Keeps what is written until it is taken; knows how much was written in all."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._written

    def write(self, data: Any) -> int:
        copied = bytes(data)
        self._waiting.append(copied)
        self._written += len(copied)
        return len(copied)

    def taken(self) -> bytes:
        """Return what was written since the last call."""
        found = b"".join(self._waiting)
        self._waiting.clear()
        return found


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
