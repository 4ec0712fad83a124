"""`tachowatt import FILE --mapping crm.yaml`: a file of another system, in chunks.

A chunk is read, mapped and validated while the one before it is written.

Each chunk is one transaction that also notes how far the file is written, so that an import that
was killed goes on where it was. A dry run writes everything in one transaction and takes it back.
"""

import csv
import hashlib
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from app.operations.field_mapping import FileMapping, Record, Unmapped, columns_of, mapper
from app.operations.registry_import import SECTIONS, put_households
from contracts.dialects import NATIVE
from runtime.errors import Usage
from store.people import bulk, identity, registry
from store.people.bulk import TARGETS, Written
from store.people.recording import record_at
from store.postgres.pool import Connection, Unstorable, connect, translated

T = TypeVar("T")

CHUNK = 20_000
"""Records in one transaction."""

_KEY = {name: name.removesuffix("s") for name in ("customers", "vehicles", "meters", "contracts")}
Progress = Callable[[int, int], None]
"""Bytes read, bytes of the file."""


@dataclass(slots=True)
class Result:
    """What an import did. records : of the file; skipped : written by an earlier run."""

    records: int = 0
    skipped: int = 0
    sections: dict[str, Written] = field(default_factory=dict)

    def add(self, section: str, written: Written) -> None:
        """Add the rows of a chunk."""
        before = self.sections.get(section, Written(0, 0, 0))
        self.sections[section] = Written(
            before.created + written.created,
            before.updated + written.updated,
            before.unchanged + written.unchanged,
        )


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Records first to last of the file (from 1). rows : section → key → row and its record."""

    first: int
    last: int
    rows: dict[str, dict[Any, tuple[dict[str, Any], int]]]


def run(
    database_url: str,
    path: Path,
    mapping: FileMapping,
    now_us: int,
    *,
    dry_run: bool = False,
    progress: Progress = lambda read, size: None,
    chunk: int = CHUNK,
) -> Result:
    """Import a file. Raises `Usage` that names record, section and field of what is wrong."""
    digest = _digest(path, mapping)
    size = path.stat().st_size
    result = Result()
    with connect(database_url) as connection, translated():
        if mapping.tenant not in registry.tenants(connection):
            raise Usage(f"there is no tenant {mapping.tenant!r}")
        result.skipped = 0 if dry_run else bulk.rows_done(connection, digest)
        connection.commit()
        with path.open(encoding=mapping.source.encoding, newline="") as file:
            records = enumerate(_records(file, mapping, path), start=1)
            for _ in itertools.islice(records, result.skipped):
                pass
            build = _builder(mapping, path)
            for found, read in _ahead(lambda: _next_chunk(records, chunk, build, file)):
                record_at(connection, now_us)
                _write(connection, found, result, path)
                result.records = found.last
                if not dry_run:
                    bulk.note_rows(connection, digest, mapping.tenant, found.last, finished=False)
                    registry.bump(connection)
                    connection.commit()
                progress(read, size)
        if dry_run:
            connection.rollback()
        else:
            bulk.note_rows(connection, digest, mapping.tenant, result.records, finished=True)
            connection.commit()
    return result


def _next_chunk(
    records: Iterator[tuple[int, Record]],
    chunk: int,
    build: Callable[[Sequence[tuple[int, Record]]], _Chunk],
    file: Any,
) -> tuple[_Chunk, int] | None:
    """Return the next chunk, and how many bytes of the file are read; None at its end."""
    part = list(itertools.islice(records, chunk))
    return (build(part), file.buffer.raw.tell()) if part else None


def _ahead(make: Callable[[], T | None]) -> Iterator[T]:
    """Yield what `make` returns until None; the next one is made while the caller uses one.

    What `make` raises comes after what it made before.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="import") as maker:
        coming = maker.submit(make)
        while (found := coming.result()) is not None:
            coming = maker.submit(make)
            yield found


def _digest(path: Path, mapping: FileMapping) -> bytes:
    digest = hashlib.sha256(mapping.model_dump_json().encode())
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.digest()


