"""API and pages behind a proxy; who may sign in how often; how sessions end."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from runtime.clock import ManualClock
from tests.fix_api import Api, problem, running_api
from tests.fix_registry import NOW_US
from tests.pages import HTML, send, sign_in, token_of
from tests.patience import patient

SITE = "https://tw.example"
UNKNOWN = "tw_0000000000000000_" + "x" * 43


@contextmanager
def client_of(url: str, source: str = "127.0.0.1", **headers: str) -> Iterator[httpx.Client]:
    """A client at an address of the loopback network; headers with _ for -."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    transport = httpx.HTTPTransport(local_address=source)
    with httpx.Client(
        base_url=url, headers={**HTML, **given}, transport=transport, timeout=patient(20.0)
    ) as client:
        yield client


def cookies_of(answer: httpx.Response) -> dict[str, str]:
    """Name → its line, in small letters but for the name."""
    lines = answer.headers.get_list("set-cookie")
    return {line.partition("=")[0]: line.partition("=")[2].lower() for line in lines}


def test_with_an_https_address_cookies_are_of_this_host_only(api: Api) -> None:
    key = api.seeded.keys[("own", "agent")]
    with (
        running_api(api.seeded.url, api_base_url=SITE) as url,
        client_of(url, Host="tw.example") as c,
    ):
        page = c.get("/login")
        assert page.headers["strict-transport-security"].startswith("max-age=")
        (name, line) = next(iter(cookies_of(page).items()))
        assert name == "__Host-tw_form" and "secure" in line and "path=/" in line
        assert "domain" not in line
        token = token_of(page.text)
        own = {"cookie": f"__Host-tw_form={token}"}
        data = {"csrf": token, "key": key}
        planted = c.post("/login", data={**data, "csrf": "x"}, headers={"cookie": "tw_form=x"})
        assert planted.status_code == 403
        signed = c.post("/login", data=data, headers={**own, "origin": SITE})
        assert signed.status_code == 303
        session = cookies_of(signed)["__Host-tw_session"]
        assert "secure" in session and "httponly" in session and "samesite=strict" in session


@pytest.mark.parametrize(
    ("base_url", "sent", "status"),
    [
        (SITE, {"origin": SITE}, 401),
        (SITE, {"origin": f"{SITE}:443"}, 401),
        (SITE, {"sec-fetch-site": "same-origin"}, 401),
        (SITE, {}, 401),
        (SITE, {"origin": "http://tw.example"}, 403),
        (SITE, {"origin": "https://evil.example"}, 403),
        (SITE, {"origin": "https://tw.example.evil.example"}, 403),
        (SITE, {"origin": "null"}, 403),
        (SITE, {"origin": ""}, 403),
        (SITE, {"sec-fetch-site": "cross-site"}, 403),
        (SITE, {"sec-fetch-site": "same-site"}, 403),
        ("", {"origin": "https://tw.example"}, 401),
        ("", {"origin": "https://evil.example"}, 403),
    ],
)
def test_forms_of_other_sites_are_refused(
    api: Api, base_url: str, sent: dict[str, str], status: int
) -> None:
    prefix = "__Host-" if base_url else ""
    with (
        running_api(api.seeded.url, api_base_url=base_url) as url,
        client_of(url, Host="tw.example") as client,
    ):
        token = token_of(client.get("/login").text)
        headers = {"cookie": f"{prefix}tw_form={token}", **sent}
        answer = client.post("/login", data={"csrf": token, "key": "x"}, headers=headers)
        assert answer.status_code == status


def test_other_hosts_are_refused_except_by_health_checks(api: Api) -> None:
    with running_api(api.seeded.url, api_base_url=SITE) as url:
        for host, status in (
            ("tw.example", 303), ("TW.example:443", 303), ("evil.example", 421),
            ("tw.example:8080", 421), ("tw.example@evil.example", 421), ("", 421),
        ):  # fmt: skip
            with client_of(url, Host=host) as client:
                assert client.get("/customers").status_code == status, host
                assert client.get("/health").status_code == 200
        problem(httpx.get(f"{url}/v1/cases"), 421, "wrong_host")


@pytest.mark.parametrize("path", ["/customers/", "/v1/cases/", "/login/"])
def test_no_redirect_repeats_the_host_of_the_client(api: Api, path: str) -> None:
    answer = api.client.get(path, headers={"Host": "evil.example"})
    assert answer.status_code == 404 and "location" not in answer.headers


@pytest.mark.parametrize(
    ("trusted", "secure"),
    [("127.0.0.1,::1", False), ("10.0.0.0/8, 127.0.0.2/32", True), ("", False)],
)
def test_only_trusted_proxies_say_what_came_by_https(api: Api, trusted: str, secure: bool) -> None:
    with (
        running_api(api.seeded.url, api_trusted_proxies=trusted) as url,
        client_of(url, "127.0.0.2", X_Forwarded_Proto="https") as client,
    ):
        assert ("secure" in cookies_of(client.get("/login"))["tw_form"]) == secure


