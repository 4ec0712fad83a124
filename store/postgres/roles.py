"""Database roles, and the tenant scope of a transaction (docs/roles.md, migration 0006)."""

from collections.abc import Collection

import psycopg
from psycopg.rows import TupleRow

from runtime.errors import Stop

WRITER = "tachowatt_writer"
"""Ingest: rows of all tenants, no names, messages and secrets, no DDL."""

CONTACTS = "tachowatt_contacts"
"""Contacts: what ingest may, and names, addresses, messages, cases and receivers' secrets."""

READER = "tachowatt_reader"
"""API and pages: rows of the transaction's tenants; samples and features only through views."""


class NotAMember(Stop):
    """The login may not assume a role; the message names the command to run."""


def assume(connection: psycopg.Connection[TupleRow], role: str) -> bool:
    """Assume a role for the session; return False, without a change, where the login may not."""
    found = connection.execute(
        "select set_config('role', rolname, false) from pg_catalog.pg_roles "
        "where rolname = %s and pg_has_role(rolname, 'member')",
        (role,),
    ).fetchone()
    return found is not None


def must_assume(connection: psycopg.Connection[TupleRow], role: str) -> None:
    """Assume a role for the session. Raises `NotAMember` where the login may not."""
    if assume(connection, role):
        return
    row = connection.execute(
        "select quote_ident(session_user), exists (select from pg_roles where rolname = %s)",
        (role,),
    ).fetchone()
    assert row is not None
    login, there = row
    if not there:
        raise NotAMember(f"the database has no role {role}: run `tachowatt db migrate` first")
    raise NotAMember(
        f"the login {login} may not act as {role}; let an administrator run: "
        f"grant {role} to {login}"
    )


API_LOGIN = "tachowatt_api"
"""Login of API and pages on the embedded server: a member of the reader and nothing else, so that
`reset role` makes nobody the owner of the tables."""


def ensure_api_login(connection: psycopg.Connection[TupleRow]) -> None:
    """Create the login of the API if missing; the caller commits. Needs an administrator."""
    found = connection.execute("select from pg_roles where rolname = %s", (API_LOGIN,)).fetchone()
    if found is None:
        connection.execute(f"create role {API_LOGIN} login".encode())
    connection.execute(f"grant {READER} to {API_LOGIN}".encode())


def set_tenant_scope(
    connection: psycopg.Connection[TupleRow],
    tenants: Collection[str],
    customer: str | None = None,
) -> None:
    """Set the scope of row-level security: rows of these tenants, and this customer's positions.

    The scope ends with the transaction; without one the reader sees no rows.
    """
    connection.execute(
        "select set_config('tachowatt.tenants', %s::text[]::text, true), "
        "set_config('tachowatt.customer', %s, true)",
        (list(tenants), customer or ""),
    )
