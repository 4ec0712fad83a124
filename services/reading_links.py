"""Links that open one meter of one reading round without signing in: make, check, enter once.

As with cases (services/case_links.py) a link's secret is a MAC by the key of secrets over what it
allows, computed where a mail is sent and stored nowhere. It ends with the round, and with the first
reading that arrives in its window.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts.contacts import contact_id
from runtime.errors import NotAllowed, NotFound
from runtime.secret_box import SecretBox
from services import meter_reading
from services.meter_reading import Given, MeterRead
from services.visibility import TYPED
from store.people import reading_rounds
from store.people.reading_rounds import ReadingLink
from store.postgres import roles
from store.postgres.pool import Connection
from store.postgres.times import from_us

PATH = "/reading/by-link/"
"""Path of the page, before the id of the link."""
TYPE = "reading.round"
"""Type of a round's messages."""
ASKS = ("invite", "remind")
"""Messages of a round that have a link."""
_PURPOSE = "reading link"


class Over(NotAllowed):
    """Nothing more is entered by this link: its round has ended, or a reading has arrived."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A genuine link and its meter. given : the reading that arrived in the window."""

    link: ReadingLink
    meter: MeterRead
    given: dict[str, Any] | None
    ended: bool

    @property
    def tenant(self) -> str:
        """Whose round it is."""
        return self.link.tenant

    @property
    def expires_at(self) -> datetime:
        """When the round ends."""
        return self.link.closes_at


def path_of(box: SecretBox, link: ReadingLink) -> str:
    """Return the address of a link from the host on. Raises `KeyMissing`."""
    return f"{PATH}{link.link_id}?t={box.mac(_PURPOSE, _signed(link))}"


def of_contact(connection: Connection, contact: Mapping[str, Any]) -> ReadingLink | None:
    """Return the link of a message of a round; None where nothing is to be read any more.

    contact : tenant, customer, contact_id, treatment
    """
    if contact["customer"] is None or contact["treatment"] not in ASKS:
        return None
    for link in reading_rounds.links_of(connection, contact["tenant"], contact["customer"]):
        if contact["contact_id"] == id_of(link.round_id, link.meter, contact["treatment"]):
            return link
    return None


def id_of(round_id: str, meter: str, what: str) -> str:
    """Return the id of a round's message about a meter."""
    return contact_id(round_id, TYPED, f"{what} {meter}", None)


def open_(
    connection: Connection, box: SecretBox, link_id: str, secret: str, now_us: int
) -> Opened | None:
    """Return what a genuine link opens, and scope the transaction to its tenant; else None.

    It opens nothing once the meter has gone to another customer.
    """
    link = reading_rounds.find_link(connection, link_id)
    if link is None or not box.is_mac(_PURPOSE, _signed(link), secret):
        return None
    roles.set_tenant_scope(connection, [link.tenant])
    now = from_us(now_us)
    try:
        meter = meter_reading.meter_at(connection, link.tenant, link.meter, now, link.customer)
    except NotFound:
        return None
    if link.opened_at is None:
        reading_rounds.opened(connection, link_id, now)
    given = reading_rounds.given(connection, link)
    return Opened(link, meter, given, link.closes_at <= now)


def enter(
    connection: Connection, box: SecretBox, found: Opened, given: Given, now_us: int
) -> dict[str, Any]:
    """Enter the reading of a link, one in all; return it.

    What is sent again with the same key is the same reading. Raises `Over` for another one, and
    what `meter_reading.enter` raises.
    """
    reading_rounds.lock(connection, found.link.link_id)
    before = meter_reading.entered(connection, found.meter, given.key)
    if before is not None:
        return before
    if found.ended or reading_rounds.given(connection, found.link) is not None:
        raise Over("the link has been used, or its round has ended")
    return meter_reading.enter(connection, box, found.meter, given, now_us)


def _signed(link: ReadingLink) -> str:
    """Return what a link's secret vouches for."""
    until = str(link.closes_at.timestamp())
    return "\0".join((link.link_id, link.tenant, link.round_id, link.meter, link.customer, until))
