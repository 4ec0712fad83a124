"""Customers: the answer to the notice of a crash, written into its case."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Response

from api.http.answers import Shape, json
from api.http.auth import Call, needs
from api.http.scopes import Scope
from api.routes.customers.own import OWN, CustomerId, only_own
from services import case_flow
from store.people.read_log import of_customers

router = APIRouter(prefix="/v1/customers/{customer_id}", tags=["customers"])


class CrashAnswer(Shape):
    """well: nobody needs help; call_me: call now; no_crash: there was none."""

    answer: Literal["well", "call_me", "no_crash"]


class Answered(Shape):
    """The case, after your answer."""

    case: str
    state: Literal["open", "in_progress", "resolved"]


@router.post("/cases/{case_id}/answer", responses={200: {"model": Answered}})
def answer_crash(
    call: Annotated[Call, needs(Scope.INBOX_WRITE)],
    customer_id: CustomerId,
    case_id: Annotated[str, Path(max_length=64)],
    body: CrashAnswer,
) -> Response:
    """Answer the notice of your crash. It stands in the case at once."""
    only_own(call, customer_id)
    with call.connection() as connection:
        row = case_flow.answer(
            connection, call.caller.tenant, customer_id, case_id, body.answer, call.now_us
        )
        call.log(connection, of_customers([customer_id]), "cases", OWN)
    return json(Answered(case=case_id, state=row["state"]))
