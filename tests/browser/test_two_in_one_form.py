"""Agent and customer in one case at once: by a link on a phone, and at the desk."""

import io
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, Route, expect

from api.pages.frame.texts import Texts
from customer_context.cases.case_state import What
from runtime.clock import SystemClock
from services import case_links, case_steps, case_texts
from store.postgres.pool import connect
from tests.browser.conftest import Visit, Visitor
from tests.browser.test_pages import grave
from tests.browser.town import Town
from tests.patience import patient
from tests.secret_keys import BOX

CLOCK = SystemClock()
KWH = "#f-final-reading-final_kwh"


def customer_of(town: Town) -> str:
    return str(town.truth["crashes"][0]["customer"])


def opened(town: Town, type_: str, *done: tuple[str, dict[str, Any]]) -> tuple[str, str]:
    """A case whose first steps are done; its id and the path of its link."""
    with connect(town.url) as connection:
        now_us = CLOCK.now_us()
        case = case_steps.open_(
            connection, "demo", type_, "Sofia Keller", now_us, customer=customer_of(town)
        )["case_id"]
        for step, data in done:
            case_steps.act(
                connection, "demo", case, "Sofia Keller", now_us, What.COMPLETE, item=step,
                data=data,
            )  # fmt: skip
        _, path = case_links.make(connection, BOX, "demo", case, "test", case, now_us, 48)
        connection.commit()
    return case, path


def data_of(town: Town, case: str) -> Any:
    with connect(town.url) as connection:
        plan = case_steps.plan_of(connection, "demo", case)
        assert plan is not None
        return plan.state.data


def ready(page: Page) -> None:
    page.wait_for_selector("html[data-parallel=ready]")


def look(page: Page, axe: str, width: int) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert grave(page, axe) == []


def cut(visitor: Visitor, *, off: bool) -> None:
    """Cut the connection of a browser, or mend it; what the console says of it is no mistake."""
    visitor.context.set_offline(off)
    if not off:
        visitor.wrong[:] = [one for one in visitor.wrong if "ERR_INTERNET_DISCONNECTED" not in one]


MOVE = ("dates", {"move_out": "2026-12-15", "stays_customer": False})


@pytest.mark.parametrize("language", ["en", "de"])
def test_what_one_enters_appears_in_the_form_of_the_other(
    visit: Visit, town: Town, axe: str, language: str
) -> None:
    case, path = opened(town, "moving-house", MOVE)
    desk, phone = visit("agent", language), visit(None, language, 390)
    agent, customer = desk.go(f"/cases/{case}"), phone.go(path)
    ready(agent)
    ready(customer)
    assert "t=" not in customer.url, "the secret is not in the address any more"
    look(customer, axe, 390)
    look(agent, axe, 1280)
    customer.locator(KWH).fill("4711")
    expect(agent.locator(KWH)).to_have_value("4711")
    agent.locator(KWH).fill("4712")
    expect(customer.locator(KWH)).to_have_value("4712")


def test_a_collision_shows_both_values_and_loses_none(visit: Visit, town: Town, axe: str) -> None:
    case, path = opened(town, "moving-house", MOVE)
    desk, phone = visit("agent"), visit(None, "en", 390)
    agent, customer = desk.go(f"/cases/{case}"), phone.go(path)
    ready(agent)
    ready(customer)
    agent.locator(KWH).fill("4711")
    expect(customer.locator(KWH)).to_have_value("4711")
    cut(phone, off=True)
    customer.locator(KWH).fill("4730")
    agent.locator(KWH).fill("4720")
    expect(agent.locator(KWH)).to_have_value("4720")
    with connect(town.url, box=BOX) as connection:
        wait_for_value(connection, case, "4720", agent)
    cut(phone, off=False)
    for page in (agent, customer):
        block = page.locator("[data-collision]")
        expect(block).to_contain_text("4720")
        expect(block).to_contain_text("4730")
        look(page, axe, 390 if page is customer else 1280)
    agent.locator("[data-collision] button", has_text="Take this").nth(1).click()
    expect(customer.locator("[data-collision]")).to_have_count(0)
    expect(customer.locator(KWH)).to_have_value("4730")
    expect(agent.locator(KWH)).to_have_value("4730")
    customer.locator("#step-final-reading button[value=complete]").click()
    language = customer.locator("html").get_attribute("lang")  # the customer's, not the browser's
    sent = Texts(str(language))("done.step_sent")
    expect(customer.get_by_role("status").filter(has_text=sent)).to_be_visible()
    assert data_of(town, case)["final_kwh"] == 4730
    expect(agent.locator(KWH)).to_have_count(0)


