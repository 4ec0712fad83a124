"""Signals of a household through the services and a real PostgreSQL, under random contact rules.

Two workers with their own connections and clocks, which jump, decide on signals and deliver; the
plain oracle looks at what was delivered, and by which rules.
"""

from random import Random
from typing import Any

from contracts.matters import Matter
from contracts.signals import signal_id
from customer_context.contact_policy.policy import Policy
from customer_context.next_best_action.model import ActionSet, AllActions
from customer_context.next_best_action.rules import Rules
from customer_context.playbooks.check import load
from proving.policy.checks import Delivered, breaches
from proving.policy.prove import Action, plain, rules
from runtime.metrics import Metrics
from runtime.secret_box import Key, box_with
from services import contact_flow
from services.contact_policy import ContactRules
from services.decide import decide
from store.casework import contacts, delivery
from store.casework.delivery import Attempt, Lane
from store.people import consent, households, preferences, registry
from store.people.recording import record_at
from store.postgres.pool import Connection, connect
from store.postgres.times import from_us, to_us
from store.signals import outbox

_MIN_US = 60_000_000
_BEGIN_US = 1_772_000_000_000_000
_BOX = box_with(Key(bytes(range(32))))
_PURPOSES = ("energy_insight", "channel_email")
_CUSTOMERS = 3
_LANES = [(Lane("inbox", None), 100), (Lane("email", None), 100)]
_CHANNELS = frozenset({"inbox", "email"})
_PLAYBOOK = """
id: anomaly
version: 1
title: {de: A, en: A}
trigger: {signal: meter.anomaly.raised}
purpose: energy_insight
contacts:
  - {id: note, to: customer, channel: inbox, subject: {de: A, en: A}, body: {de: A, en: A}}
  - {id: mail, to: customer, channel: email, subject: {de: A, en: A}, body: {de: A, en: A}}
"""


class Households:
    """A database for many households, each of a tenant of its own."""

    def __init__(self, url: str) -> None:
        self._workers = [connect(url, box=_BOX), connect(url, box=_BOX)]
        self._numbers = [delivery.register_worker(one) for one in self._workers]
        self._playbooks = [load(_PLAYBOOK, "anomaly.yaml")]
        self._metrics = Metrics()

    def close(self) -> None:
        """Close the connections."""
        for one in self._workers:
            one.close()

    def play(self, seed: int, number: int, signals: int) -> tuple[int, list[str]]:
        """Play the signals of a household; return how many messages were delivered, and what is
        wrong."""
        random, tenant = Random(f"{seed} {number}"), f"h{number}"
        policy = rules(random)
        zone = random.choice(("Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC"))
        owner = self._workers[0]
        devices = _register(owner, tenant, zone)
        action = Action("anomaly", "meter.anomaly.raised", "messages", "energy_insight", policy,
                        frozenset())  # fmt: skip
        asked = _rules_of(policy)
        start = _BEGIN_US + random.randrange(40 * 24 * 60) * _MIN_US
        clocks = [start, start + random.randint(-90, 90) * _MIN_US]
        for turn in range(signals):
            step = random.choice((0, 5, 60, 400, 1500)) * _MIN_US + random.randrange(_MIN_US)
            clocks = [clock + step for clock in clocks]
            if random.random() < 0.1:
                clocks[random.randrange(2)] += random.choice((-180, -60, 60, 2000)) * _MIN_US
            for _ in range(random.randint(1, 2)):
                _signal(owner, tenant, random.choice(devices), turn, random, clocks[0])
            for worker in random.sample((0, 1), 2):
                self._work(worker, clocks[worker], asked)
        log = [_delivered(row, zone, action) for row in _stored(owner, tenant)]
        owner.rollback()
        return len(log), list(breaches(log))

    def _work(self, worker: int, now_us: int, asked: ContactRules) -> None:
        """Decide on one signal, and deliver what is due."""
        connection, number = self._workers[worker], self._numbers[worker]
        decide(
            connection, self._playbooks, _CHANNELS, now_us, self._metrics, limit=1,
            contact_rules=asked,
        )  # fmt: skip
        connection.commit()
        allowed, _ = contact_flow.claim(connection, _BOX, number, _LANES, now_us, None, asked)
        for contact in allowed:
            done = Attempt("delivered", "delivered", duration_ms=1)
            contact_flow.finish(connection, contact, number, done, now_us)
        connection.commit()


