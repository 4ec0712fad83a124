"""Participants of the demo: two receivers of webhooks, and users of each side."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from api.http.scopes import OF_ROLE
from app.demo.receiver import SIDES, DemoReceiver
from contracts.roles import Role
from runtime.clock import Clock
from runtime.secret_box import SecretBox
from simulators.fleet import Fleet
from store.casework import receivers
from store.people import keys, persons
from store.people.persons import NewPerson
from store.postgres.pool import connect


@dataclass(frozen=True, slots=True)
class User:
    """A user who may sign in. language : 'en', 'de', or '' if unspecified."""

    name: str
    role: str
    key: str
    customer: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Access:
    """Addresses and users of the demo. receiver : the page that lists arrivals."""

    address: str
    receiver: str
    users: list[User]

    def write(self, path: Path) -> None:
        """Write it for programs; only the owner may read the file, because it contains the keys."""
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self), indent=2), encoding="utf-8")


_PEOPLE = (
    ("Ines Moreau", Role.INSURER, "Motor portfolio"),
    ("Jonas Weber", Role.UTILITY, "Network"),
    ("Sofia Keller", Role.AGENT, "Service North"),
    ("Leyla Demir", Role.AGENT, "Service South"),
    ("Peter Hansen", Role.SUPERVISOR, "Service"),
    ("Clara Vogel", Role.MARKETING, "Marketing"),
    ("Ruth Albers", Role.DATA_PROTECTION, "Data protection"),
    ("Karl Brandt", Role.BACK_OFFICE, "Contracts"),
    ("Nina Lorenz", Role.OPERATOR, "Operation"),
    ("Felix Krause", Role.PARTNER, "Workshop Krause"),
)
"""People who sign in by one click, on the loopback only: name, role, team."""

_STAFF = (
    ("Insurer's analyst", "insurer"),
    ("Utility's analyst", "utility"),
    ("Service agent", "agent"),
    ("Operator", "operator"),
)


def add_receivers(
    database_url: str, box: SecretBox, tenant: str, receiver: DemoReceiver, clock: Clock
) -> None:
    """Register the demo's receiver for webhooks of both sides and give it their secrets."""
    with connect(database_url) as connection:
        for side in SIDES:
            secret = receivers.add(
                connection, box, tenant, side, side, f"{receiver.url}/{side}", clock.now_us()
            )
            receiver.trust(side, secret)
        connection.commit()


def add_users(database_url: str, fleet: Fleet, clock: Clock) -> list[User]:
    """Create keys for a user of each side and for up to two customers, one per language."""
    users = []
    names = {row["id"]: row["name"] for row in fleet.registry["customers"]}
    with connect(database_url) as connection:

        def add(name: str, role: str, customer: str = "", language: str = "") -> None:
            _, key = keys.create_key(
                connection,
                tenant=fleet.tenant,
                role=role,
                name=name,
                scopes=OF_ROLE[role],
                now_us=clock.now_us(),
                customer=customer or None,
            )
            users.append(User(name, role, key, customer, language))

        for name, role in _STAFF:
            add(name, role)
        for customer, language in _customers(fleet):
            add(names[customer], "customer", customer, language)
        connection.commit()
    return users


def add_people(database_url: str, fleet: Fleet, clock: Clock) -> None:
    """Create people of every role, and those customers who have keys too."""
    names = {row["id"]: row["name"] for row in fleet.registry["customers"]}
    with connect(database_url) as connection:
        for position, (name, role, team) in enumerate(_PEOPLE):
            email = f"{name.lower().replace(' ', '.')}@{fleet.tenant}.example"
            person = NewPerson(
                fleet.tenant, role, name, email, None, team, languages=("en", "de"), demo=True
            )
            persons.add(connection, person, clock.now_us() + position)
        for customer, language in _customers(fleet):
            person = NewPerson(
                fleet.tenant, Role.CUSTOMER, names[customer], f"{customer}@{fleet.tenant}.example",
                customer, languages=(language,), demo=True,
            )  # fmt: skip
            persons.add(connection, person, clock.now_us() + len(_PEOPLE))
        connection.commit()


def _customers(fleet: Fleet) -> Iterator[tuple[str, str]]:
    """Yield (customer, language): for each language, the customer with most data."""
    truth = fleet.truth
    crashed = {crash["customer"] for crash in truth["crashes"]}
    odd = {anomaly["customer"] for anomaly in truth["anomalies"]}
    kinds: dict[str, set[str]] = {}
    for contract in fleet.registry["contracts"]:
        kinds.setdefault(contract["customer"], set()).add(contract["kind"])

    def interest(customer: str) -> tuple[int, bool, bool, int]:
        return (
            len(kinds.get(customer, ())),
            customer in crashed,
            customer in odd,
            len(truth["consents"][customer]),
        )

    for language in ("en", "de"):
        speak = [c["id"] for c in fleet.registry["customers"] if c["language"] == language]
        if speak:
            yield max(speak, key=interest), language
