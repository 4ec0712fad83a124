"""/health, /ready, /metrics for operators: no key needed, no personal data."""

from typing import Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from api.http.deps import Deps
from runtime.errors import Stop, TachowattError
from store.reads import health as store_health

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The process is alive."""

    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    """Whether the API can serve, what is missing for it, and which other parts do not run."""

    ready: bool
    missing: list[str]
    resting: list[str]


@router.get("/health")
async def health() -> Health:
    """Liveness of the process; checks no dependency."""
    return Health()


@router.get("/ready", responses={503: {"model": Ready, "description": "Something is missing"}})
def ready(request: Request) -> Response:
    """Readiness: whether all dependencies are available; 503 with what is missing."""
    deps: Deps = request.app.state.deps
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
    found = Ready(ready=not missing, missing=missing, resting=resting)
    return JSONResponse(found.model_dump(), 200 if found.ready else 503)


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(request: Request) -> Response:
    """Prometheus metrics of this process."""
    deps: Deps = request.app.state.deps
    return Response(generate_latest(deps.metrics.registry), media_type=CONTENT_TYPE_LATEST)
