"""A meter is read by the link of an invitation, by keyboard, through a hole in the net."""

import os
from datetime import timedelta

from playwright.sync_api import expect

from runtime.clock import SystemClock
from services import reading_links
from store.people import reading_rounds
from store.people.reading_rounds import NewRound
from store.postgres.pool import connect
from store.postgres.times import from_us
from tests.browser.conftest import Visit
from tests.browser.test_pages import grave
from tests.browser.test_reading_on_a_phone import entered, known
from tests.browser.test_two_in_one_form import cut
from tests.browser.town import Town
from tests.patience import patient
from tests.secret_keys import BOX


def invited(town: Town) -> tuple[str, str]:
    """A meter of a round that has begun, and the address of its link."""
    now = from_us(SystemClock().now_us())
    hour = timedelta(hours=1)
    with connect(town.url) as connection:
        (meter,) = connection.execute(  # the last: the other test of readings takes the first
            "select c.meter from customers.contract c join customers.consent n using (customer) "
            "where c.meter is not null and n.purpose = 'energy_insight' "
            "and n.state = 'granted' order by c.meter desc limit 1"
        ).fetchone() or ("",)
        new = NewRound(
            os.urandom(16).hex(), "demo", "round", now - hour, now, now + 99 * hour, now, "utility"
        )
        assert reading_rounds.put(connection, new, [meter]) == 1
        customer = connection.execute(
            "select customer from customers.reading_round_meter where round_id = %s",
            (new.round_id,),
        ).fetchone()
        assert customer is not None
        (link,) = reading_rounds.links_of(connection, "demo", customer[0])
        connection.commit()
    known(town, meter)
    return meter, reading_links.path_of(BOX, link)


def test_a_link_reads_a_meter_once_without_signing_in(visit: Visit, town: Town, axe: str) -> None:
    meter, path = invited(town)
    phone = visit(None, "de", 390, "dark")
    page = phone.go(path)
    page.wait_for_selector("html[data-offline=stored]")
    expect(page.locator("svg.range")).to_be_visible()
    form = page.locator("form[data-reading]")
    low, high = (float(form.get_attribute(f"data-{end}") or 0) for end in ("low", "high"))
    page.locator("#reading").focus()
    page.keyboard.type(str(round(high) + 5_000))
    expect(form).to_have_attribute("data-fine", "false")
    expect(page.locator("#reading-says")).not_to_be_empty()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert grave(page, axe) == []
    cut(phone, off=True)
    page.keyboard.press("Control+A")
    right = round((low + high) / 2)
    page.keyboard.type(str(right))
    expect(form).to_have_attribute("data-fine", "true")
    page.keyboard.press("Enter")
    expect(page.locator("#reading-kept")).to_be_visible()
    assert entered(town, meter) == []
    cut(phone, off=False)
    expect(page.get_by_role("status").first).to_contain_text(
        "ist angekommen", timeout=patient(30_000)
    )
    expect(page.locator("form[data-reading]")).to_have_count(0)
    assert grave(page, axe) == []
    assert entered(town, meter) == [(float(right), "plausible")]
    phone.wrong[:] = [one for one in phone.wrong if "ERR_INTERNET_DISCONNECTED" not in one]
