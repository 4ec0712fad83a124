"""A database for the API's tests: two tenants, and in the first customers who did not agree.

What belongs to whom shows in its id and name, and every position is one that nothing else can look
like, so that a test can search an answer's bytes for what must not be there.
"""

import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from api.http.scopes import OF_ROLE, Scope
from app.operations.registry_import import validate, write
from contracts.approvals import REVEAL_DEAD_LETTER
from contracts.quality import Quality
from contracts.raw import RawMessage
from contracts.rights import AskedBy, Right
from contracts.roles import OF_A_PERSON
from contracts.signals import signal_id
from contracts.units import VEHICLE_NAMES
from customer_context.contact_policy.policy import Person
from customer_context.four_eyes.rule import Actor
from customer_context.next_best_action.decide import Request
from customer_context.next_best_action.record import of_request
from services import actions, bills, four_eyes, meter_corrections, rights_progress, signing
from services import partners as partner_grants
from services.rights_execution import Executor
from store.casework import alerts, calls, cases, claim_files, contacts, next_actions
from store.people import (
    keys,
    match_pairs,
    partners,
    persons,
    reading_rounds,
    readings,
    received_events,
)  # fmt: skip
from store.people.consent import consents_of
from store.people.persons import NewPerson
from store.people.reading_rounds import NewRound
from store.people.readings import NewReading
from store.pipeline import dead_letter, features, ledger, telemetry
from store.pipeline.feature_tables import DAY, INTERVAL, TRIP
from store.postgres.pool import Connection, connect
from store.postgres.times import from_us, to_us
from store.privacy import rights
from store.signals import outbox
from store.signals.outbox import SignalRow
from tests.fix_registry import NOW_US, SINCE, points, registry
from tests.secret_keys import BOX

DAY_US, HOUR_US, MINUTE_US = 86_400_000_000, 3_600_000_000, 60_000_000
TRIPS, DAYS, INTERVALS, POINTS = 12, 10, 200, 30
LAT, LON = 51.70123457, 7.30765431
SPEED_KMH, M_OF_A_DEGREE = 50.0, 111_195.0
LATITUDES = LAT + np.arange(POINTS) * SPEED_KMH / 3.6 / M_OF_A_DEGREE
"""Of the samples of each drive, a second apart: to the north."""
"""Where the seeded cars drive; the digits stand nowhere else."""

OTHER, QUIET, FOREIGN = "omar", "quiet", "zz"
"""Another customer of t1; customers of t1 who agree to nothing; a customer of the tenant t2."""


@dataclass(frozen=True)
class Own:
    """Ids of what belongs to one owner."""

    tenant: str
    driver: str
    home: str
    vehicle: str
    meter: str
    motor: str
    electricity: str
    crash: str = ""
    alert: str = ""
    crash_case: str = ""
    alert_case: str = ""
    message: str = ""
    notice: str = ""
    webhook: str = ""
    trip: str = ""
    approval: str = ""
    point: str = ""
    decision: str = ""
    secrets: tuple[str, ...] = ()
    right: str = ""
    call: str = ""
    consent: str = "999999999"
    round: str = ""
    reading: str = ""
    correction: str = ""


@dataclass(frozen=True)
class Seeded:
    """What there is. keys : (owner, role) → the text of a key, `person <role>` of a person's own;
    people : (owner, role) → the id of a person."""

    url: str
    own: dict[str, Own]
    keys: dict[tuple[str, str], str] = field(default_factory=dict)
    people: dict[tuple[str, str], str] = field(default_factory=dict)

    def bearer(self, role: str, tenant: str = "own") -> dict[str, str]:
        """The header of a role's key: of t1 (`own`), or of t2 (`zz`)."""
        return {"Authorization": f"Bearer {self.keys[(tenant, role)]}"}


_OWNERS = {
    "own": Own("t1", "c0", "c3", "v0", "m0", "k0", "k3"),
    OTHER: Own("t1", "omar-driver", "omar-home", "omar-car", "omar-meter", "omar-k", "omar-e"),
    QUIET: Own(
        "t1", "quiet-driver", "quiet-home", "quiet-car", "quiet-meter", "quiet-k", "quiet-e"
    ),
    FOREIGN: Own("t2", "zz-driver", "zz-home", "zz-car", "zz-meter", "zz-k", "zz-e"),
}  # fmt: skip