def _records(file: Any, mapping: FileMapping, path: Path) -> Iterator[Record]:
    """Yield the records of a file. Raises `Usage`."""
    if mapping.source.format == "csv":
        reader = csv.DictReader(file, delimiter=mapping.source.delimiter)
        missing = sorted(columns_of(mapping) - set(reader.fieldnames or ()))
        if missing:
            raise Usage(f"{path}: there is no column {missing[0]!r}, which the mapping reads")
        yield from reader
        return
    for number, line in enumerate(iter(file.readline, ""), start=1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise Usage(f"{path}: line {number} is no JSON object")
        yield {key: "" if value is None else str(value) for key, value in found.items()}


def _builder(mapping: FileMapping, path: Path) -> Callable[[Sequence[tuple[int, Record]]], _Chunk]:
    rows_of = mapper(mapping)

    def build(part: Sequence[tuple[int, Record]]) -> _Chunk:
        found: dict[str, dict[Any, tuple[dict[str, Any], int]]] = {name: {} for name in TARGETS}
        for number, record in part:
            try:
                mapped = rows_of(record)
            except Unmapped as error:
                raise Usage(f"{path}: record {number}: {error}") from None
            for section, row in mapped.items():
                try:
                    valid = SECTIONS[section].model_validate(row)
                except ValidationError as error:
                    first = error.errors(include_url=False)[0]
                    where = ".".join(str(one) for one in first["loc"]) or "row"
                    raise Usage(
                        f"{path}: record {number}: {section}, {where}: {first['msg']}"
                    ) from None
                _add(found, section, valid.__dict__, number)
        return _Chunk(part[0][0], part[-1][0], found)

    return build


def _add(
    found: dict[str, dict[Any, tuple[dict[str, Any], int]]],
    section: str,
    valid: dict[str, Any],
    number: int,
) -> None:
    """Add a row under its key; a later record about the same object counts."""
    row = dict(valid)
    if section == "assignments":
        found[section][(row["device"], row["valid_from"])] = (row, number)
        return
    if section == "devices":
        row["device"] = row["id"]
        if row["dialect"] == NATIVE:
            row["address"] = f"{row['tenant']}/{row['id']}"
    else:
        row[_KEY[section]] = row["id"]
        for system, id_ in row["external_ids"].items():
            kind = _KEY[section]
            found["external_ids"][(kind, row["id"], system)] = (
                {
                    "tenant": row["tenant"], "kind": kind, "object": row["id"],
                    "system": system, "external_id": id_,
                },
                number,
            )  # fmt: skip
    found[section][row["id"]] = (row, number)


def _write(connection: Connection, chunk: _Chunk, result: Result, path: Path) -> None:
    for section in TARGETS:
        rows = chunk.rows[section]
        if not rows:
            continue
        try:
            with connection.transaction():
                result.add(
                    section, bulk.write(connection, section, [row for row, _ in rows.values()])
                )
                if section == "customers":
                    put_households(connection, [row for row, _ in rows.values()])
        except (registry.Refused, Unstorable) as error:
            number, why = _first_refused(connection, section, list(rows.values()), str(error))
            raise Usage(f"{path}: record {number}: {section}: {why}") from None
    try:
        identity.check_one_place(connection)
    except identity.TwoPlaces as error:
        raise Usage(f"{path}: records {chunk.first} to {chunk.last}: {error}") from None


def _first_refused(
    connection: Connection, section: str, rows: Sequence[tuple[dict[str, Any], int]], why: str
) -> tuple[int, str]:
    """Find a record that the store refuses, by halves."""
    while len(rows) > 1:
        half = rows[: len(rows) // 2]
        try:
            with connection.transaction():
                bulk.write(connection, section, [row for row, _ in half])
            rows = rows[len(rows) // 2 :]
        except (registry.Refused, Unstorable) as error:
            rows, why = half, str(error)
    return rows[0][1], why
