"""What every channel answers about one attempt."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol


class Next(Enum):
    """What follows from an attempt."""

    DONE = "done"
    RETRY = "retry"
    FAIL = "fail"
    """No repetition helps."""
    DISABLE = "disable"
    """It fails, and its receiver wants no more at all."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of an attempt. outcome : a stable code; status : of HTTP or SMTP."""

    next: Next
    outcome: str
    status: int | None = None
    detail: str = ""


class Channel(Protocol):
    """A way out of the house."""

    async def send(self, contact: Mapping[str, Any]) -> Result:
        """Try once to deliver a claimed contact (store/casework/delivery.py). Raises nothing."""
        ...

    async def close(self) -> None:
        """Close what is open."""
        ...
