"""People sign in: invitation, password and second factor, one-time links; what attackers try."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from runtime.clock import SystemClock
from services import passwords
from store.people import keys, persons, read_log
from store.people.persons import NewPerson
from store.postgres.pool import connect, scalar
from store.postgres.roles import READER, must_assume
from tests.fix_api import running_api
from tests.fix_people import PASSWORD, Company
from tests.fix_registry import NOW_US
from tests.pages import HTML, send, token_of
from tests.patience import patient

SOFIA = "agent@acme.example"


def test_an_invitation_sets_password_and_second_factor_once(company: Company) -> None:
    sofia = company.add("agent")
    token = company.invite(sofia)
    with company.browser() as client:
        page = client.get(f"/invitation?t={token}")
        assert "Sofia Keller" in page.text and "data:image/svg+xml" in page.text
        secret = re.search(r'name="secret" value="([A-Z2-7]+)"', page.text)[1]  # type: ignore[index]
        company.secrets[sofia] = secret
        form = {"csrf": token_of(page.text), "t": token, "secret": secret}
        good = {"password": PASSWORD, "again": PASSWORD, "code": company.code(sofia)}
        for wrong, says in (
            ({"password": "short", "again": "short"}, "too short"),
            ({"password": "Sofia Keller!", "again": "Sofia Keller!"}, "easy to guess"),
            ({"again": PASSWORD + "x"}, "differ"),
            ({"code": "000000"}, "code is not"),
        ):
            answer = client.post("/invitation", data={**form, **good, **wrong})
            assert answer.status_code == 422 and says in answer.text, says
        done = client.post("/invitation", data={**form, **good})
        assert done.status_code == 200
        assert len(re.findall(r"<li><code>", done.text)) == passwords.RECOVERY_CODES
        assert "Sofia Keller" in client.get("/cases").text
    with company.browser() as other:
        assert other.get(f"/invitation?t={token}").status_code == 401
        form["csrf"] = token_of(other.get("/login").text)
        again = other.post("/invitation", data={**form, **good})
        assert again.status_code == 401 and other.get("/cases").status_code == 303


def test_an_invitation_expires_and_another_replaces_it(company: Company) -> None:
    sofia = company.add("agent")
    first = company.invite(sofia)
    second = company.invite(sofia)
    with company.browser() as client:
        assert client.get(f"/invitation?t={first}").status_code == 401
        assert client.get(f"/invitation?t={second}").status_code == 200
        company.clock.advance(7 * 24 * 3600)
        assert client.get(f"/invitation?t={second}").status_code == 401


def test_password_and_code_together_and_a_code_once(company: Company) -> None:
    sofia = company.add("agent")
    with company.browser() as client:
        company.set_up(client, sofia)
    used = company.code(sofia)
    with company.browser() as client:
        assert company.sign_in(client, SOFIA, used).status_code == 401, "it proved the set-up"
        code = company.next_code(sofia)
        for email, password, given in (
            (SOFIA, PASSWORD, "000000"),
            (SOFIA, PASSWORD, ""),
            (SOFIA, PASSWORD + "x", code),
            ("nobody@acme.example", PASSWORD, code),
        ):
            answer = company.sign_in(client, email, given, password)
            assert answer.status_code == 401 and 'role="alert"' in answer.text
        answer = company.sign_in(client, SOFIA.upper(), f" {code[:3]} {code[3:]}")
        assert answer.status_code == 303
        assert client.get("/cases").status_code == 200
    with company.browser() as client:
        assert company.sign_in(client, SOFIA, code).status_code == 401, "a code counts once"
        assert company.sign_in(client, SOFIA, company.next_code(sofia)).status_code == 303


def test_one_code_opens_one_session_however_many_come_at_once(company: Company) -> None:
    sofia = company.add("agent")
    with company.browser() as client:
        company.set_up(client, sofia)
    code, gate = company.next_code(sofia), threading.Barrier(4)

    def try_(_: int) -> int:
        with company.browser() as client:
            gate.wait(patient(20))
            return company.sign_in(client, SOFIA, code).status_code

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(try_, range(4))) == [303, 401, 401, 401]


def test_a_recovery_code_replaces_the_app_once(company: Company) -> None:
    sofia = company.add("agent")
    with company.browser() as client:
        codes = company.set_up(client, sofia)
    for expected in (303, 401):
        with company.browser() as client:
            answer = company.sign_in(client, SOFIA, codes[0].upper().replace("-", " "))
            assert answer.status_code == expected
    with company.browser() as client:
        assert company.sign_in(client, SOFIA, codes[1], "wrong password!").status_code == 401
        assert company.sign_in(client, SOFIA, codes[1]).status_code == 303


def attempt(company: Company, code: str, email: str = SOFIA) -> int:
    """Try to sign in with a browser of its own; the status of the answer."""
    with company.browser() as client:
        return company.sign_in(client, email, code).status_code


def test_guessing_has_to_wait(company: Company) -> None:
    sofia = company.add("agent")
    with company.browser() as client:
        codes = company.set_up(client, sofia)
    company.clock.advance(60)
    for _ in range(5):
        assert attempt(company, "000000") == 401
    assert attempt(company, company.code(sofia)) == 401, "blocked"
    assert attempt(company, codes[0]) == 401, "blocked"
    company.clock.advance(31)
    assert attempt(company, "000000") == 401
    company.clock.advance(31)
    assert attempt(company, company.code(sofia)) == 401, "longer"
    company.clock.advance(31)
    assert attempt(company, company.code(sofia)) == 303
    assert attempt(company, "000000") == 401
    assert attempt(company, company.next_code(sofia)) == 303, "the count began again"


def test_a_network_that_fails_too_often_is_not_asked_any_more(company: Company) -> None:
    with running_api(company.database, company.clock, api_failures_per_minute=3) as url:
        company.url = url
        sofia = company.add("agent")
        with company.browser() as client:
            company.set_up(client, sofia)
        assert attempt(company, company.next_code(sofia)) == 303
        for _ in range(3):
            assert attempt(company, "000000", "x@y.example") == 401
        with company.browser() as client:
            answer = company.sign_in(client, "x@y.example", "000000")
            assert answer.status_code == 429 and int(answer.headers["retry-after"]) > 0
        assert attempt(company, company.next_code(sofia)) == 303, "others are not locked out"


def test_nobody_prepares_a_session_for_another(company: Company) -> None:
    """Session fixation: the token changes at the sign-in, and the one of before ends."""
    sofia, mallory = company.add("agent"), company.add("insurer", "Mallory")
    with company.browser() as client:
        company.set_up(client, mallory)
        planted = client.cookies["tw_session"]
    with company.browser() as client:
        company.set_up(client, sofia)
    with company.browser() as client:
        client.cookies.set("tw_session", planted, domain="127.0.0.1", path="/")
        token = token_of(client.get("/fleet").text)
        code = company.next_code(sofia)
        page = client.get("/login")
        assert page.status_code == 303, "signed in as Mallory"
        form = {"csrf": token, "email": SOFIA, "password": PASSWORD, "code": code}
        client.cookies.set("tw_form", token, domain="127.0.0.1", path="/")
        assert client.post("/login/password", data=form).status_code == 303
        assert client.cookies["tw_session"] != planted
    with company.browser() as client:
        client.cookies.set("tw_session", planted)
        assert client.get("/fleet").status_code == 303, "the planted session has ended"


def test_a_leaver_is_out_at_once_everywhere(company: Company) -> None:
    sofia = company.add("agent")
    with connect(company.database) as connection:
        key_id, key = keys.create_key(
            connection, tenant="acme", role="person", name="scripts",
            scopes=["cases:read", "alerts:read"], now_us=NOW_US,
        )  # fmt: skip
        persons.bind_key(connection, key_id, sofia)
        connection.commit()
    bearer = {"Authorization": f"Bearer {key}"}
    with company.browser() as one, company.browser() as two:
        company.set_up(one, sofia)
        assert company.sign_in(two, SOFIA, company.next_code(sofia)).status_code == 303
        assert one.get("/v1/cases", headers=bearer).status_code == 200
        ended, lived = threading.Event(), threading.Event()
        stayed: list[float] = []
        clock = SystemClock()

        def live() -> None:
            with two.stream("GET", "/live") as answer:
                for line in answer.iter_lines():
                    if line.startswith("data:"):
                        lived.set()
                stayed.append(clock.monotonic())
            ended.set()

        def follow() -> None:
            with httpx.stream(
                "GET", f"{company.url}/v1/alerts/stream", headers=bearer, timeout=patient(20.0)
            ) as answer:
                for line in answer.iter_lines():
                    if line.startswith("event: open"):
                        following.set()
                stayed.append(clock.monotonic())
            done.set()

        following, done = threading.Event(), threading.Event()
        threads = [threading.Thread(target=live), threading.Thread(target=follow)]
        for thread in threads:
            thread.start()
        assert lived.wait(patient(20)) and following.wait(patient(20))
        with connect(company.database) as connection:
            assert persons.disable(connection, sofia, company.clock.now_us())
            connection.commit()
        left = clock.monotonic()
        assert one.get("/cases").headers["location"].startswith("/login")
        assert one.get("/v1/cases", headers=bearer).status_code == 401
        assert ended.wait(patient(20)) and done.wait(patient(20))
        for thread in threads:
            thread.join()
        assert max(stayed) - left < patient(2.0)
        again = company.sign_in(one, SOFIA, company.next_code(sofia))
        assert again.status_code == 401, "not with the right password either"
        with connect(company.database) as connection:
            persons.enable(connection, sofia)
            connection.commit()
        assert one.get("/cases").status_code == 303, "the old session stays ended"
        assert company.sign_in(one, SOFIA, company.next_code(sofia)).status_code == 303


def test_another_role_holds_at_the_next_request(company: Company) -> None:
    sofia = company.add("agent")
    with company.browser() as client:
        company.set_up(client, sofia)
        assert client.get("/customers").status_code == 200
        with connect(company.database) as connection:
            persons.set_role(connection, sofia, "utility")
            connection.commit()
        assert client.get("/customers").status_code == 403
        assert client.get("/meters").status_code == 200


def test_sessions_are_listed_and_ended_by_their_person_only(company: Company) -> None:
    sofia, other = company.add("agent"), company.add("insurer", "Other")
    with company.browser(**{"user-agent": "First"}) as one, company.browser() as stranger:
        company.set_up(one, sofia)
        company.set_up(stranger, other)
        with company.browser(**{"user-agent": "<b>Second</b>"}) as two:
            assert company.sign_in(two, SOFIA, company.next_code(sofia)).status_code == 303
            page = one.get("/account").text
            assert "First" in page and "&lt;b&gt;Second" in page and "<b>Second" not in page
            ids = re.findall(r'name="session" value="([0-9a-f]{16})"', page)
            assert len(ids) == 1
            assert send(stranger, "/account", session=ids[0]).status_code == 303
            assert two.get("/cases").status_code == 200, "a stranger ends nothing"
            assert send(one, "/account", session=ids[0]).status_code == 303
            assert two.get("/cases").status_code == 303
            assert company.sign_in(two, SOFIA, company.next_code(sofia)).status_code == 303
            assert send(one, "/account", "/logout/everywhere").status_code == 303
            assert [one.get("/cases").status_code, two.get("/cases").status_code] == [303, 303]
            assert stranger.get("/fleet").status_code == 200


def test_a_session_ends_when_idle_and_after_twelve_hours(company: Company) -> None:
    sofia = company.add("agent")
    with company.browser() as client:
        company.set_up(client, sofia)
        for _ in range(11):
            company.clock.advance(3_590)
            assert client.get("/cases").status_code == 200
        company.clock.advance(3_590)
        company.clock.advance(200)
        assert client.get("/cases").status_code == 303


def test_a_password_is_changed_by_who_knows_it(company: Company) -> None:
    sofia, new = company.add("agent"), "battery staple orange"
    with company.browser() as one, company.browser() as two:
        company.set_up(one, sofia)
        assert company.sign_in(two, SOFIA, company.next_code(sofia)).status_code == 303
        for old, password, again, status in (
            ("wrong", new, new, 422),
            (PASSWORD, "short", "short", 422),
            (PASSWORD, new, new + "x", 422),
            (PASSWORD, new, new, 303),
        ):
            fields = {"old": old, "password": password, "again": again}
            assert send(one, "/account", "/account/password", **fields).status_code == status
        assert [one.get("/cases").status_code, two.get("/cases").status_code] == [200, 303]
        code = company.next_code(sofia)
        assert company.sign_in(two, SOFIA, code).status_code == 401
        assert company.sign_in(two, SOFIA, code, new).status_code == 303
        right = {"old": new, "password": PASSWORD, "again": PASSWORD}
        for _ in range(5):
            assert send(two, "/account", "/account/password", **fields).status_code == 422
        answer = send(two, "/account", "/account/password", **right)
        assert answer.status_code == 422, "who has only the session cannot guess the password"


# ── one-time links ──────────────────────────────────────────────────────────────────────────────


def links(company: Company) -> list[str]:
    """Texts of the links that wait to be sent."""
    with connect(company.database) as connection:
        rows = connection.execute("select token from access.mail order by mail_id").fetchall()
    return [token for (token,) in rows]


def ask_link(client: httpx.Client, email: str) -> httpx.Response:
    token = token_of(client.get("/login").text)
    return client.post("/login/link", data={"csrf": token, "email": email})


def customers(company: Company) -> list[str]:
    found = []
    with connect(company.database) as connection:
        for customer in ("c1", "c2"):
            person = NewPerson("acme", "customer", customer, "jane@home.example", customer)
            found.append(persons.add(connection, person, NOW_US) or "")
        connection.commit()
    return found


def test_customers_sign_in_by_a_link_once(company: Company) -> None:
    customers(company)
    with company.browser() as client:
        known = ask_link(client, "Jane@home.example")
        unknown = ask_link(client, "nobody@home.example")
        staff = ask_link(client, SOFIA)
        assert known.status_code == unknown.status_code == staff.status_code == 200
        same = {re.sub(r'value="[^"]+"', "", page.text) for page in (known, unknown, staff)}
        assert len(same) == 1, "the answer says nothing of who has an address"
        assert len(links(company)) == 2, "both of the household"
        token = links(company)[0]
        for _ in range(3):
            page = client.get(f"/login/link?t={token}")
            assert page.status_code == 200, "programs of mail servers may look at it"
        used = client.post("/login/link/use", data={"csrf": token_of(page.text), "t": token})
        assert used.status_code == 303
        assert client.get("/me").status_code == 200
    with company.browser() as client:
        assert client.get(f"/login/link?t={token}").status_code == 401
        form = {"csrf": token_of(client.get("/login").text), "t": token}
        assert client.post("/login/link/use", data=form).status_code == 401


def test_a_link_is_valid_for_a_quarter_of_an_hour(company: Company) -> None:
    customers(company)
    with company.browser() as client:
        ask_link(client, "jane@home.example")
        company.clock.advance(15 * 60)
        form = {"csrf": token_of(client.get("/login").text), "t": links(company)[0]}
        assert client.post("/login/link/use", data=form).status_code == 401


def test_nobody_floods_a_mailbox(company: Company) -> None:
    customers(company)
    with company.browser() as client:
        for _ in range(8):
            assert ask_link(client, "jane@home.example").status_code == 200
        assert len(links(company)) == 6, "three for each of the two"


def test_no_link_leads_to_a_host_that_a_client_names(company: Company) -> None:
    customers(company)
    with company.browser() as client:
        form = {"csrf": token_of(client.get("/login").text), "email": "jane@home.example"}
        strange = {"host": "evil.example", "origin": "http://evil.example"}
        assert client.post("/login/link", data=form, headers=strange).status_code == 404
    assert links(company) == []


def test_an_invitation_is_no_link_to_sign_in_nor_the_other_way(company: Company) -> None:
    sofia = company.add("agent")
    customers(company)
    invitation = company.invite(sofia)
    with company.browser() as client:
        ask_link(client, "jane@home.example")
        link = links(company)[0]
        assert client.get(f"/invitation?t={link}").status_code == 401
        assert client.get(f"/login/link?t={invitation}").status_code == 401
        form = {"csrf": token_of(client.get("/login").text), "t": invitation}
        assert client.post("/login/link/use", data=form).status_code == 401


# ── what the database's login of the API can do by itself ───────────────────────────────────────


def test_the_readers_login_opens_no_session_and_reads_no_secret(company: Company) -> None:
    sofia = company.add("agent")
    customers(company)
    with company.browser() as client:
        company.set_up(client, sofia)
    with connect(company.database) as connection:
        must_assume(connection, READER)
        connection.commit()
        for table in ("credential", "identity", "person_session", "link", "mail"):
            with pytest.raises(Exception, match="permission denied"):
                connection.execute(f"select * from access.{table}".encode())
            connection.rollback()
        with pytest.raises(Exception, match="permission denied"):
            connection.execute("select email from access.person")
        connection.rollback()
        with pytest.raises(Exception, match="permission denied"):
            connection.execute("select * from access.due_mail(now())")
        connection.rollback()
        token = "p.minted-by-sql-0123456789"
        forged = (
            "select access.open_person_session(%s, %s, 'operator', 'c', 'password', 'd', "
            "'sealed1:0123456789abcdef:AAAA', %s, %s + interval '1 hour')"
        )
        at = scalar(connection, "select to_timestamp(%s)", (company.clock.now_us() / 1e6,))
        connection.execute(forged.encode(), (keys.digest(token), sofia, at, at))
        connection.commit()
        for clear in ("", "clear", "sealed1:"):
            with pytest.raises(Exception, match="violates check"):
                connection.execute(
                    "select access.link_identity('i', 'https://sso', 's', %s, %s, now())",
                    (sofia, clear),
                )
            connection.rollback()
        assert not scalar(
            connection,
            "select access.open_person_session(%s, %s, null, 'c', 'm', 'd', 's', %s, "
            "%s + interval '13 hours')",
            (b"x", sofia, at, at),
        ), "no session is longer than twelve hours"
    with company.browser() as client:
        client.cookies.set("tw_session", token)
        assert client.get("/cases").status_code == 303, "the row has no seal of ours"


# ── who did what ────────────────────────────────────────────────────────────────────────────────


def test_what_a_person_reads_is_theirs_in_the_log(company: Company) -> None:
    sofia = company.add("agent", languages=("de",))
    with company.browser() as client:
        company.set_up(client, sofia)
        assert client.get("/customers/c1").status_code == 200
    with connect(company.database) as connection:
        rows = read_log.of_customer(connection, "acme", "c1")
        assert rows[0]["reader"] == "Sofia Keller" and rows[0]["role"] == "agent"
        assert scalar(connection, "select distinct key_id from access.read_log") == sofia


# ── the demo's one click ────────────────────────────────────────────────────────────────────────


def demo_click(url: str, person: str, **headers: str) -> httpx.Response:
    with httpx.Client(base_url=url, headers=HTML, timeout=patient(20.0)) as client:
        page = client.get("/login", headers=headers)
        shown = person in page.text
        form = {"csrf": token_of(page.text), "person": person}
        answer = client.post("/login/demo", data=form, headers=headers)
        assert shown == (answer.status_code == 303), "what is shown works, and nothing else"
        return answer


def test_one_click_is_for_the_demos_people_on_the_loopback(company: Company) -> None:
    ready, other = company.add("agent", demo=True), company.add("operator", "Real")
    with running_api(company.database, company.clock, demo_sign_in=True) as url:
        assert demo_click(url, ready).status_code == 303
        assert demo_click(url, other).status_code == 404
        for headers in (
            {"host": "tachowatt.example", "origin": "http://tachowatt.example"},
            {"host": "127.0.0.1.evil.example", "origin": "http://127.0.0.1.evil.example"},
            {"x-forwarded-for": "10.0.0.1"},
            {"forwarded": "for=10.0.0.1"},
        ):
            assert demo_click(url, ready, **headers).status_code == 404, headers
    assert demo_click(company.url, ready).status_code == 404, "the setting is off"


@pytest.mark.parametrize(
    "settings", [{"api_base_url": "http://127.0.0.1:1"}, {"api_host": "0.0.0.0"}]
)
def test_one_click_is_never_there_beyond_the_loopback(
    company: Company, settings: dict[str, str]
) -> None:
    ready = company.add("agent", demo=True)
    with running_api(company.database, company.clock, demo_sign_in=True, **settings) as url:
        url = url.replace("0.0.0.0", "127.0.0.1")
        host = {"host": "127.0.0.1:1"} if "api_base_url" in settings else {}
        origin = {"origin": "http://127.0.0.1:1"} if host else {}
        assert demo_click(url, ready, **host, **origin).status_code == 404


def test_keys_can_be_shut_out_of_the_pages(company: Company) -> None:
    with connect(company.database) as connection:
        _, key = keys.create_key(
            connection, tenant="acme", role="agent", name="old", scopes=["cases:read"],
            now_us=NOW_US,
        )  # fmt: skip
        connection.commit()

    def enter(url: str) -> tuple[bool, int, httpx.Client]:
        client = httpx.Client(base_url=url, headers=HTML, timeout=patient(20.0))
        page = client.get("/login").text
        answer = client.post("/login", data={"csrf": token_of(page), "key": key})
        return 'id="key"' in page, answer.status_code, client

    shown, status, client = enter(company.url)
    assert (shown, status) == (True, 303)
    with running_api(company.database, company.clock, sign_in_by_key=False) as url:
        assert enter(url)[:2] == (False, 401)
        token = client.cookies["tw_session"]
        late = httpx.get(f"{url}/cases", cookies={"tw_session": token}, headers=HTML)
        assert late.status_code == 303, "sessions of keys end too"
        bearer = {"Authorization": f"Bearer {key}"}
        assert httpx.get(f"{url}/v1/cases", headers=bearer).status_code == 200
    client.close()
