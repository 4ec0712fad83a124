"""By which channel a customer gets a notice about their case: one, and the first that may be. Pure.

A customer who agreed to e-mail prefers it: they asked for it. The inbox takes what e-mail may not.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from contracts.channels import CHANNELS
from customer_context.contact_policy.caps import cap_reached

ORDER = ("email", "inbox")
"""The most preferred first."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a notice is for.

    addresses : kind → address. channels : configured. granted : purposes. not_by : (purpose,
    channel) that they do not want. sent : channel → aware times of the last day's messages.
    per_day : most messages by one channel in 24 hours, 0 = no cap.
    """

    addresses: Mapping[str, str]
    channels: Collection[str]
    granted: Collection[str]
    not_by: Collection[tuple[str, str]]
    sent: Mapping[str, Sequence[datetime]]
    per_day: int


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen channel. None : none may be; reason : why not, or why not the first one."""

    channel: str | None
    reason: str


def choose(to: Recipient, purpose: str | None, now: datetime, *, inbox: bool = True) -> Choice:
    """Choose the channel. purpose : of the case, None = it rests on the contract.

    inbox : False = a link is asked for, which helps nobody in the inbox.
    """
    if purpose is not None and purpose not in to.granted:
        return Choice(None, f"no_consent:{purpose}")
    reasons: list[str] = []
    for channel in ORDER if inbox else ORDER[:1]:
        why = _against(to, purpose, channel, now)
        if why is None:
            return Choice(channel, reasons[0] if reasons else "")
        reasons.append(why)
    return Choice(None, reasons[0])


def _against(to: Recipient, purpose: str | None, channel: str, now: datetime) -> str | None:
    spec = CHANNELS[channel]
    if channel not in to.channels:
        return "channel_not_set_up"
    if spec.purpose is not None and spec.purpose not in to.granted:
        return "no_channel_consent"
    if purpose is not None and (purpose, channel) in to.not_by:
        return "channel_refused"
    if spec.address is not None and spec.address not in to.addresses:
        return "no_address"
    if spec.address is not None and cap_reached(to.sent.get(channel, ()), now, to.per_day):
        return "cap_reached"
    return None
