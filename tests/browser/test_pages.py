"""The pages in a real browser: every page for every role, live, by keyboard, for everybody."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from contracts.signals import signal_id
from runtime.clock import SystemClock
from runtime.metrics import Metrics
from services.decide import decide
from services.playbooks import Rules
from store.people import customers, registry
from store.postgres.pool import connect
from store.postgres.times import from_us
from store.signals import outbox
from store.signals.outbox import SignalRow
from tests.browser.conftest import Visit, Visitor
from tests.browser.town import Town

ROLES = (
    "insurer", "utility", "agent", "supervisor", "customer", "operator", "data_protection",
    "partner",
)  # fmt: skip
_LINKS = "as => [...new Set(as.map(a => a.getAttribute('href')))]"


def _kind(path: str) -> str:
    """/cases/1 and /cases/2 are one kind of page."""
    return re.sub(r"^(/[a-z-]+/).+", r"\1*", path)


def crawl(visitor: Visitor) -> Iterator[str]:
    """One page of each kind that can be reached from the overview by links; each is open then."""
    found: set[str] = set()
    waiting = ["/"]
    while waiting:
        path = waiting.pop(0)
        if _kind(path) in found:
            continue
        found.add(_kind(path))
        page = visitor.go(path)
        waiting += [
            link
            for link in page.eval_on_selector_all("a[href^='/']", _LINKS)
            if "?" not in link and "#" not in link
        ]
        yield path


def grave(page: Page, axe: str) -> list[tuple[str, str, Any]]:
    """What axe-core finds serious or critical. A plot is one picture with a text (role=img)."""
    page.evaluate(axe)
    found = page.evaluate("axe.run({exclude: ['.svg-container']}, {resultTypes: ['violations']})")
    return [
        (page.url, violation["id"], [node["target"] for node in violation["nodes"]][:3])
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
    ]


EXPECTED = {
    "insurer": {"/", "/fleet", "/vehicles/*", "/cases", "/cases/*", "/contacts", "/contacts/*"},
    "utility": {"/", "/meters", "/meters/*", "/alerts", "/alerts/*", "/cases", "/contacts"},
    "agent": {"/", "/customers", "/customers/*", "/alerts", "/cases/*", "/contacts/*"},
    "supervisor": {
        "/", "/customers", "/customers/*", "/cases/*", "/team", "/actions", "/desk", "/matches",
    },
    "customer": {"/", "/fleet", "/vehicles/*", "/meters", "/meters/*", "/inbox", "/me"},
    "operator": {
        "/",
        "/contacts/*",
        "/dead-letters",
        "/dead-letters/*",
        "/playbooks",
        "/rules",
        "/rules/*",
    },
    "data_protection": {"/", "/privacy", "/approvals", "/rules"},
    "partner": {"/", "/partner"},
}  # fmt: skip

BESIDE = {
    "/account", "/approvals/*", "/decisions/*", "/desk/*", "/invitation", "/login", "/login/*",
    "/matter-worker.js", "/matter/*", "/me/*", "/my-case/*", "/partner/*", "/bills", "/bills/*",
    "/meter-data", "/reading-rounds", "/reading-rounds/*", "/reading-worker.js", "/reading/*",
}  # fmt: skip
"""Kinds of pages that other tests open, because no link of a role's overview has to lead there."""


def test_each_page_of_the_house_is_in_the_table() -> None:
    root = Path(__file__).parents[2]
    source = (root / "api" / "pages" / "__init__.py").read_text(encoding="utf-8")
    kinds = {_kind(route) for route in re.findall(r'\bget\(\s*"(/[^"]*)"', source)}
    walked = set().union(*EXPECTED.values())
    assert kinds - walked == BESIDE and len(kinds) > 30
    assert walked <= kinds


@pytest.mark.parametrize(
    ("language", "width", "scheme"), [("en", 1280, "light"), ("de", 390, "dark")]
)
@pytest.mark.parametrize("role", ROLES)
def test_every_page_in_both_languages_themes_and_widths(
    visit: Visit, axe: str, role: str, language: str, width: int, scheme: str
) -> None:
    visitor = visit(role, language, width, scheme)
    problems, kinds = [], set()
    for path in crawl(visitor):
        kinds.add(_kind(path))
        page = visitor.page
        assert page.locator("html").get_attribute("lang") == language
        scrolled = page.evaluate("document.documentElement.scrollWidth")
        assert scrolled <= width, (path, scrolled)
        problems += grave(page, axe)
    assert kinds >= EXPECTED[role]
    assert problems == []


