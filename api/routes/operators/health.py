"""/health and /ready: no key needed, no personal data, nothing of tenants.

Metrics name tenants, so they are served on the port of metrics only (runtime.metrics).
"""

from typing import Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from api.http.deps import Deps
from runtime.errors import Stop, TachowattError
from store.reads import health as store_health

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The process is alive."""

    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    """Whether the API can serve, what is missing for it, and what else does not work: contacts, or
    the intake of a source."""

    ready: bool
    missing: list[str]
    resting: list[str]


@router.get("/health")
async def get_health() -> Health:
    """Liveness of the process; checks no dependency."""
    return Health()


def readiness(deps: Deps) -> Ready:
    """Ask the store what is missing."""
    resting: list[str] = []
    try:
        with deps.pool.connection() as connection:
            missing = store_health.missing(connection)
            if not missing:
                resting = store_health.resting(connection)
    except Stop:
        missing = ["the database refuses to be read; tachowatt db migrate"]
    except TachowattError:
        missing = ["the database cannot be reached"]
    return Ready(ready=not missing, missing=missing, resting=resting)


@router.get(
    "/ready",
    responses={200: {"model": Ready}, 503: {"model": Ready, "description": "Something is missing"}},
)
def get_readiness(request: Request) -> Response:
    """Readiness: whether all dependencies are available; 503 with what is missing."""
    found = readiness(request.app.state.deps)
    return JSONResponse(found.model_dump(), 200 if found.ready else 503)
