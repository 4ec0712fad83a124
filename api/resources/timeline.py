"""The resource of a customer's timeline, for API and pages."""

from datetime import datetime
from typing import Any, Literal, get_args

from pydantic import Field

from api.http import paging
from api.http.answers import Shape
from contracts.interactions import TIMELINE_CHANNELS, EntryKind
from services import timeline
from services.timeline import NUMBERED, Entry
from store.people.timeline import Key

Kind = Literal["interaction", "contact", "case", "signal", "consent", "read", "decision"]
Channel = Literal[
    "web", "app", "shop", "branch", "phone", "chat", "messenger", "post", "social", "email", "inbox"
]
assert get_args(Kind) == tuple(EntryKind), "API and contract must name the same kinds"
assert get_args(Channel) == tuple(TIMELINE_CHANNELS), "API and contract must name the same channels"

_LIST = "timeline"


class TimelineEntry(Shape):
    """Something that happened."""

    kind: Kind
    id: str
    at: datetime
    type: str = Field(
        description="Of the interaction, message, case or signal; the purpose of a consent; what "
        "was read; the type of signal that was decided about."
    )
    summary: dict[str, str] = Field(description="In German (de) and English (en).")
    channel: str | None
    text: str = Field(description="What was written; empty = nothing.")
    state: str | None = Field(description="Of interaction, message, case, consent or decision.")
    direction: str | None
    subject: str | None
    case_id: str | None
    reference: str | None = Field(description="Number of an order, or name of a playbook.")
    by: str | None = Field(description="System that reported it, or who read.")
    withdrawn: bool = Field(description="Its content is hidden: its purpose is withdrawn.")


def shape(entry: Entry) -> TimelineEntry:
    """Return the resource of an entry."""
    return TimelineEntry(
        kind=entry.kind,  # type: ignore[arg-type]  # one of Kind
        id=entry.id,
        at=entry.at,
        type=entry.type,
        summary=dict(entry.summary),
        channel=entry.channel,
        text=entry.text,
        state=entry.state,
        direction=entry.direction,
        subject=entry.subject,
        case_id=entry.case_id,
        reference=entry.reference,
        by=entry.by,
        withdrawn=entry.withdrawn,
    )


def decode(cursor: str | None) -> Key | None:
    """Decode a cursor. Raises the problem bad_cursor."""
    found = paging.decode(_LIST, cursor, paging.instant, _kind, paging.text)
    if found is None:
        return None
    key = Key(*found)
    if key.kind in NUMBERED:
        paging.decode(_LIST, paging.encode(_LIST, key.id), _digits)
    return key


def _kind(value: Any) -> str:
    return EntryKind(value)


def _digits(value: Any) -> str:
    if not (isinstance(value, str) and len(value) == 20 and value.isascii() and value.isdigit()):
        raise ValueError("no id")
    if int(value) >= 2**63:
        raise ValueError("no bigint")
    return value


def encode(after: Key) -> str:
    """Encode the cursor after an entry."""
    return paging.encode(_LIST, after.at, after.kind, after.id)


def pagination(found: timeline.Found) -> paging.Pagination:
    """Return the position of the next page."""
    last = found.after or (found.entries[-1].key if found.entries else None)
    return paging.Pagination(
        end_cursor=None if last is None else encode(last), has_next_page=found.after is not None
    )
