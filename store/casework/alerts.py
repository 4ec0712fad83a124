"""Alerts: anomalies that a utility works on, and the stream of their changes.

The columns `_FROM_SIGNALS` follow the newest revisions of an alert's two signals (raised and
cleared), in any order of arrival; signals never change what people wrote (state, resolution,
feedback). `evidence` is written beside them (services.alert_evidence). Every writer takes the same
lock first, so the order of `sequence` is the order of commits: a reader that has read up to a
number has missed none below it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from contracts.kinds import SignalType
from contracts.signals import signal_id
from runtime.errors import NotFound
from store.postgres import notify, rows
from store.postgres.merged import only
from store.postgres.pool import Connection, scalar
from store.postgres.times import from_us, to_us

_CHANGES_LOCK = 7_261_007
RAISED, CLEARED = str(SignalType.ANOMALY_RAISED), str(SignalType.ANOMALY_CLEARED)
_FROM_SIGNALS = (
    "kind", "severity", "subject", "customer", "happened_at", "ended_at", "detected_at",
    "known_at", "known_until", "observed", "expected", "threshold", "unit", "revision", "cleared",
    "retracted",
)  # fmt: skip


def episode(signal: Mapping[str, Any]) -> tuple[str, str]:
    """Return the ids of an anomaly's raised and cleared signals; the first is the alert's id.

    signal : one of the two, with `tenant`, `device` (its name) and `data`.
    """
    data = signal["data"]
    text = f"{data['kind']} {to_us(datetime.fromisoformat(data['started_at']))}"
    ids = {
        type_: signal_id(signal["tenant"], signal["device"], type_, text)
        for type_ in (RAISED, CLEARED)
    }
    ids[signal["type"]] = signal["id"]
    return ids[RAISED], ids[CLEARED]


def apply_signals(
    connection: Connection,
    signals: Sequence[Mapping[str, Any]],
    customers: Mapping[str, str | None],
    now_us: int,
) -> list[str]:
    """Update the alerts of these meter.anomaly.* signals, in the caller's transaction.

    signals : rows of `store.signals.signal_queue.claim`; customers : signal id → customer id.
    Returns the ids of alerts that have changed: their evidence is due.
    """
    if not signals:
        return []
    _lock(connection)
    episodes = {episode(signal): signal for signal in signals}
    ids = [id_ for pair in episodes for id_ in pair]
    newest = {
        row["id"]: row
        for row in rows.all_(
            connection,
            "select distinct on (id) id, type, revision, time, data, "
            "min(created_at) over (partition by id) as first_at "
            "from pipeline.signal where id = any(%s) order by id, revision desc",
            (ids,),
        )
    }
    changed = []
    for (raised_id, cleared_id), signal in episodes.items():
        found = _findings(newest.get(raised_id), newest.get(cleared_id))
        found |= {"subject": signal["subject"], "customer": customers.get(signal["id"])}
        if _store(connection, signal["tenant"], raised_id, found, now_us):
            changed.append(raised_id)
    return changed


def _findings(
    raised: Mapping[str, Any] | None, cleared: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Combine the two signals of an anomaly; the cleared one has its final figures."""
    over = cleared is not None and not cleared["data"]["retracted"]
    newest = cleared if over or raised is None else raised
    assert newest is not None
    data, first = newest["data"], raised or newest
    return {
        "kind": data["kind"],
        "severity": data["severity"],
        "happened_at": datetime.fromisoformat(data["started_at"]),
        "ended_at": datetime.fromisoformat(data["ended_at"]) if over and data["ended_at"] else None,
        "detected_at": first["first_at"],
        "known_at": first["time"],
        "known_until": newest["time"],
        "observed": data["observed"],
        "expected": data["expected"],
        "threshold": data["threshold"],
        "unit": data["unit"],
        "revision": max(signal["revision"] for signal in (raised, cleared) if signal is not None),
        "cleared": over,
        "retracted": bool(first["data"]["retracted"]),
    }


def _store(
    connection: Connection, tenant: str, alert_id: str, found: dict[str, Any], now_us: int
) -> bool:
    """Store what signals say of an alert; return whether that is new."""
    due = None if found["retracted"] else from_us(now_us)
    before = rows.one(
        connection,
        "select * from contacts.alert where alert_id = %s for no key update",
        (alert_id,),
    )
    if before is None:
        columns = ("alert_id", "tenant", "updated_at", "evidence_due_at", *_FROM_SIGNALS)
        connection.execute(
            f"insert into contacts.alert ({', '.join(columns)}) "
            f"values ({', '.join(['%s'] * len(columns))})".encode(),
            [alert_id, tenant, from_us(now_us), due, *(found[name] for name in _FROM_SIGNALS)],
        )
        _changed(connection, tenant, alert_id, "raised", now_us)
        return True
    different = [name for name in _FROM_SIGNALS if before[name] != found[name]]
    if not different:
        return False
    what = "corrected"
    for flag in ("retracted", "cleared"):
        if flag in different and found[flag]:
            what = flag
            break
    sets = {name: found[name] for name in different} | {"evidence_due_at": due}
    _update(connection, before, sets, what, now_us)
    return True


