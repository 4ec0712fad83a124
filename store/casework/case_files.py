"""Photos and documents of the steps of cases, each encrypted with a key of its own."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.postgres import notify, rows
from store.postgres.pool import Connection

_LISTED = (
    "file_id, tenant, case_id, customer, step, document, author, added_at, media_type, size_bytes, "
    "digest, position is not null as has_position"
)


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file before it is stored. key, position : sealed; content : encrypted."""

    file_id: str
    tenant: str
    case_id: str
    customer: str | None
    step: str
    document: str
    author: str
    added_at: datetime
    media_type: str
    size_bytes: int
    digest: bytes
    key: str
    content: bytes
    position: str | None


def put(connection: Connection, file: NewFile) -> str:
    """Store a file; return its id, of the stored one where the step has the same content."""
    names = NewFile.__slots__
    found = connection.execute(
        f"insert into contacts.case_file ({', '.join(names)}) "
        f"values ({', '.join(['%s'] * len(names))}) "
        "on conflict (case_id, step, digest) do nothing returning file_id".encode(),
        [getattr(file, name) for name in names],
    ).fetchone()
    if found is None:
        found = connection.execute(
            "select file_id from contacts.case_file where case_id = %s and step = %s "
            "and digest = %s",
            (file.case_id, file.step, file.digest),
        ).fetchone()
    assert found is not None
    notify.changed(connection, file.tenant, "case")
    return str(found[0])


def of_case(connection: Connection, tenant: str, case_id: str) -> list[dict[str, Any]]:
    """Return the files of a case without their content, oldest first."""
    return rows.all_(
        connection,
        f"select {_LISTED} from contacts.case_file where tenant = %s and case_id = %s "
        "order by added_at, file_id",
        (tenant, case_id),
    )


def get(connection: Connection, tenant: str, case_id: str, file_id: str) -> dict[str, Any] | None:
    """Return one file with its sealed key and encrypted content."""
    return rows.one(
        connection,
        f"select {_LISTED}, key, content, position from contacts.case_file "
        "where tenant = %s and case_id = %s and file_id = %s",
        (tenant, case_id, file_id),
    )
