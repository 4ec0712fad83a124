"""Name a customer on the command line."""

from runtime.errors import Usage
from store.people import registry
from store.postgres.pool import Connection


def named_customer(connection: Connection, text: str, tenant: str | None) -> tuple[str, str]:
    """Return (tenant, customer). Raises `Usage` where the tenant is not clear."""
    of, sign, name = text.partition("/")
    tenants = registry.tenants(connection)
    if tenant is not None:
        return tenant, text
    if sign and of in tenants:
        return of, name
    if len(tenants) == 1:
        return tenants[0], text
    raise Usage(f"name the tenant, as tenant/{text} or with --tenant: {', '.join(tenants)}")
