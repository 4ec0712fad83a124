"""Topics: the facts about a message in its topic, and the topic of acknowledgements.

Native: ``tw/v1/{tenant}/{device}/telemetry | reading | event | status`` upwards and
``tw/v1/{tenant}/{device}/ack | command`` downwards. `contracts.dialects` parses topics.
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
    """The facts about a message in its topic. A tuple, because one is created for each message.

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
    """Return the topic of a device's end-to-end acknowledgements."""
    return f"tw/v1/{ack.tenant}/{ack.device}/ack"


def ack_body(ack: DeviceAck) -> bytes:
    """Return the body of an acknowledgement (`contracts.telemetry.Ack`)."""
    return b'{"v":1,"run":%d,"seq":%d}' % (ack.run, ack.seq)
