"""Delivery channels: one file each, named as in contracts/channels.py.

Each file has a class `Sender` (`contacts.channels.sending.Channel`).
"""

from importlib import import_module

from contacts.channels.sending import Channel
from contracts.channels import CHANNELS, STORED
from runtime.clock import Clock
from runtime.settings import Settings


def open_channels(settings: Settings, clock: Clock) -> dict[str, Channel]:
    """Open every channel that sends, by name. Raises `Usage` for invalid settings."""
    opened: dict[str, Channel] = {}
    for name in CHANNELS:
        if name not in STORED:
            sender = import_module(f"contacts.channels.{name}").Sender
            opened[name] = sender(settings, clock)
    return opened
