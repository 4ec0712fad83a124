"""CloudEvents of the registry: what back offices send, and what has changed for other systems.

In: type `customer.put`, `contract.put`, `vehicle.put`, `meter.put` or `assignment.put`, and of a
billing system `tariff.put` or `bill.put`; `data` is the row as in POST /v1/customers and so on;
the extension attribute `tenant` says whose it is.
`source` and `id` identify the event: a repeat is ignored.
Out: type `customer.updated`, `contract.created`, `merge.updated` …; `data` is the object as it is
now, null where it is gone. `id` is the same however often the event is sent. A webhook may send a
snapshot: `snapshot.started`, `customer.current` … for each object, `snapshot.finished`.
Source: CloudEvents 1.0.2, JSON format, structured mode.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from contracts.topics import NAME

KINDS: Mapping[str, str] = {
    "customer.put": "customers",
    "contract.put": "contracts",
    "vehicle.put": "vehicles",
    "meter.put": "meters",
    "assignment.put": "assignments",
    "tariff.put": "tariffs",
    "bill.put": "bills",
}
"""Type of an event → the kind of its row."""
BILLING = frozenset({"tariffs", "bills"})
"""Kinds of a billing system's rows."""

_MOST_TEXT = 300


class Unreadable(ValueError):
    """The bytes are no such event; the message says why. tenant, source, id : as far as read."""

    def __init__(
        self, why: str, tenant: str | None = None, source: str | None = None, id: str | None = None
    ) -> None:
        super().__init__(why)
        self.tenant, self.source, self.id = tenant, source, id


@dataclass(frozen=True, slots=True)
class RegistryEvent:
    """A row of a back office. kind : of `KINDS`."""

    tenant: str
    source: str
    id: str
    type: str
    kind: str
    data: Any


def read(value: bytes | None) -> RegistryEvent:
    """Read a CloudEvent. Raises `Unreadable`."""
    try:
        found = json.loads(value or b"")
    except (ValueError, RecursionError):
        raise Unreadable("it is no JSON") from None
    if not isinstance(found, dict):
        raise Unreadable("it is no JSON object")
    tenant, source, id_ = (_text(found, name) for name in ("tenant", "source", "id"))
    if tenant is not None and not NAME.match(tenant):
        tenant = None
    if source is None or id_ is None or tenant is None:
        missing = next(
            name
            for name, one in (("source", source), ("id", id_), ("tenant", tenant))
            if one is None
        )
        why = f"{missing}: expected a text of 1 to {_MOST_TEXT} characters"
        raise Unreadable(why, tenant, source, id_)
    if found.get("specversion") != "1.0":
        raise Unreadable("specversion: expected 1.0", tenant, source, id_)
    type_ = _text(found, "type") or ""
    if type_ not in KINDS:
        raise Unreadable(f"type: expected one of {', '.join(KINDS)}", tenant, source, id_)
    return RegistryEvent(tenant, source, id_, type_, KINDS[type_], found.get("data"))


def _text(found: Mapping[str, Any], name: str) -> str | None:
    value = found.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _MOST_TEXT or "\x00" in value:
        return None
    try:
        value.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return None
    return value


def changed(
    tenant: str, id_: str, kind: str, operation: str, object_id: str, at: datetime, data: Any
) -> bytes:
    """Return a change of the registry as a CloudEvent.

    operation : created, updated or deleted; in a snapshot `current`, and of the kind `snapshot`
    started or finished, with the number of the snapshot as object.
    """
    event = {
        "specversion": "1.0",
        "id": id_,
        "source": quote(f"/{tenant}/registry", safe="/:@~!$&'()*+,;="),
        "type": f"{kind}.{operation}",
        "subject": object_id,
        "time": at.isoformat(),
        "datacontenttype": "application/json",
        "tenant": tenant,
        "data": data,
    }
    return json.dumps(event, ensure_ascii=False, default=_plain).encode()


def _plain(value: Any) -> str:
    return str(value.isoformat())