def _sections() -> dict[str, list[dict[str, Any]]]:
    found = registry()
    found["tenants"].append({"id": "t2", "name": "Tenant zz", "timezone": "Europe/Berlin"})
    for owner, own in _OWNERS.items():
        if owner != "own":
            _add(found, owner, own)
    found["consents"].append(_consent(_OWNERS["own"], "c0", "claims_assistance"))
    found["contact_points"] = [
        {"tenant": own.tenant, "customer": who, "kind": "mobile", "value": f"+49171392{n:04d}"}
        for n, own in enumerate(_OWNERS.values(), start=1)
        for who in (own.driver, own.home)
    ]
    return found


def _add(found: dict[str, list[dict[str, Any]]], owner: str, own: Own) -> None:
    t, name = own.tenant, owner.upper()
    found["customers"] += [
        {"tenant": t, "id": own.driver, "name": f"{name} Driver", "email": f"{owner}@example.org"},
        {"tenant": t, "id": own.home, "name": f"{name} Home", "language": "de"},
    ]
    found["vehicles"].append({"tenant": t, "id": own.vehicle, "name": f"{name} Car"})
    found["meters"].append({"tenant": t, "id": own.meter, "number": f"{name}-number"})
    for contract, customer, kind, subject in (
        (own.motor, own.driver, "motor", {"vehicle": own.vehicle}),
        (own.electricity, own.home, "electricity", {"meter": own.meter}),
    ):
        found["contracts"].append(
            {"tenant": t, "id": contract, "customer": customer, "kind": kind,
             "valid_from": SINCE, **subject}
        )  # fmt: skip
    for device, kind, subject in (
        (f"{owner}-box", "vehicle", {"vehicle": own.vehicle}),
        (f"{owner}-reader", "meter", {"meter": own.meter}),
    ):
        found["devices"].append({"tenant": t, "id": device, "kind": kind})
        found["assignments"].append({"tenant": t, "device": device, "valid_from": SINCE, **subject})
    if owner != QUIET:
        for purpose in ("driving_score", "claims_assistance"):
            found["consents"].append(_consent(own, own.driver, purpose))
        found["consents"].append(_consent(own, own.home, "energy_insight"))


def _consent(own: Own, customer: str, purpose: str) -> dict[str, Any]:
    return {
        "tenant": own.tenant, "customer": customer, "purpose": purpose,
        "legal_basis": "consent", "notice_version": "2026-01", "source": "test",
        "at": "2026-01-02T00:00:00Z",
    }  # fmt: skip


def seed(url: str) -> Seeded:
    """Fill a migrated, empty database."""
    write(url, validate(_sections(), "seed"), NOW_US, points())
    with connect(url) as connection:
        own = {owner: _fill(connection, owner, row) for owner, row in _OWNERS.items()}
        keys = _keys(connection)
        people = _people(connection, keys)
        _books(connection)
        asked = _ask(connection, people)
        for owner, row in _OWNERS.items():
            partners.put(connection, row.tenant, "garage", "Garage", "garage", from_us(NOW_US))
            if owner != QUIET:
                _grant(connection, row)
            if owner in ("own", FOREIGN):
                key_id = keys[(owner, "partner")].split("_")[1]
                for member in (key_id, people[(owner, "partner")]):
                    assert partners.join(connection, row.tenant, member, "garage")
            doubtful = (row.driver, row.home, 0.8, {"name": 1.0})
            match_pairs.propose(connection, row.tenant, [doubtful], from_us(NOW_US))
        connection.commit()
        for owner in _OWNERS:
            own[owner] = replace(own[owner], right=_copy_of_data(connection, own[owner]))
        for owner, row in own.items():
            reading = _reading(connection, row)
            person = people[("own" if row.tenant == "t1" else FOREIGN, "utility")]
            correction = meter_corrections.ask_correction(
                connection, Actor(person, row.tenant, "utility"), "seed", reading, 12.0, "test",
                NOW_US,
            )  # fmt: skip
            own[owner] = replace(
                row, round=_round(connection, row), reading=reading,
                correction=correction.request_id,
            )  # fmt: skip
            _bill(connection, row)
        signing.ensure_keys(connection, BOX, NOW_US)
        connection.commit()
        for owner, row in own.items():
            of_driver = consents_of(connection, row.tenant, row.driver)
            if of_driver:
                own[owner] = replace(row, consent=str(of_driver[0]["consent_id"]))
    own = {owner: replace(row, approval=asked[row.tenant]) for owner, row in own.items()}
    return Seeded(url, own, keys, people)


