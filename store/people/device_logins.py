"""Which devices have credentials at the broker, and claims for them. No password is stored."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from store.postgres.pool import Connection, scalar
from store.postgres.times import from_us


@dataclass(frozen=True, slots=True)
class DeviceLogin:
    """A device: registered, or with credentials, or both.

    tenant, device, kind : None = it is not registered. issued_at : None = it has never had
    credentials. claim_until : until when its claim can be redeemed; None = it has none.
    """

    dialect: str
    address: str
    tenant: str | None
    device: str | None
    kind: str | None
    issued_at: datetime | None
    rotated_at: datetime | None
    revoked_at: datetime | None
    claimed_at: datetime | None
    claim_until: datetime | None

    @property
    def holds(self) -> bool:
        """Whether it has credentials now."""
        return self.issued_at is not None and self.revoked_at is None


_ALL = (
    "select coalesce(d.dialect, l.dialect), coalesce(d.address, l.address), d.tenant, d.device, "
    "d.kind, l.issued_at, l.rotated_at, l.revoked_at, l.claimed_at, c.expires_at "
    "from customers.device d full join access.device_login l "
    "on (l.dialect, l.address) = (d.dialect, d.address) "
    "left join access.device_claim c on (c.dialect, c.address) = (l.dialect, l.address)"
)


def device_logins(connection: Connection, tenant: str | None = None) -> list[DeviceLogin]:
    """Return all devices, registered or with credentials; with `tenant` its registered ones."""
    rows = connection.execute(
        f"{_ALL} where %(tenant)s::text is null or d.tenant = %(tenant)s order by 3, 1, 2",
        {"tenant": tenant},
    )
    return [DeviceLogin(*row) for row in rows]


def device_login(connection: Connection, dialect: str, address: str) -> DeviceLogin:
    """Return one device, known or not."""
    row = connection.execute(
        f"{_ALL} where coalesce(d.dialect, l.dialect) = %s and coalesce(d.address, l.address) = %s",
        (dialect, address),
    ).fetchone()
    if row is None:
        return DeviceLogin(dialect, address, None, None, None, None, None, None, None, None)
    return DeviceLogin(*row)


def issued(connection: Connection, devices: Iterable[tuple[str, str]], now_us: int) -> None:
    """Record new credentials of (dialect, address), or a new password where they hold already.

    An open claim ends: what it has is the old password.
    """
    with connection.cursor() as cursor:
        for dialect, address in devices:
            cursor.execute(
                "insert into access.device_login as l (dialect, address, issued_at) "
                "values (%(d)s, %(a)s, %(now)s) on conflict (dialect, address) do update set "
                "issued_at = case when l.revoked_at is null then l.issued_at else %(now)s end, "
                "rotated_at = case when l.revoked_at is null then %(now)s end, "
                "revoked_at = null, claimed_at = null",
                {"d": dialect, "a": address, "now": from_us(now_us)},
            )
            _end_claim(connection, dialect, address)


def revoked(connection: Connection, dialect: str, address: str, now_us: int) -> None:
    """Record that the credentials of a device are revoked, and end its claim."""
    connection.execute(
        "update access.device_login set revoked_at = %s "
        "where dialect = %s and address = %s and revoked_at is null",
        (from_us(now_us), dialect, address),
    )
    _end_claim(connection, dialect, address)


def add_claim(
    connection: Connection,
    code_hash: bytes,
    dialect: str,
    address: str,
    sealed: bytes,
    now_us: int,
    until_us: int,
) -> None:
    """Store a claim; the device must have credentials."""
    connection.execute(
        "insert into access.device_claim "
        "(code_hash, dialect, address, sealed, created_at, expires_at) "
        "values (%s, %s, %s, %s, %s, %s)",
        (code_hash, dialect, address, sealed, from_us(now_us), from_us(until_us)),
    )


def redeem_claim(connection: Connection, code_hash: bytes, now_us: int) -> bytes | None:
    """Take what a claim has; None where there is none, or it has expired or been redeemed."""
    sealed = scalar(connection, "select access.redeem_claim(%s, %s)", (code_hash, from_us(now_us)))
    return None if sealed is None else bytes(sealed)


def _end_claim(connection: Connection, dialect: str, address: str) -> None:
    connection.execute(
        "delete from access.device_claim where dialect = %s and address = %s", (dialect, address)
    )
