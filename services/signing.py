"""Signatures of ours: Ed25519 (RFC 8037) in compact JWS, by a key that the database has sealed."""

import json
from collections.abc import Mapping
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from contracts.purposes import KeyUse
from runtime.errors import NotFound
from runtime.secret_box import SecretBox
from store.people import consent_chain
from store.postgres.pool import Connection
from store.postgres.times import from_us

_ALGORITHM = "Ed25519"


class BadSignature(Exception):
    """A text is no JWS of ours: no such key, another content, another form."""


def ensure_keys(connection: Connection, box: SecretBox, now_us: int) -> None:
    """Make the keys that are missing, in the caller's transaction. Safe to run concurrently."""
    for use in KeyUse:
        if consent_chain.public_keys(connection, use):
            continue
        consent_chain.lock_keys(connection)
        if not consent_chain.public_keys(connection, use):
            _make_key(connection, box, now_us, use)


def _make_key(connection: Connection, box: SecretBox, now_us: int, use: KeyUse) -> None:
    key = OKPKey.generate_key("Ed25519", private=True)
    key_id = key.thumbprint()
    public = {**key.as_dict(private=False), "kid": key_id, "alg": _ALGORITHM, "use": "sig"}
    private = json.dumps(key.as_dict(private=True))
    consent_chain.add_key(connection, box, key_id, public, private, from_us(now_us), use)


def sign(
    connection: Connection, box: SecretBox, use: KeyUse, kind: str, payload: Mapping[str, Any]
) -> str:
    """Return a compact JWS. kind : its `typ`, so that one is never taken for another.

    Raises `NotFound` where no key was made yet.
    """
    found = consent_chain.signing_key(connection, box, use)
    if found is None:
        raise NotFound("there is no signing key yet: the service makes it within a minute")
    key_id, private = found
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    header = {"alg": _ALGORITHM, "kid": key_id, "typ": kind}
    return jws.serialize_compact(
        header, body.encode(), OKPKey.import_key(json.loads(private)), algorithms=[_ALGORITHM]
    )


def key_id_of(text: str) -> str:
    """Return the id of the key that has signed a compact JWS; checks nothing."""
    return str(jws.extract_compact(text.encode()).headers()["kid"])


def verify(text: str, kind: str, keys: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the payload of a compact JWS. keys : key id → public JWK. Raises `BadSignature`."""
    try:
        header = jws.extract_compact(text.encode()).headers()
        key = keys.get(str(header.get("kid")))
        if key is None:
            raise BadSignature(f"signed with the unknown key {header.get('kid')!r}")
        if header.get("typ") != kind:
            raise BadSignature(f"it is a {header.get('typ')!r}, not {kind!r}")
        found = jws.deserialize_compact(text, OKPKey.import_key(dict(key)), algorithms=[_ALGORITHM])
        payload = json.loads(found.payload)
    except (JoseError, ValueError, TypeError) as error:
        raise BadSignature(f"{type(error).__name__}: {error}") from error
    if not isinstance(payload, dict):
        raise BadSignature("its payload is no object")
    return payload
