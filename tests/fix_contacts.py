"""A tenant with everything that contacts need, and a clock to move."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from app.operations.registry_import import validate, write
from contacts.channels import open_channels
from contacts.deliver import Deliverer
from contacts.store_thread import StoreThread
from contracts.channels import PURPOSES, configured
from contracts.roles import Role
from contracts.signals import signal_id
from customer_context.four_eyes.rule import Actor
from runtime.clock import US_PER_S, ManualClock
from runtime.metrics import Metrics
from runtime.settings import Settings
from services import contact_policy, four_eyes, rule_versions
from services.decide import decide
from services.playbooks import Rules
from services.rule_versions import RuleKind
from store.casework import alerts, cases, contacts, receivers
from store.people import consent, persons
from store.people import registry as stored_registry
from store.people.persons import NewPerson
from store.postgres.pool import connect
from store.postgres.times import from_us, to_us
from store.signals import decisions, outbox
from tests.fix_postgres import _execute, copy_database, database_of, leave_alone
from tests.fix_receiver import Receiver
from tests.fix_registry import NOW_US, registry
from tests.secret_keys import BOX

TENANT = "t1"
AT = from_us(NOW_US - 60 * US_PER_S).isoformat()
HOUR_S = 3600.0


class Stage:
    """Signals in, contacts out, on a real database, as often as a test says so.

    c0 drives v0 (device car0), c3 has m0 (device meter0); both agree to everything. now_us : when
    signals become known; the real time where processes decide on them.
    """

    def __init__(
        self,
        url: str,
        directory: Path | None = None,
        now_us: int = NOW_US,
        *,
        filled: bool = False,
        **settings: Any,
    ) -> None:
        self.url = url
        self._known_us = now_us
        self.clock = ManualClock(now_us)
        self.metrics = Metrics()
        self.settings = Settings(
            playbooks_dir=directory, webhook_private_networks="127.0.0.0/8", **settings
        )
        self.rules = Rules(directory, self.metrics)
        self.connection = connect(url)
        if not filled:
            self._fill()
        self.device_ids = {d.device: d.device_id for d in stored_registry.devices(self.connection)}

    def _fill(self) -> None:
        sections = registry()
        for customer in sections["customers"]:
            customer |= {"language": "de", "email": f"{customer['id']}@example.com"}
        write(self.url, validate(sections, "test"), NOW_US)
        for customer in ("c0", "c3"):
            for purpose in PURPOSES:
                self.consent(customer, purpose, "granted")

    def consent(self, customer: str, purpose: str, state: str) -> None:
        """Record a decision, taken now."""
        row = {
            "tenant": TENANT, "customer": customer, "purpose": purpose, "state": state,
            "legal_basis": "consent", "notice_version": "1", "source": "test",
            "at": from_us(self.clock.now_us()), "recorded_at": from_us(self.clock.now_us()),
        }  # fmt: skip
        consent.decide(self.connection, [row])
        self.connection.commit()

    def receiver(self, receiver: Receiver, name: str, audience: str = "insurer") -> None:
        """Register a receiver."""
        secret = receivers.add(
            self.connection, BOX, TENANT, name, audience, receiver.url, self.clock.now_us()
        )
        self.connection.commit()
        receiver.secrets.append(secret)

    def signal(self, type_: str, data: dict[str, Any], device: str, subject: str | None) -> str:
        """Put a signal, or its correction, into the outbox; returns its id."""
        start_us = to_us(datetime.fromisoformat(data.get("at") or data["started_at"]))
        episode = f"{data['kind']} {start_us}" if "kind" in data else str(start_us)
        id_ = signal_id(TENANT, device, type_, episode)
        data = {"retracted": False, **data}
        row = outbox.SignalRow(
            id_,
            TENANT,
            self.device_ids[device],
            type_,
            subject,
            self._known_us,
            {"retracted": False, **data},
        )
        outbox.put(self.connection, [row], self.clock.now_us())
        self.connection.commit()
        return id_

    def crash(self, at: str = AT, subject: str | None = "vehicle:v0", **data: Any) -> str:
        """A crash of car0."""
        given = {"at": at, "severity": 2, "peak_mps2": 90.0, "delta_v_kmh": None}
        return self.signal("vehicle.crash", given | {"speed_kmh": 40.0} | data, "car0", subject)

    def anomaly(self, phase: str = "raised", started_at: str = AT, **data: Any) -> str:
        """An anomaly of meter0."""
        given = {
            "kind": "spike", "started_at": started_at, "ended_at": None, "severity": 2,
            "observed": 4000.0, "expected": 300.0, "threshold": 1500.0, "unit": "W",
        }  # fmt: skip
        return self.signal(f"meter.anomaly.{phase}", given | data, "meter0", "meter:m0")

    def decide(self) -> int:
        """Look at the playbooks and decide until nothing waits; returns how many signals."""
        self.rules.refresh(self.connection, self.clock.now_us())
        self.connection.commit()
        total = 0
        while count := decide(
            self.connection,
            self.rules.playbooks(),
            configured(self.settings),
            self.clock.now_us(),
            self.metrics,
            contact_rules=contact_policy.of(self.settings),
            of_tenants=self.rules.of_tenants(),
        ):
            total += count
        return total

    def deliver(self) -> None:
        """Deliver what is due, as a worker of its own, until nothing is."""

        async def run() -> None:
            async with self.deliverer() as deliverer:
                while await deliverer.round():
                    await deliverer.drain()

        asyncio.run(run())

    def deliverer(self) -> "Delivering":
        """A worker, for `async with`."""
        return Delivering(self)

    def contacts(self, **filters: Any) -> list[dict[str, Any]]:
        """Contacts, oldest first."""
        self.connection.rollback()
        return contacts.list_(self.connection, TENANT, **filters)[::-1]

    def states(self, **filters: Any) -> list[tuple[str, str, str]]:
        """(treatment, state, reason) of each contact, sorted."""
        return sorted((c["treatment"], c["state"], c["reason"]) for c in self.contacts(**filters))

    def attempts(self, contact_id: str) -> list[tuple[str, int | None]]:
        """(outcome, status) of each attempt."""
        self.connection.rollback()
        found = contacts.attempts(self.connection, contact_id)
        return [(attempt["outcome"], attempt["status"]) for attempt in found]

    def cases(self) -> list[dict[str, Any]]:
        self.connection.rollback()
        return cases.list_(self.connection, TENANT)

    def alerts(self) -> list[dict[str, Any]]:
        self.connection.rollback()
        return alerts.list_(self.connection, TENANT)

    def reasons(self, signal: str) -> list[tuple[str, str, str, str]]:
        """(playbook, treatment, outcome, reason) of each decision on a signal, in order."""
        self.connection.rollback()
        found = decisions.of_signal(self.connection, TENANT, signal)
        return [(d["playbook"], d["treatment"], d["outcome"], d["reason"]) for d in found]


class Delivering:
    """A deliverer with its session and channels, closed at the end."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    async def __aenter__(self) -> Deliverer:
        stage = self._stage
        self._session = StoreThread(stage.url, "test")
        self._channels = open_channels(stage.settings, stage.clock)
        self._deliverer = Deliverer(
            self._session, self._channels, stage.settings, stage.clock, stage.metrics
        )
        return self._deliverer

    async def __aexit__(self, *_: object) -> None:
        await self._deliverer.close()
        await self._session.close()
        for channel in self._channels.values():
            await channel.close()


