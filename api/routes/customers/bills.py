"""Bills: the billing system brings tariffs and bills; customers and agents read them explained."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from api.http.answers import Shape, json
from api.http.auth import Call, needs
from api.http.idempotency import IdempotencyKey, once
from api.http.problems import not_found
from api.http.scopes import Scope
from api.resources import bills as shapes
from api.resources.bills import CustomerBill, CustomerBills
from contracts.billing import BillRow, TariffRow
from services import bills
from store.people.read_log import of_customers
from store.postgres.pool import Connection

router = APIRouter(prefix="/v1", tags=["bills"])

BillId = Annotated[str, Path(max_length=64)]
CustomerId = Annotated[str, Path(max_length=64)]
_WHY = "contract"


class TariffToWrite(TariffRow):
    """A tariff: versions valid in time, the first day of each ascending."""


class BillToWrite(BillRow):
    """A bill. bill : its period, tariff (a name, or complete), readings and billed amounts."""


class Written(Shape):
    """What was written. version : raised by what says something new."""

    id: str
    version: int


@router.post("/tariffs", status_code=201, responses={201: {"model": Written}})
def write_tariff(
    request: Request,
    call: Annotated[Call, needs(Scope.REGISTRY_WRITE)],
    body: TariffToWrite,
    key: IdempotencyKey = None,
) -> Response:
    """Write a tariff. Bills keep the version that they were computed with."""

    def work(connection: Connection) -> Response:
        version = bills.write_tariff(
            connection, call.caller.tenant, body.id, body.tariff, call.caller.name, call.now_us
        )
        return json(Written(id=body.id, version=version), 201)

    return once(request, call, key, body, work)


@router.post("/bills", status_code=201, responses={201: {"model": Written}})
def write_bill(
    request: Request,
    call: Annotated[Call, needs(Scope.REGISTRY_WRITE)],
    body: BillToWrite,
    key: IdempotencyKey = None,
) -> Response:
    """Write a bill of the billing system. A correction is a new version of the same id."""

    def work(connection: Connection) -> Response:
        version = bills.write(
            connection, call.caller.tenant, body.id, body.customer, body.contract, body.bill,
            call.caller.name, call.now_us, instalment=body.instalment,
        )  # fmt: skip
        return json(Written(id=body.id, version=version), 201)

    return once(request, call, key, body, work)


@router.get("/customers/{customer_id}/bills", responses={200: {"model": CustomerBills}})
def list_bills(call: Annotated[Call, needs(Scope.BILLS_READ)], customer_id: CustomerId) -> Response:
    """Bills of a customer, newest first, and what the running period is expected to cost."""
    own = _reader(call, customer_id)
    with call.connection() as connection:
        tenant = call.caller.tenant
        found = bills.list_(connection, tenant, customer_id)
        outlook = bills.outlook(connection, tenant, customer_id, call.now_us, own)
        call.log(connection, of_customers([customer_id]), "bills", _WHY)
    data: list[Any] = [shapes.BillRow.model_validate(shapes.row_of(row)) for row in found]
    return json(CustomerBills(data=data, outlook=shapes.outlook_of(outlook)))


@router.get("/customers/{customer_id}/bills/{bill_id}", responses={200: {"model": CustomerBill}})
def get_bill(
    call: Annotated[Call, needs(Scope.BILLS_READ)], customer_id: CustomerId, bill_id: BillId
) -> Response:
    """A bill as steps that add up, and why it differs from the one before."""
    _reader(call, customer_id)
    with call.connection() as connection:
        found = bills.one(connection, call.caller.tenant, customer_id, bill_id)
        call.log(connection, of_customers([customer_id]), "bills", _WHY)
    return json(shapes.bill_of(found))


def _reader(call: Call, customer_id: str) -> str | None:
    """Return the customer who asks for their own; None for agents. Raises 404."""
    if call.caller.role != "customer":
        return None
    if call.caller.customer != customer_id:
        raise not_found()
    return customer_id
