"""The OpenAPI 3.1 document: FastAPI's, with scopes, problems, webhooks and examples."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel

from api.http.problems import MEDIA_TYPE, ProblemBody
from api.openapi import examples, headers
from api.openapi import schemas as naming
from api.routes import ROUTERS
from api.routes.utilities.alert_stream import STREAM
from contracts.contacts import WEBHOOKS

VERSION = "1.0.0"

_DESCRIPTION = """\
Errors are problems (RFC 9457) with a resolution. Lists are paged: `limit`, `after`,
`pagination.end_cursor`. A POST that creates something needs an `Idempotency-Key`. Single resources
have an `ETag`: send it in `If-None-Match`, or in `If-Match` with a change. The `RateLimit-*`
headers show how many requests are left. Every read of personal data is logged for its customer with
the purpose and your `X-Reason`. Resources of others, and those without the customer's consent, are
answered 404.
"""

_STATUS = {
    "307": "The customer is merged into the one in Location",
    "400": "A cursor or header is invalid",
    "401": "No key, or one that is unknown, revoked or expired",
    "403": "The key does not have the required scope",
    "404": "Not found, or not visible to this key",
    "409": "Its state does not allow this, or the same request is still in progress",
    "410": "What was asked for is not kept any more",
    "412": "The resource has changed since you read it",
    "413": "The body is too large",
    "415": "The body is not JSON",
    "422": "A value is invalid",
    "429": "Too many requests; wait for Retry-After seconds",
    "500": "Internal error; report the request_id",
    "503": "The database is unavailable; wait for Retry-After seconds",
}
_ALWAYS = ("400", "401", "403", "404", "422", "429", "500", "503")
_WITH_BODY = ("413", "415")
_OF_RECORDS = ("registry:", "customers:merge")


def install(app: FastAPI) -> None:
    """Make `app.openapi()` return our document, built once in a process."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            deps = getattr(app.state, "deps", None)
            base_url = "" if deps is None else deps.site.base_url
            app.openapi_schema = _document(app.title, app.version, app.summary, base_url or "/")
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # as FastAPI documents it


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Iterate over (path, method, operation) in the order of the document."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


@cache  # applications of one process differ in nothing else, and it takes a second
def _document(title: str, version: str, summary: str | None, server: str) -> dict[str, Any]:
    routes = api_routes()
    found = get_openapi(
        title=title,
        version=version,
        summary=summary,
        description=_DESCRIPTION,
        routes=routes,
        servers=[{"url": server, "description": "This installation"}],
        contact={"name": "The operator of this installation"},
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        tags=[
            {"name": "insurers", "description": "Scores, trips and crashes; never a position"},
            {"name": "utilities", "description": "Alerts and consumption"},
            {"name": "readings", "description": "Readings that people give of a meter"},
            {"name": "bills", "description": "Tariffs and bills, explained"},
            {"name": "agents", "description": "Customers, and the relevant context of each"},
            {"name": "decisions", "description": "Facts, and the next best action"},
            {"name": "interactions", "description": "What customers do in channels of others"},
            {"name": "cases", "description": "Cases and their diary"},
            {"name": "customers", "description": "A customer's own data, consents and messages"},
            {"name": "back office", "description": "The registry in bulk, and what has changed"},
            {"name": "partners", "description": "Customers who have granted it to a partner"},
            {"name": "devices", "description": "Credentials of a device, for a one-time code"},
            {"name": "contacts", "description": "Contacts and their delivery"},
            {"name": "operations", "description": "The ledger and dead letters"},
            {"name": "data protection", "description": "Rights, retention, recipients, erasures"},
            {"name": "approvals", "description": "Changes that a second person approves"},
            {"name": "health", "description": "Health, readiness and metrics"},
        ],
    )
    by_key = {
        (route.path, method.lower()): route for route in routes for method in route.methods or ()
    }
    for path, method, operation in operations(found):
        route = by_key[(path, method)]
        operation["operationId"] = route.name  # clients are generated from it
        _finish(path, method, operation, _scopes(route))
    components = found.setdefault("components", {})
    components["headers"] = headers.components()
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    _add(schemas, ProblemBody)
    components["securitySchemes"] = {
        "key": {
            "type": "http",
            "scheme": "bearer",
            "description": "A key of `tachowatt key create`: `Authorization: Bearer tw_…`",
        },
        "streamToken": {
            "type": "apiKey",
            "in": "query",
            "name": "token",
            "description": "Of POST /v1/stream-tokens: opens one stream, for some minutes",
        },
    }
    found["webhooks"] = _webhooks(schemas)
    for model in STREAM:
        _add(schemas, model)
    return naming.finish(found)


