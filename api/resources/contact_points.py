"""The resource of contact points, of a customer and of a case, for API and pages."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from api.http.answers import Shape
from api.http.deps import Deps
from services.contact_points import ContactPoint as Found
from services.contact_points import ContactPoints, contact_points_of
from store.people.read_log import ObjectRead
from store.postgres.pool import Connection
from store.postgres.times import from_us

Kind = Literal["phone", "mobile", "email", "postal"]


class ContactPoint(Shape):
    """A number or address of a customer, valid in [valid_from, valid_to)."""

    id: str
    kind: Kind
    value: str = Field(description="A number in E.164, an e-mail address, or lines of an address.")
    shown: str = Field(description="The value for people: a number in international format.")
    link: str | None = Field(description="tel: or mailto:; null for a postal address.")
    preferred: bool
    verified_at: datetime | None
    valid_from: datetime
    valid_to: datetime | None
    source: str


def points(deps: Deps) -> ContactPoints:
    """Return the use cases of contact points with this process's keys."""
    return contact_points_of(deps.settings)


def shape(found: Found) -> ContactPoint:
    """Convert a contact point to the resource."""
    row: dict[str, Any] = asdict(found) | {"id": found.point_id}
    return ContactPoint.model_validate({name: row[name] for name in ContactPoint.model_fields})


def reads(customer: str, found: list[Found]) -> list[ObjectRead]:
    """Return what a reader of these contact points reads, for the read log."""
    return [ObjectRead(customer, "contact_point", point.point_id) for point in found]


def to_call(connection: Connection, deps: Deps, case: dict[str, Any], now_us: int) -> list[Found]:
    """Return the numbers to call about a case that is not resolved and whose purpose holds.

    case : as `services.visibility` shows it.
    """
    if case["customer"] is None or case["withdrawn"] is not None or case["state"] == "resolved":
        return []
    return points(deps).to_call(connection, case["tenant"], case["customer"], from_us(now_us))
