"""Responses: models as JSON, ETags, conditional requests."""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Header, Request, Response
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict

from api.http.problems import Problem, bad_request

_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_ETAG = re.compile(r'"v(\d{1,9})\.[0-9a-f]{16}"')
_WEAK = re.compile(r'W/"[\x21\x23-\x7e]*"')


def _in_range(at: datetime) -> datetime:
    if not _EARLIEST <= at <= _LATEST:
        raise ValueError("expected a time from 1970 to 2200")
    return at.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_in_range)]
"""A time with an offset, from 1970 to 2200."""


class Shape(BaseModel):
    """Base class of request and response bodies."""

    model_config = ConfigDict(extra="forbid", serialize_by_alias=True)


def json(model: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Respond with a model; NaN becomes null."""
    return Response(
        model.model_dump_json(), status, dict(headers or {}), media_type="application/json"
    )


def tagged(request: Request, model: BaseModel, version: int | None = None) -> Response:
    """Respond with a model and its ETag; 304 without a body if the caller's copy is current.

    version : of a resource that can change; If-Match compares it (`expected`).
    """
    body = model.model_dump_json().encode()
    tag = etag(body, version)
    given = request.headers.get("if-none-match", "")
    cached = {candidate.strip().removeprefix("W/") for candidate in given.split(",")}
    if request.method == "GET" and (tag in cached or "*" in cached):
        return Response(status_code=304, headers={"ETag": tag})
    return Response(body, headers={"ETag": tag}, media_type="application/json")


def etag(body: bytes, version: int | None) -> str:
    """Return the ETag of a body; it includes the version if there is one."""
    digest = hashlib.blake2b(body, digest_size=8).hexdigest()
    return f'"{digest}"' if version is None else f'"v{version}.{digest}"'


IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=200,
        description="The ETag that you read; 412 if the resource has changed since.",
    ),
]


def expected(if_match: str | None) -> int | None:
    """Return the version in If-Match; None if the header is absent or `*`.

    Raises the problems bad_if_match and weak_etag.
    Source: RFC 9110, section 13.1.1: a weak ETag never matches.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    if _WEAK.fullmatch(if_match.strip()):
        raise Problem(
            412,
            "weak_etag",
            "If-Match has a weak ETag, which never matches. A proxy that compresses weakens ETags.",
            "Send the ETag without W/ if you know that the proxy only compressed the answer; or "
            "read with `Accept-Encoding: identity`.",
        )
    match = _ETAG.fullmatch(if_match.strip())
    if match is None:
        raise bad_request(
            "bad_if_match",
            "If-Match is no ETag of this.",
            "Send the ETag of the answer to GET, with its quotation marks, or leave If-Match out.",
        )
    return int(match[1])


NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "Not modified: If-None-Match has the current ETag"}
}


def finite(value: float | None) -> float | None:
    """Return the number, or None for NaN (not measured)."""
    return None if value is None or value != value else float(value)


def prefers(request: Request, media_type: str) -> bool:
    """Return whether a request asks for this media type and not for JSON."""
    accept = request.headers.get("accept", "")
    return media_type in accept and "application/json" not in accept
