"""Customers: only their own data: what is stored, the read log, trips and scores."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import Field

from api.http import paging
from api.http.answers import Shape, json
from api.http.auth import Call, needs
from api.http.paging import After, Limit, Page
from api.http.problems import not_found
from api.http.scopes import Scope
from api.resources import scores
from api.resources.scores import DrivingScore
from api.resources.subjects import Subject
from api.routes.insurers.trips import PageOfTrips, trip_cursor, trip_of
from contracts.purposes import Purpose
from services.one_customer import granting
from store.people import consent, customers, read_log, subjects
from store.people.read_log import of_customers
from store.postgres.merged import same_as
from store.postgres.pool import Connection
from store.postgres.times import from_us
from store.reads import driving
from store.reads.scoring import Which

router = APIRouter(prefix="/v1/customers/{customer_id}", tags=["customers"])

CustomerId = Annotated[str, Path(max_length=64)]
TripId = Annotated[str, Path(pattern=r"^\d{1,18}-\d{1,17}$", description="Id of one of your trips")]
OWN = "own data"
_MAX_POINTS = 20_000
_NOT_GRANTED = "you do not agree to driving_score"


class StoredDevice(Shape):
    """One of your devices during your contract, and what is stored from it."""

    device: str
    kind: str
    dialect: str
    contract: str
    subject: str
    valid_from: datetime
    valid_to: datetime | None
    samples: int
    first_at: datetime | None
    last_at: datetime | None


class OwnData(Shape):
    """What is stored about you, and the purposes that you have granted."""

    customer: str
    name: str
    language: str
    email: str | None
    purposes: list[str]
    devices: list[StoredDevice]


class Read(Shape):
    """An entry of the read log: who read your data."""

    at: datetime
    role: str
    reader: str
    what: str
    object_kind: str | None = Field(
        description="case, contact, alert, signal, vehicle, meter, contract or customer; null in "
        "entries of earlier versions."
    )
    object_id: str | None
    why: str
    request_id: str


class Point(Shape):
    """A position of your vehicle."""

    at: datetime
    lat_deg: float
    lon_deg: float
    speed_kmh: float | None


class TripPath(Shape):
    """The path of one of your trips."""

    trip: str
    points: list[Point]
    cut_off: bool = Field(description=f"The path has more than {_MAX_POINTS} points.")


PageOfReads = Page[Read]
PageOfScores = Page[DrivingScore]


def _also(connection: Connection, tenant: str, customer: str) -> tuple[str, ...]:
    """Return the further ids of a customer."""
    return tuple(one for one in same_as(connection, tenant, customer) if one != customer)


def only_own(call: Call, customer_id: str) -> str:
    """Check that the id is that of the key's customer. Raises 404 for any other id."""
    if call.caller.customer is None or call.caller.customer != customer_id:
        raise not_found()
    return customer_id


@router.get("/data", responses={200: {"model": OwnData}})
def get_own_data(
    call: Annotated[Call, needs(Scope.DATA_READ)], customer_id: CustomerId
) -> Response:
    """What is stored about you: devices, number and time of samples, and the purposes."""
    only_own(call, customer_id)
    tenant = call.caller.tenant
    with call.connection() as connection:
        person = customers.person(connection, tenant, customer_id)
        if person is None:
            raise not_found()
        granted = consent.granted_of(connection, tenant, customer_id)
        devices = subjects.devices_of(connection, tenant, customer_id)
        call.log(connection, of_customers([customer_id]), "what is stored", OWN)
    found = OwnData(
        customer=customer_id,
        name=person.name,
        language=person.language,
        email=person.addresses.get("email"),
        purposes=sorted(granted),
        devices=[_device(row) for row in devices],
    )
    return json(found)


def _device(row: dict[str, Any]) -> StoredDevice:
    vehicle = row["vehicle"] is not None
    subject = f"vehicle:{row['vehicle']}" if vehicle else f"meter:{row['meter']}"
    names = set(StoredDevice.model_fields) - {"subject"}
    return StoredDevice.model_validate({**{name: row[name] for name in names}, "subject": subject})


