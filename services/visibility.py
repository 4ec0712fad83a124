"""What rests on a purpose is shown while the purpose is granted: one function for every reader.

Alerts, signals and driving events of a withdrawn purpose are left out. Cases and contacts stay in
their lists, because people have to finish them, with a neutral text in the place of what was
learnt. Customers always see their own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from contracts.kinds import ANOMALIES, CRASH, EVENTS, Text, purpose_of
from services import case_texts
from store.people import consent
from store.people.consent import InForce
from store.postgres.merged import same_as
from store.postgres.pool import Connection
from store.signals import outbox

Row = dict[str, Any]
_NOBODY = ""
"""A purpose that nobody can grant: what needs it is shown to its customer only."""

WITHDRAWN = "withdrawn"
"""Stands for a kind, type or playbook that is hidden."""
TYPED = "-"
"""The playbook of a case that a person opened."""
NEXT_ACTION = "next-best-action"
"""The playbook of a message that an outbound decision chose."""
CASE = Text("Vorgang zu einem widerrufenen Zweck", "case of a withdrawn purpose")
CONTACT = Text("Kontakt zu einem widerrufenen Zweck", "contact of a withdrawn purpose")


@dataclass(frozen=True, slots=True)
class _Rule:
    """How rows of one kind are treated.

    purposes : (row, type of its signal) → purposes that must all be granted.
    hidden : column → value in place of what was learnt; None = the row is left out.
    """

    purposes: Callable[[Mapping[str, Any], str | None], set[str]]
    hidden: Mapping[str, Any] | None = None


def _of_case(row: Mapping[str, Any], signal_type: str | None) -> set[str]:
    """The purpose of its playbook, and that of its signal's type; without both, nobody's.

    A case without signal and purpose rests on the contract: a person opened it, not data. So does
    the message of a bypassing action.
    """
    by_contract = row.get("signal_id") is None and row.get("playbook") in (TYPED, NEXT_ACTION)
    if row["purpose"] is None and by_contract:
        return set()
    found = {row["purpose"]} if row["purpose"] else set()
    if signal_type is not None:
        found.add(purpose_of(signal_type) or _NOBODY)
    return found or {_NOBODY}


def _of_alert(row: Mapping[str, Any], _: str | None) -> set[str]:
    facts = ANOMALIES.get(row["kind"])
    return {_NOBODY if facts is None else facts.purpose}


def _of_event(row: Mapping[str, Any], _: str | None) -> set[str]:
    facts = EVENTS.get(row["kind"])
    return {_NOBODY if facts is None else facts.purpose}


def _of_signal(row: Mapping[str, Any], _: str | None) -> set[str]:
    return {purpose_of(row["type"]) or _NOBODY}


def _of_interaction(row: Mapping[str, Any], _: str | None) -> set[str]:
    return {row["purpose"]} if row["purpose"] else set()


def _of_decision(row: Mapping[str, Any], _: str | None) -> set[str]:
    return {purpose_of(row["signal_type"]) or _NOBODY}


def _of_crash(_: Mapping[str, Any], __: str | None) -> set[str]:
    return {EVENTS[CRASH].purpose}


class Kind(Enum):
    """Kinds of rows that rest on a purpose."""

    CASE = _Rule(
        _of_case,
        {
            "title": CASE.titles(), "kind": WITHDRAWN, "playbook": WITHDRAWN, "purpose": None,
            "signal_id": None, "resolution": None, "outcome": None, "call_back_at": None,
            "before_outcome": None, "skill": "", "severity": 0,
        },
    )  # fmt: skip
    CONTACT = _Rule(
        _of_case,
        {
            "type": WITHDRAWN, "playbook": WITHDRAWN, "treatment": WITHDRAWN, "purpose": None,
            "subject": None, "body": None, "payload": None, "signal_id": None,
            "signal_revision": None, "alert_id": None, "reason": "", "decision_id": None,
            "action": None,
        },
    )  # fmt: skip
    ALERT = _Rule(_of_alert)
    SIGNAL = _Rule(_of_signal)
    EVENT = _Rule(_of_event)
    INTERACTION = _Rule(_of_interaction)
    """One without a purpose rests on the contract or the customer's own request."""
    DECISION = _Rule(_of_decision)
    TRIP = _Rule(_of_crash, {"crash": None})
    """Only its count of crashes: the trip itself rests on the score's purpose, which the query
    that found it has asked for."""
    LAST_TRIP = _Rule(_of_crash, {"last_crash": None})
    """The last trip of a vehicle in a list."""


