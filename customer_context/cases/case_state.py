"""The state of a case with a type: its items, data, timers and open exceptions; events; effects."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """States of plan items and of the case itself, as in CMMN 1.1."""

    UNAVAILABLE = "unavailable"
    """Its stage is not active."""
    AVAILABLE = "available"
    """It waits for its entry criterion."""
    ENABLED = "enabled"
    """A person may start or disable it."""
    DISABLED = "disabled"
    ACTIVE = "active"
    FAILED = "failed"
    COMPLETED = "completed"
    TERMINATED = "terminated"
    SUSPENDED = "suspended"
    """Of the case only: its deadlines wait."""


DONE = (State.COMPLETED, State.TERMINATED, State.DISABLED)
ENDED = (State.COMPLETED, State.TERMINATED)


class What(StrEnum):
    """Events of a case."""

    OPEN = "open"
    START = "start"
    DISABLE = "disable"
    ENABLE = "enable"
    COMPLETE = "complete"
    FAIL = "fail"
    RETRY = "retry"
    TERMINATE = "terminate"
    DOCUMENT = "document"
    DATA = "data"
    LOOK = "look"
    """Signal, record or consents may have changed."""
    EXCEPTION = "exception"
    SUSPEND = "suspend"
    RESUME = "resume"
    CLOSE = "close"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Event:
    """What happens. at_us : µs since 1970 UTC; item : of the plan; text : reason or document."""

    what: What
    at_us: int
    item: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the case does not know itself. granted : purposes in force; timezone : of the tenant."""

    signal: Mapping[str, Any] = field(default_factory=dict)
    record: Mapping[str, Any] = field(default_factory=dict)
    granted: frozenset[str] = frozenset()
    timezone: str = "Europe/Berlin"


@dataclass(frozen=True, slots=True)
class ItemState:
    """State of one item. times : its instance, 1 = the first; why : of the last change."""

    state: State
    times: int = 1
    why: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Timer:
    """A deadline that runs, from the activation of its item until it fires or the item ends."""

    due_us: int
    item: str
    deadline: str
    times: int


@dataclass(frozen=True, slots=True)
class Change:
    """One change of an item's state, with its reason; item "" = the case."""

    item: str
    state: State
    why: str


class Does(StrEnum):
    """Kinds of effects."""

    RUN = "run"
    """Run an automatic step."""
    OPEN_CASE = "open_case"
    REACHED = "reached"
    """A milestone: the customer gets its notice."""
    REMIND = "remind"
    ESCALATE = "escalate"
    EXCEPTION = "exception"


@dataclass(frozen=True, slots=True)
class Effect:
    """What somebody else has to do. name : of action, case type, deadline, or the reason."""

    does: Does
    item: str
    times: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class CaseState:
    """All that the rules need to know about a case. It is stored as JSON.

    exceptions : reasons that wait for the exception stage; failing : conditions that cannot be
    evaluated, each is an exception once.
    """

    state: State = State.ACTIVE
    items: Mapping[str, ItemState] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    documents: frozenset[str] = frozenset()
    timers: tuple[Timer, ...] = ()
    exceptions: tuple[str, ...] = ()
    failing: frozenset[str] = frozenset()

    @property
    def next_due_us(self) -> int | None:
        """Return when the next deadline ends; None = none runs."""
        if self.state != State.ACTIVE or not self.timers:
            return None
        return min(timer.due_us for timer in self.timers)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON, without the data, which are stored apart."""
        return {
            "state": self.state.value,
            "items": {
                id_: [item.state.value, item.times, item.why] for id_, item in self.items.items()
            },
            "documents": sorted(self.documents),
            "timers": [[t.due_us, t.item, t.deadline, t.times] for t in self.timers],
            "exceptions": list(self.exceptions),
            "failing": sorted(self.failing),
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any], data: Mapping[str, Any]) -> "CaseState":
        """Return the state that `to_json` wrote."""
        return cls(
            State(found["state"]),
            {
                id_: ItemState(State(state), times, why)
                for id_, (state, times, why) in found["items"].items()
            },
            dict(data),
            frozenset(found["documents"]),
            tuple(Timer(*timer) for timer in found["timers"]),
            tuple(found["exceptions"]),
            frozenset(found["failing"]),
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an event led to. changes : in the order in which they happened."""

    state: CaseState
    changes: tuple[Change, ...]
    effects: tuple[Effect, ...]
