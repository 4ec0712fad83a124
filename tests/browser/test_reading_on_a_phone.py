"""A customer reads their meter in the cellar: answered while typing, kept, sent once."""

import pytest
from playwright.sync_api import expect

from store.postgres.pool import connect
from tests.browser.conftest import Visit
from tests.browser.test_pages import grave
from tests.browser.test_two_in_one_form import cut
from tests.browser.town import Town
from tests.patience import patient


def entered(town: Town, meter: str) -> list[tuple[float, str]]:
    with connect(town.url) as connection:
        return connection.execute(
            "select kwh, verdict from customers.entered_reading where meter = %s "
            "and key <> 'known' order by entered_at",
            (meter,),
        ).fetchall()


def known(town: Town, meter: str) -> None:
    """A reading of half a day ago: meters of the town send intervals, and no register."""
    with connect(town.url) as connection:
        connection.execute(
            "insert into customers.entered_reading (reading_id, tenant, meter, customer, read_at, "
            "kwh, source, author, entered_at, status, verdict, confirmed, counts, key) "
            "select md5(meter), tenant, meter, customer, now() - interval '12 hours', 10000, "
            "'utility', 'test', now() - interval '12 hours', 6, 'unknown', false, true, 'known' "
            "from customers.contract where meter = %s order by valid_from desc limit 1",
            (meter,),
        )
        connection.commit()


def test_a_reading_is_judged_while_typing_and_sent_once(visit: Visit, town: Town, axe: str) -> None:
    phone = visit("customer", "de", 390)
    page = phone.go("/meters")
    meter = page.locator("a[href^='/meters/']").first.get_attribute("href").rsplit("/", 1)[1]  # type: ignore[union-attr]
    known(town, meter)
    page = phone.go(f"/reading/{meter}")
    page.wait_for_selector("html[data-offline=stored]")
    field, says = page.locator("#reading"), page.locator("#reading-says")
    form = page.locator("form[data-reading]")
    expect(page.locator("svg.range")).to_be_visible()
    low, high = (float(form.get_attribute(f"data-{end}") or 0) for end in ("low", "high"))
    ends = page.locator("svg.range text").evaluate_all(
        "all => all.map(t => (b => b.x + b.width / 2)(t.getBoundingClientRect()))"
    )
    band = page.locator("svg.range rect").bounding_box()
    assert band is not None
    assert [band["x"], band["x"] + band["width"]] == pytest.approx(ends, abs=2), "drawn to scale"
    right = round((low + high) / 2)
    field.press_sequentially(str(right + 5_000))
    expect(form).to_have_attribute("data-fine", "false")
    expect(says).not_to_be_empty()
    expect(page.locator("[name=confirmed]")).to_be_visible()
    assert grave(page, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    field.press("Enter")
    expect(page.locator("[name=confirmed]")).to_be_focused()
    assert entered(town, meter) == [], "an odd one is asked about before it is sent"
    cut(phone, off=True)
    field.fill(str(right))
    expect(form).to_have_attribute("data-fine", "true")
    page.keyboard.press("Tab")
    field.press("Enter")
    expect(page.locator("#reading-kept")).to_be_visible()
    assert entered(town, meter) == []
    assert grave(page, axe) == []
    cut(phone, off=False)
    expect(page.get_by_role("status").first).to_contain_text(
        "ist angekommen", timeout=patient(30_000)
    )
    assert entered(town, meter) == [(float(right), "plausible")]
    phone.wrong[:] = [one for one in phone.wrong if "ERR_INTERNET_DISCONNECTED" not in one]
