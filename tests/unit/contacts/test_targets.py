"""Where webhooks may go."""

import asyncio
import ipaddress
import socket
from random import Random

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


# First and last address of each entry of IANA's registries of special-purpose addresses, IPv4 and
# IPv6, and of multicast; written down here once more, from the registries.
SPECIAL = [
    "0.0.0.0/8",
    "0.0.0.0/32",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.0.0/29",
    "192.0.0.8/32",
    "192.0.0.9/32",
    "192.0.0.10/32",
    "192.0.0.170/32",
    "192.0.0.171/32",
    "192.0.0.192/32",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "255.255.255.255/32",
    "::1/128",
    "::/128",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "2001::/23",
    "2001::/32",
    "2001:1::1/128",
    "2001:1::2/128",
    "2001:1::3/128",
    "2001:2::/48",
    "2001:3::/32",
    "2001:4:112::/48",
    "2001:10::/28",
    "2001:20::/28",
    "2001:30::/28",
    "2001:db8::/32",
    "2002::/16",
    "2620:4f:8000::/48",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
]


@pytest.mark.parametrize("network", SPECIAL)
def test_no_special_purpose_address_is_a_target(network: str) -> None:
    parsed = ipaddress.ip_network(network)
    for address in (parsed[0], parsed[-1]):
        assert not targets.permitted(address, ())
        if address.version == 4:
            mapped = ipaddress.IPv6Address(int(address) | 0xFFFF << 32)
            translated = ipaddress.IPv6Address(
                int(address) | int(ipaddress.ip_address("64:ff9b::"))
            )
            assert not targets.permitted(mapped, ()) and not targets.permitted(translated, ())


@pytest.mark.parametrize(
    "public", ["1.1.1.1", "9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0",
               "191.255.0.1", "192.0.1.0", "198.20.0.0", "223.255.255.255",
               "2001:200::1", "2003::1", "2a00::1"]
)  # fmt: skip
def test_neighbours_of_special_purpose_addresses_are(public: str) -> None:
    assert targets.permitted(ipaddress.ip_address(public), ())


def test_what_python_calls_private_is_no_target() -> None:
    random = Random(14)
    for bits, address in ((32, ipaddress.IPv4Address), (128, ipaddress.IPv6Address)):
        for _ in range(20_000):
            found = address(random.getrandbits(bits))
            if not found.is_global or found.is_multicast:
                assert not targets.permitted(found, ()), found


def test_plain_http_is_for_private_networks_that_are_allowed() -> None:
    for allowed in ("", "10.0.0.0/8"):
        with pytest.raises(targets.Refused, match="https://"):
            asyncio.run(targets.check("http://8.8.8.8/", targets.networks(allowed)))
    asyncio.run(targets.check("http://10.0.0.1/", targets.networks("10.0.0.0/8")))
    asyncio.run(targets.check("https://8.8.8.8/", ()))
