"""A person's first hour at the pages: invitation, codes, signing in and out, in both languages."""

import re
from collections.abc import Iterator

import pyotp
import pytest
from playwright.sync_api import expect

from customer_context.four_eyes.rule import Actor
from runtime.clock import US_PER_S, SystemClock
from services import playbooks, rule_versions
from store.people import persons
from store.people.persons import NewPerson
from store.postgres.pool import connect
from store.postgres.roles import set_tenant_scope
from tests.browser.conftest import Visit
from tests.browser.test_pages import grave
from tests.browser.town import Town
from tests.fix_api import running_api

CLOCK = SystemClock()
PASSWORD = "correct horse battery"


@pytest.fixture(scope="package")
def site(town: Town) -> Iterator[str]:
    """Address of pages with every way to sign in."""
    with running_api(
        town.url, CLOCK, api_requests_per_minute=100_000, demo_sign_in=True,
        smtp_url="smtp://127.0.0.1:9",
    ) as url:  # fmt: skip
        yield url


def invited(town: Town, email: str, role: str = "operator") -> str:
    """The token of an invitation of a new person."""
    with connect(town.url) as connection:
        person = NewPerson("demo", role, "Nina Lorenz", email)
        person_id = persons.add(connection, person, CLOCK.now_us())
        assert person_id is not None
        token = persons.invite(connection, person_id, CLOCK.now_us(), 3600.0)
        connection.commit()
    return token


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize(
    ("language", "scheme", "says"),
    [("en", "light", "Sign out everywhere"), ("de", "dark", "Überall abmelden")],
)
def test_from_the_invitation_to_the_next_sign_in(
    visit: Visit, town: Town, axe: str, language: str, scheme: str, width: int, says: str
) -> None:
    email = f"nina-{language}-{width}@demo.example"
    visitor = visit(None, language, width, scheme)
    page = visitor.go(f"/invitation?t={invited(town, email)}")
    problems = grave(page, axe)
    secret = page.locator("#secret").inner_text().replace(" ", "")
    app = pyotp.TOTP(secret)
    step = CLOCK.now_us() // US_PER_S // 30
    page.locator("#password").fill(PASSWORD)
    page.locator("#again").fill(PASSWORD)
    page.locator("#code").fill(app.generate_otp(step))
    page.keyboard.press("Enter")
    codes = page.locator(".codes code")
    expect(codes).to_have_count(10)
    recovery = codes.first.inner_text()
    problems += grave(page, axe)
    page.locator("a.button").click()
    expect(page.locator("nav.side a[href='/account']")).to_have_count(1)
    visitor.go("/account")
    expect(page.locator("main .lead")).to_contain_text("Nina Lorenz")
    expect(page.locator("main tbody tr")).to_have_count(1)
    problems += grave(page, axe)
    page.locator("main").get_by_role("button", name=says).click()
    expect(page.get_by_role("status")).to_be_visible()
    problems += grave(page, axe)
    page.locator("#email").fill(email)
    page.locator("#password").fill("wrong password")
    page.locator("#code").fill("000000")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("#email")).to_have_value(email)
    problems += grave(page, axe)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#password").fill(PASSWORD)
    page.locator("#code").fill(recovery)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/$"))
    expect(page.locator("nav.side a[href='/account']")).to_have_count(1)
    assert problems == []
    # Chromium itself reports the 401 that was asked for.
    visitor.wrong[:] = [wrong for wrong in visitor.wrong if "401" not in wrong]


@pytest.mark.parametrize(("language", "width"), [("en", 1280), ("de", 390)])
def test_demo_link_and_approvals(
    visit: Visit, town: Town, axe: str, language: str, width: int
) -> None:
    made, ids = [], []
    with connect(town.url) as connection:
        for role in ("operator", "data_protection"):
            name = f"{role} {language}"
            person = NewPerson("demo", role, name, f"{role}-{language}@d.example", demo=True)
            made.append(name)
            ids.append(persons.add(connection, person, CLOCK.now_us()))
        connection.commit()
    visitor = visit(None, language, width)
    page = visitor.go("/login")
    problems = grave(page, axe)
    page.locator("#link-email").fill("nobody@demo.example")
    page.keyboard.press("Enter")
    expect(page.locator("#link-email")).to_have_count(0)
    problems += grave(page, axe)
    visitor.go("/login")
    page.get_by_role("button", name=made[0]).click()
    page.wait_for_url(re.compile(r"/$"))
    visitor.go("/dead-letters")
    page.locator("tbody a.main").first.click()
    page.locator("#reason").fill("a meter is silent")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/approvals/[0-9a-f]{24}"))
    asked = page.url
    expect(page.locator("#note")).to_have_count(0)
    problems += grave(page, axe)
    page.locator("form[action='/logout'] button").first.click()
    page.get_by_role("button", name=made[1]).click()
    page.wait_for_url(re.compile(r"/$"))
    visitor.go("/approvals")
    problems += grave(page, axe)
    page.goto(asked)
    problems += grave(page, axe)
    page.locator("button[value=approve]").click()
    expect(page.get_by_role("status")).to_be_visible()
    page.locator("form[action='/logout'] button").first.click()
    page.get_by_role("button", name=made[0]).click()
    page.wait_for_url(re.compile(r"/$"))
    page.goto(asked)
    page.locator("button[value=reveal]").click()
    expect(page.locator("pre.raw")).to_be_visible()
    problems += grave(page, axe)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # A new version of a rule is tried on history, with a bar while it runs.
    visitor.go(asked_for_a_rule(town, Actor(ids[0], "demo", "operator"), made[0], width))
    page.evaluate("""() => {
        const bar = document.querySelector("#trial progress");
        new MutationObserver(() => { window.name = "shown"; })
            .observe(bar.parentElement, { attributes: true, attributeFilter: ["hidden"] });
    }""")
    page.locator("a[data-trial]").click()
    page.wait_for_url(re.compile(r"\?try=1"))
    expect(page.locator("[data-plot=tried]")).to_be_visible()
    assert page.evaluate("window.name") == "shown"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    problems += grave(page, axe)
    assert problems == []


def asked_for_a_rule(town: Town, actor: Actor, name: str, version: int) -> str:
    """Ask to bring a new version of a playbook into force; return the path of the request."""
    with connect(town.url) as connection:
        set_tenant_scope(connection, ("demo",))
        live = playbooks.in_force(connection, "demo")["score-changed"]
        text = re.sub(r"(?m)^version: .*", f"version: {version}", live.text)
        new = rule_versions.record(
            connection, "demo", playbooks.PLAYBOOK, text, name, CLOCK.now_us()
        )
        asked = rule_versions.ask(
            connection, actor, name, playbooks.PLAYBOOK, new.digest, "try", CLOCK.now_us()
        )
        connection.commit()
    return f"/approvals/{asked.request_id}"
