"""Who owns what: the register of a simulated fleet, in the format that `tachowatt import` reads."""

import zlib
from collections.abc import Callable, Set
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simulators import consents
from simulators.encode import iso

_DAY_US = 86_400_000_000
_SECTIONS = (
    "customers", "contact_points", "vehicles", "meters", "contracts", "devices", "assignments",
    "consents",
)  # fmt: skip
_SHARED = 0.6
"""Customers with a car here who are also customers with a meter here."""
_WITHOUT_CONSENT = 0.05


@dataclass(slots=True)
class Owners:
    """Who has which car and meter.

    car_owner, meter_owner : customer number of each car and meter, from 0
    refused : customers who granted nothing, or withdrew it
    """

    car_owner: list[int]
    meter_owner: list[int]
    never: set[int]
    withdrawn: set[int]

    @property
    def refused(self) -> set[int]:
        """Customers none of whose data may be stored."""
        return self.never | self.withdrawn


def draw_owners(cars: int, meters: int, rng: np.random.Generator) -> Owners:
    """Spread cars and meters over customers; decide who does not consent."""
    shared = int(min(cars, meters) * _SHARED)
    car_owner = list(range(cars))
    meter_owner = [i if i < shared else cars + i - shared for i in range(meters)]
    people = cars + meters - shared
    owners = Owners(car_owner, meter_owner, set(), set())
    if cars - shared >= 3:  # one who has only a car, one who has only a meter
        owners.withdrawn.add(shared)
    if meters - shared >= 3:
        owners.withdrawn.add(cars)
    others = sorted(set(range(people)) - owners.withdrawn)
    none = int(people * _WITHOUT_CONSENT)
    owners.never = {int(c) for c in rng.choice(others, none, replace=False)} if none else set()
    return owners


def stream(seed: int, what: str) -> np.random.Generator:
    """Random numbers of its own for each thing, so that one thing more changes no other."""
    return np.random.default_rng([seed, zlib.crc32(what.encode())])


def customer_id(number: int) -> str:
    """Identifier of a customer."""
    return f"customer-{number + 1:04d}"


