"""The matrix of consents: narrow and wide, by keyboard, and switches that say what follows."""

from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.test_pages import grave


def test_the_matrix_of_consents(visit: Visit, axe: str) -> None:
    visitor = visit("customer", "de", 390, "dark")
    page = visitor.go("/me")
    e_mails = page.locator("#consents li", has_text="Nachrichten per E-Mail")
    if not e_mails.locator("summary").count():  # without them one purpose has no switch
        e_mails.get_by_role("button").click()
        expect(page.get_by_role("status")).to_be_visible()
    page = visitor.go("/me/consents")
    expect(page.locator("h1")).to_have_text("Meine Einwilligungen im Einzelnen")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert grave(page, axe) == []
    history = page.locator("details.data:not(.confirm)").first
    history.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(history.locator("li").first).to_be_visible()
    assert grave(page, axe) == []
    switch = page.locator("details.confirm").first
    expect(switch.get_by_role("button")).to_have_count(0)
    switch.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(switch).to_contain_text("Was daraus folgt.")
    before = switch.locator("summary").inner_text()
    switch.get_by_role("button").click()
    expect(page.get_by_role("status")).to_be_visible()
    assert "/me/consents?done=" in page.url
    assert page.locator("details.confirm summary").first.inner_text() != before
    expect(page.locator("article").first).to_be_visible()
    page = visit("agent", "en", 1280, "light").go("/customers")
    page.goto(f"{page.locator('main td a, main li a').first.evaluate('a => a.href')}/consents")
    expect(page.locator("h1")).to_contain_text("Consents: ")
    assert grave(page, axe) == []
    expect(page.locator("details.confirm")).to_have_count(0)
