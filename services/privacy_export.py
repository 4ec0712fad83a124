"""Export of a customer's data (GDPR Art. 15 and 20): a zip with JSON, CSV and a page to read.

Every table of the registry of personal data that has an export is in it, contact points in clear.
"""

import csv
import html
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import IO, Any

from runtime.errors import NotFound
from runtime.secret_box import PREFIX, SecretBox
from services.customer_keys import CustomerKeys
from services.erasure import keys_of
from services.own_values import with_opened
from store.people import customers
from store.postgres.merged import same_as
from store.postgres.pool import Connection
from store.postgres.times import from_us
from store.privacy import export as store
from store.privacy.personal_data import Entry
from store.privacy.whose import Keys
from store.secrets.own_columns import FORMS, OWN_TABLES, RIGHTS

_SHOWN = 100
"""Rows of a table on the page; the CSV has all."""

_OWN = {table.table: table for table in (*OWN_TABLES, RIGHTS)}
_QUOTES = {FORMS.table: ("state",)}
"""JSON whose strings may quote what was sealed."""


@dataclass(slots=True)
class Part:
    """A table of an export. first : the rows that the page shows."""

    entry: Entry
    columns: list[str]
    rows: int = 0
    first: list[list[str]] = field(default_factory=list)


def write(
    connection: Connection,
    box: SecretBox,
    tenant: str,
    customer: str,
    file: Path | IO[bytes],
    now_us: int,
) -> dict[str, int]:
    """Write the export of a customer, of all their ids; return its rows by table.

    All in one snapshot, if the caller's transaction is repeatable read. Needs the right to read all
    tables. Raises `NotFound`.
    """
    person = customers.person(connection, tenant, customer)
    if person is None:
        raise NotFound(f"there is no customer {customer!r} of tenant {tenant!r}")
    ids = same_as(connection, tenant, customer)
    keys = [keys_of(connection, tenant, one, ids) for one in ids]
    texts = _Texts(box)
    parts: list[Part] = []
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry in store.exported():
            part = Part(entry, store.columns(connection, entry))
            _csv(archive, part, _rows(connection, part, keys, texts))
            if not part.rows:
                continue
            _json(archive, part, _rows(connection, part, keys, texts))
            parts.append(part)
        counts = {part.entry.place: part.rows for part in parts}
        about = {
            "customer": customer,
            "ids": ids,
            "name": person.name,
            "tenant": tenant,
            "as_of": _text(from_us(now_us)),
            "tables": {
                part.entry.place: {
                    "rows": part.rows, "purpose": part.entry.purpose, "data": part.entry.data
                }
                for part in parts
            },
        }  # fmt: skip
        archive.writestr("about.json", json.dumps(about, indent=1, ensure_ascii=False))
        archive.writestr("index.html", _page(person, parts, from_us(now_us)))
    return counts


def to_file(
    connection: Connection, box: SecretBox, tenant: str, customer: str, file: Path, now_us: int
) -> dict[str, int]:
    """Write the export to a file that only its owner may read; see `write`."""
    draft = file.with_name(f"{file.name}.part")
    draft.touch(mode=0o600)
    try:
        found = write(connection, box, tenant, customer, draft, now_us)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    return found


def _rows(
    connection: Connection, part: Part, keys: Sequence[Keys], texts: "_Texts"
) -> Iterator[list[Any]]:
    own = _OWN.get(part.entry.place)
    for row in store.rows(connection, part.entry, part.columns, keys):
        values = list(row)
        if own is not None:
            of = values[part.columns.index(own.bound or own.row)]
            for column in (*own.values, *_QUOTES.get(own.table, ())):
                if column in part.columns:  # the key of a file is not for its customer
                    at = part.columns.index(column)
                    bound_to = own.bound_to(column, of)
                    values[at] = texts.open(
                        connection, values[at], bound_to, is_json=column in own.json
                    )
        yield values


