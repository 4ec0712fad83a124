"""People by an OpenID provider, machines by its access tokens; and what must not be let in.

`oidc-provider-mock` is a real server that speaks the code flow; a provider of a few lines answers
what no proper one would.
"""

import base64
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import oidc_provider_mock
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from runtime.clock import US_PER_S, SystemClock
from store.people import persons
from store.postgres.pool import connect, scalar
from tests.fix_api import running_api
from tests.fix_people import Company
from tests.pages import HTML
from tests.patience import patient

CLIENT = "tachowatt-pages"


# ── the code flow, with a provider that others made ─────────────────────────────────────────────


@pytest.fixture
def provider(company: Company, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Settings of the provider. Its clock is that of the machine, so the company's is set to it."""
    company.clock.advance((SystemClock().now_us() - company.clock.now_us()) / US_PER_S)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    users = [
        oidc_provider_mock.User(
            sub="sub-sofia", claims={"email": "agent@acme.example", "email_verified": True}
        ),
        oidc_provider_mock.User(sub="sub-liar", claims={"email": "agent@acme.example"}),
        oidc_provider_mock.User(
            sub="sub-lead",
            claims={
                "email": "insurer@acme.example",
                "email_verified": True,
                "groups": ["all", "tw-leads"],
            },
        ),
        oidc_provider_mock.User(
            sub="sub-other",
            claims={"email": "x@else.example", "email_verified": True, "groups": ["all"]},
        ),
    ]
    with oidc_provider_mock.run_server_in_thread(
        port=0, user_claims=users, require_nonce=True
    ) as server:
        secret = tmp_path / "secret"
        secret.write_text("a secret\n")
        yield {
            "oidc_issuer": f"http://localhost:{server.server_port}",
            "oidc_client_id": CLIENT,
            "oidc_client_secret_file": secret,
        }


def through(client: httpx.Client, subject: str, next_: str = "/cases") -> httpx.Response:
    """Sign in at the provider as `subject`, and come back; the answer of our page."""
    to = client.get("/login/provider", params={"next": next_})
    assert to.status_code == 303, to.text
    address = to.headers["location"]
    asked = parse_qs(urlsplit(address).query)
    assert asked["code_challenge_method"] == ["S256"] and asked["nonce"] and asked["state"]
    with httpx.Client(timeout=patient(20.0)) as elsewhere:
        back = elsewhere.post(address, data={"sub": subject})
    assert back.status_code in (302, 303), back.text
    return client.get(back.headers["location"])


def test_a_verified_address_becomes_the_person_and_stays_it(
    company: Company, provider: dict[str, Any]
) -> None:
    sofia = company.add("agent")
    with (
        running_api(
            company.database, company.clock, **provider, oidc_name="Acme SSO"
        ) as url,
    ):  # fmt: skip
        company.url = url.replace("127.0.0.1", "localhost")
        with company.browser() as client:
            assert "Acme SSO" in client.get("/login").text
            refused = through(client, "sub-liar")
            assert refused.status_code == 401, "the address is not verified"
            assert through(client, "sub-other").status_code == 401, "nobody's account"
            done = through(client, "sub-sofia")
            assert done.status_code == 200 and 'content="0; url=/cases"' in done.text
            cookies = {
                part.split("=")[0]: part.lower() for part in done.headers.get_list("set-cookie")
            }
            assert "samesite=strict" in cookies["tw_session"]
            assert client.get("/cases").status_code == 200
            assert "Sofia Keller" in client.get("/").text
        with connect(company.database) as connection:
            connection.execute("update access.person set email = 'new@acme.example'")
            connection.commit()
        with company.browser() as client:
            assert through(client, "sub-sofia").status_code == 200, "by its subject"
            with connect(company.database) as connection:
                persons.disable(connection, sofia, company.clock.now_us())
                connection.commit()
            assert client.get("/cases").status_code == 303
            assert through(client, "sub-sofia").status_code == 401


def test_the_provider_states_the_role(company: Company, provider: dict[str, Any]) -> None:
    company.add("agent")
    lead = company.add("insurer", "Lead")
    with running_api(
        company.database, company.clock, **provider, oidc_role_claim="groups",
        oidc_role_map="tw-agents=agent,tw-leads=supervisor",
    ) as url:  # fmt: skip
        company.url = url.replace("127.0.0.1", "localhost")
        with company.browser() as client:
            assert through(client, "sub-lead").status_code == 200
            assert client.get("/customers").status_code == 200, "supervisor, not insurer"
            assert client.get("/fleet").status_code == 403
            with connect(company.database) as connection:
                persons.set_role(connection, lead, "utility")
                connection.commit()
            assert client.get("/customers").status_code == 303, "a change ends what was stated"
        with company.browser() as client:
            assert through(client, "sub-sofia").status_code == 401, "no group of ours"


def test_the_way_back_belongs_to_the_browser_that_left(
    company: Company, provider: dict[str, Any]
) -> None:
    company.add("agent")
    with running_api(company.database, company.clock, **provider) as url:
        company.url = url.replace("127.0.0.1", "localhost")
        with company.browser() as victim, company.browser() as mallory:
            address = mallory.get("/login/provider").headers["location"]
            with httpx.Client(timeout=patient(20.0)) as elsewhere:
                back = elsewhere.post(address, data={"sub": "sub-sofia"}).headers["location"]
            assert victim.get(back).status_code == 401, "a foreign code"
            victim.get("/login/provider")
            assert victim.get(back).status_code == 401, "a foreign state"
            assert mallory.get(back).status_code == 200
            mallory.cookies.delete("tw_session")
            assert mallory.get(back).status_code == 401, "once"
            late = mallory.get("/login/provider").headers["location"]
            with httpx.Client(timeout=patient(20.0)) as elsewhere:
                back = elsewhere.post(late, data={"sub": "sub-sofia"}).headers["location"]
            company.clock.advance(601)
            assert mallory.get(back).status_code == 401, "too late"


# ── a provider that lies ────────────────────────────────────────────────────────────────────────


@dataclass
class Liar:
    """A provider whose tokens a test makes."""

    issuer: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k1"}))
    published: list[RSAKey] = field(default_factory=list)
    id_token: str = ""
    fetched: int = 0

    def sign(self, claims: dict[str, Any], key: Any = None, alg: str = "RS256") -> str:
        """A token with these claims."""
        signer = key or self.key
        header = {"alg": alg, "kid": signer.kid or "k1"}
        return jwt.encode(header, claims, signer, algorithms=[alg])

    def claims(self, now_us: int, **changed: Any) -> dict[str, Any]:
        """Claims of an access token for the API; None removes one."""
        now_s = now_us // US_PER_S
        found = {
            "iss": self.issuer, "aud": "tachowatt-api", "sub": "billing", "client_id": "billing",
            "iat": now_s, "exp": now_s + 300, "scope": "cases:read theirs.contacts",
        }  # fmt: skip
        return {name: value for name, value in {**found, **changed}.items() if value is not None}


@contextmanager
def lying(liar: Liar) -> Iterator[Liar]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/jwks":
                liar.fetched += 1
                self.send({"keys": [key.as_dict(private=False) for key in liar.published]})
            else:
                self.send(
                    {
                        "issuer": liar.issuer, "jwks_uri": f"{liar.issuer}/jwks",
                        "authorization_endpoint": f"{liar.issuer}/authorize",
                        "token_endpoint": f"{liar.issuer}/token",
                    }
                )  # fmt: skip

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send({"access_token": "x", "token_type": "Bearer", "id_token": liar.id_token})

        def send(self, body: dict[str, Any]) -> None:
            raw = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    liar.issuer = f"http://127.0.0.1:{server.server_port}"
    liar.published = [liar.key]
    try:
        yield liar
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def liar() -> Iterator[Liar]:
    with lying(Liar()) as found:
        yield found


def unsigned(claims: dict[str, Any]) -> str:
    """A token with alg none."""

    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part(claims)}."


