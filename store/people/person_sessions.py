"""Sessions of the pages that people opened, and the proofs that open them (migration 0016).

What is stored carries a seal that only a process with the key of secrets can make; the caller makes
and checks it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from store.people.keys import digest
from store.people.persons import Account
from store.postgres import notify
from store.postgres.pool import Connection, scalar
from store.postgres.times import from_us

MOST_S = 12 * 3600.0
"""The longest session, from sign-in; the database refuses longer ones."""


@dataclass(frozen=True, slots=True)
class PersonSession:
    """A session. stated_role : the role that an OpenID provider stated, None = the person's."""

    account: Account
    stated_role: str | None
    csrf: str
    method: str
    seal: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Credential:
    """What a process needs to check a password. totp : sealed."""

    person_id: str
    salt: bytes
    parameters: str
    totp: str
    blocked_until: datetime | None


@dataclass(frozen=True, slots=True)
class NewCredential:
    """What is stored of a password and a second factor. step : of the code that proved it."""

    salt: bytes
    parameters: str
    verifier: bytes
    totp: str
    step: int
    recovery: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Link:
    """A one-time link that is valid now."""

    purpose: str
    person_id: str
    tenant_name: str
    name: str
    email: str | None


def open_session(
    connection: Connection,
    token: str,
    account: Account,
    *,
    stated_role: str | None,
    csrf: str,
    method: str,
    device: str,
    seal: str,
    now_us: int,
    expires_at: datetime,
) -> bool:
    """Open a session; return False where the person is disabled or the time too long."""
    return bool(
        scalar(
            connection,
            "select access.open_person_session(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                digest(token),
                account.person_id,
                stated_role,
                csrf,
                method,
                device,
                seal,
                from_us(now_us),
                expires_at,
            ),
        )
    )


def find_session(
    connection: Connection, token: str, now_us: int, idle_s: float, *, use: bool = True
) -> PersonSession | None:
    """Return the session of a token; None where it is unknown or over, or its person disabled.

    use : False = this is no use of it.
    """
    row = connection.execute(
        "select * from access.use_person_session(%s, %s, %s, %s)",
        (digest(token), from_us(now_us), timedelta(seconds=idle_s), use),
    ).fetchone()
    return None if row is None else PersonSession(Account(*row[:5]), *row[5:])


def close_session(connection: Connection, token: str) -> None:
    """End the session of this token."""
    connection.execute("select access.close_person_session(%s)", (digest(token),))


def sessions_beside(connection: Connection, token: str, now_us: int) -> list[dict[str, Any]]:
    """Return the open sessions of the person whose session has this token, the newest use first."""
    names = ("id", "method", "device", "created_at", "used_at", "current")
    rows = connection.execute(
        "select * from access.sessions_beside(%s, %s)", (digest(token), from_us(now_us))
    )
    return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


def close_beside(connection: Connection, token: str, only: str | None = None) -> None:
    """End all sessions of the person whose session has this token; only : the one with this id."""
    connection.execute("select access.close_sessions_beside(%s, %s)", (digest(token), only))


def credential(connection: Connection, email: str) -> Credential | None:
    """Return what the password of this address is checked with."""
    row = connection.execute("select * from access.credential_of(%s)", (email,)).fetchone()
    return None if row is None else Credential(row[0], bytes(row[1]), *row[2:])


def check_credential(
    connection: Connection,
    person_id: str,
    derived: bytes,
    step: int | None,
    code: str,
    now_us: int,
) -> bool:
    """Return True, once, where the password is right and the second factor is unused.

    derived : the hash of the password; step : of the one-time code, None where it is none;
    code : it might be a recovery code. A failure counts.
    """
    return bool(
        scalar(
            connection,
            "select access.check_credential(%s, %s, %s, %s, %s)",
            (person_id, derived, step, digest(code), from_us(now_us)),
        )
    )


def password_beside(connection: Connection, token: str) -> tuple[bytes, str] | None:
    """Return salt and parameters of the person whose session has this token; None = no password."""
    row = connection.execute(
        "select * from access.password_beside(%s)", (digest(token),)
    ).fetchone()
    return None if row is None else (bytes(row[0]), row[1])


def change_password(
    connection: Connection,
    token: str,
    derived: bytes,
    salt: bytes,
    parameters: str,
    verifier: bytes,
    now_us: int,
) -> bool:
    """Set a new password where `derived` is the old one; end the other sessions."""
    return bool(
        scalar(
            connection,
            "select access.change_password(%s, %s, %s, %s, %s, %s)",
            (digest(token), derived, salt, parameters, verifier, from_us(now_us)),
        )
    )


def set_credential(
    connection: Connection, token: str, new: NewCredential, now_us: int
) -> str | None:
    """Use an invitation: store password and second factor, end all sessions; return the person."""
    found = scalar(
        connection,
        "select access.set_credential(%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            digest(token),
            new.salt,
            new.parameters,
            new.verifier,
            new.totp,
            new.step,
            list(new.recovery),
            from_us(now_us),
        ),
    )
    return None if found is None else str(found)


def link(connection: Connection, token: str, now_us: int) -> Link | None:
    """Return a link without using it."""
    row = connection.execute(
        "select * from access.link_of(%s, %s)", (digest(token), from_us(now_us))
    ).fetchone()
    return None if row is None else Link(*row)


def redeem_link(connection: Connection, token: str, now_us: int) -> str | None:
    """Use a link to sign in; return the person, None where it is unknown, used or too old."""
    found = scalar(
        connection, "select access.redeem_link(%s, %s)", (digest(token), from_us(now_us))
    )
    return None if found is None else str(found)


def request_links(
    connection: Connection, email: str, base_url: str, now_us: int, ttl_s: float
) -> None:
    """Let links be sent to the customers with this address; say nothing of whether there are."""
    connection.execute(
        "select access.request_links(%s, %s, %s, %s)",
        (email, base_url, from_us(now_us), from_us(now_us + round(ttl_s * 1e6))),
    )
    notify.wake(connection, notify.LINK)


def identity(connection: Connection, issuer: str, subject: str) -> tuple[str, str] | None:
    """Return (person, seal) of a provider's account."""
    row = connection.execute(
        "select * from access.identity_of(%s, %s)", (issuer, subject)
    ).fetchone()
    return None if row is None else (row[0], row[1])


def person_to_link(connection: Connection, issuer: str, email: str) -> str | None:
    """Return the person of staff with this address who has no account of this provider yet."""
    found = scalar(connection, "select access.person_to_link(%s, %s)", (issuer, email))
    return None if found is None else str(found)


def identity_id(issuer: str, subject: str, person_id: str) -> str:
    """Return the id of the link between a provider's account and a person."""
    return digest(json.dumps([issuer, subject, person_id])).hex()


def link_identity(
    connection: Connection, issuer: str, subject: str, person_id: str, seal: str, now_us: int
) -> None:
    """Remember which person a provider's account is."""
    connection.execute(
        "select access.link_identity(%s, %s, %s, %s, %s, %s)",
        (
            identity_id(issuer, subject, person_id),
            issuer,
            subject,
            person_id,
            seal,
            from_us(now_us),
        ),
    )


def forget_expired(connection: Connection, now_us: int) -> None:
    """Remove expired sessions, links and mails."""
    connection.execute("select access.forget_expired_people(%s)", (from_us(now_us),))
