"""Tokens by which a browser's EventSource, which can send no header, opens a stream."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Response
from pydantic import Field

from api.http.answers import Shape, json
from api.http.auth import Call, needs
from api.http.scopes import Scope
from store.people import stream_tokens
from store.postgres.times import from_us

router = APIRouter(prefix="/v1", tags=["utilities"])


class StreamRequest(Shape):
    """The stream to open."""

    stream: Literal["alerts"]


class StreamToken(Shape):
    """A token for one stream. It opens nothing else, and the stream ends with your key."""

    token: str
    url: str = Field(description="Path of the stream with the token, for `new EventSource(…)`.")
    expires_at: datetime = Field(description="Until then the stream may be opened and reopened.")


@router.post("/stream-tokens", status_code=201, responses={201: {"model": StreamToken}})
def create_stream_token(
    call: Annotated[Call, needs(Scope.ALERTS_READ)], body: StreamRequest
) -> Response:
    """Create a token that opens a stream. Your server asks for it with its key, and gives it to
    the browser; the key stays where it is. A repeated request creates another token."""
    ttl_s = call.deps.settings.api_stream_token_s
    with call.connection() as connection:
        token = stream_tokens.create_token(
            connection, call.caller.key_id, body.stream, call.now_us, ttl_s
        )
    found = StreamToken(
        token=token,
        url=f"/v1/{body.stream}/stream?token={token}",
        expires_at=from_us(call.now_us + ttl_s * 1_000_000),
    )
    return json(found, 201, {"Cache-Control": "no-store"})
