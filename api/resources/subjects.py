"""The subject of an insurer's query (vehicle, driver or contract), with its consent check."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from fastapi import Query

from api.http.answers import Instant
from api.http.auth import Call
from api.http.problems import FieldError, Problem, not_found
from contracts.purposes import Purpose
from services.one_customer import granting
from store.people import consent, customers, subjects
from store.postgres.pool import Connection
from store.postgres.times import from_us, to_us
from store.reads.scoring import Which

_ID = "Id as in the registry"
Vehicle = Annotated[
    str | None,
    Query(max_length=64, description=f"{_ID}. Selects the trips in this vehicle of the "
          "customer whose contract covers it now."),
]  # fmt: skip
Driver = Annotated[
    str | None,
    Query(
        max_length=64,
        description=f"{_ID}: a customer, with all vehicles ever under contract.",
    ),
]
Contract = Annotated[str | None, Query(max_length=64, description=f"{_ID}: a motor contract.")]
From = Annotated[Instant | None, Query(alias="from", description="Trips that started at or after.")]
To = Annotated[Instant | None, Query(description="Trips that started before.")]


@dataclass(frozen=True, slots=True)
class SubjectQuery:
    """The validated query parameters."""

    vehicle: str | None
    driver: str | None
    contract: str | None
    from_at: datetime | None
    to_at: datetime | None

    @property
    def is_empty(self) -> bool:
        """True if no subject is given."""
        return self.vehicle is None and self.driver is None and self.contract is None


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject that the caller may see. name : vehicle:<id>, customer:<id> or contract:<id>."""

    name: str
    customer: str
    which: Which
    consent_id: int | None


def subject_query(
    vehicle: Vehicle = None,
    driver: Driver = None,
    contract: Contract = None,
    from_: From = None,
    to: To = None,
) -> SubjectQuery:
    """Dependency of an endpoint: at most one subject, and a period that is not empty."""
    named = [
        name
        for name, value in (("vehicle", vehicle), ("driver", driver), ("contract", contract))
        if value is not None
    ]
    if len(named) > 1:
        raise invalid(f"query.{named[1]}", "give one of vehicle, driver and contract")
    ordered("from", from_, to)
    return SubjectQuery(vehicle, driver, contract, from_, to)


def ordered(name: str, from_: datetime | None, to: datetime | None) -> None:
    """Raise the problem `invalid` if the period is empty."""
    if from_ is not None and to is not None and to <= from_:
        raise invalid(f"query.{name}", "`to` must be after `from`")


def invalid(field: str, message: str) -> Problem:
    """Build the 422 problem for a rule that no schema describes."""
    return Problem(
        422,
        "invalid",
        f"{field}: {message}",
        "Mend the fields named in `errors`.",
        user_message="Some of what was entered does not fit.",
        errors=[FieldError(field=field, message=message)],
    )


def require_subject(query: SubjectQuery) -> None:
    """Raise the problem `invalid` if no subject is given."""
    if query.is_empty:
        raise invalid("query.vehicle", "name a vehicle, a driver or a contract")


def resolve(connection: Connection, call: Call, query: SubjectQuery, purpose: Purpose) -> Subject:
    """Resolve the query to a subject. Raises 404 if it is unknown, of another tenant, not under a
    motor contract, or without the customer's consent to `purpose`."""
    tenant = call.caller.tenant
    if query.contract is not None:
        contract = subjects.contract(connection, tenant, query.contract)
        if contract is None or contract["kind"] != "motor":
            raise not_found()
        name, customer = f"contract:{query.contract}", contract["customer"]
    elif query.vehicle is not None:
        name = f"vehicle:{query.vehicle}"
        holder = customers.holder_at(connection, tenant, name, from_us(call.now_us))
        if holder is None:
            raise not_found()
        customer = holder[0]
    else:
        assert query.driver is not None
        name, customer = f"customer:{query.driver}", query.driver
        if not subjects.has_contract(connection, tenant, customer, "motor"):
            raise not_found()
    consent_id = consent.granted_of(connection, tenant, customer).get(purpose)
    if consent_id is None:
        raise not_found()
    also = granting(connection, tenant, customer, purpose) if query.driver else ()
    selection = replace(which(tenant, customer, query), also=also)
    return Subject(name, customer, selection, consent_id)


def which(tenant: str, customer: str, query: SubjectQuery) -> Which:
    """Build the selection of a customer's trips."""
    return Which(
        tenant,
        customer,
        query.vehicle,
        query.contract,
        None if query.from_at is None else to_us(query.from_at),
        None if query.to_at is None else to_us(query.to_at),
    )


def consent_ref(consent_id: int | None) -> str | None:
    """Format the reference to a consent decision; None if there is none."""
    return None if consent_id is None else f"consent:{consent_id}"
