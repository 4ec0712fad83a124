"""A small registry: two cars, two meters, one phone and one Tasmota, all with consent."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.operations.registry_import import validate, write
from services.contact_points import ContactPoints
from store.postgres import roles
from store.postgres.pool import Connection, connect
from tests.secret_keys import BOX

NOW_US = 1_795_000_000_000_000


def points() -> ContactPoints:
    """Contact points sealed with the tests' key; a new one for each database."""
    return ContactPoints(BOX, "DE")


SINCE = "2000-01-01T00:00:00Z"


def registry(**changes: Any) -> dict[str, list[dict[str, Any]]]:
    """Sections as an import file has them."""
    sections: dict[str, list[dict[str, Any]]] = {
        "tenants": [{"id": "t1", "name": "Tenant one", "timezone": "Europe/Berlin"}],
        "customers": [{"tenant": "t1", "id": f"c{i}", "name": f"Customer {i}"} for i in range(6)],
        "vehicles": [{"tenant": "t1", "id": f"v{i}", "name": f"Car {i}"} for i in range(3)],
        "meters": [
            {"tenant": "t1", "id": f"m{i}", "number": f"N{i}", "interval_s": 900} for i in range(3)
        ],
        "contracts": [
            {
                "tenant": "t1",
                "id": f"k{i}",
                "customer": f"c{i}",
                "kind": "motor" if i < 3 else "electricity",
                "valid_from": SINCE,
                **({"vehicle": f"v{i}"} if i < 3 else {"meter": f"m{i - 3}"}),
            }
            for i in range(6)
        ],
        "devices": [
            {"tenant": "t1", "id": "car0", "kind": "vehicle"},
            {"tenant": "t1", "id": "car1", "kind": "vehicle"},
            {
                "tenant": "t1",
                "id": "phone",
                "kind": "vehicle",
                "dialect": "owntracks",
                "address": "jane/phone",
            },
            {"tenant": "t1", "id": "meter0", "kind": "meter"},
            {"tenant": "t1", "id": "meter1", "kind": "meter"},
            {
                "tenant": "t1",
                "id": "tasmota",
                "kind": "meter",
                "dialect": "tasmota",
                "address": "cellar",
            },
        ],
        "assignments": [
            {
                "tenant": "t1",
                "device": device,
                subject[0]: subject[1],
                "valid_from": SINCE,
            }
            for device, subject in {
                "car0": ("vehicle", "v0"),
                "car1": ("vehicle", "v1"),
                "phone": ("vehicle", "v2"),
                "meter0": ("meter", "m0"),
                "meter1": ("meter", "m1"),
                "tasmota": ("meter", "m2"),
            }.items()
        ],
        "consents": [
            {
                "tenant": "t1",
                "customer": f"c{i}",
                "purpose": "driving_score" if i < 3 else "energy_insight",
                "legal_basis": "consent",
                "notice_version": "2026-01",
                "source": "test",
                "at": "2026-01-01T00:00:00Z",
            }
            for i in range(6)
        ],
    }
    sections.update(changes)
    return sections


@pytest.fixture
def registered(database: str) -> str:
    """URL of a database that knows the registry above."""
    write(database, validate(registry(), "test"), NOW_US)
    return database


@pytest.fixture
def reader(registered: str) -> Iterator[Connection]:
    """A connection to it with the role of the API, as the API and the ingest worker have it."""
    with connect(registered) as connection:
        roles.must_assume(connection, roles.READER)
        connection.commit()
        yield connection
        connection.rollback()