def api_routes() -> list[APIRoute]:
    """Return the API's routes, without those of pages."""
    found = [route for router in ROUTERS for route in router.routes]
    return [route for route in found if isinstance(route, APIRoute)]


def _scopes(route: APIRoute) -> list[str]:
    return [
        str(scope)
        for dependency in route.dependant.dependencies
        if (scope := getattr(dependency.call, "scope", None)) is not None
    ]


def _finish(path: str, method: str, operation: dict[str, Any], scopes: list[str]) -> None:
    responses = operation["responses"]
    if scopes:
        operation["security"] = [{"key": scopes}]
        if any(one["name"] == "token" for one in operation.get("parameters", ())):
            operation["security"].append({"streamToken": []})
            operation["parameters"] = [
                one for one in operation["parameters"] if one["name"] != "token"
            ]
        operation["x-scopes"] = scopes
        declared = list(_ALWAYS)
        if operation.get("requestBody"):
            declared += _WITH_BODY
        if method != "get":
            declared += ["409", "412"]
        if (
            "{customer_id}" in path
            and "customers" not in operation["tags"]
            and not scopes[0].startswith(_OF_RECORDS)
        ):
            declared.append("307")
        if path == "/v1/changes":
            declared.append("410")
        for status in declared:
            responses[status] = _problem(status)
    else:
        operation["security"] = []
        responses["400"] = _problem("400")
        if operation.get("requestBody"):
            for status in ("404", "422", "429", "503", *_WITH_BODY):
                responses[status] = _problem(status)
    for status, example in examples.of(operation["operationId"]).items():
        content = responses[status]["content"]
        next(iter(content.values()))["example"] = example
        for media_type, text in examples.FILES.get(
            operation["operationId"], examples.TEXTS
        ).items():
            if media_type in content:
                content[media_type]["example"] = text
    body = examples.REQUESTS.get(operation["operationId"])
    if body is not None:
        next(iter(operation["requestBody"]["content"].values()))["example"] = body
    operation["responses"] = dict(sorted(responses.items()))
    if scopes:
        headers.declare(operation)
    else:
        headers.declare_public(operation)


def _problem(status: str) -> dict[str, Any]:
    return {
        "description": _STATUS[status],
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}},
    }


def _webhooks(schemas: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for type_, model in WEBHOOKS.items():
        _add(schemas, model)
        found[type_] = {
            "post": {
                "summary": (model.__doc__ or "").strip().splitlines()[0],
                "description": "Signed as in Standard Webhooks; respond with any 2xx. The same "
                "webhook-id means the same contact: drop duplicates.",
                "operationId": f"receive_{type_.replace('.', '_')}",
                "security": [],
                "tags": ["contacts"],
                "parameters": [
                    {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
                    for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
                ],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {"$ref": f"#/components/schemas/{model.__name__}"},
                            "example": examples.WEBHOOKS[type_],
                        }
                    },
                },
                "responses": {"2XX": {"description": "Received"}},
            }
        }
    return found


def _add(schemas: dict[str, Any], model: type[BaseModel]) -> None:
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    schemas[model.__name__] = schema
