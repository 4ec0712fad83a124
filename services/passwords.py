"""Passwords and second factors: hashing by Argon2id, one-time codes by time (RFC 6238).

The database has the SHA-256 of the Argon2id hash and compares it itself, so that its salt and
parameters alone give nothing to compare with. Parameters: OWASP Password Storage Cheat Sheet,
Argon2id with 19 MiB, two passes, one lane.
"""

import hashlib
import secrets
import threading
from collections.abc import Sequence

import pyotp
from argon2.low_level import Type, hash_secret_raw

from runtime.clock import US_PER_S

PARAMETERS = "argon2id v=19 m=19456 t=2 p=1"
SALT_BYTES = 16
MIN_LENGTH, MAX_LENGTH = 12, 200
STEP_S = 30
WINDOW = 1
"""Steps before and after now whose codes count: a clock of a telephone may be wrong by so much."""
RECOVERY_CODES = 10

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without what looks alike: i, l, o, 0, 1."""
_AT_ONCE = threading.BoundedSemaphore(4)
"""Each hash takes 19 MiB while it is computed: sign-ins must not fill the memory."""


def derive(password: str, salt: bytes, parameters: str = PARAMETERS) -> bytes:
    """Return the Argon2id hash of a password, 32 bytes."""
    values = dict(part.split("=") for part in parameters.split()[1:])
    with _AT_ONCE:
        return hash_secret_raw(
            password.encode("utf-8", "surrogatepass"),
            salt,
            time_cost=int(values["t"]),
            memory_cost=int(values["m"]),
            parallelism=int(values["p"]),
            hash_len=32,
            type=Type.ID,
            version=int(values["v"]),
        )


def verifier(derived: bytes) -> bytes:
    """Return what the database stores of a derived password."""
    return hashlib.sha256(derived).digest()


def weakness(password: str, *known: str) -> str | None:
    """Return why a password is refused: too_short, too_long or guessable; None where it is not.

    known : name and address of the person, which others know too. Source: NIST SP 800-63B, 5.1.1.
    """
    if len(password) < MIN_LENGTH:
        return "too_short"
    if len(password) > MAX_LENGTH:
        return "too_long"
    low = password.casefold()
    parts = {part for text in known for part in text.casefold().replace("@", " ").split()}
    # The longest first: without "acme", "acme.example" would not be found any more.
    for part in sorted(parts, key=lambda part: (-len(part), part)):
        if len(part) >= 4:
            low = low.replace(part, "")
    return "guessable" if len(set(low)) < 5 else None


def new_totp_secret() -> str:
    """Return a random secret for one-time codes, in base32."""
    return pyotp.random_base32(32)


def is_totp_secret(text: str) -> bool:
    """Return whether a text is a secret as `new_totp_secret` makes them."""
    return len(text) == 32 and set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


def totp_uri(secret: str, account: str, issuer: str) -> str:
    """Return the otpauth:// URI that apps read from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def totp_step(secret: str, code: str, now_us: int) -> int | None:
    """Return the time step whose code this is; None where it is none of now."""
    digits = "".join(code.split())
    if len(digits) != 6 or not (digits.isascii() and digits.isdigit()):
        return None
    now = now_us // US_PER_S // STEP_S
    generator = pyotp.TOTP(secret, interval=STEP_S)
    found = None
    for step in range(now - WINDOW, now + WINDOW + 1):  # always all, in the same time
        if secrets.compare_digest(generator.generate_otp(step), digits):
            found = step
    return found


def new_recovery_codes() -> list[str]:
    """Return random codes, each of which replaces a one-time code once: 4 x 4 characters."""
    return [
        "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))
        for _ in range(RECOVERY_CODES)
    ]


def recovery_digests(codes: Sequence[str]) -> list[bytes]:
    """Return what the database stores of them."""
    return [hashlib.sha256(plain_recovery(code).encode()).digest() for code in codes]


def plain_recovery(code: str) -> str:
    """Return a recovery code as it is hashed: small letters, without spaces and hyphens."""
    return "".join(code.split()).replace("-", "").lower()