def _rules_of(policy: Policy) -> ContactRules:
    every = ActionSet(AllActions(id="all", version=1), (), {}, "")
    return ContactRules(Rules(every, (), (), (), {}, policy, policy.ids))


def _register(connection: Connection, tenant: str, zone: str) -> list[tuple[int, str]]:
    """Register a household of customers with a meter each; return (device id, meter)."""
    record_at(connection, _BEGIN_US - 60 * _MIN_US)
    people = [f"{tenant}-{number}" for number in range(_CUSTOMERS)]
    begin = from_us(_BEGIN_US - 60 * _MIN_US)
    tables: dict[str, list[dict[str, Any]]] = {
        "tenant": [{"name": tenant, "timezone": zone}],
        "customer": [
            {"customer": one, "name": one, "language": "en", "kind": "person", "birth_date": None}
            for one in people
        ],
        "meter": [
            {"meter": one, "number": one, "interval_s": 900, "timezone": None,
             "register_digits": 6}
            for one in people
        ],
        "contract": [
            {"contract": one, "customer": one, "kind": "electricity", "vehicle": None,
             "meter": one, "valid_from": begin, "valid_to": None}
            for one in people
        ],
        "device": [
            {"device": one, "kind": "meter", "dialect": "native", "address": f"{tenant}/{one}",
             "mapping": {}}
            for one in people
        ],
    }  # fmt: skip
    for table, rows in tables.items():
        registry.upsert(connection, table, [{"tenant": tenant, **row} for row in rows])
    registry.set_addresses(
        connection,
        [{"tenant": tenant, "customer": one, "email": f"{one}@example.com"} for one in people],
        ["email"],
    )
    households.put(connection, tenant, dict.fromkeys(people, "home"))
    consent.decide(
        connection,
        [
            {"tenant": tenant, "customer": one, "purpose": purpose, "state": "granted",
             "legal_basis": "consent", "notice_version": "1", "source": "prove", "at": begin,
             "recorded_at": begin}
            for one in people
            for purpose in _PURPOSES
        ],
    )  # fmt: skip
    for one in people:
        for matter, channel in _chosen(one).items():
            preferences.put(connection, tenant, one, matter, channel, begin, "prove")
    connection.commit()
    found = [
        (row.device_id, row.device) for row in registry.devices(connection) if row.tenant == tenant
    ]
    connection.rollback()
    return found


def _signal(
    connection: Connection,
    tenant: str,
    device: tuple[int, str],
    turn: int,
    random: Random,
    now_us: int,
) -> None:
    at = from_us(now_us + random.randrange(1_000)).isoformat()
    data = {
        "kind": "spike", "started_at": at, "ended_at": None, "severity": 2, "observed": 1.0,
        "expected": 1.0, "threshold": 1.0, "unit": "W", "retracted": False,
    }  # fmt: skip
    id_ = signal_id(tenant, device[1], "meter.anomaly.raised", f"{turn} {at}")
    row = outbox.SignalRow(
        id_, tenant, device[0], "meter.anomaly.raised", f"meter:{device[1]}", now_us, data
    )
    outbox.put(connection, [row], now_us)
    connection.commit()


def _chosen(customer: str) -> dict[str, str]:
    """The last of the household wants no e-mail about electricity."""
    last = customer.endswith(f"-{_CUSTOMERS - 1}")
    return {Matter.ELECTRICITY: "inbox"} if last else {}


def _stored(connection: Connection, tenant: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = contacts.list_(connection, tenant, state="delivered", limit=1_000)
    return found


def _delivered(row: dict[str, Any], zone: str, action: Action) -> Delivered:
    return Delivered(
        to_us(row["counted_at"]), int(row["customer"].rpartition("-")[2]), zone, row["channel"],
        action.id, action.group, action.purpose, row["urgent"], plain(action),
        frozenset(row["exempt"]), frozenset(_PURPOSES), frozenset(), (), _chosen(row["customer"]),
    )  # fmt: skip