def _grant(connection: Connection, own: Own) -> None:
    """Let the tenant's garage see the driver for a while."""
    until = from_us(NOW_US + 30 * DAY_US)
    decide = {"notice_version": "1", "source": "seed", "method": "command"}
    partner_grants.grant(
        connection, own.tenant, own.driver, "garage", "claims_assistance", until,
        NOW_US - MINUTE_US, **decide,
    )  # fmt: skip


def _round(connection: Connection, own: Own) -> str:
    """A round over the tenant's meter that is over: nothing of it is due."""
    new = NewRound(
        signal_id(own.tenant, own.meter, "round", "1"), own.tenant, "round",
        *(from_us(NOW_US - days * DAY_US) for days in (30, 20, 10, 31)), "seed",
    )  # fmt: skip
    reading_rounds.put(connection, new, [own.meter])
    (row,) = [one for one in reading_rounds.due(connection, from_us(NOW_US), 100)
              if one["round_id"] == new.round_id]  # fmt: skip
    reading_rounds.step(connection, row, next="done", reason="nothing_known")
    return new.round_id


def _reading(connection: Connection, own: Own) -> str:
    """A reading that the home's customer gave long ago."""
    new = NewReading(
        signal_id(own.tenant, own.meter, "reading", "1"), own.tenant, own.meter, own.home,
        own.electricity, from_us(NOW_US - 900 * DAY_US), 11.0, "customer", f"customer:{own.home}",
        from_us(NOW_US - 900 * DAY_US), int(Quality.VORSCHLAGSWERT), "too_low", None, None, None,
        True, False, None, 1, "", None, "seed",
    )  # fmt: skip
    readings.put(connection, new)
    return new.reading_id


def _bill(connection: Connection, own: Own) -> None:
    """A bill of the driver, for whom there is a contract of each kind."""
    prices = {"valid_from": "2020-01-01", "standing_charge_per_year": "100",
              "unit_prices": {"total": "0.3"}}  # fmt: skip
    body = {
        "start": "2024-01-01", "end": "2025-01-01", "gross": "401.00",
        "tariff": {"name": "Basis", "versions": [prices]},
        "readings": [{"day": "2024-01-01", "kwh": "0"}, {"day": "2025-01-01", "kwh": "1000"}],
    }  # fmt: skip
    bills.write(
        connection, own.tenant, f"bill-{own.driver}", own.driver, own.motor, body, "seed", NOW_US
    )


def _keys(connection: Connection) -> dict[tuple[str, str], str]:
    found = {}
    for owner in ("own", FOREIGN):
        own = _OWNERS[owner]
        for role, scopes in OF_ROLE.items():
            customers = {"customer": own.driver} if role == "customer" else {"": None}
            customers |= {"home": own.home} if role == "customer" else {}
            for name, customer in customers.items():
                found[(owner, name or role)] = keys.create_key(
                    connection, tenant=own.tenant, role=role, name=f"{owner} {role}",
                    scopes=scopes, now_us=NOW_US, customer=customer,
                )[1]  # fmt: skip
    return found


def _people(
    connection: Connection, key_texts: dict[tuple[str, str], str]
) -> dict[tuple[str, str], str]:
    """People of every role, each with a key of their own; a second operator in each tenant."""
    found = {}
    for owner in ("own", FOREIGN):
        own = _OWNERS[owner]
        for role in [*OF_ROLE, "operator 2"]:
            customer = own.driver if role == "customer" else None
            person = NewPerson(
                own.tenant, role.split()[0], f"{owner} {role} person",
                f"{owner}-{role.replace(' ', '')}@example.org", customer,
            )  # fmt: skip
            person_id = persons.add(connection, person, NOW_US)
            assert person_id is not None
            found[(owner, role)] = person_id
            key_id, key_texts[(owner, f"person {role}")] = keys.create_key(
                connection, tenant=own.tenant, role=OF_A_PERSON, name=f"key of {role}",
                scopes=list(Scope), now_us=NOW_US,
            )  # fmt: skip
            persons.bind_key(connection, key_id, person_id)
    return found