def test_an_id_token_that_is_not_for_this_sign_in_is_refused(company: Company, liar: Liar) -> None:
    sofia, clock = company.add("agent"), company.clock
    with running_api(
        company.database, clock, oidc_issuer=liar.issuer, oidc_client_id=CLIENT
    ) as url:
        company.url = url

        def come_back(make: Any, **changed: Any) -> int:
            with company.browser() as client:
                address = client.get("/login/provider").headers["location"]
                asked = {
                    name: value[0] for name, value in parse_qs(urlsplit(address).query).items()
                }
                now_s = clock.now_us() // US_PER_S
                claims = {
                    "iss": liar.issuer, "aud": CLIENT, "sub": "s", "nonce": asked["nonce"],
                    "iat": now_s, "exp": now_s + 300, "email": "agent@acme.example",
                    "email_verified": True, **changed,
                }  # fmt: skip
                claims = {name: value for name, value in claims.items() if value is not None}
                liar.id_token = make(claims)
                back = {"code": "c", "state": asked["state"]}
                answer = client.get("/login/provider/done", params=back)
                assert ("tw_session" in client.cookies) == (answer.status_code == 200)
                return answer.status_code

        now_s = clock.now_us() // US_PER_S
        other = RSAKey.generate_key(2048, {"kid": "k1"})
        shared = OctKey.import_key(json.dumps(liar.key.as_dict(private=False)))
        for what, make, changed in (
            ("wrong nonce", liar.sign, {"nonce": "another"}),
            ("no nonce", liar.sign, {"nonce": None}),
            ("wrong audience", liar.sign, {"aud": "another"}),
            ("for several, not by us", liar.sign, {"aud": [CLIENT, "x"], "azp": "x"}),
            ("wrong issuer", liar.sign, {"iss": "http://127.0.0.1:1"}),
            ("expired", liar.sign, {"exp": now_s - 60}),
            ("without an end", liar.sign, {"exp": None}),
            ("from the future", liar.sign, {"iat": now_s + 600}),
            ("nobody", liar.sign, {"sub": None}),
            ("no subject", liar.sign, {"sub": ""}),
            ("unverified address", liar.sign, {"email_verified": False}),
            ("verified as text", liar.sign, {"email_verified": "true"}),
            ("no address", liar.sign, {"email": None}),
            ("alg none", unsigned, {}),
            ("another key", lambda claims: liar.sign(claims, other), {}),
            ("shared secret", lambda claims: liar.sign(claims, shared, "HS256"), {}),
            ("no token", lambda claims: "a.b.c", {}),
        ):
            assert come_back(make, **changed) == 401, what
        with connect(company.database) as connection:
            assert scalar(connection, "select count(*) from access.identity") == 0
        assert come_back(liar.sign) == 200
        with connect(company.database) as connection:
            assert scalar(connection, "select person_id from access.identity") == sofia
            connection.execute("update access.identity set subject = 'other'")
            connection.commit()
        assert come_back(liar.sign, sub="other", email=None) == 401, "the row has no seal of ours"