@pytest.fixture(scope="session")
def _stage_template(postgres_url: str, _template: str) -> Iterator[str]:
    """A database with a stage's people and their consents at NOW_US, to copy."""
    name = f"{_template}_stage"
    copy_database(postgres_url, name, _template)
    Stage(database_of(postgres_url, name)).connection.close()
    leave_alone(postgres_url, name)
    yield name
    _execute(postgres_url, f"drop database if exists {name} with (force)")


@pytest.fixture
def new_stage(
    new_database: Callable[..., str], _stage_template: str
) -> Iterator[Callable[..., Stage]]:
    """Make stages: `stage = new_stage(directory, smtp_url=…)`."""
    made: list[Stage] = []

    def make(directory: Path | None = None, now_us: int = NOW_US, **settings: Any) -> Stage:
        filled = now_us == NOW_US
        url = new_database(_stage_template) if filled else new_database()
        made.append(Stage(url, directory, now_us, filled=filled, **settings))
        return made[-1]

    yield make
    for stage in made:
        stage.connection.close()


@pytest.fixture
def stage(new_stage: Callable[..., Stage]) -> Stage:
    """One with the shipped playbooks and without a mail server."""
    return new_stage()


def supervisors(stage: Stage) -> dict[str, Actor]:
    """Add two supervisors to the tenant."""
    found = {}
    for name in ("anna", "ben"):
        person = NewPerson(TENANT, Role.SUPERVISOR, name, f"{name}@example.org", None)
        person_id = persons.add(stage.connection, person, NOW_US)
        found[name] = Actor(person_id, TENANT, Role.SUPERVISOR)
    stage.connection.commit()
    return found


@pytest.fixture
def people(stage: Stage) -> dict[str, Actor]:
    """Two supervisors of the tenant."""
    return supervisors(stage)


def activated(stage: Stage, people: dict[str, Actor], kind: RuleKind[Any], digest: str) -> None:
    """One asks for a version of a rule, the other approves, the first executes."""
    connection, now_us = stage.connection, stage.clock.now_us()
    row = rule_versions.ask(connection, people["anna"], "anna", kind, digest, "why", now_us)
    four_eyes.decide(connection, people["ben"], "ben", row.request_id, "approved", "", now_us)
    four_eyes.activate_rule(connection, people["anna"], row.request_id, now_us)
    connection.commit()