def _ask(connection: Connection, people: dict[tuple[str, str], str]) -> dict[str, str]:
    """A request of each tenant's operator to see a dead letter; tenant → its id."""
    found = {}
    for owner, letter in (("own", "1"), (FOREIGN, "2")):
        tenant = _OWNERS[owner].tenant
        actor = Actor(people[(owner, "operator")], tenant, "operator")
        asked = four_eyes.ask(
            connection, actor, f"{owner} operator person", REVEAL_DEAD_LETTER,
            f"dead_letter:{letter}", f"{owner}-secret reason", NOW_US,
        )  # fmt: skip
        found[tenant] = asked.request_id
    return found


def _copy_of_data(connection: Connection, own: Own) -> str:
    """A request of the driver that was answered with a copy of the data; its id. Commits."""
    at = from_us(NOW_US)
    row = rights_progress.new_row(
        own.tenant, own.driver, Right.ACCESS, AskedBy.API, f"customer:{own.driver}", at, "UTC"
    )
    rights.put(connection, row)
    id_ = str(row["request_id"])
    rights.write(connection, id_, state="executing", identified_at=at, identified_by="session")
    connection.commit()
    with tempfile.TemporaryDirectory() as folder:
        assert Executor(BOX, Path(folder), 35, {}).run(connection, NOW_US) == 1
    rights.write(connection, id_, state="answered", closed_at=at)
    connection.commit()
    return id_


def _fill(connection: Connection, owner: str, own: Own) -> Own:
    devices = dict(
        connection.execute(
            "select coalesce(a.vehicle, a.meter), a.device_id from customers.assignment a "
            "where a.tenant = %s",
            (own.tenant,),
        ).fetchall()
    )
    car, reader = devices[own.vehicle], devices[own.meter]
    names = dict(connection.execute("select device_id, device from customers.device").fetchall())
    first_trip = _drive(connection, car)
    _measure(connection, reader)
    crash = _signal(own, names[car], car, "vehicle.crash", f"vehicle:{own.vehicle}", _crash())
    raised = _anomaly(own, names[reader], reader)
    outbox.put(connection, [crash, raised], NOW_US - HOUR_US)
    alerts.apply_signals(
        connection,
        [
            {
                "id": raised.id, "tenant": own.tenant, "device": names[reader],
                "type": raised.type, "subject": raised.subject, "data": raised.data,
            }
        ],
        {raised.id: own.home},
        NOW_US - HOUR_US,
    )  # fmt: skip
    point = connection.execute(
        "select point_id from customers.contact_point where tenant = %s and customer = %s "
        "and kind = 'mobile'",
        (own.tenant, own.driver),
    ).fetchone()
    assert point is not None
    crash_case = _case(connection, own, "insurer", own.driver, crash)
    alert_case = _case(connection, own, "utility", own.home, raised)
    claim_files.put(
        connection, own.tenant, crash_case, f"{owner}-secret.claim", bytes(32), {"kid": owner},
        NOW_US - HOUR_US,
    )  # fmt: skip
    score, energy = "driving_score", "energy_insight"
    sent = [
        _contact(connection, owner, own, "message", "inbox", own.driver, score, crash_case),
        _contact(connection, owner, own, "notice", "inbox", own.home, energy, alert_case),
        _contact(connection, owner, own, "mail", "email", own.driver, score, crash_case),
    ]
    connection.execute(
        "update contacts.contact set state = 'failed', reason = 'gave up', attempts = 1 "
        "where contact_id = %s",
        (sent[2],),
    )
    call_id = signal_id(own.tenant, owner, "call", own.driver)
    calls.open_(
        connection, call_id=call_id, tenant=own.tenant, agent=f"{owner} agent",
        customer=own.driver, lookup=b"-", now_us=NOW_US - HOUR_US,
    )  # fmt: skip
    connection.execute(
        "update contacts.call set state = 'closed', closed_at = %s, verified_at = %s, "
        "verified_by = 'x', verified_how = 'questions' where call_id = %s",
        (from_us(NOW_US - HOUR_US), from_us(NOW_US - HOUR_US), call_id),
    )
    return Own(
        own.tenant, own.driver, own.home, own.vehicle, own.meter, own.motor, own.electricity,
        crash.id, raised.id, crash_case, alert_case, sent[0], sent[1], sent[2],
        f"{car}-{first_trip}", "", point[0], _decision(connection, owner, own),
        (crash.id, raised.id, crash_case, alert_case, *sent, f"{owner}-secret"),
        call=call_id,
    )  # fmt: skip


