"""Channels: all ways to deliver a contact, each with all facts about it.

Playbooks, planning, delivery, API, commands, pages and the registry read this table. A channel
that sends has an implementation of the same name in contacts/channels/.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from contracts.kinds import Text
from contracts.purposes import Purpose, Training


class ChannelPurpose(StrEnum):
    """Purposes that a customer must grant for a channel, in addition to the contact's purpose."""

    EMAIL = "channel_email"


class Confirmation(StrEnum):
    """How a recipient confirms that an address is theirs, and that they want messages there."""

    LINK = "link"
    """A signed link, sent to the address."""


AnyPurpose = Purpose | ChannelPurpose | Training
PURPOSES: tuple[str, ...] = (*map(str, Purpose), *map(str, ChannelPurpose), *map(str, Training))
"""All purposes that a customer can grant or withdraw."""


@dataclass(frozen=True, slots=True)
class ChannelSpec:
    """A channel.

    name : its label. to_customer : else it goes to the systems of insurer or utility.
    purpose : required in addition to the contact's purpose; None = none, because the message does
    not leave our pages. consent : title and text of that purpose. confirmed_by : how its grant is
    confirmed where somebody else than the customer has entered it (double opt-in); None = it need
    not be.
    address : kind of address in the customer's record; None = it needs none.
    configured_by : the setting that enables it; None = always enabled.
    concurrency : the setting for the number of contacts that are sent at once; None = a contact
    is delivered as soon as it is stored, and nothing sends it.
    """

    name: Text
    to_customer: bool
    purpose: ChannelPurpose | None = None
    consent: tuple[Text, Text] | None = None
    confirmed_by: Confirmation | None = None
    address: str | None = None
    configured_by: str | None = None
    concurrency: str | None = None


CHANNELS: Mapping[str, ChannelSpec] = {
    "webhook": ChannelSpec(
        Text("Webhook", "webhook"), to_customer=False, concurrency="webhook_concurrency"
    ),
    "inbox": ChannelSpec(Text("Postfach", "inbox"), to_customer=True),
    "email": ChannelSpec(
        Text("E-Mail", "e-mail"),
        to_customer=True,
        purpose=ChannelPurpose.EMAIL,
        consent=(
            Text("Nachrichten per E-Mail", "Messages by e-mail"),
            Text(
                "Wir dürfen unsere Nachrichten auch an Ihre E-Mail-Adresse senden. In Ihrem "
                "Postfach hier liegen sie ohnehin.",
                "We may also send our messages to your e-mail address. Your inbox here has them "
                "in any case.",
            ),
        ),
        confirmed_by=Confirmation.LINK,
        address="email",
        configured_by="smtp_url",
        concurrency="smtp_concurrency",
    ),
}
TO_CUSTOMER = tuple(name for name, spec in CHANNELS.items() if spec.to_customer)
STORED = tuple(name for name, spec in CHANNELS.items() if spec.concurrency is None)
"""Channels whose contacts are delivered as soon as they are stored."""
TO_RECEIVERS = tuple(name for name, spec in CHANNELS.items() if not spec.to_customer)
CONFIRMED: Mapping[str, str] = {
    spec.purpose: name
    for name, spec in CHANNELS.items()
    if spec.purpose is not None and spec.confirmed_by is not None
}
"""Purposes of channels whose grants need a double opt-in → the channel."""
ADDRESSES: Mapping[str, re.Pattern[str]] = {
    "email": re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}"),
}
"""Kinds of addresses in a customer's record → their pattern."""


def configured(settings: object) -> frozenset[str]:
    """Return the channels to customers that these settings enable."""
    return frozenset(
        name
        for name in TO_CUSTOMER
        if (setting := CHANNELS[name].configured_by) is None or getattr(settings, setting)
    )
