"""The stop link in each e-mail: who has it may withdraw, without signing in (RFC 8058).

A link names a contact, by a code that only this service can make (`SecretBox.mac`). It can do one
thing: withdraw what the customer agreed to about this channel, or this purpose by this channel.
"""

from dataclasses import dataclass
from urllib.parse import urlencode

from contracts.channels import CHANNELS
from contracts.purposes import Method
from runtime.errors import NotFound
from runtime.secret_box import SecretBox
from services import consent
from store.casework import contacts
from store.postgres.pool import Connection

PATH = "/stop"
_USE = "stop link"
_NOTICE = "stop"
"""Version of the notice: a withdrawal is asked by no text of ours."""
SOURCE = "stop link"


def url(base_url: str, box: SecretBox, tenant: str, contact_id: str) -> str:
    """Return the link of a contact. Raises `KeyMissing`."""
    code = box.mac(_USE, f"{tenant}\0{contact_id}")
    return f"{base_url}{PATH}?{urlencode({'n': tenant, 'c': contact_id, 't': code})}"


def is_ours(box: SecretBox, tenant: str, contact_id: str, code: str) -> bool:
    """Return whether we have made the link."""
    return box.is_mac(_USE, f"{tenant}\0{contact_id}", code)


@dataclass(frozen=True, slots=True)
class Link:
    """What a link can stop. by_channel, by_purpose : whether that is still granted."""

    tenant: str
    customer: str
    channel: str
    purpose: str | None
    by_channel: bool
    by_purpose: bool


def read(connection: Connection, tenant: str, contact_id: str, now_us: int) -> Link:
    """Return what a link can stop. Raises `NotFound` where its contact is gone."""
    contact = contacts.get(connection, tenant, contact_id)
    if contact is None or contact["customer"] is None:
        raise NotFound("the message of this link is gone")
    customer, channel, purpose = contact["customer"], contact["channel"], contact["purpose"]
    granted = consent.of_customer(connection, tenant, customer, now_us).granted
    pair = (tenant, customer)
    not_by = consent.refused_channels(connection, [pair], now_us).get(pair, frozenset())
    needed = CHANNELS[channel].purpose
    by_channel = needed is not None and needed in granted
    return Link(
        tenant, customer, channel, purpose,
        by_channel=by_channel,
        by_purpose=by_channel and purpose in granted and (purpose, channel) not in not_by,
    )  # fmt: skip


def stop(connection: Connection, link: Link, now_us: int, *, only_purpose: bool = False) -> None:
    """Withdraw what the link can stop: the channel as a whole, or its purpose by this channel.

    Nothing is written where that is not granted any more, so that a repetition is harmless.
    """
    if only_purpose:
        if link.by_purpose and link.purpose is not None:
            _withdraw(connection, link, link.purpose, now_us, {"channel": link.channel})
        return
    needed = CHANNELS[link.channel].purpose
    if link.by_channel and needed is not None:
        _withdraw(connection, link, needed, now_us, None)


def _withdraw(
    connection: Connection, link: Link, purpose: str, now_us: int, limits: dict[str, str] | None
) -> None:
    consent.decide(
        connection, link.tenant, link.customer, purpose, consent.WITHDRAWN, now_us,
        notice_version=_NOTICE, source=SOURCE, method=Method.STOP_LINK, limits=limits,
    )  # fmt: skip
