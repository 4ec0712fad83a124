"""The tenant of a command."""

from runtime.errors import Usage
from store.people import registry
from store.postgres.pool import Connection


def the_tenant(connection: Connection, given: str | None) -> str:
    """Return the given tenant, or the only one. Raises `Usage`."""
    known = registry.tenants(connection)
    if given is None and len(known) == 1:
        return known[0]
    if given not in known:
        if not known:
            raise Usage("there is no tenant yet; `tachowatt import` makes one")
        listed = ", ".join(known)
        raise Usage(
            f"--tenant: expected one of {listed}"
            if given is None
            else f"there is no tenant {given!r}; there are: {listed}"
        )
    return given
