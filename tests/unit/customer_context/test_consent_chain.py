"""The chain of the consent ledger: whatever is changed in it is found."""

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from customer_context.consent import chain

START = datetime(2026, 3, 1, 12, 0, 0, 1, UTC)


def rows_of(names: list[str]) -> list[dict[str, Any]]:
    """A chain of one tenant, one decision for each source."""
    rows: list[dict[str, Any]] = []
    previous = None
    for number, name in enumerate(names, start=1):
        row: dict[str, Any] = dict.fromkeys(chain.CONTENT)
        row |= {
            "tenant": "t", "customer": "c", "consent_id": 10 + number, "source": name,
            "purpose": "driving_score", "state": "granted", "legal_basis": "consent",
            "notice_version": "1", "decided_at": START + timedelta(days=number),
            "recorded_at": START + timedelta(days=number), "salt": bytes([number]), "seq": number,
        }  # fmt: skip
        _link(row, previous)
        previous = row["digest"]
        rows.append(row)
    return rows


def _link(row: dict[str, Any], previous: bytes | None) -> None:
    row["content_digest"] = chain.content_digest(row)
    row["digest"] = chain.link(row["tenant"], row["seq"], row["content_digest"], previous)


def kinds(rows: list[dict[str, Any]], heads: list[chain.Head]) -> set[str]:
    return {problem.kind for problem in chain.check(rows, heads).problems}


names = st.lists(st.text(min_size=1, max_size=8), min_size=2, max_size=6)


@given(names=names, data=st.data())
def test_what_was_done_to_a_chain_is_found(names: list[str], data: st.DataObject) -> None:
    rows = rows_of(names)
    head = chain.Head("t", len(rows), rows[-1]["digest"].hex())
    early = chain.Head("t", 1, rows[0]["digest"].hex())
    assert kinds(rows, [head, early]) == set()
    at = data.draw(st.integers(0, len(rows) - 1))

    changed = copy.deepcopy(rows)
    changed[at]["state"] = "withdrawn"
    assert kinds(changed, []) == {"changed"}

    assert kinds(rows[:at] + rows[at + 1 :], [head]) & {"removed", "cut"}
    assert kinds(rows[:at], [head]) == {"cut"}

    forged = rows_of([*names[:at], names[at] + "!", *names[at + 1 :]])
    assert kinds(forged, []) == set(), "a chain that was rewritten as a whole is a good chain"
    assert kinds(forged, [head, early]) == {"rewritten"}

    erased = copy.deepcopy(rows)
    erased[at] |= {"customer": None, "salt": None}
    found = chain.check(erased, [head])
    assert (found.erased, found.problems) == (1, [])
    erased[at]["salt"] = b"x"
    assert kinds(erased, []) == {"erased_in_part"}

    swapped = copy.deepcopy(rows)
    swapped[0]["source"], swapped[1]["source"] = swapped[1]["source"], swapped[0]["source"] + "x"
    for row in swapped[:2]:
        row["content_digest"] = chain.content_digest(row)
    assert "broken" in kinds(swapped, [])


def test_tenants_have_chains_of_their_own() -> None:
    one, other = rows_of(["a", "b"]), rows_of(["a"])
    for row in other:
        row["tenant"] = "u"
        _link(row, None)
    found = chain.check([*one, *other], [])
    assert found.problems == []
    assert {name: head.seq for name, head in found.heads.items()} == {"t": 2, "u": 1}
