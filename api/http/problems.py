"""Problems: every error as application/problem+json (RFC 9457), with its resolution."""

import logging
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from api.http.problem_titles import TITLES
from runtime.errors import Invalid, NotAllowed, NotFound, Retry, Stale
from store.postgres.pool import Unstorable

log = logging.getLogger("api")

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 2


class FieldError(BaseModel):
    """One invalid field."""

    model_config = ConfigDict(extra="forbid")

    field: str = Field(description="Path of the field: query.limit, body.state, …")
    message: str


class ProblemBody(BaseModel):
    """RFC 9457 problem, with a stable code for programs and texts for people."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(description="urn:tachowatt:problem:<code>; docs/api.md explains each.")
    title: str = Field(description="What the type means; the same for each occurrence.")
    status: int
    detail: str = Field(description="What is wrong with this request.")
    instance: str = Field(description="Path of the request.")
    code: str = Field(description="Stable; programs branch on it.")
    request_id: str = Field(description="Also in X-Request-Id; quote it when you ask for help.")
    resolution: str = Field(description="How to resolve it.")
    user_message: str = Field(description="Text that may be shown to a user.")
    errors: list[FieldError] | None = None


class Problem(Exception):
    """An error that is returned to the caller.

    code : stable, such as `not_found`; resolution : how to resolve it.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        resolution: str,
        *,
        user_message: str = "This did not work.",
        headers: Mapping[str, str] | None = None,
        errors: list[FieldError] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.resolution = resolution
        self.user_message = user_message
        self.headers = dict(headers or {})
        self.errors = errors


def not_found(what: str = "There is nothing here that this key may see.") -> Problem:
    """Build the 404 problem. It is the same for missing objects and for those that the caller may
    not see, so that it reveals neither."""
    return Problem(
        404,
        "not_found",
        what,
        "Check the id. Things of others, and those without the customer's consent, are answered "
        "like things that do not exist.",
        user_message="Not found.",
    )


def stale(version: int) -> Problem:
    """Build the 412 problem: the resource has changed since the caller read it."""
    return Problem(
        412,
        "stale",
        f"It has changed since you read it; its version is now {version}.",
        "Read it again, look at what changed, and repeat the change with the new ETag in If-Match.",
        user_message="Somebody changed this in the meantime. Please look again.",
    )


def bad_request(code: str, detail: str, resolution: str) -> Problem:
    """Build a 400 problem for values that no schema describes: a cursor, a header."""
    return Problem(400, code, detail, resolution, user_message="The request was not understood.")


def answer(request: Request, problem: Problem) -> Response:
    """Respond with the problem: an HTML page if the client accepts one (`app.state.problem_page`,
    set by api.pages), else JSON."""
    page = getattr(request.app.state, "problem_page", None)
    if page is not None and _wants_page(request):
        shown: Response = page(request, problem)
        return shown
    title = TITLES.get(problem.code) or HTTPStatus(problem.status).phrase
    body = ProblemBody(
        type=f"urn:tachowatt:problem:{problem.code}",
        title=title,
        status=problem.status,
        detail=problem.detail,
        instance=request.url.path,
        code=problem.code,
        request_id=getattr(request.state, "request_id", "-"),
        resolution=problem.resolution,
        user_message=problem.user_message,
        errors=problem.errors,
    )
    return JSONResponse(
        body.model_dump(mode="json", exclude_none=True),
        problem.status,
        problem.headers,
        media_type=MEDIA_TYPE,
    )


def _wants_page(request: Request) -> bool:
    api = request.url.path.startswith(("/v1/", "/openapi.json"))
    return not api and "text/html" in request.headers.get("accept", "")


def _of_validation(error: RequestValidationError) -> Problem:
    errors = [
        FieldError(
            field=".".join(str(part) for part in found["loc"]), message=str(found["msg"])[:300]
        )
        for found in error.errors()
    ]
    return Problem(
        422,
        "invalid",
        "; ".join(f"{found.field}: {found.message}" for found in errors)[:1000],
        "Mend the fields named in `errors`; the OpenAPI document (/openapi.json) has what is "
        "accepted.",
        user_message="Some of what was entered does not fit.",
        errors=errors,
    )


def _of_http(error: HTTPException) -> Problem:
    if isinstance(error.__cause__, Problem):
        return error.__cause__  # FastAPI reports a too large body only as unreadable
    if error.status_code == 404:
        return Problem(
            404,
            "no_such_path",
            "There is no such path.",
            "See /openapi.json for the paths there are.",
            user_message="Not found.",
        )
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        return Problem(
            405,
            "method_not_allowed",
            f"This path answers {allowed or 'other methods'} only.",
            "Use a method that the header Allow names.",
            headers=error.headers,
        )
    return Problem(
        error.status_code,
        "refused",
        str(error.detail),
        "See /openapi.json for what is accepted.",
        headers=error.headers,
    )


def _of_retry() -> Problem:
    return Problem(
        503,
        "store_away",
        "The database cannot be reached at the moment.",
        f"Repeat the request after {RETRY_AFTER_S} s, and then at growing intervals. With an "
        "Idempotency-Key nothing is done twice.",
        user_message="The service is not available for a moment. Please try again.",
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )


def of(error: Exception) -> Problem:
    """Convert an error to a problem. Log an unexpected one; its details are not returned."""
    match error:
        case Problem():
            return error
        case RequestValidationError():
            return _of_validation(error)
        case HTTPException():
            return _of_http(error)
        case Retry():
            log.warning("store away: %s", error)
            return _of_retry()
        case NotFound():
            return not_found()
        case Stale():
            return stale(error.version)
        case Invalid():
            return Problem(
                422,
                "invalid",
                str(error),
                "Correct the named field.",
                user_message="Some of what was entered does not fit.",
            )
        case NotAllowed():
            return Problem(
                409,
                "not_allowed_now",
                str(error),
                "Read it again; its state says what can be done with it.",
                user_message="This cannot be done in the present state.",
            )
        case Unstorable():
            return Problem(
                422,
                "invalid",
                "A value cannot be stored.",
                "Leave out control characters and values beyond what the schema allows.",
                user_message="Some of what was entered does not fit.",
            )
    log.error("request failed", exc_info=error)
    return Problem(
        500,
        "internal",
        "Something went wrong on our side; it is written in our log.",
        "Repeat the request; if it fails again, tell us the request_id.",
        user_message="Something went wrong on our side.",
    )


def install(app: FastAPI) -> None:
    """Register handlers that return errors as problems (api.http.edge handles unexpected ones)."""

    async def handle(request: Request, error: Exception) -> Response:
        return answer(request, of(error))

    for kind in (
        Problem,
        RequestValidationError,
        HTTPException,
        Retry,
        NotFound,
        Stale,
        NotAllowed,
        Unstorable,
    ):
        app.add_exception_handler(kind, handle)
