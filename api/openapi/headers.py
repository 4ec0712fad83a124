"""Headers of requests and responses in the OpenAPI document, which no route declares itself."""

from collections.abc import Mapping
from typing import Any

_TEXT: dict[str, Any] = {"type": "string"}
_NUMBER: dict[str, Any] = {"type": "integer", "minimum": 0}

RESPONSE: Mapping[str, tuple[str, dict[str, Any]]] = {
    "X-Request-Id": ("Id of the request; quote it when you ask for help.", _TEXT),
    "RateLimit-Limit": ("Requests of this key per minute.", _NUMBER),
    "RateLimit-Remaining": ("Requests that are left in this minute.", _NUMBER),
    "RateLimit-Reset": ("Seconds until the minute ends.", _NUMBER),
    "Retry-After": ("Seconds to wait before the request is repeated.", _NUMBER),
    "ETag": ("Send it in If-None-Match, or in If-Match with a change.", _TEXT),
    "Idempotency-Replayed": (
        "`true`: this is the answer to an earlier request with this Idempotency-Key.",
        {"type": "string", "const": "true"},
    ),
    "Link": ('The next page of a CSV, with rel="next"; absent on the last one.', _TEXT),
    "WWW-Authenticate": ("The scheme of authentication: Bearer.", _TEXT),
}
"""Header → description and schema; `components.headers`."""

REASON: dict[str, Any] = {
    "name": "X-Reason",
    "in": "header",
    "required": False,
    "description": "Why you read this. The customer sees it in the log of reads.",
    "schema": {"type": "string", "maxLength": 200},
    "example": "claim 2026-4711",
}
IF_NONE_MATCH: dict[str, Any] = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of your copy; 304 without a body if it is current.",
    "schema": {"type": "string", "maxLength": 4096},
}


def components() -> dict[str, Any]:
    """Return `components.headers`."""
    return {
        name: {"description": description, "schema": schema}
        for name, (description, schema) in RESPONSE.items()
    }


def declare(operation: dict[str, Any]) -> None:
    """Declare the headers of an operation of the API that needs a key."""
    parameters = operation.setdefault("parameters", [])
    given = {parameter["name"] for parameter in parameters}
    parameters.append(REASON)
    if "304" in operation["responses"]:
        parameters.append(IF_NONE_MATCH)
    tagged = "304" in operation["responses"] or bool(given & {"If-Match"})
    tagged = tagged or operation["operationId"] == "add_note"
    for status, response in operation["responses"].items():
        names = ["X-Request-Id"]
        if status != "401":
            names += ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"]
        else:
            names.append("WWW-Authenticate")
        if status in ("409", "429", "503"):
            names.append("Retry-After")
        if tagged and status in ("200", "201", "304"):
            names.append("ETag")
        if "Idempotency-Key" in given and status[0] == "2":
            names.append("Idempotency-Replayed")
        if "text/csv" in response.get("content", {}) and "after" in given:
            names.append("Link")
        response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    for parameter in parameters:
        _tidy(parameter)


def declare_public(operation: dict[str, Any]) -> None:
    """Declare the headers of a path that needs no key."""
    for response in operation["responses"].values():
        response["headers"] = {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}}


def _tidy(parameter: dict[str, Any]) -> None:
    """Say what holds on the wire: a parameter is absent, never null, and this key is required."""
    schema = parameter["schema"]
    choices = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(choices) == 1 and "anyOf" in schema:
        del schema["anyOf"]
        schema.update(choices[0])
        schema.pop("title", None)
    if parameter["name"] == "Idempotency-Key":
        parameter["required"] = True
        schema |= {"minLength": 1, "pattern": "^[\\x21-\\x7e]+$"}
