"""The data that a demo hands to its judge, the judge's protocol, and how it is found."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any, Protocol

from app.demo.offers import Offers
from app.demo.receiver import Delivery, Mail
from app.operations.verify import Verdict
from runtime.errors import Stop
from simulators.encode import Message
from simulators.fleet import Fleet

_GROUP, _NAME = "tachowatt.judges", "demo"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a demo, besides the store.

    delivered : every device has its acknowledgements; in_flight : messages not committed;
    slowness : the machine's factor (runtime.calibration); strict : a missed latency is a problem
    even on a slow machine.
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
    offers: Offers = field(default_factory=Offers)


class Judge(Protocol):
    """Compares one run with the truth. It measures the product and is not part of it."""

    def first_sent(self, message: Message, now_s: float) -> None:
        """Record the first publication of `message`; now_s : monotonic seconds."""

    def answer(self, database_url: str, outcome: Outcome) -> dict[str, Any]:
        """Return the demo's JSON object; `problems` lists every failure."""


def find_judge() -> Judge:
    """Return the judge installed as entry point `demo` of group `tachowatt.judges`.

    Raises `Stop` if there is none.
    """
    for entry in metadata.entry_points(group=_GROUP, name=_NAME):
        with suppress(ModuleNotFoundError):  # its package is left out of this installation
            judge: Judge = entry.load()()
            return judge
    raise Stop(f"no judge of the demo is installed (entry point {_NAME!r} of group {_GROUP!r})")
