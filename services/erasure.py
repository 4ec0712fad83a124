"""Erasure of a customer: gone for every reader in one transaction, with a proof, and for good.

The list of the erased has a keyed hash of each customer's id and the times in which devices were
theirs. `reapply` uses it after a restore, and for what came late from a log that was replayed.
"""

import base64
import json
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from customer_context.identity.holders import FOREVER_US, Span, holders
from runtime.errors import NotFound
from runtime.secret_box import SecretBox
from services.contact_points import ContactPoints
from store.people import registry
from store.people.registry import Holding
from store.postgres.merged import same_as
from store.postgres.pool import Connection
from store.postgres.times import from_us, to_us
from store.privacy import erasure as store
from store.privacy import whose
from store.privacy.erasure import Erasure
from store.privacy.whose import DeviceSpan, Keys
from store.schema import rollups

_END = datetime(9999, 12, 31, tzinfo=UTC)
_AHEAD = timedelta(days=1)
"""A device's clock may be ahead by less."""

FILE_NAME = "erased.json"
"""The list of the erased outside the database, for a restore; in the state directory."""


@dataclass(frozen=True, slots=True)
class Done:
    """A finished erasure. deleted, archived : rows by table; recipients : (system, messages)."""

    erasure_id: str
    tenant: str
    pseudonym: str
    erased_at: datetime
    physically_by: datetime
    deleted: dict[str, int]
    archived: dict[str, int]
    recipients: list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Leftover:
    """Rows that are still there of an erased customer."""

    erasure_id: str
    place: str
    rows: int


class Eraser:
    """Erases customers of one store. For one command or request."""

    def __init__(self, box: SecretBox, physical_days: int) -> None:
        self._points = ContactPoints(box, "DE")
        self._days = physical_days

    def count(self, connection: Connection, tenant: str, customer: str) -> dict[str, int]:
        """Return the rows by table that `erase` would remove. Raises `NotFound`."""
        if not store.lock(connection, tenant, customer):
            raise self._unknown(connection, tenant, customer)
        keys = keys_of(connection, tenant, customer)
        return _positive(store.count(connection, keys))

    def erase(
        self,
        connection: Connection,
        tenant: str,
        customer: str,
        now_us: int,
        *,
        erased_by: str,
        reason: str = "",
    ) -> Done:
        """Erase a customer; return what was done. Commits. Ids that are merged are erased too.

        Needs the owner of the tables. Raises `NotFound` where there is no such customer, with the
        time where it was erased already.
        """
        for other in same_as(connection, tenant, customer):
            if other != customer:
                self._erase(connection, tenant, other, now_us, erased_by, reason)
        return self._erase(connection, tenant, customer, now_us, erased_by, reason)

    def _erase(
        self,
        connection: Connection,
        tenant: str,
        customer: str,
        now_us: int,
        erased_by: str,
        reason: str,
    ) -> Done:
        registry.bump(connection)  # first: it locks, so that no decision comes between
        if not store.lock(connection, tenant, customer):
            raise self._unknown(connection, tenant, customer)
        keys = keys_of(connection, tenant, customer)
        at, physically_by = store.now_of(now_us, self._days)
        recipients = store.recipients(connection, keys)
        erasure = Erasure(
            secrets.token_hex(12),
            tenant,
            self._points.keyed_hash(connection, tenant, customer),
            f"erased-{secrets.token_hex(8)}",
            reason,
            erased_by,
            at,
            physically_by,
            {},
            tuple(
                DeviceSpan(span.device_id, span.begin, min(span.end, at))
                for span in keys.spans
                if span.begin < at
            ),
        )
        store.put(connection, erasure)
        archived = store.archive(connection, keys, erasure.erasure_id, erasure.pseudonym, at)
        deleted = store.remove(connection, keys)
        store.recompute(connection, keys, now_us)
        connection.commit()
        # A batch that was computed before the registry changed may have been committed after it.
        deleted += store.remove(connection, keys)
        proof = {
            "deleted": _positive(deleted),
            "archived": _positive(archived),
            "recipients": [list(one) for one in recipients],
        }
        store.put(connection, replace(erasure, proof=proof))
        connection.commit()
        rollups.refresh_changed(connection)
        store.vacuum(connection, [place for place, rows in deleted.items() if rows])
        return Done(
            erasure.erasure_id,
            tenant,
            erasure.pseudonym,
            at,
            physically_by,
            _positive(deleted),
            _positive(archived),
            recipients,
        )

    def verify(self, connection: Connection) -> tuple[int, list[Leftover]]:
        """Return the number of erasures, and what is still there of the erased."""
        erasures = store.all_(connection)
        found = store.leftovers(
            connection,
            erasures,
            lambda tenant, customer: self._points.keyed_hash(connection, tenant, customer),
        )
        return len(erasures), [Leftover(*one) for one in found]

    def reapply(
        self, connection: Connection, now_us: int, erased: list[Erasure] | None = None
    ) -> dict[str, int]:
        """Erase again what a restore, or a replayed log, brought back of the erased. Commits.

        erased : a list from outside of the database, with that of the database. Returns rows by
        table.
        """
        for one in erased or []:
            store.put(connection, one)
        erasures = store.all_(connection)
        by_digest = {(one.tenant, one.digest): one for one in erasures}
        deleted = Counter[str]()
        registry.bump(connection)
        for tenant in sorted({one.tenant for one in erasures}):
            for customer in store.customers_of(connection, tenant):
                digest = self._points.keyed_hash(connection, tenant, customer)
                found = by_digest.get((tenant, digest))
                if found is not None:
                    keys = keys_of(connection, tenant, customer)
                    at = from_us(now_us)
                    store.archive(connection, keys, found.erasure_id, found.pseudonym, at)
                    deleted += store.remove(connection, keys)
                    store.recompute(connection, keys, now_us)
        for one in erasures:
            deleted += store.remove_spans(connection, one.spans)
        connection.commit()
        rollups.refresh_changed(connection)
        return _positive(deleted)

    def write_list(self, connection: Connection, file: Path) -> None:
        """Write the list of the erased to a file, for a restore. It names nobody."""
        rows: list[dict[str, Any]] = []
        erasures = store.all_(connection)
        ids = {one.erasure_id for one in erasures}
        if file.exists():  # of tenants that this database does not have
            old = json.loads(file.read_text(encoding="utf-8"))
            rows = [row for row in old if row["erasure_id"] not in ids]
        for one in erasures:
            row = asdict(one)
            row["digest"] = base64.b64encode(one.digest).decode()
            row["key"] = self._points.sealed_key(connection, one.tenant)
            rows.append(row)
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f"{file.name}.new")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(rows, default=_text, indent=1), encoding="utf-8")
        draft.replace(file)

    def read_list(self, connection: Connection, file: Path) -> list[Erasure]:
        """Read the list of the erased, and restore the keys of its hashes that are missing."""
        if not file.exists():
            return []
        found = []
        tenants = set(registry.tenants(connection))
        for row in json.loads(file.read_text(encoding="utf-8")):
            if row["tenant"] not in tenants:
                continue
            self._points.restore_key(connection, row["tenant"], row["key"])
            spans = tuple(
                DeviceSpan(s["device_id"], _time(s["begin"]), _time(s["end"])) for s in row["spans"]
            )
            found.append(
                Erasure(
                    row["erasure_id"],
                    row["tenant"],
                    base64.b64decode(row["digest"]),
                    row["pseudonym"],
                    row["reason"],
                    row["erased_by"],
                    _time(row["erased_at"]),
                    _time(row["physically_by"]),
                    row["proof"],
                    spans,
                )
            )
        return found

    def _unknown(self, connection: Connection, tenant: str, customer: str) -> NotFound:
        digest = self._points.keyed_hash(connection, tenant, customer)
        for one in store.all_(connection):
            if (one.tenant, one.digest) == (tenant, digest):
                return NotFound(
                    f"{customer!r} of tenant {tenant!r} was erased on {one.erased_at:%Y-%m-%d}"
                )
        return NotFound(f"there is no customer {customer!r} of tenant {tenant!r}")


