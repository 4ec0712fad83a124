"""The chain of the consent ledger, as it is stored, and the keys that sign its heads."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from contracts.purposes import KeyUse
from runtime.secret_box import SecretBox
from store.postgres.pool import Connection
from store.secrets.columns import SIGNING_KEY

_LOCK = 7_261_030
"""Any fixed number: one process at a time makes a key."""


def rows(
    connection: Connection, columns: Sequence[str], tenant: str | None = None
) -> Iterator[dict[str, Any]]:
    """Yield all decisions by tenant and place, without holding all in memory."""
    names = ", ".join((*columns, "seq", "content_digest", "digest"))
    with connection.cursor("consent_chain", row_factory=dict_row) as cursor:
        cursor.execute(
            f"select {names} from customers.consent "
            "where %(tenant)s::text is null or tenant = %(tenant)s order by tenant, seq".encode(),
            {"tenant": tenant},
        )
        yield from cursor


def heads(connection: Connection) -> list[tuple[str, int, bytes]]:
    """Return tenant, place and digest of each tenant's last decision."""
    return [
        (tenant, seq, bytes(digest))
        for tenant, seq, digest in connection.execute(
            "select t.tenant, c.seq, c.digest from customers.tenant t cross join lateral ("
            "select seq, digest from customers.consent c where c.tenant = t.tenant "
            "order by seq desc limit 1) c order by t.tenant"
        )
    ]


def public_keys(connection: Connection, use: str | None = None) -> dict[str, dict[str, Any]]:
    """Return key id → public JWK of all keys, retired ones too. use : None = of all uses."""
    return dict(
        connection.execute(
            "select key_id, public_key from access.signing_key "
            "where %(use)s::text is null or use = %(use)s order by created_at",
            {"use": use},
        )
    )


def receipt_public_keys(connection: Connection) -> dict[str, dict[str, Any]]:
    """Return key id → public JWK of receipts; the API may ask this."""
    return dict(connection.execute("select * from access.receipt_public_keys()"))


def signing_key(connection: Connection, box: SecretBox, use: str) -> tuple[str, str] | None:
    """Return id and private JWK (JSON text) of the key that signs; None = there is none.

    use : of `contracts.purposes.KeyUse`; the API may ask for that of receipts. Raises `SecretError`
    where it cannot be opened.
    """
    if use == KeyUse.RECEIPT:
        row = connection.execute("select * from access.receipt_key()").fetchone()
    else:
        row = connection.execute(
            "select key_id, secret from access.signing_key where retired_at is null and use = %s "
            "order by created_at desc, key_id limit 1",
            (use,),
        ).fetchone()
    return None if row is None else (row[0], box.open(row[1], SIGNING_KEY.bound_to(row[0])))


def lock_keys(connection: Connection) -> None:
    """Wait until no other transaction makes a key; holds until the caller's ends."""
    connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))


def add_key(
    connection: Connection,
    box: SecretBox,
    key_id: str,
    public: dict[str, Any],
    private: str,
    at: datetime,
    use: str,
) -> None:
    """Store a key, its private part sealed."""
    connection.execute(
        "insert into access.signing_key (key_id, public_key, secret, created_at, use) "
        "values (%s, %s, %s, %s, %s)",
        (key_id, Jsonb(public), box.seal(private, SIGNING_KEY.bound_to(key_id)), at, use),
    )
