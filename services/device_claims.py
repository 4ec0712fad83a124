"""Claims: a code with which a person, or a phone, gets a device's credentials once.

The code is 100 random bits. The store has its hash, and what it opens encrypted with a key that
only the code gives: neither the store nor the API can read a password that nobody has claimed.
"""

import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from runtime.errors import NotFound
from store.people import device_logins
from store.postgres.pool import Connection

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32, without I, L, O and U: who types O means 0, who types I or L means 1."""
_CHARACTERS = 20
_GROUP = 4
_NONCE_BYTES = 12
_READ_AS = str.maketrans("OIL", "011", " -\t\n")


@dataclass(frozen=True, slots=True)
class Claim:
    """A new claim. code : in groups of four, never stored."""

    code: str
    until_us: int


def create(
    connection: Connection,
    dialect: str,
    address: str,
    settings: dict[str, Any],
    now_us: int,
    valid_s: float,
) -> Claim:
    """Make a claim of these settings with their credentials. The caller commits."""
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_CHARACTERS))
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = nonce + AESGCM(_key(code)).encrypt(nonce, json.dumps(settings).encode(), None)
    until_us = now_us + round(valid_s * 1e6)
    device_logins.add_claim(connection, _hash(code), dialect, address, sealed, now_us, until_us)
    groups = (code[at : at + _GROUP] for at in range(0, _CHARACTERS, _GROUP))
    return Claim("-".join(groups), until_us)


def redeem(connection: Connection, code: str, now_us: int) -> dict[str, Any]:
    """Return the settings and credentials of a claim, and end it. The caller commits.

    Raises `NotFound` where the code is wrong or was redeemed, or its time is over.
    """
    plain = code.upper().translate(_READ_AS)
    sealed = None
    if len(plain) == _CHARACTERS and set(plain) <= set(_ALPHABET):
        sealed = device_logins.redeem_claim(connection, _hash(plain), now_us)
    if sealed is None:
        raise NotFound("there is no such claim: mistyped, redeemed already, or expired")
    opened = AESGCM(_key(plain)).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None)
    found: dict[str, Any] = json.loads(opened)
    return found


def _hash(code: str) -> bytes:
    return hashlib.sha256(b"find " + code.encode()).digest()


def _key(code: str) -> bytes:
    return hashlib.sha256(b"open " + code.encode()).digest()
