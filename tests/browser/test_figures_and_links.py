"""An alert with its figures, a consent's link, and a plot that zooms: for everybody."""

import re

import pytest
from playwright.sync_api import expect

from runtime.clock import SystemClock
from runtime.settings import Settings
from services import consent, consent_links
from services.consent_terms import terms_of
from store.people import consent_requests
from store.postgres.pool import connect
from store.postgres.times import from_us
from tests.browser.conftest import Visit
from tests.browser.test_pages import grave
from tests.browser.town import Town
from tests.secret_keys import BOX


def with_figures(town: Town) -> str:
    """An alert that says what was expected and what was used."""
    with connect(town.url) as connection:
        row = connection.execute(
            "select alert_id from contacts.alert where evidence->'energy'->>'low_kwh' is not null "
            "order by happened_at desc limit 1"
        ).fetchone()
    assert row is not None, "the town has anomalies with a past"
    return str(row[0])


def asked(town: Town) -> str:
    """A link that confirms what an agent has recorded: a customer wants e-mails."""
    now_us = SystemClock().now_us()
    with connect(town.url) as connection:
        (customer,) = connection.execute(
            "select customer from customers.contract where meter is not null "
            "order by customer desc limit 1"
        ).fetchone() or ("",)
        for at_us, state in ((now_us - 2, "withdrawn"), (now_us - 1, "granted")):
            consent.decide(
                connection, "demo", customer, "channel_email", state, at_us, notice_version="1",
                source="hotline", method="command", terms=terms_of(Settings()),
            )  # fmt: skip
        (request,) = consent_requests.open_of(connection, "demo", customer, from_us(now_us))
        address = consent_links.address_of(
            connection, "demo", customer, request["kind"], request["purpose"]
        )
        connection.commit()
    return consent_links.url("", BOX, request, address)


def test_figures_and_a_confirmation_on_a_phone(visit: Visit, town: Town, axe: str) -> None:
    alert = with_figures(town)
    for language, width, scheme in (("de", 390, "dark"), ("en", 1280, "light")):
        page = visit("utility", language, width, scheme).go(f"/alerts/{alert}")
        expect(page.locator("dl.facts", has_text="kWh").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert grave(page, axe) == []
    page = visit(None, "de", 390, "dark").go(asked(town))
    button = page.get_by_role("button", name="Ja, das möchte ich")
    expect(button).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert grave(page, axe) == []
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_count(0)
    assert grave(page, axe) == []


def test_a_plot_zooms_by_dragging_and_by_keyboard(visit: Visit, town: Town, axe: str) -> None:
    with connect(town.url) as connection:
        (meter,) = connection.execute(
            "select a.meter from customers.assignment a join features.meter_interval "
            "using (device_id) group by 1 order by count(*) desc limit 1"
        ).fetchone() or ("",)
    page = visit("utility", "en", 1280, "light").go(f"/meters/{meter}")
    plot = page.locator("[data-plot=power]")
    zoom = page.get_by_role("group", name="Part of the plot").first

    def hours() -> float:
        return float(
            plot.evaluate(
                "p => { const [a, b] = p._fullLayout.xaxis.range.map(p._fullLayout.xaxis.r2l); "
                "return (b - a) / 36e5 }"
            )
        )

    whole = hours()
    zoom.get_by_role("button", name="Zoom in").focus()
    page.keyboard.press("Enter")
    expect(plot).to_have_attribute("data-shown", re.compile("/"))
    assert hours() == pytest.approx(whole / 2, rel=0.01)
    assert grave(page, axe) == []
    zoom.get_by_role("button", name="Show all").press("Enter")
    assert hours() == pytest.approx(whole, rel=0.01)
    box = plot.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.4, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, y, steps=4)
    page.mouse.up()
    page.wait_for_function(
        "most => { const a = document.querySelector('[data-plot=power]')._fullLayout.xaxis; "
        "return (a.r2l(a.range[1]) - a.r2l(a.range[0])) / 36e5 < most }",
        arg=whole / 2,
    )
    phone = visit("utility", "de", 390, "dark").go(f"/meters/{meter}")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    assert grave(phone, axe) == []
