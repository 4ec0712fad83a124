"""Contact points: record, end and show them, and find customers by a number or an address.

Values are sealed with the key of their customer, and found by a keyed hash (HMAC-SHA-256) of the
normalised value, with a key of each tenant.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from contracts import contact_points as rules
from contracts.contact_points import CALLED, PointKind
from runtime.errors import NotAllowed, NotFound
from runtime.secret_box import SecretBox, box_of
from runtime.settings import Settings
from services.customer_keys import CustomerKeys, own_key_id
from store.people import contact_points as store
from store.postgres.pool import Connection
from store.postgres.times import from_us
from store.secrets.columns import CONTACT_POINT, LOOKUP_KEY

_CLOCK_TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class ContactPoint:
    """A contact point in clear. shown : the value for people; link : tel: or mailto:, or None."""

    point_id: str
    customer: str
    kind: str
    value: str
    shown: str
    link: str | None
    preferred: bool
    verified_at: datetime | None
    valid_from: datetime
    valid_to: datetime | None
    source: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class NewPoint:
    """A contact point to record. valid_from : None = now."""

    tenant: str
    customer: str
    kind: str
    text: str
    preferred: bool = False
    verified_at: datetime | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None


class ContactPoints:
    """Contact points of one store.

    region : country (ISO 3166-1) of numbers without a country code. For one request or command: it
    keeps the keys of the hashes, which this transaction may have made.
    """

    def __init__(self, box: SecretBox, region: str) -> None:
        self._box = box
        self._own = CustomerKeys(box)
        self._region = region
        self._keys: dict[str, bytes] = {}

    # ── keyed hashes and sealing ─────────────────────────────────────────────────────────────────

    def _lookup(self, connection: Connection, tenant: str, compared: str) -> bytes:
        key = self._lookup_key(connection, tenant)
        return hmac.digest(key, compared.encode(), hashlib.sha256)

    def _lookup_key(self, connection: Connection, tenant: str) -> bytes:
        if tenant in self._keys:
            return self._keys[tenant]
        bound_to = LOOKUP_KEY.bound_to(tenant)
        sealed = store.lookup_key(connection, tenant)
        if sealed is None:
            sealed = self._box.seal(secrets.token_bytes(32).hex(), bound_to)
            store.add_lookup_key(connection, tenant, sealed)
            sealed = store.lookup_key(connection, tenant)
            assert sealed is not None, "it was inserted, here or by another process"
        self._keys[tenant] = bytes.fromhex(self._box.open(sealed, bound_to))
        return self._keys[tenant]

    def compared(self, text: str) -> str | None:
        """Return what a number or address is compared with; None for any other text."""
        return rules.searched(text, self._region)

    def keyed_hash(self, connection: Connection, tenant: str, text: str) -> bytes:
        """Return the hash of a text under the tenant's key, which is made if there is none."""
        return self._lookup(connection, tenant, text)

    def sealed_key(self, connection: Connection, tenant: str) -> str | None:
        """Return the tenant's key of hashes, sealed."""
        return store.lookup_key(connection, tenant)

    def restore_key(self, connection: Connection, tenant: str, sealed: str) -> None:
        """Store a tenant's sealed key of hashes where the database has none. The caller commits."""
        store.add_lookup_key(connection, tenant, sealed)

    def _open_all(
        self, connection: Connection, rows: Sequence[Mapping[str, Any]]
    ) -> list[ContactPoint]:
        self._own.load_for(connection, [row["value"] for row in rows])
        return [self._open(connection, row) for row in rows]

    def _open(self, connection: Connection, row: Mapping[str, Any]) -> ContactPoint:
        bound_to = CONTACT_POINT.bound_to(row["point_id"])
        if own_key_id(row["value"]) is None:  # of before customers had keys
            value = self._box.open(row["value"], bound_to)
        else:
            value = self._own.open(connection, row["value"], bound_to)
        return ContactPoint(
            row["point_id"],
            row["customer"],
            row["kind"],
            value,
            rules.shown(row["kind"], value),
            rules.link(row["kind"], value),
            row["preferred"],
            row["verified_at"],
            row["valid_from"],
            row["valid_to"],
            row["source"],
            row["recorded_at"],
        )

    # ── use cases ────────────────────────────────────────────────────────────────────────────────

    def of_customer(
        self, connection: Connection, tenant: str, customer: str, at: datetime | None = None
    ) -> list[ContactPoint]:
        """Return a customer's contact points, preferred first; at : only those valid then."""
        return self._open_all(connection, store.of_customer(connection, tenant, customer, at))

    def to_call(
        self, connection: Connection, tenant: str, customer: str, at: datetime
    ) -> list[ContactPoint]:
        """Return a customer's numbers valid at a time, the one to call first first."""
        found = [
            point
            for point in self._open_all(
                connection, store.of_customer(connection, tenant, customer, at)
            )
            if point.kind in CALLED
        ]
        return sorted(
            found,
            key=lambda point: (not point.preferred, CALLED.index(PointKind(point.kind))),
        )

    def find(self, connection: Connection, tenant: str, text: str, at: datetime) -> list[str]:
        """Return the customers who have this number or e-mail address at a time."""
        compared = rules.searched(text, self._region)
        if compared is None or store.lookup_key(connection, tenant) is None:
            return []
        lookup = self._lookup(connection, tenant, compared)
        return store.customers_with(connection, tenant, lookup, at)

    def digest(self, connection: Connection, tenant: str, text: str) -> bytes | None:
        """Return the keyed hash of a number or e-mail address; None where the text is none."""
        compared = rules.searched(text, self._region)
        return None if compared is None else self._lookup(connection, tenant, compared)

    def record(
        self,
        connection: Connection,
        new: NewPoint,
        source: str,
        now_us: int,
        *,
        again: bool = False,
    ) -> ContactPoint:
        """Record a contact point; return it.

        One of the same kind and value that has no end, or begins at the same time, is changed
        instead; again : nothing but its existence is said anew, so it stays as it is.
        Raises `rules.NotUsable`, and `registry.Refused` where there is no such customer.
        """
        now = from_us(now_us)
        if new.verified_at is not None and new.verified_at > now + _CLOCK_TOLERANCE:
            raise rules.NotUsable("verified_at is in the future; nobody has verified it yet")
        point = rules.parse(new.kind, new.text, self._region)
        lookup = self._lookup(connection, new.tenant, point.compared)
        before = store.same(
            connection, new.tenant, new.customer, point.kind, lookup, new.valid_from
        )
        if before is not None and not self._open(connection, before).value:
            before = None  # its key is gone: nobody can read it
        if before is not None and again:
            return self._open(connection, before)
        if before is not None:
            store.update(
                connection,
                new.tenant,
                before["point_id"],
                preferred=new.preferred,
                verified_at=new.verified_at or before["verified_at"],
                valid_to=new.valid_to,
            )
            return self.get(connection, new.tenant, new.customer, before["point_id"])
        point_id = secrets.token_hex(12)
        bound_to = CONTACT_POINT.bound_to(point_id)
        sealed = self._own.seal(connection, new.tenant, new.customer, point.value, bound_to, now_us)
        row = {
            "point_id": point_id,
            "tenant": new.tenant,
            "customer": new.customer,
            "kind": str(point.kind),
            "value": sealed,
            "lookup": lookup,
            "preferred": new.preferred,
            "verified_at": new.verified_at,
            "valid_from": new.valid_from or now,
            "valid_to": new.valid_to,
            "source": source,
            "recorded_at": now,
        }
        store.put(connection, [row])
        return self._open(connection, row)

    def get(
        self, connection: Connection, tenant: str, customer: str, point_id: str
    ) -> ContactPoint:
        """Return one contact point. Raises `NotFound`."""
        row = store.get(connection, tenant, customer, point_id)
        if row is None:
            raise NotFound(f"there is no contact point {point_id!r}")
        return self._open(connection, row)

    def verify(
        self, connection: Connection, tenant: str, customer: str, text: str, now_us: int
    ) -> None:
        """Record that a customer's number or address is theirs, where it is a contact point."""
        for point in self._equal_to(connection, tenant, customer, text, from_us(now_us)):
            if point.verified_at is None:
                store.update(
                    connection, tenant, point.point_id, preferred=point.preferred,
                    verified_at=from_us(now_us), valid_to=point.valid_to,
                )  # fmt: skip

    def is_doubted(
        self, connection: Connection, tenant: str, customer: str, text: str, at: datetime
    ) -> bool:
        """Return whether a number or address is a contact point that nobody has verified."""
        found = self._equal_to(connection, tenant, customer, text, at)
        return bool(found) and all(point.verified_at is None for point in found)

    def _equal_to(
        self, connection: Connection, tenant: str, customer: str, text: str, at: datetime
    ) -> list[ContactPoint]:
        wanted = self.compared(text)
        return [
            point
            for point in self.of_customer(connection, tenant, customer, at)
            if wanted is not None and self.compared(point.value) == wanted
        ]

    def end(
        self, connection: Connection, tenant: str, customer: str, point_id: str, now_us: int
    ) -> ContactPoint:
        """End a contact point now; return it. Raises `NotFound`, `NotAllowed` if it has ended."""
        point = self.get(connection, tenant, customer, point_id)
        now = from_us(now_us)
        if point.valid_to is not None and point.valid_to <= now:
            raise NotAllowed(f"contact point {point_id} has ended at {point.valid_to.isoformat()}")
        store.update(
            connection,
            tenant,
            point_id,
            preferred=False,
            verified_at=point.verified_at,
            valid_to=max(now, point.valid_from),
        )
        return self.get(connection, tenant, customer, point_id)


def contact_points_of(settings: Settings) -> ContactPoints:
    """Return the contact points of a process with these settings."""
    return ContactPoints(box_of(settings), settings.phone_region)
