"""Topics: which exist, and what a topic says about its message.

Native: ``tw/v1/{tenant}/{device}/telemetry | reading | event | status`` upwards and
``tw/v1/{tenant}/{device}/ack | command`` downwards. Foreign dialects are further routes.
"""

import re
from dataclasses import dataclass

from contracts.raw import DeviceAck

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,63}\Z")
"""Tenants and devices: safe in a topic, a URL and a file name."""

NATIVE_KINDS = ("telemetry", "reading", "event", "status")

SUBSCRIPTIONS: tuple[str, ...] = (
    *(f"tw/v1/+/+/{kind}" for kind in NATIVE_KINDS),
    "owntracks/+/+",
    "tele/+/SENSOR",
)
"""What the gateway subscribes to, QoS 1."""


@dataclass(frozen=True, slots=True)
class Route:
    """What a topic says.

    dialect : native, owntracks or tasmota.
    address : the device's name within its dialect; `tenant/device` for the native one.
    tenant : '' where the topic does not name it (the registry does).
    kind : telemetry, reading, event or status.
    """

    dialect: str
    tenant: str
    address: str
    kind: str


def route(topic: str) -> Route | None:
    """Read a topic; None when no dialect knows it."""
    parts = topic.split("/")
    match parts:
        case ["tw", "v1", tenant, device, kind] if (
            kind in NATIVE_KINDS and NAME.match(tenant) and NAME.match(device)
        ):
            return Route("native", tenant, f"{tenant}/{device}", kind)
        case ["owntracks", user, device] if user and device:
            return Route("owntracks", "", f"{user}/{device}", "telemetry")
        case ["tele", name, "SENSOR"] if name:
            return Route("tasmota", "", name, "reading")
    return None


def ack_topic(ack: DeviceAck) -> str:
    """Where a device hears how far its messages have been dealt with."""
    return f"tw/v1/{ack.tenant}/{ack.device}/ack"


def ack_body(ack: DeviceAck) -> bytes:
    """The body of an acknowledgement (`contracts.telemetry.Ack`)."""
    return b'{"v":1,"run":%d,"seq":%d}' % (ack.run, ack.seq)