class _Texts:
    """Opens what is sealed with the key of a customer, or with that of before."""

    def __init__(self, box: SecretBox) -> None:
        self._box = box
        self._keys = CustomerKeys(box)

    def open(self, connection: Connection, stored: Any, bound_to: str, *, is_json: bool) -> Any:
        if isinstance(stored, str) and stored.startswith(PREFIX):
            return self._box.open(stored, bound_to)

        def open_(text: str) -> str:
            return self._keys.open(connection, text, bound_to)

        opened = with_opened(stored, open_)
        return json.loads(opened) if is_json and isinstance(opened, str) and opened else opened


def _csv(archive: zipfile.ZipFile, part: Part, rows: Iterable[list[Any]]) -> None:
    """Write the CSV; count the rows, and keep the first ones. Nothing where there are none."""
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        return
    with (
        archive.open(f"csv/{part.entry.place}.csv", "w", force_zip64=True) as raw,
        io.TextIOWrapper(raw, encoding="utf-8", newline="") as out,
    ):
        writer = csv.writer(out)
        writer.writerow(part.columns)
        for row in chain((first,), rows):
            texts = [_text(value) for value in row]
            writer.writerow(texts)
            part.rows += 1
            if part.rows <= _SHOWN:
                part.first.append(texts)


def _json(archive: zipfile.ZipFile, part: Part, rows: Iterable[list[Any]]) -> None:
    with (
        archive.open(f"json/{part.entry.place}.json", "w", force_zip64=True) as raw,
        io.TextIOWrapper(raw, encoding="utf-8", newline="") as out,
    ):
        out.write("[")
        for number, row in enumerate(rows):
            out.write(",\n" if number else "\n")
            values = dict(zip(part.columns, row, strict=True))
            out.write(json.dumps(values, default=_text, ensure_ascii=False))
        out.write("\n]\n")


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, dict | list):
        return json.dumps(value, default=_text, ensure_ascii=False)
    return str(value)


_WORDS = {
    "en": {
        "title": "Your data", "of": "of", "as_of": "as of", "rows": "rows", "purpose": "Purpose",
        "all": "all rows", "first": "the first {n} of them are shown here",
    },
    "de": {
        "title": "Ihre Daten", "of": "von", "as_of": "Stand", "rows": "Zeilen", "purpose": "Zweck",
        "all": "alle Zeilen", "first": "die ersten {n} stehen hier",
    },
}  # fmt: skip


def _page(person: customers.Person, parts: list[Part], at: datetime) -> str:
    language = person.language if person.language in _WORDS else "en"
    words = _WORDS[language]
    title = f"{words['title']}: {html.escape(person.name)}"
    out = [
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title><style>body{{font:16px/1.5 sans-serif;margin:1rem}}"
        "table{border-collapse:collapse}td,th{border:1px solid #888;padding:.2rem .5rem;"
        "text-align:left;vertical-align:top}div{overflow-x:auto}</style></head><body>",
        f"<h1>{title}</h1><p>{words['as_of']} {at:%Y-%m-%d %H:%M} UTC</p><ul>",
    ]
    out += [
        f'<li><a href="#{part.entry.place}">{html.escape(part.entry.data or part.entry.purpose)}'
        f"</a>: {part.rows} {words['rows']}</li>"
        for part in parts
    ]
    out.append("</ul>")
    for part in parts:
        place = part.entry.place
        more = f"; {words['first'].format(n=_SHOWN)}" if part.rows > _SHOWN else ""
        out += [
            f'<h2 id="{place}">{html.escape(part.entry.data or part.entry.purpose)}</h2>',
            f"<p>{words['purpose']}: {html.escape(part.entry.purpose)}. "
            f'<a href="csv/{place}.csv">{words["all"]}</a>{more}</p>',
            '<div tabindex="0"><table><thead><tr>',
            *(f"<th>{html.escape(name)}</th>" for name in part.columns),
            "</tr></thead><tbody>",
        ]
        for row in part.first:
            out.append(
                "<tr>" + "".join(f"<td>{html.escape(value)}</td>" for value in row) + "</tr>"
            )
        out.append("</tbody></table></div>")
    out.append("</body></html>")
    return "\n".join(out)
