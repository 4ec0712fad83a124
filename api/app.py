"""The application: API, public health paths, pages."""

from fastapi import APIRouter, Depends, FastAPI

import api.pages
from api.http import problems
from api.http.deps import Deps
from api.http.edge import Edge
from api.http.query import only_known
from api.openapi import document as openapi
from api.routes import ROUTERS

_API = APIRouter()
"""The routes of all applications of a process: FastAPI builds them at the first request, which
takes 0.4 s, and would build them again for each application that includes them."""
for _router in ROUTERS:
    _API.include_router(_router, dependencies=[Depends(only_known)])


def create_app(deps: Deps) -> FastAPI:
    """Build the application on opened `deps`; it opens and closes nothing itself."""
    app = FastAPI(
        title="Tachowatt",
        version=openapi.VERSION,
        summary="From the telemetry of cars and meters to customer context",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # such a redirect would repeat the Host header of the client
    )
    app.state.deps = deps
    problems.install(app)
    app.router.routes.extend(_API.routes)
    openapi.install(app)
    api.pages.mount(app, deps)
    app.add_middleware(Edge, clock=deps.clock, metrics=deps.metrics, site=deps.site)
    return app
