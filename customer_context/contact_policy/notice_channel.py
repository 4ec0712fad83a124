"""By which channel a customer gets a notice about their case: one, and the first that may be. Pure.

The channel that they have chosen for the matter is first. Else a customer who agreed to e-mail
prefers it: they asked for it. The inbox takes what e-mail may not,
and no cap keeps a notice about one's own case from it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from contracts.channels import CHANNELS
from contracts.matters import matter_of
from customer_context.contact_policy.policy import (
    MESSAGES,
    PREFERRED,
    QUIET_HOURS,
    Message,
    Person,
    Policy,
    judge,
)

ORDER = ("email", "inbox")
"""The most preferred first."""
LAST = "inbox"
"""What takes a notice that no other channel may have."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a notice is for.

    addresses : kind → address. channels : configured. person : what the contact policy knows of
    them; policy : of messages.
    """

    addresses: Mapping[str, str]
    channels: Collection[str]
    person: Person
    policy: Policy


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen channel. None : none may be; reason : why not, or why not the first one.

    deliver_at_us : from when; policy : the rules that let it go, and that count it.
    """

    channel: str | None
    reason: str
    deliver_at_us: int = 0
    policy: Policy = field(default_factory=Policy)


def choose(to: Recipient, purpose: str | None, now_us: int, *, inbox: bool = True) -> Choice:
    """Choose the channel. purpose : of the case, None = it rests on the contract.

    inbox : False = a link is asked for, which helps nobody in the inbox; the customer waits for it,
    so that neither quiet hours nor a chosen channel hold it.
    """
    if purpose is not None and purpose not in to.person.granted:
        return Choice(None, f"no_consent:{purpose}")
    policy = to.policy if inbox else to.policy.without(frozenset({QUIET_HOURS, PREFERRED}))
    chosen = to.person.preferred.get(matter_of(purpose))
    order = sorted(ORDER, key=lambda channel: channel != chosen)
    reasons: list[str] = []
    for channel in order if inbox else ORDER[:1]:
        why = _against(to, purpose, channel)
        if why is not None:
            reasons.append(why)
            continue
        message = Message(now_us, channel, purpose, "case", "case.notice", MESSAGES)
        verdict = judge(policy, message, to.person)
        if not verdict.refusal:
            first = reasons[0] if reasons else ""
            return Choice(channel, first, verdict.deliver_at_us, policy)
        reasons.append(verdict.refusal)
        if channel == LAST:
            return Choice(channel, reasons[0], now_us)
    return Choice(None, reasons[0])


def _against(to: Recipient, purpose: str | None, channel: str) -> str | None:
    spec = CHANNELS[channel]
    if channel not in to.channels:
        return "channel_not_set_up"
    if spec.purpose is not None and spec.purpose not in to.person.granted:
        return "no_channel_consent"
    if purpose is not None and (purpose, channel) in to.person.not_by:
        return "channel_refused"
    if spec.address is not None and spec.address not in to.addresses:
        return "no_address"
    return None
