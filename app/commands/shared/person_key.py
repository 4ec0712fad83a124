"""Commands that act as a person: the key of that person, from the environment or typed."""

import os
from typing import TYPE_CHECKING

import typer

from api.http.scopes import Scope
from runtime.errors import Usage
from store.postgres.pool import Connection

if TYPE_CHECKING:
    from api.http.auth import Caller

VARIABLE = "TACHOWATT_KEY"


def ask_key() -> str:
    """Return the key in the environment, or ask for it."""
    found: str = os.environ.get(VARIABLE) or typer.prompt("key of the person", hide_input=True)
    return found.strip()


def person_of_key(
    connection: Connection, key: str, now_us: int, scope: Scope = Scope.APPROVALS_WRITE
) -> "Caller":
    """Return who has a key with a scope; by default to ask and approve. Raises `Usage`."""
    from api.http.auth import KeyRefused, caller_of_key  # loads the web framework

    try:
        caller = caller_of_key(connection, key, now_us)
    except KeyRefused as error:
        raise Usage(f"{VARIABLE}: {error}") from None
    if scope not in caller.scopes:
        raise Usage(f"{VARIABLE}: the key does not have {scope}")
    return caller