def test_sign_in_and_errors_are_for_everybody(visit: Visit, axe: str, site: str) -> None:
    for scheme in ("light", "dark"):
        visitor = visit(None, "de", 390, scheme)
        page = visitor.go("/login")
        expect(page.locator("h1")).to_have_text("Anmelden")
        assert grave(page, axe) == []
        page.goto(f"{site}/no/such/page")
        expect(page.locator("h1")).to_have_text("Nicht gefunden")
        assert grave(page, axe) == []
        # Chromium itself reports the 404 that was asked for.
        visitor.wrong[:] = [wrong for wrong in visitor.wrong if "404" not in wrong]


def test_a_crash_appears_without_a_reload(visit: Visit, town: Town) -> None:
    visitor = visit("insurer")
    page = visitor.go("/")
    expect(page.locator("[data-live-state]")).to_have_attribute("data-state", "on")
    before = page.locator("#cases li").count()
    page.evaluate("window.untouched = true")
    crash, vehicle = put_crash(town)
    expect(page.locator(f"#crash-{crash}")).to_be_visible()
    expect(page.locator(f"#crash-{crash}").get_by_role("link", name="To the case")).to_be_visible()
    expect(page.locator("#cases li")).to_have_count(min(6, before + 1))
    expect(page.locator("#announce")).not_to_be_empty()
    page.locator(f"#crash-{crash}").get_by_role("link", name="To the case").click()
    expect(page.locator("h1")).to_contain_text(vehicle)
    assert "/cases/" in page.url


def test_keyboard_alone_is_enough(visit: Visit, town: Town, site: str) -> None:
    put_crash(town)
    page = visit(None).go("/cases")
    assert page.url.startswith(f"{site}/login"), "nobody is signed in"
    expect(page.locator("#email")).to_be_focused()
    _tab_to(page, "details.panel summary")
    page.keyboard.press("Enter")
    _tab_to(page, "#key")
    page.keyboard.type(town.keys["agent"])
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site}/cases")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    _tab_to(page, "tbody tr:first-child a.main")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/cases/.+"))
    _tab_to(page, "button[value=take]")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_be_visible()
    expect(page.locator("#facts")).to_contain_text("Sofia Keller")
    _tab_to(page, "#resolution")
    page.keyboard.type("Called; nobody is hurt.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#facts")).to_contain_text("Called; nobody is hurt.")
    expect(page.locator("#diary")).to_contain_text("State: resolved")


def test_without_javascript_language_theme_and_forms_work(visit: Visit) -> None:
    page = visit("customer", "en", java_script_enabled=False).go("/me")
    expect(page.locator("h1")).to_have_text("My data")
    page.locator("button[name=lang]").click()
    expect(page.locator("h1")).to_have_text("Meine Daten")
    page.locator("button[name=theme]:visible").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert "?" not in page.url
    row = page.locator("#consents li", has_text="Nachrichten per E-Mail")
    state = row.locator(".badge").inner_text()
    if row.locator("summary").count():  # withdrawing says first what follows
        expect(row.get_by_role("button")).to_have_count(0)
        row.locator("summary").click()
        expect(row).to_contain_text("Was daraus folgt.")
    row.get_by_role("button").click()
    expect(page.get_by_role("status")).to_be_visible()
    assert row.locator(".badge").inner_text() != state


def _tab_to(page: Page, selector: str, most: int = 60) -> None:
    for _ in range(most):
        if page.locator(selector).evaluate("e => e === document.activeElement"):
            outline = page.locator(selector).evaluate("e => getComputedStyle(e).outlineStyle")
            assert outline != "none", f"{selector} shows no focus"
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} cannot be reached by Tab")


def put_crash(town: Town) -> tuple[str, str]:
    """A crash of the car that crashed before, decided by the real playbooks; its id, the car."""
    clock = SystemClock()
    now_us = clock.now_us()
    crashed = town.truth["crashes"][0]
    with connect(town.url) as connection:
        device = next(d for d in registry.devices(connection) if d.device == crashed["device"])
        at = from_us(now_us).isoformat()
        data = {
            "retracted": False, "at": at, "severity": 3, "peak_mps2": 71.0,
            "delta_v_kmh": -38.0, "speed_kmh": 52.0,
        }  # fmt: skip
        id_ = signal_id(device.tenant, device.device, "vehicle.crash", str(now_us))
        row = SignalRow(
            id_, device.tenant, device.device_id, "vehicle.crash", crashed["subject"], now_us, data
        )
        outbox.put(connection, [row], now_us)
        connection.commit()
        metrics = Metrics()
        rules = Rules(None, metrics)
        rules.refresh(connection, now_us)
        connection.commit()
        decide(connection, rules.playbooks(), frozenset({"inbox"}), now_us, metrics)
        name = customers.subject_names(connection, [(device.tenant, crashed["subject"])])
    return id_, name[(device.tenant, crashed["subject"])]
