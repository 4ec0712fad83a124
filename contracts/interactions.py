"""Interactions: what customers do and say in channels of other systems, and the timeline's kinds.

API, pages, search and the store read these tables.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from contracts.channels import CHANNELS, TO_CUSTOMER
from contracts.kinds import Text


class InteractionKind(StrEnum):
    """Kinds of interactions."""

    WEB_VISIT = "web_visit"
    APP_VISIT = "app_visit"
    SHOP_ORDER = "shop_order"
    BRANCH_VISIT = "branch_visit"
    CALL = "call"
    CHAT = "chat"
    EMAIL = "email"
    MESSAGE = "message"
    LETTER = "letter"
    SOCIAL_MENTION = "social_mention"


@dataclass(frozen=True, slots=True)
class InteractionFacts:
    """The facts about a kind of interaction. channel : a key of INTERACTION_CHANNELS."""

    name: Text
    channel: str


INTERACTION_CHANNELS: Mapping[str, Text] = {
    "web": Text("Website", "website"),
    "app": Text("App", "app"),
    "shop": Text("Shop", "shop"),
    "branch": Text("Filiale", "branch"),
    "phone": Text("Telefon", "phone"),
    "chat": Text("Chat", "chat"),
    "messenger": Text("Messenger", "messenger"),
    "post": Text("Post", "post"),
    "social": Text("soziale Medien", "social media"),
    "email": CHANNELS["email"].name,
}
"""Channels of interactions. `email` is the channel of our own messages too."""

INTERACTIONS: Mapping[str, InteractionFacts] = {
    InteractionKind.WEB_VISIT: InteractionFacts(Text("Besuch der Website", "web visit"), "web"),
    InteractionKind.APP_VISIT: InteractionFacts(Text("Nutzung der App", "app visit"), "app"),
    InteractionKind.SHOP_ORDER: InteractionFacts(Text("Bestellung", "shop order"), "shop"),
    InteractionKind.BRANCH_VISIT: InteractionFacts(
        Text("Besuch in der Filiale", "branch visit"), "branch"
    ),
    InteractionKind.CALL: InteractionFacts(Text("Anruf", "call"), "phone"),
    InteractionKind.CHAT: InteractionFacts(Text("Chat", "chat"), "chat"),
    InteractionKind.EMAIL: InteractionFacts(Text("E-Mail", "e-mail"), "email"),
    InteractionKind.MESSAGE: InteractionFacts(Text("Nachricht", "message"), "messenger"),
    InteractionKind.LETTER: InteractionFacts(Text("Brief", "letter"), "post"),
    InteractionKind.SOCIAL_MENTION: InteractionFacts(
        Text("Erwähnung in sozialen Medien", "social mention"), "social"
    ),
}

STOP_WORDS = frozenset({
    "stop", "stopp", "stop all", "unsubscribe", "abmelden", "abbestellen",
})  # fmt: skip
"""First line of a customer's reply, in small letters, by which they want no more messages by its
channel; the words of mobile networks, and theirs in German."""

TIMELINE_CHANNELS: Mapping[str, Text] = {
    **INTERACTION_CHANNELS,
    **{name: CHANNELS[name].name for name in TO_CUSTOMER},
}
"""Channels by which a timeline can be filtered: of interactions, and of our messages."""


class EntryKind(StrEnum):
    """Kinds of entries of a timeline."""

    INTERACTION = "interaction"
    CONTACT = "contact"
    CASE = "case"
    SIGNAL = "signal"
    CONSENT = "consent"
    READ = "read"
    DECISION = "decision"


JOINED_WITHIN = timedelta(days=30)
"""How long after an anonymous interaction its visitor may become known, to whom it then belongs."""
