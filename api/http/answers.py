"""Answers: models as JSON, ETags, conditions on versions."""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Header, Request, Response
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict

from api.http.problems import bad_request

_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_ETAG = re.compile(r'"v(\d{1,9})\.[0-9a-f]{16}"')


def _in_range(at: datetime) -> datetime:
    if not _EARLIEST <= at <= _LATEST:
        raise ValueError("expected a time from 1970 to 2200")
    return at.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_in_range)]
"""A time with an offset, from 1970 to 2200."""


class Shape(BaseModel):
    """What answers are made of."""

    model_config = ConfigDict(extra="forbid", serialize_by_alias=True)


def json(model: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A model as an answer; what is not a number is null."""
    return Response(
        model.model_dump_json(), status, dict(headers or {}), media_type="application/json"
    )


def tagged(request: Request, model: BaseModel, version: int | None = None) -> Response:
    """An answer with its ETag; 304 without a body where the caller has it already.

    version : of what can be changed; If-Match compares it (`expected`).
    """
    body = model.model_dump_json().encode()
    tag = etag(body, version)
    given = request.headers.get("if-none-match", "")
    cached = {candidate.strip().removeprefix("W/") for candidate in given.split(",")}
    if request.method == "GET" and (tag in cached or "*" in cached):
        return Response(status_code=304, headers={"ETag": tag})
    return Response(body, headers={"ETag": tag}, media_type="application/json")


def etag(body: bytes, version: int | None) -> str:
    """The tag of an answer; that of something with a version says the version."""
    digest = hashlib.blake2b(body, digest_size=8).hexdigest()
    return f'"{digest}"' if version is None else f'"v{version}.{digest}"'


IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=200,
        description="The ETag you read; 412 where it has changed since.",
    ),
]


def expected(if_match: str | None) -> int | None:
    """The version that If-Match names; None without one, or for `*`."""
    if if_match is None or if_match.strip() == "*":
        return None
    match = _ETAG.fullmatch(if_match.strip())
    if match is None:
        raise bad_request(
            "bad_if_match",
            "If-Match is no ETag of this.",
            "Send the ETag of the answer to GET, with its quotation marks, or leave If-Match out.",
        )
    return int(match[1])


NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "It is what If-None-Match says you have"}
}


def finite(value: float | None) -> float | None:
    """A measured number, or None: NaN means not measured."""
    return None if value is None or value != value else float(value)
