"""Idempotency-Key: a POST that creates something does so once, even if it is repeated.

The response is stored in the transaction that does the work, for 24 hours and for the caller's key
only. Errors are not stored: nothing was done, so the same key may be used again.
Source: the IETF draft draft-ietf-httpapi-idempotency-key-header-07, status codes of section 2.6.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

from fastapi import Header, Request, Response
from pydantic import BaseModel

from api.http.auth import Call
from api.http.problems import Problem, bad_request
from store.people.consent import decisions_count
from store.people.idempotency import StoredAnswer, claim, find_answer, keep_answer
from store.postgres.pool import Connection

_KEY = re.compile(r"[\x21-\x7e]{1,200}")

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Required. A new random value for each thing to create; the same value when "
        "the request is repeated. Kept for 24 hours.",
        max_length=200,
    ),
]


def once(
    request: Request,
    call: Call,
    key: str | None,
    body: BaseModel | None,
    work: Callable[[Connection], Response],
    again: Callable[[Connection], Response] | None = None,
) -> Response:
    """Run `work` and store its response, or return the stored response.

    A replay is logged as the first answer was. Where a customer whom it is about has decided about
    a consent since, `again` answers instead, with what is shown now; it is needed by answers about
    others than the caller.

    Raises problems: 400 without a key, 409 while the first request runs, 422 for another body.
    """
    key = checked(key)
    fingerprint = _fingerprint(request, body)
    with call.connection() as connection:
        if not claim(connection, call.caller.key_id, key):
            raise Problem(
                409,
                "in_flight",
                "The same Idempotency-Key is being worked on at this moment.",
                "Wait a second and repeat the request with the same key: you get its answer.",
                headers={"Retry-After": "1"},
            )
        kept = find_answer(connection, call.caller.key_id, key, call.now_us)
        if kept is not None:
            return _replay(connection, call, kept, fingerprint, again)
        response = work(connection)
        headers = {
            name: value
            for name, value in response.headers.items()
            if name in ("content-type", "etag", "location")
        }
        answer = StoredAnswer(
            fingerprint,
            response.status_code,
            headers,
            bytes(response.body),
            tuple(call.logged),
        )
        answer = replace(answer, decisions=_decisions(connection, call, answer))
        keep_answer(connection, call.caller.tenant, call.caller.key_id, key, answer, call.now_us)
    return response


def checked(key: str | None) -> str:
    """Return the key of a request. Raises the 400 problem without one."""
    if key is None or not _KEY.fullmatch(key):
        raise bad_request(
            "idempotency_key_missing",
            "This request makes something new and needs the header Idempotency-Key.",
            "Send a random value of 1 to 200 visible ASCII characters, such as a UUID, and the "
            "same one when you repeat the request.",
        )
    return key


def _fingerprint(request: Request, body: BaseModel | None) -> bytes:
    content = "" if body is None else body.model_dump_json()
    return hashlib.sha256(f"{request.method} {request.url.path}\n{content}".encode()).digest()


def _decisions(connection: Connection, call: Call, answer: StoredAnswer) -> int:
    return decisions_count(connection, call.caller.tenant, answer.customers)


def _replay(
    connection: Connection,
    call: Call,
    kept: StoredAnswer,
    fingerprint: bytes,
    again: Callable[[Connection], Response] | None,
) -> Response:
    if kept.fingerprint != fingerprint:
        raise Problem(
            422,
            "idempotency_key_reused",
            "This Idempotency-Key was used for another request.",
            "Use a new key for another request; repeat a request with the body it had.",
        )
    if again is not None and _decisions(connection, call, kept) != kept.decisions:
        response = again(connection)
        response.headers["Idempotency-Replayed"] = "true"
        return response
    for logged in kept.reads:
        call.log(connection, logged.objects, logged.what, logged.why)
    return Response(kept.body, kept.status, {**kept.headers, "Idempotency-Replayed": "true"})