def of_ids(connection: Connection, alert_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return these alerts, in the order of their ids."""
    return rows.all_(
        connection,
        "select * from contacts.alert where alert_id = any(%s) order by alert_id",
        (list(alert_ids),),
    )


def evidence_due(connection: Connection, now: datetime, limit: int) -> list[dict[str, Any]]:
    """Lock and return alerts whose evidence is to be computed, those that wait longest first.

    Takes the lock of writers only where there are any.
    """
    waits = (
        "from contacts.alert where evidence_due_at <= %s order by evidence_due_at, alert_id "
        "limit %s"
    )
    if not rows.all_(connection, f"select alert_id {waits}", (now, 1)):
        return []
    _lock(connection)
    return rows.all_(connection, f"select * {waits} for no key update", (now, limit))


def write_evidence(
    connection: Connection,
    alert: Mapping[str, Any],
    evidence: Mapping[str, Any] | None,
    due_at: datetime | None,
    now_us: int,
    *,
    as_change: bool,
) -> None:
    """Store the evidence of a locked alert, and when it is to be computed next (None = not again).

    as_change : it is a change of the alert of its own, where it is another than before.
    """
    sets = {"evidence": None if evidence is None else Jsonb(evidence), "evidence_due_at": due_at}
    if as_change and alert["evidence"] != evidence:
        _update(connection, dict(alert), sets, "evidence", now_us)
        return
    connection.execute(
        "update contacts.alert set evidence = %s, evidence_due_at = %s where alert_id = %s",
        [*sets.values(), alert["alert_id"]],
    )


def link_case(connection: Connection, alert_id: str, case_id: str, now_us: int) -> None:
    """Record the case that was opened for an alert, unless the alert has one."""
    _lock(connection)
    before = rows.one(connection, "select * from contacts.alert where alert_id = %s", (alert_id,))
    if before is not None and before["case_id"] is None:
        _update(connection, before, {"case_id": case_id}, "case", now_us)


def list_(
    connection: Connection,
    tenant: str,
    *,
    state: str | None = None,
    kind: str | None = None,
    subject: str | None = None,
    customer: str | None = None,
    after: tuple[datetime, str] | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Return alerts, newest first, also retracted ones (`retracted` is true).

    after : (happened_at, alert_id) of the previous page's last row.
    """
    where = rows.Conditions("tenant = %s", tenant)
    where.add("state = %s", state).add("kind = %s", kind)
    where.add("subject = %s", subject)
    only(where, "customer", connection, tenant, customer)
    where.add("(happened_at, alert_id) < (%s, %s)", *(after or (None, None)))
    return rows.all_(
        connection,
        f"select * from contacts.alert where {where.sql} "
        "order by happened_at desc, alert_id desc limit %s",
        [*where.values, limit],
    )


def get(connection: Connection, tenant: str, alert_id: str) -> dict[str, Any] | None:
    """Return one alert."""
    return rows.one(
        connection,
        "select * from contacts.alert where tenant = %s and alert_id = %s",
        (tenant, alert_id),
    )


def ended(connection: Connection, alert_ids: Sequence[str]) -> set[str]:
    """Return those of these alerts whose anomaly is over."""
    if not alert_ids:
        return set()
    found = connection.execute(
        "select alert_id from contacts.alert where alert_id = any(%s) and cleared",
        (list(alert_ids),),
    )
    return {alert_id for (alert_id,) in found.fetchall()}


def lock(connection: Connection, tenant: str, alert_id: str) -> dict[str, Any]:
    """Read an alert for a change, in the caller's transaction. Raises `NotFound`."""
    _lock(connection)
    found = get(connection, tenant, alert_id)
    if found is None:
        raise NotFound(f"there is no alert {alert_id!r}")
    return found


def write(
    connection: Connection,
    alert: dict[str, Any],
    fields: dict[str, Any],
    what: str,
    now_us: int,
) -> dict[str, Any]:
    """Write changed columns of a locked alert, and the change; return the alert."""
    return _update(connection, alert, fields, what, now_us)


def changes(
    connection: Connection, tenant: str, after_sequence: int, limit: int = 100
) -> list[dict[str, Any]]:
    """Return changes after a sequence, oldest first: `sequence`, `what` and the current alert."""
    found = rows.all_(
        connection,
        "select c.sequence, c.what, a.* from contacts.alert_change c "
        "join contacts.alert a using (alert_id) "
        "where c.tenant = %s and c.sequence > %s order by c.sequence limit %s",
        (tenant, after_sequence, limit),
    )
    return [
        {
            "sequence": row.pop("sequence"),
            "what": row.pop("what"),
            "alert": row,
        }
        for row in found
    ]


def last_change(connection: Connection, tenant: str) -> int:
    """Return the sequence of the newest change; 0 where there is none."""
    return int(
        scalar(
            connection,
            "select coalesce(max(sequence), 0) from contacts.alert_change where tenant = %s",
            (tenant,),
        )
    )


def _lock(connection: Connection) -> None:
    connection.execute("select pg_advisory_xact_lock(%s, 0)", (_CHANGES_LOCK,))


def _update(
    connection: Connection, before: dict[str, Any], sets: dict[str, Any], what: str, now_us: int
) -> dict[str, Any]:
    columns = "".join(f"{column} = %s, " for column in sets)
    updated = rows.one(
        connection,
        f"update contacts.alert set {columns}updated_at = %s, version = version + 1 "
        "where alert_id = %s returning *",
        [*sets.values(), from_us(now_us), before["alert_id"]],
    )
    assert updated is not None
    _changed(connection, before["tenant"], before["alert_id"], what, now_us)
    return updated


def _changed(connection: Connection, tenant: str, alert_id: str, what: str, now_us: int) -> None:
    connection.execute(
        "insert into contacts.alert_change (tenant, alert_id, at, what) values (%s, %s, %s, %s)",
        (tenant, alert_id, from_us(now_us), what),
    )
    notify.changed(connection, tenant, "alert")