@dataclass(slots=True)
class Registry:
    """Collects the registry's rows."""

    tenant: str
    timezone: str
    start_us: int
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        tenant = {"id": self.tenant, "name": self.tenant.title(), "timezone": self.timezone}
        self.rows = {"tenants": [tenant], **{section: [] for section in _SECTIONS}}

    def at(self, days: float) -> str:
        """ISO time so many days after the live begin, on a whole second."""
        return iso((self.start_us + int(days * _DAY_US)) // 1_000_000 * 1_000_000)

    def add_customers(
        self,
        owners: Owners,
        stream_of: Callable[[str], np.random.Generator],
        need_claims: Set[int] = frozenset(),
    ) -> None:
        """Customers, how to reach them, and what they agreed to.

        stream_of : a random stream of its own for each name
        need_claims : customers who keep claims assistance
        """
        cars, meters = set(owners.car_owner), set(owners.meter_owner)
        for number in sorted(cars | meters):
            who = customer_id(number)
            row = {"id": who, "tenant": self.tenant, "name": f"Customer {number + 1}"}
            row |= {"language": "de" if number % 3 else "en", "email": f"{who}@example.org"}
            self.rows["customers"].append(row)
            self._contact_points(who, number)
            if number in owners.never:
                continue
            for purpose, state, days in consents.decisions(
                number in cars,
                number in meters,
                number in owners.withdrawn,
                number in need_claims,
                stream_of(f"{who} consents"),
            ):
                self._consent(who, purpose, state, self.at(days))

    def _contact_points(self, customer: str, number: int) -> None:
        """Numbers that the German regulator keeps free for films; every fifth has no mobile. The
        mobile and the e-mail address are verified."""
        row = {"tenant": self.tenant, "customer": customer, "valid_from": self.at(-400.0)}
        landline = f"+4930231251{number % 100:02d}"
        self.rows["contact_points"].append({**row, "kind": "phone", "value": landline})
        verified = {"verified_at": self.at(-300.0)}
        email = {"kind": "email", "value": f"{customer}@example.org"}
        self.rows["contact_points"].append({**row, **email, **verified})
        if number % 5:
            mobile = {"kind": "mobile", "value": f"+49171392{number % 10_000:04d}"}
            self.rows["contact_points"].append({**row, **mobile, "preferred": True, **verified})

    def _consent(self, customer: str, purpose: str, state: str, at: str) -> None:
        # The simulated customers have confirmed their address.
        confirmed = purpose == consents.EMAIL and state == "granted"
        self.rows["consents"].append(
            {
                **({"opt_in": "confirmed"} if confirmed else {}),
                "tenant": self.tenant,
                "customer": customer,
                "purpose": purpose,
                "state": state,
                "legal_basis": "consent",
                "notice_version": "2026-01",
                "source": "simulator",
                "at": at,
            }
        )

    def add_car(self, number: int, device: str, owner: int, address: str | None) -> str:
        """A car, its device (`address` for OwnTracks) and its contract; returns the vehicle."""
        vehicle = f"vehicle-{number + 1:04d}"
        self.rows["vehicles"].append(
            {
                "id": vehicle,
                "tenant": self.tenant,
                "name": f"Car {number + 1}",
                "plate": f"TW-CA {number + 1}",
            }
        )
        self._device(device, "vehicle", "owntracks" if address else "native", address)
        self._contract(f"motor-{number + 1:04d}", owner, "motor", "vehicle", vehicle)
        self._assign(device, "vehicle", vehicle)
        return vehicle

    def add_meter(
        self,
        number: int,
        device: str,
        owner: int,
        address: str | None,
        plate: str,
        interval_s: int,
        digits: int,
        exchange: tuple[int, str] | None = None,
    ) -> str:
        """A meter, its device (`address` for Tasmota) and its contract; returns the meter.

        exchange : (epoch µs, new meter number): from then on the device reads another meter
        """
        self._device(device, "meter", "tasmota" if address else "native", address)
        meter = f"meter-{number + 1:04d}"
        until = iso(exchange[0]) if exchange else None
        self._meter(meter, plate, interval_s, digits)
        self._contract(f"power-{number + 1:04d}", owner, "electricity", "meter", meter, None, until)
        self._assign(device, "meter", meter, None, until)
        if exchange:
            self._meter(f"{meter}b", exchange[1], interval_s, digits)
            contract = f"power-{number + 1:04d}b"
            self._contract(contract, owner, "electricity", "meter", f"{meter}b", until)
            self._assign(device, "meter", f"{meter}b", until)
        return meter

    def _meter(self, meter: str, plate: str, interval_s: int, digits: int) -> None:
        row: dict[str, Any] = {"id": meter, "tenant": self.tenant, "number": plate}
        row |= {"interval_s": interval_s, "timezone": self.timezone, "register_digits": digits}
        self.rows["meters"].append(row)

    def _device(self, device: str, kind: str, dialect: str, address: str | None) -> None:
        row = {"id": device, "tenant": self.tenant, "kind": kind, "dialect": dialect}
        if address:
            row["address"] = address
        self.rows["devices"].append(row)

    def _contract(
        self,
        contract: str,
        owner: int,
        kind: str,
        subject_kind: str,
        subject: str,
        since: str | None = None,
        until: str | None = None,
    ) -> None:
        row = {"id": contract, "tenant": self.tenant, "customer": customer_id(owner)}
        row |= {"kind": kind, subject_kind: subject, "valid_from": since or self.at(-400.0)}
        if until:
            row["valid_to"] = until
        self.rows["contracts"].append(row)

    def _assign(
        self,
        device: str,
        kind: str,
        subject: str,
        since: str | None = None,
        until: str | None = None,
    ) -> None:
        row = {"tenant": self.tenant, "device": device, kind: subject}
        row["valid_from"] = since or self.at(-400.0)
        if until:
            row["valid_to"] = until
        self.rows["assignments"].append(row)
