"""Broken rules that the proof must find: each replaces one rule while it runs."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from customer_context.contact_policy import policy, quiet_hours
from proving.policy import prove
from proving.testbed.broken import broken_rule

Patch = tuple[Any, str, Any]
_FULL, _DELIVER, _SUPPRESSED = policy._full, quiet_hours.deliver_from, policy._suppressed


def _no(*given: Any) -> bool:
    return False


def _only_before(cap: Any, channel: str, at_us: int, sent: Any) -> bool:
    return _FULL(cap, channel, at_us, [one for one in sent if one.at_us <= at_us])


def _not_of_channel(cap: Any, *more: Any) -> bool:
    return cap.channel is None and _FULL(cap, *more)


def _not_later(at_us: int, delivered: bool, now_us: int) -> bool:
    return not delivered or at_us <= now_us


def _of_person_only(cap: Any, *more: Any) -> bool:
    return _FULL(replace(cap, household=False), *more)


def _one_more(cap: Any, *more: Any) -> bool:
    return _FULL(replace(cap, most=cap.most + 1), *more)


def _in_utc(at_us: int, zone: str, hours: Any) -> int:
    return _DELIVER(at_us, "UTC", hours)


def _without_summer_time(at_us: int, zone: str) -> datetime:
    winter = datetime(2026, 1, 15, tzinfo=ZoneInfo(zone)).utcoffset()
    assert winter is not None
    return quiet_hours._EPOCH + timedelta(microseconds=at_us) + winter


def _of_action_only(suppression: Any, *more: Any) -> bool:
    return _SUPPRESSED(replace(suppression, of="action"), *more)


def _not_asked_again(rules: Any, message: Any, person: Any) -> Any:
    return policy.Verdict("", "", message.at_us)


BROKEN: Mapping[str, Patch] = {
    "consent": (policy, "_without_consent", lambda message, person: ""),
    "suppression": (policy, "_suppressed", _no),
    "suppression-of-all": (policy, "_suppressed", _of_action_only),
    "quiet-hours": (policy, "deliver_from", lambda at_us, zone, hours: at_us),
    "zone": (policy, "deliver_from", _in_utc),
    "summer-time": (quiet_hours, "_local", _without_summer_time),
    "cap": (policy, "_full", _no),
    "cap-off-by-one": (policy, "_full", _one_more),
    "cap-order": (policy, "_full", _only_before),
    "cap-of-channel": (policy, "_full", _not_of_channel),
    "clock-jump": (prove, "is_read", _not_later),
    "household": (policy, "_full", _of_person_only),
    "distance": (policy, "_too_near", _no),
    "preferred-channel": (policy, "_elsewhere", _no),
    "lock": (prove, "takes_lock", lambda: False),
    "asked-again": (prove, "asked_again", _not_asked_again),
}
"""Name → object, attribute and broken value."""


def broken(name: str | None) -> AbstractContextManager[None]:
    """Break a rule; None = none."""
    return broken_rule(BROKEN, name)
