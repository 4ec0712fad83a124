"""From sign-in to the next action of each role, in at most three clicks, on a phone and a desk."""

import re

import pytest
from playwright.sync_api import Page, expect

from api.pages.frame.texts import Texts
from contracts.kinds import Anomaly
from store.postgres.pool import connect
from tests.browser.conftest import Visit
from tests.browser.test_pages import grave, put_crash
from tests.browser.town import Town

SIZES = pytest.mark.parametrize(("language", "width"), [("de", 390), ("en", 1280)])
"""Each language and each width once: the words of German are the long ones, on the narrow page."""


class Clicks:
    """Counts clicks, and looks at each page on the way: width and axe."""

    def __init__(self, page: Page, axe: str, width: int) -> None:
        self.page, self._axe, self._width, self.done = page, axe, width, 0
        self.look()

    def look(self) -> None:
        if self.page.locator("[data-plot]").count():
            self.page.wait_for_selector("html[data-plots=drawn]")
        scrolled = self.page.evaluate("document.documentElement.scrollWidth")
        assert scrolled <= self._width, (self.page.url, scrolled)
        assert grave(self.page, self._axe) == []

    def click(self, selector: str) -> None:
        self.done += 1
        assert self.done <= 3, "more than three clicks"
        with self.page.expect_navigation():  # a worker sends some forms, and the page goes on later
            self.page.locator(selector).first.click()
        self.look()


@SIZES
@pytest.mark.parametrize("role", ["insurer", "agent"])
def test_a_crash_to_the_call_and_its_outcome(
    visit: Visit, town: Town, axe: str, role: str, language: str, width: int
) -> None:
    crash, vehicle = put_crash(town)
    with connect(town.url) as connection:  # the cases of other tests are due later
        connection.execute(
            "update contacts.service_case set deadline = now() + interval '1 day', "
            "call_back_at = null where kind <> 'crash-call-back' and state <> 'resolved'"
        )
        connection.commit()
    page = visit(role, language, width).go("/")
    t = Texts(language)
    clicks = Clicks(page, axe, width)
    clicks.click(f"#crash-{crash} a[href^='/cases/']" if role == "insurer" else "#cases a.main")
    if role == "insurer":  # the agent's first case is the one that is due first
        expect(page.locator("h1")).to_contain_text(vehicle)
    number = page.locator("a.button.tel").first
    expect(number).to_be_visible()
    assert re.fullmatch(r"tel:\+\d{6,15}", number.get_attribute("href") or "")
    happened = page.locator(".happened")
    expect(happened).to_contain_text("52\u00a0km/h" if role == "insurer" else "km/h")
    clicks.click("#outcome button[value=reached]")
    expect(page.get_by_role("status")).to_have_text(t("done.case_resolved"))
    expect(page.locator("#diary")).to_contain_text(t("case.outcome.reached"))
    assert page.locator("a.button.tel").count() == 0, "no number once it is resolved"


@SIZES
def test_an_anomaly_to_its_evidence_and_acknowledgement(
    visit: Visit, town: Town, axe: str, language: str, width: int
) -> None:
    with connect(town.url) as connection:
        connection.execute(
            "update contacts.alert set state = 'open', acknowledged_at = null, "
            "acknowledged_by = null where state = 'acknowledged'"
        )
        connection.commit()
    page = visit("utility", language, width).go("/")
    clicks = Clicks(page, axe, width)
    expect(page.locator("#alerts li").first).to_be_visible()
    clicks.click("#alerts a.main")
    expect(page.locator(".plot").first).to_be_visible()
    clicks.click("button[value=acknowledge]")
    expect(page.get_by_role("status")).to_have_text(Texts(language)("done.acknowledged"))


@SIZES
def test_a_score_to_its_reasons(visit: Visit, axe: str, language: str, width: int) -> None:
    page = visit("insurer", language, width).go("/")
    t = Texts(language)
    clicks = Clicks(page, axe, width)
    expect(page.locator("[data-plot=bands]")).to_be_visible()
    clicks.click("section[aria-labelledby=h-bands] header a")
    clicks.click("tbody tr:has(.band) a.main")
    expect(page.locator("[data-plot=factors]")).to_be_visible()
    if page.locator("section[aria-labelledby=h-score]").get_by_text("1,000").count() == 0:
        german = page.locator("section[aria-labelledby=h-score]").get_by_text("1.000")
        assert german.count(), "says that the average counts"
    clicks.click("#h-trips >> xpath=ancestor::section >> css=tbody a.main")
    expect(page.locator("#h-trip")).to_have_text(t("vehicle.trip"))
    expect(page.locator("[data-plot=speed]")).to_be_visible()
    assert page.locator("[data-plot=path]").count() == 0


@SIZES
def test_a_customer_sees_what_is_unusual_and_what_to_do(
    visit: Visit, town: Town, axe: str, language: str, width: int
) -> None:
    put_crash(town)
    page = visit("customer", language, width).go("/")
    t = Texts(language)
    clicks = Clicks(page, axe, width)
    crash = page.locator("section.crash").first
    for said in ("well", "call_me", "no_crash"):
        expect(crash.get_by_role("button", name=t(f"today.answer.{said}"))).to_be_visible()
    clicks.click("section.crash button[value=call_me]")
    expect(page.get_by_role("status")).to_have_text(t("done.answer_call_me"))
    unusual = page.locator("section[aria-labelledby=h-unusual]")
    expect(unusual).to_be_visible()
    if unusual.locator("li").count():
        expect(unusual.locator("li").first).to_contain_text(t("today.do_title"))
        clicks.click("section[aria-labelledby=h-unusual] li a.button")
        expect(page).to_have_url(re.compile("/meters/"))


def test_each_kind_of_anomaly_says_what_it_means_and_what_to_do() -> None:
    for language in ("de", "en"):
        t = Texts(language)
        for kind in Anomaly:
            assert t.has("today.means", kind) and t.has("today.do", kind), kind
