"""Check what was delivered to a household, knowing nothing of how it was decided."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tests.oracles import contact_policy as oracle

_CHANNEL_PURPOSES = {"email": "channel_email"}


@dataclass(frozen=True, slots=True)
class Delivered:
    """A delivered message, with what was true of its customer at that moment."""

    at_us: int
    customer: int
    zone: str
    channel: str
    action: str
    group: str
    purpose: str
    urgent: bool
    rules: dict[str, Any]
    exempt: frozenset[str]
    granted: frozenset[str]
    not_by: frozenset[tuple[str, str]]
    reactions: tuple[dict[str, Any], ...]
    preferred: dict[str, str]

    def message(self) -> dict[str, Any]:
        """Return it as the oracle reads it."""
        return {
            "at": self.at_us, "channel": self.channel, "purpose": self.purpose,
            "action": self.action, "group": self.group, "issue": "offers", "urgent": self.urgent,
        }  # fmt: skip


def breaches(log: Sequence[Delivered]) -> Iterator[str]:
    """Yield every rule that a delivered message breaks."""
    for one in log:
        person: dict[str, Any] = {"granted": one.granted, "not_by": one.not_by}
        if oracle.without_consent(one.message(), person, _CHANNEL_PURPOSES):
            yield f"without consent: {one.action} by {one.channel}"
        if one.urgent:
            continue
        person["preferred"] = one.preferred
        chosen = one.rules["preferred"]
        if chosen and oracle.elsewhere(one.message(), person, _CHANNEL_PURPOSES):
            yield f"not by the chosen channel: {one.action} by {one.channel}"
        quiet, held = one.rules["quiet"], one.rules.get("quiet_channels")
        if held is not None and one.channel not in held:
            quiet = None
        if quiet is not None and oracle.quiet(one.at_us, one.zone, *quiet):
            yield f"in quiet hours of {one.zone}: {one.at_us}"
        for rule in one.rules["suppress"]:
            if oracle.suppressed(rule, one.message(), one.reactions):
                yield f"suppressed by {rule['id']}: {one.action}"
    yield from _caps(log)
    yield from _distances(log)


def _caps(log: Sequence[Delivered]) -> Iterator[str]:
    caps = {cap["id"]: cap for one in log for cap in one.rules["caps"]}
    for cap in caps.values():
        window = cap["within_h"] * oracle.HOUR
        whose = {one.customer if cap["per"] == "person" else -1 for one in log}
        for customer in whose:
            times = sorted(
                one.at_us
                for one in log
                if not one.urgent
                and cap["id"] not in one.exempt
                and cap["channel"] in (None, one.channel)
                and customer in (-1, one.customer)
            )
            for first, last in zip(times, times[cap["most"] :], strict=False):
                if last - first < window:
                    yield f"more than {cap['most']} in {cap['within_h']} h: {cap['id']}"


def _distances(log: Sequence[Delivered]) -> Iterator[str]:
    for customer in {one.customer for one in log}:
        own = sorted(
            (one.at_us, one.rules["distance_h"])
            for one in log
            if one.customer == customer and not one.urgent and "minimum-distance" not in one.exempt
        )
        for (first, hours), (last, _) in pairwise(own):
            if last - first < hours * oracle.HOUR:
                yield f"nearer than {hours} h to another message"
