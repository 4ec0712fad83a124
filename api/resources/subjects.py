"""What an insurer asks about: a vehicle, a driver or a contract; and whether it may."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Query

from api.http.answers import Instant
from api.http.auth import Call
from api.http.problems import FieldError, Problem, not_found
from contracts.purposes import Purpose
from store.people import customers, subjects
from store.postgres.pool import Connection
from store.postgres.times import from_us, to_us
from store.reads.scoring import Which

_ID = "Id as in the registry"
Vehicle = Annotated[
    str | None,
    Query(max_length=64, description=f"{_ID}. It stands for the trips, in this vehicle, of the "
          "customer whose contract covers it now."),
]  # fmt: skip
Driver = Annotated[
    str | None,
    Query(max_length=64, description=f"{_ID}: a customer, with all vehicles they had covered."),
]
Contract = Annotated[str | None, Query(max_length=64, description=f"{_ID}: a motor contract.")]
From = Annotated[Instant | None, Query(alias="from", description="Trips that began at or after.")]
To = Annotated[Instant | None, Query(description="Trips that began before.")]


@dataclass(frozen=True, slots=True)
class Asked:
    """What stands in the query, checked for sense."""

    vehicle: str | None
    driver: str | None
    contract: str | None
    from_at: datetime | None
    to_at: datetime | None

    @property
    def nothing(self) -> bool:
        """True where no subject is named."""
        return self.vehicle is None and self.driver is None and self.contract is None


@dataclass(frozen=True, slots=True)
class Subject:
    """What was asked about, and allowed. name : vehicle:<id>, customer:<id> or contract:<id>."""

    name: str
    customer: str
    which: Which
    consent_id: int | None


def asked(
    vehicle: Vehicle = None,
    driver: Driver = None,
    contract: Contract = None,
    from_: From = None,
    to: To = None,
) -> Asked:
    """Dependency: at most one subject, and a period that has a length."""
    named = [
        name
        for name, value in (("vehicle", vehicle), ("driver", driver), ("contract", contract))
        if value is not None
    ]
    if len(named) > 1:
        raise invalid(f"query.{named[1]}", "give one of vehicle, driver and contract")
    ordered("from", from_, to)
    return Asked(vehicle, driver, contract, from_, to)


def ordered(name: str, from_: datetime | None, to: datetime | None) -> None:
    """Raise the problem `invalid` where a period ends before it begins."""
    if from_ is not None and to is not None and to <= from_:
        raise invalid(f"query.{name}", "`to` must be after `from`")


def invalid(field: str, message: str) -> Problem:
    """422 for what no schema says."""
    return Problem(
        422,
        "invalid",
        f"{field}: {message}",
        "Mend the fields named in `errors`.",
        user_message="Some of what was entered does not fit.",
        errors=[FieldError(field=field, message=message)],
    )


def one(asked: Asked) -> None:
    """Raise the problem `invalid` where no subject is named."""
    if asked.nothing:
        raise invalid("query.vehicle", "name a vehicle, a driver or a contract")


def resolve(connection: Connection, call: Call, asked: Asked, purpose: Purpose) -> Subject:
    """Whose trips are meant. Raises 404 for what is not there, not this tenant's, not under a
    motor contract, or without the customer's consent to `purpose`."""
    tenant = call.caller.tenant
    if asked.contract is not None:
        contract = subjects.contract(connection, tenant, asked.contract)
        if contract is None or contract["kind"] != "motor":
            raise not_found()
        name, customer = f"contract:{asked.contract}", contract["customer"]
    elif asked.vehicle is not None:
        name = f"vehicle:{asked.vehicle}"
        holder = customers.holder_at(connection, tenant, name, from_us(call.now_us))
        if holder is None:
            raise not_found()
        customer = holder[0]
    else:
        assert asked.driver is not None
        name, customer = f"customer:{asked.driver}", asked.driver
        if not subjects.has_contract(connection, tenant, customer, "motor"):
            raise not_found()
    consent_id = customers.granted_of(connection, tenant, customer).get(purpose)
    if consent_id is None:
        raise not_found()
    return Subject(name, customer, which(tenant, customer, asked), consent_id)


def which(tenant: str, customer: str, asked: Asked) -> Which:
    """The trips of a customer that the query means."""
    return Which(
        tenant,
        customer,
        asked.vehicle,
        asked.contract,
        None if asked.from_at is None else to_us(asked.from_at),
        None if asked.to_at is None else to_us(asked.to_at),
    )


def consent_ref(consent_id: int | None) -> str | None:
    """How an answer names the decision it stands on; None where there is none."""
    return None if consent_id is None else f"consent:{consent_id}"
