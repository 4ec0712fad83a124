"""Signed heads of the consent ledger, to be kept outside of the database, and their check.

A head names each tenant's last decision. Each names the head before by its SHA-256, so that a head
that was taken out of the file is missed as well.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.purposes import KeyUse
from customer_context.consent import chain
from customer_context.consent.chain import Head, Problem
from runtime.secret_box import SecretBox
from services import signing
from store.people import consent_chain
from store.postgres.pool import Connection

KIND = "consent-head+jws"
"""`typ` of a head (RFC 7515, 4.1.9)."""
Keys = Mapping[str, Mapping[str, Any]]


def sign(connection: Connection, box: SecretBox, previous: str | None, now_us: int) -> str:
    """Return the signed heads of all tenants; makes missing keys first, and commits.

    previous : the head before; None = this is the first.
    """
    signing.ensure_keys(connection, box, now_us)
    payload = {
        "iat": now_us // 1_000_000,
        "previous": None if previous is None else _digest(previous),
        "heads": [
            {"tenant": tenant, "seq": seq, "digest": digest.hex()}
            for tenant, seq, digest in consent_chain.heads(connection)
        ],
    }
    signed = signing.sign(connection, box, KeyUse.HEAD, KIND, payload)
    connection.commit()
    return signed


def public_keys(connection: Connection) -> dict[str, dict[str, Any]]:
    """Return key id → public JWK of the keys that sign heads."""
    return consent_chain.public_keys(connection, KeyUse.HEAD)


@dataclass(frozen=True, slots=True)
class Report:
    """Result of a check. heads : signed heads that were compared; last_us : time of the newest."""

    decisions: int
    erased: int
    tenants: int
    heads: int
    last_s: int | None
    problems: Sequence[Problem]

    @property
    def clean(self) -> bool:
        return not self.problems


def verify(
    connection: Connection, signed: Sequence[str], keys: Keys, tenant: str | None = None
) -> Report:
    """Check chains, signatures, and that each signed head is still what it says.

    signed : heads, oldest first. keys : the public keys that were kept with them. tenant : only
    this one; None = all.
    """
    problems: list[Problem] = []
    heads: list[Head] = []
    last_s, before = None, None
    for number, text in enumerate(signed, start=1):
        try:
            payload = signing.verify(text, KIND, keys)
            named = [Head(h["tenant"], int(h["seq"]), str(h["digest"])) for h in payload["heads"]]
            last_s, follows = int(payload["iat"]), payload["previous"]
        except (signing.BadSignature, KeyError, TypeError, ValueError) as error:
            problems.append(Problem("", number, "signature", f"head no. {number}: {error}"))
            before = text
            continue
        if before is not None and follows != _digest(before):
            detail = f"head no. {number} does not follow the one before"
            problems.append(Problem("", number, "head_removed", detail))
        heads += [head for head in named if tenant in (None, head.tenant)]
        before = text
    rows = consent_chain.rows(connection, chain.CONTENT, tenant)
    found = chain.check(rows, heads)
    return Report(
        found.rows,
        found.erased,
        len(found.heads),
        len(signed),
        last_s,
        [*problems, *found.problems],
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