def test_a_field_under_way_does_not_follow_its_form(visit: Visit, town: Town) -> None:
    case, _ = opened(town, "moving-house", MOVE)
    page = visit("agent").go(f"/cases/{case}")
    ready(page)
    fields: list[Route] = []
    forms: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == "POST":
            (fields if route.request.url.endswith("/fields") else forms).append(route)
        else:
            route.continue_()

    page.route("**/cases/*/*", hold)
    page.locator(KWH).fill("4711")
    wait_until(page, lambda: len(fields) == 1)
    page.locator("#step-final-reading button[value=complete]").click(no_wait_after=True)
    wait_until(page, lambda: len(forms) == 1)
    with suppress(PlaywrightError):  # the page waits for it no more
        fields[0].fulfill(status=409, json={})
    forms[0].continue_()
    expect(page.locator("main p.notice[role=status]").first).to_be_visible()
    assert data_of(town, case)["final_kwh"] == 4711


def wait_until(page: Page, done: Callable[[], bool]) -> None:
    """Let the page go on until something is so."""
    for _ in range(400):
        if done():
            return
        page.wait_for_timeout(patient(25))
    raise AssertionError("it did not happen")


def wait_for_value(connection: Any, case: str, value: str, page: Page) -> None:
    """Wait until the server has a value that the page sends."""
    for _ in range(400):
        found = case_texts.fields(connection, "demo", case)
        connection.rollback()
        if value in [one["value"] for one in found]:
            return
        page.evaluate("new Promise(requestAnimationFrame)")
    raise AssertionError("it was not sent")


def test_a_photo_appears_at_the_desk(visit: Visit, town: Town, axe: str) -> None:
    case, path = opened(
        town, "reading-dispute", ("claimed", {"reading_kwh": 12.0, "reading_date": "2026-11-29"})
    )
    desk, phone = visit("agent"), visit(None, "en", 390)
    agent, customer = desk.go(f"/cases/{case}"), phone.go(path)
    ready(agent)
    expect(agent.locator("#photos img")).to_have_count(0)
    out = io.BytesIO()
    Image.new("RGB", (800, 600), "navy").save(out, "JPEG")
    customer.locator("input[type=file]").set_input_files(
        {"name": "meter.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}
    )
    customer.locator("form.upload button").click()
    expect(customer.locator(".photos img").first).to_be_visible()
    look(customer, axe, 390)
    image = agent.locator("#photos img")
    expect(image).to_have_count(1)
    image.scroll_into_view_if_needed()
    agent.wait_for_function("document.querySelector('#photos img').naturalWidth > 0")
    look(agent, axe, 1280)


def test_a_link_that_is_over_says_so(visit: Visit, town: Town, axe: str) -> None:
    visitor = visit(None, "de", 390)
    answer = visitor.page.goto(f"{visitor.site}/matter/{'0' * 32}?t={'A' * 43}")
    assert answer is not None and answer.status == 404
    assert grave(visitor.page, axe) == []
    visitor.wrong.clear()  # the browser's own line about the status


def test_without_a_connection_nothing_is_lost_and_nothing_is_done_twice(
    visit: Visit, town: Town, axe: str
) -> None:
    case, path = opened(town, "moving-house", MOVE)
    phone = visit(None, "en", 390)
    customer = phone.go(path)
    customer.wait_for_selector("html[data-offline=stored]")
    cut(phone, off=True)
    customer.locator(KWH).fill("4711")
    customer.locator("#step-final-reading button[value=complete]").click()
    expect(customer.locator("#matter-kept")).to_be_visible()
    look(customer, axe, 390)
    assert "final_kwh" not in data_of(town, case)
    customer.reload()  # the phone was put away
    expect(customer.locator("h1")).to_be_visible()
    cut(phone, off=False)
    # "Online" reaches the page before the worker, as on a phone; the page asks again at the latest
    # after 10 s.
    expect(customer.locator(KWH)).to_have_count(0, timeout=patient(30_000))
    assert data_of(town, case)["final_kwh"] == 4711
    with connect(town.url) as connection:
        done = connection.execute(
            "select count(*) from contacts.case_event where case_id = %s and what = 'complete' "
            "and item = 'final-reading'",
            (case,),
        ).fetchone()
    assert done == (1,)
