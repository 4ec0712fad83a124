"""Links that open one case for its customer, without a key: make, check, revoke.

A link's secret is a MAC by the key of secrets over everything that it allows. It is computed where
it is needed and stored nowhere: who can only write to the database makes no link.
"""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from runtime.errors import NotAllowed, NotFound
from runtime.secret_box import SecretBox
from store.casework import case_links, cases
from store.casework.case_links import CaseLink
from store.postgres import roles
from store.postgres.pool import Connection
from store.postgres.times import from_us

PATH = "/matter/"
"""Path of the page, before the id of the link."""
_PURPOSE = "case link"


def make(
    connection: Connection,
    box: SecretBox,
    tenant: str,
    case_id: str,
    by: str,
    seed: str,
    now_us: int,
    hours: int,
) -> tuple[CaseLink, str]:
    """Make a link; return it with its address from the host on (`/matter/<id>?t=<secret>`).

    seed : whatever names the request; the same one gives the same link while it is valid. Raises
    `NotFound`, and `NotAllowed` for a case without a customer. Raises `SecretError` without a key.
    """
    case = _case(connection, tenant, case_id)
    if case["customer"] is None:
        raise NotAllowed(f"case {case_id} has no customer: nobody could open it")
    now = from_us(now_us)
    text = "\0".join((tenant, case_id, by, seed))
    link = CaseLink(
        hashlib.blake2b(box.mac(_PURPOSE, text).encode(), digest_size=16).hexdigest(),
        tenant,
        case_id,
        case["customer"],
        now,
        by,
        now + timedelta(hours=hours),
        None,
        None,
    )
    stored = case_links.put(connection, link, now_us)
    return stored, f"{PATH}{stored.link_id}?t={box.mac(_PURPOSE, _signed(stored))}"


def open_(
    connection: Connection, box: SecretBox, link_id: str, secret: str, now_us: int
) -> CaseLink | None:
    """Return a link that is genuine and valid, and scope the transaction to its tenant; else None.

    It opens nothing once it is revoked, too old, or its case has gone to another customer.
    """
    link = case_links.find(connection, link_id)
    if link is None or not box.is_mac(_PURPOSE, _signed(link), secret):
        return None
    if link.revoked_at is not None or link.expires_at <= from_us(now_us):
        return None
    roles.set_tenant_scope(connection, [link.tenant])
    case = cases.get(connection, link.tenant, link.case_id)
    if case is None or case["customer"] != link.customer:
        return None
    if link.opened_at is None:
        case_links.opened(connection, link_id, now_us)
    return link


def of_case(connection: Connection, tenant: str, case_id: str) -> list[CaseLink]:
    """Return the links of a case, newest first."""
    return case_links.of_case(connection, tenant, case_id)


def revoke(connection: Connection, tenant: str, case_id: str, by: str, now_us: int) -> int:
    """Let the links of a case open nothing any more; return how many did. Raises `NotFound`."""
    _case(connection, tenant, case_id)
    return case_links.revoke(connection, tenant, case_id, by, now_us)


def _case(connection: Connection, tenant: str, case_id: str) -> Mapping[str, Any]:
    """Read the case without a lock: contacts that are sent have theirs already."""
    case = cases.get(connection, tenant, case_id)
    if case is None:
        raise NotFound(f"there is no case {case_id!r}")
    return case


def _signed(link: CaseLink) -> str:
    """Return what a link's secret vouches for."""
    until = link.expires_at.astimezone().timestamp()
    return "\0".join((link.link_id, link.tenant, link.case_id, link.customer, str(until)))