def test_machines_come_with_access_tokens(company: Company, liar: Liar) -> None:
    clock = company.clock
    with (
        running_api(
            company.database, clock, oidc_issuer=liar.issuer, oidc_audience="tachowatt-api",
            oidc_clients="billing=acme:agent", oidc_scope_map="theirs.contacts=contacts:read",
        ) as url,
        httpx.Client(base_url=url, timeout=patient(20.0)) as client,
    ):  # fmt: skip

        def status(token: str, path: str = "/v1/cases") -> int:
            answer = client.get(path, headers={"Authorization": f"Bearer {token}"})
            return answer.status_code

        good = liar.sign(liar.claims(clock.now_us()))
        assert status(good) == 200
        assert status(good, "/v1/contacts") == 200, "by the map of scopes"
        assert status(good, "/v1/alerts") == 403, "the role has it, the token does not"
        more = liar.sign(liar.claims(clock.now_us(), scope="scores:read cases:read"))
        assert status(more, "/v1/driving-scores") == 403, "the token has it, the role does not"
        assert status(liar.sign(liar.claims(clock.now_us(), scope=None))) == 403
        now_s = clock.now_us() // US_PER_S
        other = RSAKey.generate_key(2048, {"kid": "k1"})
        for what, token in (
            ("another audience", liar.sign(liar.claims(clock.now_us(), aud="else"))),
            ("expired", liar.sign(liar.claims(clock.now_us(), exp=now_s - 60))),
            ("not yet", liar.sign(liar.claims(clock.now_us(), nbf=now_s + 600))),
            ("another issuer", liar.sign(liar.claims(clock.now_us(), iss="http://127.0.0.1:1"))),
            ("unknown client", liar.sign(liar.claims(clock.now_us(), client_id="x", sub="x"))),
            ("another key", liar.sign(liar.claims(clock.now_us()), other)),
            ("alg none", unsigned(liar.claims(clock.now_us()))),
            ("changed", good[:-8] + "AAAAAAAA"),
            ("long", "a." + "b" * 20_000 + ".c"),
        ):
            assert status(token) == 401, what
        page = httpx.get(f"{url}/cases", headers={**HTML, "Authorization": f"Bearer {good}"})
        assert page.status_code == 303, "tokens are for the API"
        clock.advance(331)
        assert status(good) == 401


def test_a_new_key_of_the_provider_is_fetched_and_not_for_every_bad_token(
    company: Company, liar: Liar
) -> None:
    clock = company.clock
    with (
        running_api(
            company.database, clock, oidc_issuer=liar.issuer, oidc_audience="tachowatt-api",
            oidc_clients="billing=acme:agent",
        ) as url,
        httpx.Client(base_url=url, timeout=patient(20.0)) as client,
    ):  # fmt: skip

        def status(token: str) -> int:
            headers = {"Authorization": f"Bearer {token}"}
            return client.get("/v1/cases", headers=headers).status_code

        assert status(liar.sign(liar.claims(clock.now_us()))) == 200
        new = RSAKey.generate_key(2048, {"kid": "k2"})
        liar.published.append(new)
        clock.advance(31)
        assert status(liar.sign(liar.claims(clock.now_us()), new)) == 200
        fetched = liar.fetched
        stranger = RSAKey.generate_key(2048, {"kid": "k3"})
        for _ in range(10):
            assert status(liar.sign(liar.claims(clock.now_us()), stranger)) == 401
        assert liar.fetched == fetched


def test_a_provider_that_is_away_hinders_nobody_else(company: Company) -> None:
    sofia = company.add("agent")
    with running_api(
        company.database, company.clock, oidc_issuer="http://127.0.0.1:9", oidc_client_id=CLIENT,
        oidc_audience="api", api_failures_per_minute=1000,
    ) as url:  # fmt: skip
        company.url = url
        with company.browser() as client:
            assert client.get("/login/provider").status_code == 503
            company.set_up(client, sofia)
            assert client.get("/cases").status_code == 200
            answer = client.get("/v1/cases", headers={"Authorization": "Bearer a.b.c"})
            assert answer.status_code == 503 and answer.json()["code"] == "provider_away"
