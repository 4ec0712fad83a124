"""Where webhooks may go."""

import asyncio
import socket

import pytest

from contacts.channels import targets


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://127.0.0.1/", False),
        ("https://10.1.2.3/", False),
        ("https://192.168.0.1/", False),
        ("https://169.254.169.254/latest/meta-data", False),
        ("https://100.64.0.1/", False),
        ("https://0.0.0.0/", False),
        ("https://224.0.0.1/", False),
        ("https://[::1]/", False),
        ("https://[fd00::1]/", False),
        ("https://[fe80::1]/", False),
        ("https://[::ffff:127.0.0.1]/", False),
        ("https://[::ffff:8.8.8.8]/", True),
        ("https://[64:ff9b::7f00:1]/", False),
        ("https://[2002:7f00:1::1]/", False),
        ("https://[fec0::1]/", False),
        ("https://[::127.0.0.1]/", False),
        ("https://[::ffff:0:10.0.0.1]/", False),
        ("https://[64:ff9b:1::a00:1]/", False),
        ("https://[64:ff9b::808:808]/", True),
        ("https://8.8.8.8/", True),
        ("https://[2606:4700:4700::1111]:8443/hooks?x=1", True),
    ],
)
def test_addresses(url: str, allowed: bool) -> None:
    if allowed:
        asyncio.run(targets.check(url, ()))
    else:
        with pytest.raises(targets.Refused):
            asyncio.run(targets.check(url, ()))


@pytest.mark.parametrize(
    "url",
    ["ftp://8.8.8.8/", "https:///x", "8.8.8.8", "https://a:b@8.8.8.8/", "https://8.8.8.8:x/", "",
     "file:///etc/passwd", "https://[::1/"],
)  # fmt: skip
def test_what_is_no_target(url: str) -> None:
    with pytest.raises(targets.Refused):
        asyncio.run(targets.check(url, targets.networks("0.0.0.0/0,::/0")))


def test_the_connection_goes_to_the_address_that_was_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = iter([["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["8.8.8.8"]])
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *a, **k: [(0, 0, 0, "", (ip, 0)) for ip in next(answers)]
    )
    url = "https://hooks.example.com:8443/in?x=1"
    found = asyncio.run(targets.check(url, targets.networks("127.0.0.0/8")))
    assert found.url == "https://127.0.0.1:8443/in?x=1"
    assert (found.host, found.name) == ("hooks.example.com:8443", "hooks.example.com")
    with pytest.raises(targets.Refused):  # one of its addresses is private
        asyncio.run(targets.check(url, ()))
    assert asyncio.run(targets.check(url, ())).url.startswith("https://8.8.8.8:8443/")


def test_a_name_without_an_address_may_get_one_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(targets.Unresolved):
        asyncio.run(targets.check("https://nowhere.example.com/", ()))