@router.get("/reads", responses={200: {"model": PageOfReads}})
def list_own_reads(
    call: Annotated[Call, needs(Scope.DATA_READ)],
    customer_id: CustomerId,
    after: After = None,
    limit: Limit = 50,
) -> Response:
    """Who read your data, when and why, newest first. Includes your own reads."""
    only_own(call, customer_id)
    cursor = paging.decode("reads", after, paging.number)
    with call.connection() as connection:
        rows = read_log.of_customer(
            connection,
            call.caller.tenant,
            customer_id,
            after=None if cursor is None else cursor[0],
            limit=limit + 1,
        )
        call.log(connection, of_customers([customer_id]), "log of reads", OWN)
    shown, page = paging.cut(rows, limit, lambda row: paging.encode("reads", row["read_id"]))
    data = [Read.model_validate({name: row[name] for name in Read.model_fields}) for row in shown]
    return json(PageOfReads(data=data, pagination=page))


@router.get("/trips", responses={200: {"model": PageOfTrips}})
def list_own_trips(
    call: Annotated[Call, needs(Scope.DATA_READ)],
    customer_id: CustomerId,
    after: After = None,
    limit: Limit = 50,
) -> Response:
    """Your trips, newest first."""
    only_own(call, customer_id)
    cursor = paging.decode("trips", after, paging.instant, paging.number)
    with call.connection() as connection:
        also = _also(connection, call.caller.tenant, customer_id)
        which = Which(call.caller.tenant, customer_id, also=also)
        rows = driving.trips(connection, which, after=cursor, limit=limit + 1)
        call.log(connection, of_customers([customer_id]), "trips", OWN)
    shown, page = paging.cut(rows, limit, trip_cursor)
    return json(PageOfTrips(data=[trip_of(row) for row in shown], pagination=page))


@router.get("/trips/{trip_id}/path", responses={200: {"model": TripPath}})
def get_own_trip_path(
    call: Annotated[Call, needs(Scope.DATA_READ)], customer_id: CustomerId, trip_id: TripId
) -> Response:
    """The path of one of your trips. Only you can see it."""
    only_own(call, customer_id)
    device, _, start = trip_id.partition("-")
    with call.connection() as connection:
        trip = _own_trip(connection, call, int(device), int(start))
        points = driving.path(
            connection, trip["device_id"], trip["start_at"], trip["end_at"], _MAX_POINTS + 1
        )
        call.log(connection, of_customers([customer_id]), "path of a trip", OWN)
    found = TripPath(
        trip=trip_id,
        points=[
            Point(
                at=row["observed_at"],
                lat_deg=row["lat_deg"],
                lon_deg=row["lon_deg"],
                speed_kmh=row["speed_kmh"],
            )
            for row in points[:_MAX_POINTS]
        ],
        cut_off=len(points) > _MAX_POINTS,
    )
    return json(found)


def _own_trip(connection: Connection, call: Call, device: int, start_us: int) -> dict[str, Any]:
    assert call.caller.customer is not None
    also = _also(connection, call.caller.tenant, call.caller.customer)
    which = Which(call.caller.tenant, call.caller.customer, also=also)
    trip = driving.trip(connection, which, device, from_us(start_us))
    if trip is None:
        raise not_found()
    return trip


@router.get("/scores", responses={200: {"model": PageOfScores}})
def list_own_scores(
    call: Annotated[Call, needs(Scope.DATA_READ)], customer_id: CustomerId
) -> Response:
    """Your driving scores, over all trips and then for each vehicle; no score without your
    consent."""
    only_own(call, customer_id)
    tenant = call.caller.tenant
    with call.connection() as connection:
        granted = consent.granted_of(connection, tenant, customer_id)
        consent_id = granted.get(Purpose.DRIVING_SCORE)
        vehicles = {
            row["vehicle"]: None
            for row in subjects.contracts_of(connection, tenant, customer_id)
            if row["vehicle"] is not None
        }
        also = granting(connection, tenant, customer_id, Purpose.DRIVING_SCORE)
        asked = [
            Subject(
                f"{'customer' if vehicle is None else 'vehicle'}:{vehicle or customer_id}",
                customer_id,
                Which(tenant, customer_id, vehicle=vehicle, also=also),
                consent_id,
            )
            for vehicle in (None, *vehicles)
        ]
        data = [
            scores.without_score(subject, _NOT_GRANTED)
            if consent_id is None
            else scores.explained(connection, subject)
            for subject in asked
        ]
        call.log(connection, of_customers([customer_id]), "driving score", OWN)
    page = paging.Pagination(end_cursor=None, has_next_page=False)
    return json(PageOfScores(data=data, pagination=page))
