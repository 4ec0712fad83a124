"""The playbooks of the histories, and the messages of their devices."""

import json
from typing import Any

from contracts.raw import RawMessage
from customer_context.playbooks.check import load
from customer_context.playbooks.model import Playbook
from proving.consent.histories import BEFORE, KINDS
from store.postgres.times import from_us

US_PER_MIN = 60_000_000
BASE_US = 1_794_000_000_000_000
"""Minute 0 of a history: so long before the machine's clock that nothing is ahead of it."""

_CRASH_CALL = """
id: crash-call
version: 1
title: {de: Anruf, en: Call}
trigger: {signal: vehicle.crash, max_age_min: null}
purpose: claims_assistance
urgent: true
case: {kind: call, side: insurer, title: {de: Anruf, en: Call}}
contacts:
  - {id: webhook, to: insurer, channel: webhook, type: crash.detected}
  - {id: inbox, to: customer, channel: inbox, subject: {de: B, en: S}, body: {de: T, en: B}}
  - {id: email, to: customer, channel: email, subject: {de: B, en: S}, body: {de: T, en: B}}
"""
_CRASH_SCORE = """
id: crash-score
version: 1
title: {de: Wertung, en: Score}
trigger: {signal: vehicle.crash, max_age_min: null}
purpose: driving_score
case: {kind: talk, side: insurer, title: {de: Wertung, en: Score}}
contacts:
  - {id: inbox, to: customer, channel: inbox, subject: {de: B, en: S}, body: {de: T, en: B}}
  - {id: email, to: customer, channel: email, subject: {de: B, en: S}, body: {de: T, en: B}}
"""
_ANOMALY = """
id: anomaly
version: 1
title: {de: Befund, en: Finding}
trigger: {signal: meter.anomaly.raised, max_age_min: null}
purpose: energy_insight
case: {kind: check, side: utility, title: {de: Befund, en: Finding}}
contacts:
  - {id: webhook, to: utility, channel: webhook, type: alert.raised}
  - {id: email, to: customer, channel: email, subject: {de: B, en: S}, body: {de: T, en: B}}
"""
CHANNELS = frozenset({"inbox", "email"})


def playbooks() -> list[Playbook]:
    """Return the playbooks; one rests on another purpose than its signal."""
    texts = {"anomaly": _ANOMALY, "crash-call": _CRASH_CALL, "crash-score": _CRASH_SCORE}
    return [load(text, f"{id_}.yaml") for id_, text in texts.items()]


def us(minute: int) -> int:
    """Return a minute of a history as µs since 1970."""
    return BASE_US + minute * US_PER_MIN


def minute(at_us: int) -> int:
    """Return µs since 1970 as a minute of a history."""
    return (at_us - BASE_US) // US_PER_MIN


def message(event: dict[str, Any], tenant: str) -> RawMessage:
    """Return the message of a `message` event: of a body that the fast path takes, of one that the
    steps take, or of one that cannot be read.

    Each message adds its number of milliseconds to its times, so that no sample is a duplicate.
    """
    device, times = event["device"], event["times"]
    vehicle = KINDS[device] == "vehicle"
    body: dict[str, Any] = {
        "v": 1,
        "t0": us(times[0]) // 1_000 + event["number"],
        "dt_ms": [(at - times[0]) * 60_000 for at in times],
    }
    if vehicle:
        body["speed_kmh"] = [50.0] * len(times)
    else:
        body["register_kwh"] = [100.0 + (at - BEFORE) / 1_000 for at in times]
    if event["body"] == "unusual":
        body["t0"] = f"{_iso(us(times[0]))}.{event['number']:03}+00:00"
        text = json.dumps(body, indent=1).encode()
    else:
        text = json.dumps(body, separators=(",", ":")).encode()
    if event["body"] == "broken":
        text = text[:-2]
    topic = f"tw/v1/{tenant}/{device}/{'telemetry' if vehicle else 'reading'}"
    return RawMessage(topic, text, us(event["now"]), "application/json")


def data_of(event: dict[str, Any]) -> dict[str, Any]:
    """Return the data of a `signal` event."""
    at = f"{_iso(us(event['at']))}+00:00"
    if event["type"] == "vehicle.crash":
        return {"at": at, "severity": 2, "peak_mps2": 90.0, "delta_v_kmh": None,
                "speed_kmh": 40.0, "retracted": False}  # fmt: skip
    return {"kind": "spike", "started_at": at, "ended_at": None, "severity": 2, "observed": 4000.0,
            "expected": 300.0, "threshold": 1500.0, "unit": "W", "retracted": False}  # fmt: skip


def _iso(at_us: int) -> str:
    return from_us(at_us).strftime("%Y-%m-%dT%H:%M:%S")
