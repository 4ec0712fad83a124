"""Filters of lists of cases."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Queue:
    """Filters of the work queue; None = any.

    state : open, in_progress or resolved; None = open and in progress. due_before : with a deadline
    before it. nobody : only without owner.
    """

    side: str | None = None
    state: str | None = None
    kind: str | None = None
    customer: str | None = None
    owner: str | None = None
    nobody: bool = False
    due_before: datetime | None = None
