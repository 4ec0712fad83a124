"""Every channel of contracts/channels.py: what it names exists, and who sends it does."""

from dataclasses import replace

import pytest

from api.pages.frame.texts import Texts
from contacts.channels import open_channels
from contracts import channels
from contracts.channels import ADDRESSES, CHANNELS, PURPOSES, STORED, ChannelPurpose, ChannelSpec
from contracts.kinds import LANGUAGES
from runtime.clock import ManualClock
from runtime.settings import Settings


def problems(name: str, spec: ChannelSpec) -> list[str]:
    """What a spec names and nobody has."""
    found = [
        f"{name}: there is no setting {setting}"
        for setting in (spec.configured_by, spec.concurrency)
        if setting is not None and setting not in Settings.model_fields
    ]
    if spec.address is not None and spec.address not in ADDRESSES:
        found.append(f"{name}: there is no address {spec.address}")
    if spec.purpose is not None and spec.consent is None:
        found.append(f"{name}: nobody can read what {spec.purpose} means")
    return found


@pytest.mark.parametrize("name", CHANNELS)
def test_what_a_channel_names_exists(name: str) -> None:
    assert problems(name, CHANNELS[name]) == []


def test_what_is_missing_is_found() -> None:
    email = CHANNELS["email"]
    broken = replace(email, configured_by="sms_url", address="pigeon", consent=None)
    assert len(problems("email", broken)) == 3


async def _close(opened: dict[str, object]) -> None:
    for sender in opened.values():
        await sender.close()  # type: ignore[attr-defined]


def test_each_channel_that_sends_has_a_sender() -> None:
    import asyncio

    opened = open_channels(Settings(), ManualClock(0))
    asyncio.run(_close(dict(opened)))
    assert set(opened) == set(CHANNELS) - set(STORED)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_name_channels_and_their_purposes(language: str) -> None:
    texts = Texts(language)
    assert all(texts.has("channel", name) for name in CHANNELS)
    for purpose in ChannelPurpose:
        assert texts.has("consent.purpose", purpose)
        assert texts.has("consent.purpose_text", purpose)
    assert {spec.purpose for spec in CHANNELS.values()} - {None} == set(ChannelPurpose)
    assert set(ChannelPurpose) <= set(PURPOSES)


def test_a_channel_without_its_setting_is_not_configured() -> None:
    assert channels.configured(Settings()) == {"inbox"}
    assert channels.configured(Settings(smtp_url="smtp://localhost:25")) == {"inbox", "email"}
