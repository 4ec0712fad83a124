"""An alert with its figures, and the confirmation of a consent by its link: for everybody."""

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