def _decision(connection: Connection, owner: str, own: Own) -> str:
    """A decision on the next best action that rests on no purpose: it stays visible."""
    rules = actions.in_use(None)
    request = Request(NOW_US - HOUR_US, frozenset({"agent"}), (), Person("UTC", frozenset()))
    factors = {"propensity": 0.5, "context": 1.0, "value": 2.0, "weight": 1.0, "priority": 1.0}
    won = {"action": "ev-tariff", "treatment": "ev-say", "channel": "agent", "rank": 1}
    winners = [{**won, **factors, "deliver_at_us": NOW_US - HOUR_US}]
    new = next_actions.NewDecision(
        f"{owner}-decision", own.tenant, own.driver, rules.set.digest, "inbound", "agent", [],
        of_request(rules, request), winners, "seed",
    )  # fmt: skip
    next_actions.put(connection, new, dict(rules.set.texts), NOW_US - HOUR_US)
    return new.decision_id


def _drive(connection: Connection, device_id: int) -> int:
    """Trips of 15 km on as many days, and the samples of the newest; its start."""
    rows = np.zeros(TRIPS, TRIP.dtype)
    start = NOW_US - np.arange(TRIPS, 0, -1) * DAY_US
    rows["device_id"] = device_id
    rows["start_us"], rows["end_us"] = start, start + 20 * MINUTE_US
    rows["decided_us"] = rows["end_us"] + 5 * MINUTE_US
    rows["end_reason"] = 1
    rows["distance_m"], rows["driving_s"], rows["idle_s"] = 15_000.0, 1_100.0, 100.0
    rows["night_s"], rows["rush_s"] = 60.0, 300.0
    rows["speeding_s"], rows["speed_limited_s"], rows["measured_s"] = 20.0, 1_000.0, 1_190.0
    rows["sample_count"], rows["max_speed_kmh"], rows["speeding_count"] = 1_200, 88.0, 1
    rows["harsh_braking"][:, 0] = 1
    rows["accel_hist_s"][:, :5] = 200.0
    rows["speed_hist_s"][:, 3:6] = 300.0
    rows["ratio_hist_s"][:, 5:9] = 250.0
    rows["use_hist_s"][:, :10], rows["jerk_hist_s"][:, :6] = 100.0, 150.0
    rows["along_hist_s"][:, :10], rows["longitudinal_s"], rows["lateral_s"] = 100.0, 1_000.0, 900.0
    rows["accel_p95_mps2"], rows["speed_p95_kmh"] = 1.1, 62.0
    rows["start_lat_deg"], rows["start_lon_deg"] = LAT, LON
    rows["end_lat_deg"], rows["end_lon_deg"] = LAT, LON
    features.append(connection, TRIP, rows)
    newest = int(start[-1])
    values = np.full((POINTS, len(VEHICLE_NAMES)), np.nan)
    values[:, VEHICLE_NAMES.index("lat_deg")] = LATITUDES
    values[:, VEHICLE_NAMES.index("lon_deg")] = LON
    values[:, VEHICLE_NAMES.index("speed_kmh")] = SPEED_KMH
    at = newest + np.arange(POINTS) * 1_000_000
    device = np.full(POINTS, device_id)
    telemetry.append(connection, telemetry.VEHICLE, telemetry.Samples(device, at, at, values))
    return newest


