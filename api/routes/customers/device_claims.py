"""People who set a device up: its credentials for a one-time code, without a key.

Codes are made by `tachowatt device claim`. An address that sends wrong ones is refused after as
many as of invalid keys.
"""

from fastapi import APIRouter, Request, Response
from pydantic import Field

from api.http.answers import Shape, json
from api.http.deps import Deps
from api.http.problems import Problem
from api.http.site import network_of
from runtime.errors import NotFound
from services import device_claims

router = APIRouter(tags=["devices"])


class ClaimCode(Shape):
    """The code of `tachowatt device claim`."""

    code: str = Field(
        min_length=16,
        max_length=64,
        description="As printed or scanned; hyphens, blanks and small letters do not matter.",
    )


class DeviceSettings(Shape):
    """What is set on the device. It is answered once."""

    dialect: str
    device: str = Field(description="Its address within the dialect.")
    url: str = Field(description="The MQTT broker: mqtts://host:port, MQTT 5 or 3.1.1.")
    user: str = Field(description="User name at the broker; the client id may be anything.")
    password: str
    publish: list[str] = Field(description="The topics on which it may publish.")
    subscribe: list[str] = Field(description="The topics to which it may subscribe, literally.")


@router.post("/v1/device-claims", responses={200: {"model": DeviceSettings}})
def redeem_device_claim(request: Request, body: ClaimCode) -> Response:
    """The settings and credentials of a device, for its one-time code. The code ends with it."""
    deps: Deps = request.app.state.deps
    network = network_of(request.client.host if request.client else None)
    deps.failures.check(network, body.code)
    try:
        with deps.pool.connection() as connection:
            found = device_claims.redeem(connection, body.code, deps.clock.now_us())
    except NotFound as error:
        deps.failures.failed(network)
        raise Problem(
            404,
            "not_found",
            f"{str(error).capitalize()}.",
            "Ask for a new code: `tachowatt device claim` makes one, and ends the old one.",
            user_message="This code does not work. It may have been used already.",
        ) from None
    answer = json(DeviceSettings.model_validate(found))
    answer.headers["Cache-Control"] = "no-store"
    return answer