_WITH_SIGNAL = (Kind.CASE, Kind.CONTACT)


def shown(
    connection: Connection,
    tenant: str,
    kind: Kind,
    rows: Sequence[Mapping[str, Any]],
    *,
    reader: str | None,
    customer: str | None = None,
    at: datetime | None = None,
) -> list[Row]:
    """Return rows of one kind as this reader may see them.

    reader : the customer who reads; None = anybody else. customer : whose rows they are, where the
    rows do not say it. at : None = now by the database's clock.
    """
    if kind is Kind.CASE:
        rows = case_texts.opened(connection, rows)
    owners = [customer if customer is not None else row["customer"] for row in rows]
    named = {owner for owner in owners if owner is not None and owner != reader}
    if reader is not None and named:
        own = same_as(connection, tenant, reader)
        owners = [reader if owner in own else owner for owner in owners]
    others = sorted({owner for owner in owners if owner is not None and owner != reader})
    asked = [(tenant, owner) for owner in others]
    found = consent.in_force(connection, asked, at) if asked else {}
    decided = {owner: decisions for (_, owner), decisions in found.items()}
    types: Mapping[str, str] = {}
    if kind in _WITH_SIGNAL:
        ids = {row["signal_id"] for row in rows if row["signal_id"] is not None}
        types = outbox.types(connection, tenant, ids) if ids else {}
    return as_seen(kind, rows, owners, decided, types, reader=reader)


def as_seen(
    kind: Kind,
    rows: Sequence[Mapping[str, Any]],
    owners: Sequence[str | None],
    decided: Mapping[str, Mapping[str, InForce]],
    types: Mapping[str, str],
    *,
    reader: str | None,
) -> list[Row]:
    """Return rows of one kind as this reader may see them. Pure.

    owners : whose the rows are. decided : customer → purpose → the decision in force. types :
    signal id → type. Every row has `withdrawn`: None, or, where something is hidden, since when
    (the recording of the withdrawal; the row's customer may never have decided: then the earliest
    time there is).
    """
    rule: _Rule = kind.value
    found: list[Row] = []
    for row, owner in zip(rows, owners, strict=True):
        signal_type = types.get(row["signal_id"]) if types else None
        if reader is not None and owner == reader:
            since = None
        else:
            since = _hidden_since(rule.purposes(row, signal_type), decided.get(owner or "", {}))
        if since is None:
            found.append({**row, "withdrawn": None})
        elif rule.hidden is not None:
            found.append({**row, **rule.hidden, "withdrawn": since})
    return found


def one(
    connection: Connection,
    tenant: str,
    kind: Kind,
    row: Mapping[str, Any],
    *,
    reader: str | None,
) -> Row | None:
    """Return one row as this reader may see it now; None where it is left out."""
    found = shown(connection, tenant, kind, [row], reader=reader)
    return found[0] if found else None


_ALWAYS = datetime.fromisoformat("0001-01-01T00:00:00+00:00")


def _hidden_since(purposes: set[str], decided: Mapping[str, InForce]) -> datetime | None:
    """Return since when one of the purposes is not granted; None where all are."""
    since: list[datetime] = []
    for purpose in purposes:
        decision = decided.get(purpose)
        if decision is None:
            since.append(_ALWAYS)
        elif decision.state != consent.GRANTED:
            since.append(decision.recorded_at)
    return min(since, default=None)


def diary(case: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Return the diary of a case that `shown` has returned, as its reader may see it.

    Of a hidden case changes of state and owner stay, and notes written after the withdrawal, whose
    authors did not see what is hidden. Earlier notes say what was learnt and are left out.
    """
    since = case["withdrawn"]
    return [
        dict(entry)
        for entry in entries
        if since is None
        or entry["kind"] in ("state", "owner")
        or (entry["kind"] == "note" and _ALWAYS < since < entry["at"])
    ]