def _measure(connection: Connection, device_id: int) -> None:
    days = np.zeros(DAYS, DAY.dtype)
    first = (NOW_US // DAY_US) - DAYS
    days["device_id"], days["day"] = device_id, first + np.arange(DAYS)
    days["start_us"] = days["day"] * DAY_US
    days["energy_kwh"], days["expected"], days["present"] = 8.4, 96, 96
    days["min_w"], days["max_w"], days["floor_w"] = 80.0, 2_400.0, 90.0
    days["peak_us"] = days["start_us"] + 12 * HOUR_US
    days["base_load_w"], days["night_share"] = 95.0, 0.21
    days["decided_us"] = days["start_us"] + DAY_US
    features.append(connection, DAY, days)
    intervals = np.zeros(INTERVALS, INTERVAL.dtype)
    intervals["device_id"] = device_id
    intervals["start_us"] = (NOW_US // DAY_US - 5) * DAY_US + np.arange(INTERVALS) * 15 * MINUTE_US
    intervals["end_us"] = intervals["start_us"] + 15 * MINUTE_US
    intervals["energy_kwh"], intervals["status"] = 0.0875, int(Quality.ABGELESEN)
    intervals["status"][3], intervals["estimated"][3] = int(Quality.ERSATZWERT), 1
    intervals["energy_kwh"][4], intervals["status"][4] = np.nan, int(Quality.FEHLT)
    intervals["decided_us"] = intervals["end_us"]
    features.append(connection, INTERVAL, intervals)


def _crash() -> dict[str, Any]:
    return {
        "retracted": False, "at": from_us(NOW_US - 2 * HOUR_US).isoformat(), "severity": 3,
        "peak_mps2": 88.0, "delta_v_kmh": 31.0, "speed_kmh": 47.0,
    }  # fmt: skip


def _signal(
    own: Own, device: str, device_id: int, type_: str, subject: str, data: dict[str, Any]
) -> SignalRow:
    at_us = NOW_US - 2 * HOUR_US
    id_ = signal_id(own.tenant, device, type_, str(at_us))
    return SignalRow(id_, own.tenant, device_id, type_, subject, at_us, data)


def _anomaly(own: Own, device: str, device_id: int) -> SignalRow:
    start = from_us(NOW_US - 3 * DAY_US)
    data = {
        "retracted": False, "kind": "base_load_rise", "started_at": start.isoformat(),
        "ended_at": None, "severity": 2, "observed": 240.0, "expected": 95.0, "threshold": 165.0,
        "unit": "W",
    }  # fmt: skip
    id_ = signal_id(own.tenant, device, "meter.anomaly.raised", f"base_load_rise {to_us(start)}")
    return SignalRow(
        id_, own.tenant, device_id, "meter.anomaly.raised", f"meter:{own.meter}", to_us(start), data
    )


def _case(connection: Connection, own: Own, side: str, customer: str, about: SignalRow) -> str:
    case_id = signal_id(own.tenant, side, "case", about.id)
    case = cases.NewCase(
        case_id, own.tenant, side, "call-back", {"de": "Anrufen", "en": "Call"}, side == "insurer",
        customer, about.subject, about.id, "test-playbook", NOW_US + 10 * MINUTE_US,
        "claims_assistance" if side == "insurer" else "energy_insight",
    )  # fmt: skip
    assert cases.open_(connection, case, NOW_US - HOUR_US)
    return case_id


def _contact(
    connection: Connection, owner: str, own: Own, what: str, channel: str, customer: str,
    purpose: str, case_id: str,
) -> str:  # fmt: skip
    contact_id = signal_id(own.tenant, owner, "contact", what)
    contact = contacts.NewContact(
        contact_id, own.tenant, customer, channel, None,
        f"{owner}@example.org" if channel == "email" else None, purpose, "en", "message",
        f"{owner}-secret {what}", f"{owner}-secret text", None, False, None, None,  # type: ignore[arg-type]
        "test-playbook", what, case_id, None,
    )  # fmt: skip
    contacts.put(connection, [contact], NOW_US - HOUR_US)
    return contact_id


def _books(connection: Connection) -> None:
    ledger.add(
        connection,
        {
            ("t1", "native"): ledger.Entry(received=5, stored=4, dead_lettered=1),
            ("t2", "native"): ledger.Entry(received=7, stored=7),
            ("-", "native"): ledger.Entry(received=1, dead_lettered=1),
        },
        0,
    )
    refused = [
        received_events.ReceivedEvent(
            tenant, "/crm", "seeded", "customer.put", "nobody-yet", "refused", "language: fr",
            b'{"specversion": "1.0", "language": "fr"}', 0, i, from_us(NOW_US),
        )
        for i, tenant in enumerate(("t1", "t2"))
    ]  # fmt: skip
    received_events.put(connection, refused)
    for i, tenant in enumerate(("t1", "t2", "-")):
        message = RawMessage(f"tw/v1/{tenant}/box/telemetry", b"{}", NOW_US, None)
        dead_letter.put(
            connection,
            [dead_letter.DeadMessage(tenant, "native", message, 0, i, "not_json", f"of {tenant}")],
        )