def remove_late(connection: Connection, now_us: int) -> int:
    """Delete what came late into the times of the erased; return the rows. Commits.

    Ingest stores nothing of them; this is for a batch that it computed before the erasure.
    """
    deleted = Counter[str]()
    for one in store.all_(connection):
        if to_us(one.physically_by) > now_us:
            deleted += store.remove_spans(connection, one.spans)
    connection.commit()
    return deleted.total()


def keys_of(connection: Connection, tenant: str, customer: str, same: Sequence[str] = ()) -> Keys:
    """Gather by which keys a customer's rows are found, of this id. same : all ids of theirs."""
    contracts, assignments = whose.subjects_of(connection, tenant, customer)
    covering = {
        subject: [_span(holding, of) for of, holding in rows] for subject, rows in contracts.items()
    }
    spans = [
        DeviceSpan(device_id, from_us(one.from_us), _end(one.to_us))
        for device_id, rows in assignments.items()
        for one in holders([_span(row, row.subject) for row in rows], covering)
        if one.customer == customer
    ]
    return whose.keys_of(connection, tenant, customer, spans, same)


def _span(holding: Holding, value: str) -> Span:
    end_us = FOREVER_US if holding.valid_to is None else to_us(holding.valid_to)
    return Span(to_us(holding.valid_from), end_us, value)


def _end(us: int) -> datetime:
    return _END if us == FOREVER_US else from_us(us)


def _positive(rows: Mapping[str, int]) -> dict[str, int]:
    return {place: number for place, number in sorted(rows.items()) if number}


def _text(value: Any) -> str:
    return str(value.isoformat() if isinstance(value, datetime) else value)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