def refused(client: httpx.Client, **headers: str) -> int:
    """The answer to a sign-in with an unknown key."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    data = {"csrf": token_of(client.get("/login").text), "key": UNKNOWN}
    return client.post("/login", data=data, headers=given).status_code


def test_failed_sign_ins_are_limited_by_the_address_that_a_trusted_proxy_names(api: Api) -> None:
    with running_api(
        api.seeded.url, api_failures_per_minute=3, api_trusted_proxies="127.0.0.2"
    ) as url:
        with client_of(url, "127.0.0.2") as proxy:
            one, other = "198.51.100.1", "198.51.100.2"
            assert [refused(proxy, X_Forwarded_For=one) for _ in range(4)] == [401, 401, 401, 429]
            assert refused(proxy, X_Forwarded_For=f"{other}, {one}") == 429, "the nearest counts"
            assert refused(proxy, X_Forwarded_For=other) == 401
            subnet = [f"2001:db8::{number}" for number in range(4)]
            assert [refused(proxy, X_Forwarded_For=a) for a in subnet] == [401, 401, 401, 429]
        with client_of(url, "127.0.0.3") as stranger:
            claimed = [f"198.51.100.{number}" for number in range(10, 14)]
            found = [refused(stranger, X_Forwarded_For=address) for address in claimed]
            assert found == [401, 401, 401, 429]


def test_sign_ins_are_not_counted_and_a_known_key_is_not_locked_out(api: Api) -> None:
    key = api.seeded.keys[("own", "agent")]
    with running_api(api.seeded.url, api_failures_per_minute=3) as url:
        for _ in range(5):
            with client_of(url) as client:
                sign_in(client, key)
        with client_of(url) as client:
            assert [refused(client) for _ in range(4)] == [401, 401, 401, 429]
            assert refused(client) == 429
            sign_in(client, key)
            assert client.get("/cases").status_code == 200


def test_unknown_keys_are_limited_at_the_api_too(api: Api) -> None:
    def ask(key: str) -> httpx.Response:
        return httpx.get(f"{url}/v1/cases", headers={"Authorization": f"Bearer {key}"})

    good = api.seeded.keys[("own", "agent")]
    with running_api(api.seeded.url, api_failures_per_minute=3) as url:
        assert ask(good).status_code == 200
        for _ in range(3):
            problem(ask(UNKNOWN), 401, "unauthorised")
        limited = ask(UNKNOWN)
        assert 1 <= int(limited.headers["retry-after"]) <= 60
        problem(limited, 429, "rate_limited")
        assert ask(good).status_code == 200


def test_what_cannot_be_a_key_asks_no_database() -> None:
    with running_api("postgresql://nobody@127.0.0.1:1/x") as url, client_of(url) as client:
        for key in ("nonsense", "tw_1_2", UNKNOWN + "x"):
            answer = client.get("/v1/cases", headers={"Authorization": f"Bearer {key}"})
            problem(answer, 401, "unauthorised")
        token = token_of(client.get("/login").text)
        assert client.post("/login", data={"csrf": token, "key": "nonsense"}).status_code == 401
        assert client.get("/cases").status_code == 303
        assert client.get("/live").status_code == 401


def test_a_session_that_nobody_uses_ends(api: Api) -> None:
    clock = ManualClock(NOW_US)
    with (
        running_api(api.seeded.url, clock, api_session_idle_s=100.0) as url,
        client_of(url) as client,
    ):
        sign_in(client, api.seeded.keys[("own", "agent")])
        for _ in range(3):
            clock.advance(90.0)
            assert client.get("/cases").status_code == 200
        clock.advance(90.0)
        live = {"X-Live": "1"}
        assert client.get("/cases", headers=live).status_code == 200, "the page itself, by a script"
        clock.advance(20.0)
        assert client.get("/cases", headers=live).status_code == 303
        assert client.get("/live").status_code == 401


def test_sign_out_everywhere_ends_all_sessions_of_the_key(api: Api) -> None:
    with client_of(api.url) as first, client_of(api.url) as second, client_of(api.url) as other:
        for client, role in ((first, "agent"), (second, "agent"), (other, "insurer")):
            sign_in(client, api.seeded.keys[("own", role)])
        assert second.post("/logout/everywhere").status_code == 403
        answer = send(first, "/", "/logout/everywhere")
        assert answer.headers["location"] == "/login?done=signed_out_everywhere"
        assert first.get("/cases").status_code == second.get("/cases").status_code == 303
        assert other.get("/cases").status_code == 200
