"""The interface of delivery channels, and the result of an attempt."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol


class Next(Enum):
    """What to do after an attempt."""

    DONE = "done"
    RETRY = "retry"
    FAIL = "fail"
    """A retry cannot succeed."""
    DISABLE = "disable"
    """The contact fails, and its receiver is disabled."""


@dataclass(frozen=True, slots=True)
class Result:
    """The result of an attempt.

    outcome : a stable code; status : of HTTP or SMTP; retry_after_s : how long the receiver asked
    to wait, 0 = it did not.
    """

    next: Next
    outcome: str
    status: int | None = None
    detail: str = ""
    retry_after_s: float = 0.0


class Channel(Protocol):
    """A delivery channel (webhook, e-mail, …)."""

    async def send(self, contact: Mapping[str, Any]) -> Result:
        """Attempt to deliver a claimed contact once (store/casework/delivery.py). Never raises."""
        ...

    async def close(self) -> None:
        """Close open connections."""
        ...
