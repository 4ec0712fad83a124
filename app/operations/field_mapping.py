"""A mapping of a file's columns to rows of the registry, as YAML without code. docs/registry.md."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from app.operations.registry_import import SECTIONS
from runtime.errors import Usage
from services.registry_rows import Name, Zone

MAPPED = ("customers", "vehicles", "meters", "contracts", "devices", "assignments")
"""Sections that a mapping may have. Contact points are sealed and consents are decisions: they are
imported as such."""

Record = Mapping[str, str]


class Strict(BaseModel):
    """A part of the mapping."""

    model_config = ConfigDict(extra="forbid")


class Source(Strict):
    """How the file is written: CSV with a header, or one JSON object a line."""

    format: Literal["csv", "ndjson"] = "csv"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    encoding: str = "utf-8-sig"


class From(Strict):
    """Where a field's value comes from: one of value, column and join.

    values : what the column's values mean; one that is not there is refused. default : where the
    column is empty. format, zone : of a time (strptime), such as %d.%m.%Y and Europe/Berlin.
    """

    value: str | int | None = None
    column: str | None = None
    join: list[str] | None = None
    separator: str = " "
    values: dict[str, str] | None = None
    default: str | int | None = None
    format: str | None = None
    zone: Zone | None = None

    @model_validator(mode="after")
    def _one_source(self) -> "From":
        if sum(one is not None for one in (self.value, self.column, self.join)) != 1:
            raise ValueError("give one of value, column and join")
        if (self.format is None) != (self.zone is None):
            raise ValueError("format and zone belong together")
        return self


def _field(found: object) -> object:
    return {"column": found} if isinstance(found, str) else found


FieldMap = Annotated[From, BeforeValidator(_field)]


class Section(Strict):
    """The fields of one section. when : a row only where this column is not empty."""

    when: str | None = None
    fields: dict[str, FieldMap]
    external_ids: dict[Name, FieldMap] = {}


class FileMapping(Strict):
    """The whole mapping."""

    tenant: Name
    source: Source = Source()
    sections: dict[str, Section] = Field(min_length=1)

    @model_validator(mode="after")
    def _known_fields(self) -> "FileMapping":
        for name, section in self.sections.items():
            if name not in MAPPED:
                listed = ", ".join(MAPPED)
                raise ValueError(f"there is no section {name!r}, expected one of {listed}")
            known = [one for one in SECTIONS[name].model_fields if one not in _OWN]
            for field in section.fields:
                if field not in known:
                    raise ValueError(
                        f"{name}: there is no field {field!r}, expected one of {', '.join(known)}"
                    )
            for field, info in SECTIONS[name].model_fields.items():
                if info.is_required() and field not in _OWN and field not in section.fields:
                    raise ValueError(f"{name}: the field {field!r} is missing")
            if section.external_ids and "external_ids" not in SECTIONS[name].model_fields:
                raise ValueError(f"{name}: they have no external_ids")
        return self


_OWN = {"tenant", "external_ids", "attributes", "email", "phone", "mapping"}
"""Fields that a mapping does not name, or that need more than a copy."""


class Unmapped(ValueError):
    """A value of the file that the mapping does not know; the message names column and value."""


def read_mapping(path: Path) -> FileMapping:
    """Read and check a mapping. Raises `Usage` that names the place."""
    if not path.is_file():
        raise Usage(f"{path}: no such file")
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise Usage(f"{path}: not YAML: {error}") from None
    try:
        return FileMapping.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "mapping"
        raise Usage(f"{path}: {where}: {first['msg'].removeprefix('Value error, ')}") from None


def columns_of(mapping: FileMapping) -> set[str]:
    """Return the columns that a mapping reads."""
    found: set[str] = set()
    for section in mapping.sections.values():
        if section.when is not None:
            found.add(section.when)
        for one in (*section.fields.values(), *section.external_ids.values()):
            found |= set(one.join or ()) | ({one.column} if one.column is not None else set())
    return found


def mapper(mapping: FileMapping) -> Callable[[Record], dict[str, dict[str, Any]]]:
    """Return a function from a record to section → row. It raises `Unmapped`."""
    sections = [
        (
            name,
            section.when,
            [(field, _reader(one)) for field, one in section.fields.items()],
            [(system, _reader(one)) for system, one in section.external_ids.items()],
        )
        for name, section in mapping.sections.items()
    ]

    def rows(record: Record) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for name, when, fields, systems in sections:
            if when is not None and not record.get(when):
                continue
            row: dict[str, Any] = {"tenant": mapping.tenant}
            for field, read in fields:
                value = read(record)
                if value is not None:
                    row[field] = value
            if systems:
                ids = {system: read(record) for system, read in systems}
                row["external_ids"] = {system: id_ for system, id_ in ids.items() if id_}
            found[name] = row
        return found

    return rows


def _reader(source: From) -> Callable[[Record], Any]:
    if source.value is not None:
        return lambda record: source.value
    if source.join is not None:
        columns, separator = source.join, source.separator
        return lambda record: separator.join(filter(None, (record.get(c) for c in columns))) or None
    column = source.column or ""
    if source.values is None and source.format is None:
        return lambda record: record.get(column) or source.default
    zone = ZoneInfo(source.zone) if source.zone is not None else None

    @lru_cache(maxsize=10_000)  # a file has few days, and strptime is slow
    def time_of(text: str) -> datetime:
        return datetime.strptime(text, source.format or "").replace(tzinfo=zone)

    def read(record: Record) -> Any:
        text = record.get(column)
        if not text:
            return source.default
        if source.values is not None:
            meant = source.values.get(text)
            if meant is None:
                known = ", ".join(source.values)
                raise Unmapped(f"column {column!r}: {text!r} is none of {known}")
            return meant
        try:
            return time_of(text)
        except ValueError:
            raise Unmapped(f"column {column!r}: {text!r} is no {source.format}") from None

    return read
