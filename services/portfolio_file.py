"""The scores of a portfolio as one file: CSV or Parquet."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

CSV, PARQUET = "text/csv", "application/vnd.apache.parquet"
"""Media types."""


def as_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return rows with the same keys as CSV; an absent value is an empty cell."""
    out = io.StringIO(newline="")
    if rows:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\r\n")
        writer.writeheader()
        writer.writerows({name: _text(value) for name, value in row.items()} for row in rows)
    return out.getvalue().encode()


def as_parquet(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return rows with the same keys as Parquet; times in µs UTC."""
    import pyarrow as pa  # slow to import
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows]), out)
    return out.getvalue()


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
