"""Customers: the channel that you prefer for each of your matters."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from api.http.answers import Shape, json
from api.http.auth import Call, needs
from api.http.scopes import Scope
from api.routes.customers.own import OWN, CustomerId, only_own
from contracts.channels import configured
from contracts.matters import Matter
from services import preferences
from store.people.read_log import of_customers
from store.postgres.pool import Connection

router = APIRouter(prefix="/v1/customers/{customer_id}", tags=["customers"])


class ChannelChoice(Shape):
    """The channel that you prefer for a matter."""

    matter: Matter
    channel: str | None = Field(description="null = you have chosen none.")
    in_use: bool = Field(
        description="You can be reached by it now: you agree to it, and there is an address."
    )
    channels: list[str] = Field(description="That can be chosen.")


class ChannelChoices(Shape):
    """Your choices, of all matters."""

    data: list[ChannelChoice]


class ChannelChosen(Shape):
    """A choice. It counts from now on, also for messages that wait; urgent ones come anyway."""

    matter: Matter
    channel: str | None = Field(max_length=32, description="null = none is preferred.")


@router.get("/channels", responses={200: {"model": ChannelChoices}})
def list_own_channels(
    call: Annotated[Call, needs(Scope.CONSENTS_READ)], customer_id: CustomerId
) -> Response:
    """Your matters, with the channel that you prefer for each."""
    only_own(call, customer_id)
    with call.connection() as connection:
        found = _choices(connection, call, customer_id)
        call.log(connection, of_customers([customer_id]), "channels", OWN)
    return json(found)


@router.post("/channels", responses={200: {"model": ChannelChoices}})
def choose_own_channel(
    call: Annotated[Call, needs(Scope.CONSENTS_WRITE)],
    customer_id: CustomerId,
    body: ChannelChosen,
) -> Response:
    """Choose by which channel messages about a matter come. The same choice again changes nothing:
    it needs no Idempotency-Key."""
    only_own(call, customer_id)
    with call.connection() as connection:
        preferences.choose(
            connection, call.caller.tenant, customer_id, body.matter, body.channel, "api",
            call.now_us,
        )  # fmt: skip
        found = _choices(connection, call, customer_id)
    return json(found)


def _choices(connection: Connection, call: Call, customer_id: str) -> ChannelChoices:
    channels = configured(call.deps.settings)
    rows = preferences.of_customer(
        connection, call.caller.tenant, customer_id, channels, call.now_us
    )  # fmt: skip
    return ChannelChoices(
        data=[
            ChannelChoice(
                matter=one.matter,
                channel=one.channel,
                in_use=one.in_use,
                channels=list(one.channels),
            )
            for one in rows
        ]
    )
