"""Refuse query parameters that an endpoint does not know: a misspelt filter would return all.

Pages, /health and /ready ignore them: links and probes carry parameters of others.
"""

from collections.abc import Iterator
from difflib import get_close_matches

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from api.http.problems import FieldError, Problem


async def only_known(request: Request) -> None:
    """Dependency of every router. Raises the problem unknown_parameter, which names the known.

    Asynchronous, because it must not need a thread: /health answers while all of them wait.
    """
    route = request.scope["route"]
    if not isinstance(route, APIRoute) or not route.path.startswith("/v1/"):
        return
    known = sorted(_names(route.dependant))
    unknown = sorted(set(request.query_params) - set(known))
    if not unknown:
        return
    errors = [
        FieldError(field=f"query.{name[:64]}", message=_says(name, known)) for name in unknown
    ]
    raise Problem(
        422,
        "unknown_parameter",
        "; ".join(f"{error.field}: {error.message}" for error in errors)[:1000],
        f"Known here: {', '.join(known)}." if known else "This path takes no query parameters.",
        user_message="Some of what was entered does not fit.",
        errors=errors,
    )


def _names(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        yield field.alias
    for part in dependant.dependencies:
        yield from _names(part)


def _says(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, 1)
    return "unknown parameter" + (f"; did you mean `{close[0]}`?" if close else "")
