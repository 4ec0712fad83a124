"""The chain of the consent ledger: what is hashed, and what a check of it finds. Pure.

Each tenant's decisions have places 1, 2, 3 … A row's `content_digest` is the SHA-256 of its
canonical JSON (RFC 8785), with 16 random bytes, so that nobody can find an erased content by
trying. Its `digest` is the SHA-256 of the canonical JSON of content digest, the digest before,
place and tenant. The database writes both (migration 0030); this is the same, written once more.

A chain alone shows a changed and a removed row. Heads that were signed and kept outside of the
database show a cut tail and a chain that was rewritten as a whole.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

CONTENT = (
    "channel", "confirms", "consent_id", "customer", "data_category", "decided_at", "language",
    "legal_basis", "method", "notice_digest", "notice_version", "opt_in", "purpose", "recipient",
    "recorded_at", "salt", "source", "state", "tenant", "valid_from", "valid_to",
)  # fmt: skip
"""Columns of a decision that are hashed."""


@dataclass(frozen=True, slots=True)
class Head:
    """The last decision of a tenant's chain, as of `at`. digest : in hex."""

    tenant: str
    seq: int
    digest: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What a check has found.

    kind : changed (a row's content is not what was hashed), erased_in_part, removed (a place is
    empty), broken (a row does not follow the one before), cut (a head is beyond the end), rewritten
    (a head's row has another digest).
    """

    tenant: str
    seq: int
    kind: str
    detail: str


def canonical(value: Mapping[str, Any]) -> bytes:
    """Return canonical JSON of texts, whole numbers and None by names in ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def content_digest(row: Mapping[str, Any]) -> bytes:
    """Return the SHA-256 of a decision's content."""
    return hashlib.sha256(canonical({name: _plain(row[name]) for name in CONTENT})).digest()


def link(tenant: str, seq: int, content: bytes, previous: bytes | None) -> bytes:
    """Return the digest of a place in the chain. previous : None = it is the first."""
    before = None if previous is None else previous.hex()
    parts = {"content": content.hex(), "previous": before, "seq": seq, "tenant": tenant}
    return hashlib.sha256(canonical(parts)).digest()


@dataclass(slots=True)
class Checked:
    """Result of a check of all chains. heads : the last decision of each tenant."""

    rows: int
    erased: int
    heads: dict[str, Head]
    problems: list[Problem]


def check(rows: Iterable[Mapping[str, Any]], heads: Sequence[Head]) -> Checked:
    """Check chains, and the heads that are known of them.

    rows : with `CONTENT`, seq, content_digest and digest, by tenant and seq.
    """
    result = Checked(0, 0, {}, [])
    wanted: dict[tuple[str, int], set[str]] = {}
    for head in heads:
        wanted.setdefault((head.tenant, head.seq), set()).add(head.digest)
    tenant, place = "", 0
    previous: bytes | None = None
    for row in rows:
        if row["tenant"] != tenant:
            tenant, place, previous = row["tenant"], 0, None
        result.rows += 1
        seq = row["seq"]
        if seq != place + 1:
            result.problems.append(
                Problem(tenant, place + 1, "removed", f"the next decision is no. {seq}")
            )
        content = bytes(row["content_digest"])
        if row["customer"] is None and row["salt"] is None:
            result.erased += 1
        elif row["customer"] is None or row["salt"] is None:
            result.problems.append(Problem(tenant, seq, "erased_in_part", "no salt or no customer"))
        elif content_digest(row) != content:
            result.problems.append(
                Problem(tenant, seq, "changed", f"decision {row['consent_id']} was changed")
            )
        digest = bytes(row["digest"])
        if link(tenant, seq, content, previous) != digest:
            result.problems.append(
                Problem(tenant, seq, "broken", "it does not follow the decision before")
            )
        for known in wanted.pop((tenant, seq), set()):
            if known != digest.hex():
                result.problems.append(
                    Problem(tenant, seq, "rewritten", "a signed head has another digest")
                )
        place, previous = seq, digest
        result.heads[tenant] = Head(tenant, seq, digest.hex())
    for of, seq in sorted(wanted):
        last = result.heads.get(of)
        kind = "cut" if last is None or seq > last.seq else "removed"
        result.problems.append(
            Problem(of, seq, kind, f"a signed head says that there were {seq} decisions")
        )
    return result


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return value
