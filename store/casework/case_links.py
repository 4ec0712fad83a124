"""Links that open one case for its customer."""

from dataclasses import dataclass
from datetime import datetime

from store.postgres import rows
from store.postgres.pool import Connection
from store.postgres.times import from_us

_COLUMNS = "link_id, tenant, case_id, customer, made_at, made_by, expires_at, opened_at, revoked_at"


@dataclass(frozen=True, slots=True)
class CaseLink:
    """A link without its secret. opened_at : None = nobody has opened it."""

    link_id: str
    tenant: str
    case_id: str
    customer: str
    made_at: datetime
    made_by: str
    expires_at: datetime
    opened_at: datetime | None
    revoked_at: datetime | None


def put(connection: Connection, link: CaseLink, now_us: int) -> CaseLink:
    """Store a link and return it as it stands: one that is valid already stays as it is."""
    connection.execute(
        "insert into contacts.case_link as l (link_id, tenant, case_id, customer, made_at, "
        "made_by, expires_at) values (%s, %s, %s, %s, %s, %s, %s) on conflict (link_id) do update "
        "set expires_at = excluded.expires_at where l.expires_at <= %s",
        (
            link.link_id,
            link.tenant,
            link.case_id,
            link.customer,
            link.made_at,
            link.made_by,
            link.expires_at,
            from_us(now_us),
        ),
    )
    found = rows.one(
        connection,
        f"select {_COLUMNS} from contacts.case_link where link_id = %s",
        (link.link_id,),
    )
    assert found is not None
    return CaseLink(**found)


def find(connection: Connection, link_id: str) -> CaseLink | None:
    """Return a link of any tenant; the caller checks its secret."""
    found = rows.one(connection, f"select {_COLUMNS} from access.case_link_of(%s)", (link_id,))
    return None if found is None else CaseLink(**found)


def of_case(connection: Connection, tenant: str, case_id: str) -> list[CaseLink]:
    """Return the links of a case, newest first."""
    found = rows.all_(
        connection,
        f"select {_COLUMNS} from contacts.case_link where tenant = %s and case_id = %s "
        "order by made_at desc, link_id",
        (tenant, case_id),
    )
    return [CaseLink(**row) for row in found]


def opened(connection: Connection, link_id: str, now_us: int) -> None:
    """Record the first opening of a link."""
    connection.execute(
        "update contacts.case_link set opened_at = %s where link_id = %s and opened_at is null",
        (from_us(now_us), link_id),
    )


def revoke(connection: Connection, tenant: str, case_id: str, by: str, now_us: int) -> int:
    """Let the links of a case open nothing any more; return how many did."""
    cursor = connection.execute(
        "update contacts.case_link set revoked_at = %s, revoked_by = %s where tenant = %s "
        "and case_id = %s and revoked_at is null and expires_at > %s",
        (from_us(now_us), by, tenant, case_id, from_us(now_us)),
    )
    return cursor.rowcount
