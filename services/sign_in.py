"""Sign in: by password and second factor, by one-time link, by an OpenID provider, in the demo.

Each way ends in `open_session`. A session and the link between a provider's account and a person
have a seal that needs the key of secrets: who can only write to the database as the API makes none.
"""

import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta

from runtime.secret_box import SecretBox, SecretError
from services import passwords
from store.people import person_sessions, persons
from store.people.keys import digest
from store.people.person_sessions import NewCredential, PersonSession
from store.people.persons import Account
from store.postgres.pool import Connection
from store.postgres.times import from_us
from store.secrets.columns import IDENTITY_SEAL, TOTP_SECRET

LINK_S = 15 * 60.0
"""How long a link to sign in is valid."""
INVITATION_S = 7 * 24 * 3600.0
PREFIX = "p."
"""Begins the tokens of people's sessions; those of keys have none."""

_NO_SALT = bytes(passwords.SALT_BYTES)


@dataclass(frozen=True, slots=True)
class Opened:
    """A new session: its token, for the cookie, and how long it lasts."""

    token: str
    account: Account
    ttl_s: float


def open_session(
    connection: Connection,
    box: SecretBox,
    account: Account,
    method: str,
    device: str,
    now_us: int,
    stated_role: str | None = None,
) -> Opened | None:
    """Open a session; None where the person was disabled meanwhile.

    method : password, link, provider or demo; device : what the browser says it is.
    Raises `SecretError` where the process has no key of secrets.
    """
    token, csrf = PREFIX + secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    until = from_us(now_us) + timedelta(seconds=person_sessions.MOST_S)
    seal = box.seal("", _sealed_session(token, account.person_id, stated_role, method))
    opened = person_sessions.open_session(
        connection,
        token,
        account,
        stated_role=stated_role,
        csrf=csrf,
        method=method,
        device=device[:80],
        seal=seal,
        now_us=now_us,
        expires_at=until,
    )
    return Opened(token, account, person_sessions.MOST_S) if opened else None


def find_session(
    connection: Connection, box: SecretBox, token: str, now_us: int, idle_s: float, *, use: bool
) -> PersonSession | None:
    """Return the session of a token; None where it is over or its seal is not ours."""
    found = person_sessions.find_session(connection, token, now_us, idle_s, use=use)
    if found is None:
        return None
    bound_to = _sealed_session(token, found.account.person_id, found.stated_role, found.method)
    return found if _ours(box, found.seal, bound_to) else None


def by_password(
    connect: Callable[[], AbstractContextManager[Connection]],
    box: SecretBox,
    email: str,
    password: str,
    code: str,
    now_us: int,
) -> Account | None:
    """Return the person with this password and second factor; None whatever is wrong.

    It takes as long for an address that nobody has. connect : lends a connection; none is kept
    while a password is hashed, so that many sign-ins at once take none from others.
    """
    with connect() as connection:
        found = person_sessions.credential(connection, email.strip())
    if found is None:
        passwords.derive(password[: passwords.MAX_LENGTH], _NO_SALT)
        return None
    derived = passwords.derive(password[: passwords.MAX_LENGTH], found.salt, found.parameters)
    secret = box.open(found.totp, TOTP_SECRET.bound_to(found.person_id))
    step = passwords.totp_step(secret, code, now_us)
    with connect() as connection:
        right = person_sessions.check_credential(
            connection,
            found.person_id,
            derived,
            step,
            passwords.plain_recovery(code),
            now_us,
        )
        return persons.account(connection, found.person_id) if right else None


def by_link(connection: Connection, token: str, now_us: int) -> Account | None:
    """Use a link; return its person, None where it is unknown, used or too old."""
    person_id = person_sessions.redeem_link(connection, token, now_us)
    return None if person_id is None else persons.account(connection, person_id)


def by_identity(
    connection: Connection,
    box: SecretBox,
    issuer: str,
    subject: str,
    verified_email: str | None,
    now_us: int,
) -> Account | None:
    """Return the person of a provider's account; None where it is nobody's.

    An account that is not known yet becomes that of the person of staff with its verified address.
    """
    known = person_sessions.identity(connection, issuer, subject)
    if known is not None:
        person_id, seal = known
        if not _ours(box, seal, _identity_seal(issuer, subject, person_id)):
            return None
        return persons.account(connection, person_id)
    if verified_email is None:
        return None
    found = person_sessions.person_to_link(connection, issuer, verified_email)
    if found is None:
        return None
    seal = box.seal("", _identity_seal(issuer, subject, found))
    person_sessions.link_identity(connection, issuer, subject, found, seal, now_us)
    return persons.account(connection, found)


def set_up(
    connection: Connection,
    box: SecretBox,
    token: str,
    person_id: str,
    password: str,
    totp_secret: str,
    code: str,
    now_us: int,
) -> list[str] | None:
    """Use an invitation; return the recovery codes, None where code or invitation are not valid."""
    step = passwords.totp_step(totp_secret, code, now_us)
    if step is None:
        return None
    salt, codes = secrets.token_bytes(passwords.SALT_BYTES), passwords.new_recovery_codes()
    new = NewCredential(
        salt,
        passwords.PARAMETERS,
        passwords.verifier(passwords.derive(password, salt)),
        box.seal(totp_secret, TOTP_SECRET.bound_to(person_id)),
        step,
        passwords.recovery_digests(codes),
    )
    return codes if person_sessions.set_credential(connection, token, new, now_us) else None


def change_password(connection: Connection, token: str, old: str, new: str, now_us: int) -> bool:
    """Set a new password for the person whose session has this token, and end the other sessions.

    Return False where the old one is wrong, or too many were.
    """
    kept = person_sessions.password_beside(connection, token)
    if kept is None:
        return False
    salt = secrets.token_bytes(passwords.SALT_BYTES)
    return person_sessions.change_password(
        connection,
        token,
        passwords.derive(old[: passwords.MAX_LENGTH], *kept),
        salt,
        passwords.PARAMETERS,
        passwords.verifier(passwords.derive(new, salt)),
        now_us,
    )


def _sealed_session(token: str, person_id: str, stated_role: str | None, method: str) -> str:
    return f"session {digest(token).hex()} {person_id} {stated_role or '-'} {method}"


def _identity_seal(issuer: str, subject: str, person_id: str) -> str:
    return IDENTITY_SEAL.bound_to(person_sessions.identity_id(issuer, subject, person_id))


def _ours(box: SecretBox, seal: str, bound_to: str) -> bool:
    try:
        return box.open(seal, bound_to) == ""
    except SecretError:
        return False
