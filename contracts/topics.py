"""Topics: what one says about its message, and where a device is acknowledged.

Native: ``tw/v1/{tenant}/{device}/telemetry | reading | event | status`` upwards and
``tw/v1/{tenant}/{device}/ack | command`` downwards. `contracts.dialects` reads topics.
"""

import re
from typing import NamedTuple

from contracts.raw import DeviceAck

NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._~-]{0,63}"
NAME = re.compile(NAME_PATTERN + r"\Z")
"""Tenants and devices: safe in a topic, a URL and a file name."""

ACK_TOPICS = "tw/v1/+/+/ack"
"""All topics of `ack_topic`."""


class Route(NamedTuple):
    """What a topic says. A tuple, because one is made for each message.

    dialect : the name of one of `ingest/decoding/dialects/`.
    tenant : '' where the topic does not name it (the registry does).
    address : the device's name within its dialect; `tenant/device` for the native one.
    kind : telemetry, reading, event or status.
    """

    dialect: str
    tenant: str
    address: str
    kind: str


def ack_topic(ack: DeviceAck) -> str:
    """Where a device hears how far its messages have been dealt with."""
    return f"tw/v1/{ack.tenant}/{ack.device}/ack"


def ack_body(ack: DeviceAck) -> bytes:
    """The body of an acknowledgement (`contracts.telemetry.Ack`)."""
    return b'{"v":1,"run":%d,"seq":%d}' % (ack.run, ack.seq)
