"""The data that a demo hands to its judge, the judge's protocol, and how it is found."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Protocol

from app.demo.receiver import Delivery, Mail
from app.operations.verify import Verdict
from runtime.errors import Stop
from simulators.encode import Message
from simulators.fleet import Fleet

_GROUP, _NAME = "tachowatt.judges", "demo"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a demo leaves behind, besides the store.

    delivered : every device has its acknowledgements; in_flight : messages that are not settled;
    slowness : the machine's factor (runtime.calibration); strict : a missed latency is a problem
    on a slow machine too.
    """

    fleet: Fleet
    verdict: Verdict
    seconds: float
    delivered: bool
    in_flight: int
    webhooks: Sequence[Delivery]
    mails: Sequence[Mail]
    slowness: float = 1.0
    strict: bool = False


class Judge(Protocol):
    """Compares one run with the truth. It measures the product, so it is no part of it."""

    def first_sent(self, message: Message, now_s: float) -> None:
        """A device publishes `message` for the first time; now_s : monotonic seconds."""

    def answer(self, database_url: str, outcome: Outcome) -> dict[str, Any]:
        """The demo's JSON object; its `problems` say what falls short."""


def find_judge() -> Judge:
    """The judge that is installed as entry point `demo` of group `tachowatt.judges`.

    Raises `Stop` where none is.
    """
    for entry in metadata.entry_points(group=_GROUP, name=_NAME):
        judge: Judge = entry.load()()
        return judge
    raise Stop(f"no judge of the demo is installed (entry point {_NAME!r} of group {_GROUP!r})")
