"""A new agent finishes a case of each shipped type on the pages, by keyboard alone."""

from collections.abc import Mapping
from datetime import date

import pytest
from playwright.sync_api import Locator, Page, expect

from customer_context.cases.case_state import ENDED, State, What
from customer_context.cases.case_types import CaseType, Kind
from runtime.clock import SystemClock
from services import case_steps, case_types
from services.dispute_progress import said_at
from store.people import customers
from store.postgres import roles
from store.postgres.pool import Connection, connect
from store.postgres.times import from_us
from store.reads import scoring
from tests.browser.conftest import Visit
from tests.browser.town import Town

CLOCK = SystemClock()
DAY_US = 86_400_000_000
MOST_STEPS = 25
MOST_TABS_TO_A_FIELD = 3
"""From the heading of a step, which has the focus after the step before."""
MOST_TABS = 150
TYPED = {"right": "Rect", "taken_back": "No"}
"""Answers that an agent types to choose something else than the first choice."""


def typed_of(connection: Connection, customer: str) -> dict[str, str]:
    """TYPED, and the begin of a trip of the customer, as the customer says it on the phone."""
    roles.set_tenant_scope(connection, ("demo",))
    person = customers.person(connection, "demo", customer)
    trips = scoring.trips(connection, scoring.Which("demo", customer))
    assert person is not None and trips.size
    said = said_at(from_us(int(trips["start_us"][-1])), person.timezone)
    day = date.fromisoformat(said["trip_day"])
    return {**TYPED, "trip_day": f"{day:%m%d%Y}", "trip_time": said["trip_time"]}


def open_by_keyboard(page: Page, case_type: CaseType) -> str:
    """Open a case on the page of its customer; return its id."""
    tab_to(page, page.get_by_label("What is it about?"), MOST_TABS)
    page.keyboard.type(case_type.spec.title.en)
    side = page.get_by_label("For which side?")
    if side.count():
        tab_to(page, side, 1)
        page.keyboard.type("Insurer" if case_type.spec.side == "insurer" else "Utility")
    with page.expect_navigation():
        tab_to(page, page.get_by_role("button", name="Open", exact=True), 1)
        page.keyboard.press("Enter")
    expect(page.locator("main p.notice[role=status]").first).to_be_visible()
    return page.url.partition("/cases/")[2].partition("?")[0]


def others_do_their_part(connection: Connection, case: str) -> bool:
    """Let systems answer and time pass where nobody has a step; return whether the case has ended.

    Systems: automatic steps. Time: waits, such as the fortnight in which an order is withdrawn.
    """
    plan = case_steps.plan_of(connection, "demo", case)
    assert plan is not None
    active = [
        item
        for item in plan.type.items.values()
        if plan.state.items[item.id].state == State.ACTIVE and item.kind != Kind.STAGE
    ]
    for item in active:
        if item.kind == Kind.AUTOMATIC:
            case_steps.act(
                connection, "demo", case, "erp", CLOCK.now_us(), What.COMPLETE, item=item.id
            )
    if active and all(item.kind == Kind.WAIT for item in active):
        case_steps.fire_due(connection, CLOCK.now_us() + 20 * DAY_US, limit=1_000)
    connection.commit()
    plan = case_steps.plan_of(connection, "demo", case)
    assert plan is not None
    return plan.state.state in ENDED


def tab_to(page: Page, target: Locator, most: int) -> None:
    """Press Tab until an element has the focus."""
    for _ in range(most + 1):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.outerHTML.slice(0, 120)")
    pytest.fail(f"{most} Tabs do not reach {target}; they reach {focused}")


def enter(page: Page, field: Locator, most_tabs: int, answers: Mapping[str, str]) -> None:
    """Answer a field as a keyboard does: the first choice, yes, some text, a date."""
    tab_to(page, field, most_tabs)
    kind, name = field.evaluate("element => [element.type, element.name]")
    assert field.evaluate("element => element.labels.length") == 1, f"{name} has one label"
    typed = answers.get(name.removeprefix("field."))
    if kind == "checkbox":
        if not field.is_checked():
            page.keyboard.press("Space")
    elif kind == "select-one":
        if typed is not None:
            page.keyboard.type(typed)
        elif not field.input_value():
            page.keyboard.press("ArrowDown")
    elif kind == "date":
        page.keyboard.type(typed or "01152027")
    elif not field.input_value():
        page.keyboard.type(typed or ("12" if kind == "number" else "As the customer says."))


def do_a_step(page: Page, answers: Mapping[str, str]) -> bool:
    """Do the first step that has a form; return False where there is none."""
    forms = page.locator("form[id^=step-]")
    if forms.count() == 0:
        return False
    form = page.locator(f"#{forms.first.get_attribute('id')}")
    expect(form.locator("h3")).to_be_focused()
    if form.locator("button[value=complete]").count() == 0:
        if form.locator("button[value=start]").count() == 0:
            return False  # a system's
        tab_to(page, form.locator("button[value=start]"), MOST_TABS_TO_A_FIELD)
    else:
        fields = form.locator("input:not([type=hidden]), select, textarea")
        for number in range(fields.count()):
            # Chromium stops three times within a field for a date.
            enter(page, fields.nth(number), MOST_TABS_TO_A_FIELD + 2, answers)
        tab_to(page, form.locator("button[value=complete]"), MOST_TABS_TO_A_FIELD + 2)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("main p.notice[role=status]:not([hidden])").first).to_be_visible()
    return True


@pytest.mark.slow
def test_an_agent_finishes_a_case_of_each_type_by_keyboard(visit: Visit, town: Town) -> None:
    visitor = visit("agent")
    customer = town.truth["crashes"][0]["customer"]
    with connect(town.url) as connection:
        answers = typed_of(connection, customer)
        for type_, case_type in case_types.shipped().items():
            page = visitor.go(f"/customers/{customer}")
            case = open_by_keyboard(page, case_type)
            done = 0
            for _ in range(MOST_STEPS):
                if do_a_step(page, answers):
                    done += 1
                    continue
                if others_do_their_part(connection, case):
                    break
                page.goto(f"{visitor.site}/cases/{case}?done=step_changed")
            page.reload()
            assert done >= 2, f"{type_}: an agent has something to do"
            expect(page.locator("#badges"), type_).to_contain_text("resolved")
