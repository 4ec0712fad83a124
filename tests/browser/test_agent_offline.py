"""An agent writes without a connection: it is kept, sent once, and a conflict shows both."""

from playwright.sync_api import expect

from runtime.clock import SystemClock
from services import case_flow, case_steps, case_texts
from store.casework import cases
from store.postgres.pool import connect
from tests.browser.conftest import Visit
from tests.browser.town import Town
from tests.secret_keys import BOX

CLOCK = SystemClock()
NOTE = "The customer said so on the telephone."


def test_notes_and_outcomes_wait_for_the_connection(visit: Visit, town: Town) -> None:
    with connect(town.url) as connection:
        case = case_steps.open_(
            connection, "demo", "complaint", "Sofia Keller", CLOCK.now_us(), side="insurer",
            customer=str(town.truth["crashes"][0]["customer"]),
        )["case_id"]  # fmt: skip
        connection.commit()
    visitor = visit("agent")
    page = visitor.go(f"/cases/{case}")
    page.wait_for_selector("html[data-worker=ready]")
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    visitor.context.set_offline(True)
    page.locator("#note").fill(NOTE)
    page.locator("#note-form button[value=note]").click()
    expect(page.locator("#case-kept")).to_be_visible()
    page.locator("#outcome button[value=reached]").click()
    expect(page.locator("html")).to_have_attribute("data-kept", "2")
    with connect(town.url) as connection:  # a colleague, meanwhile
        case_flow.outcome(connection, "demo", case, "Jonas Weber", CLOCK.now_us(), "not_reached")
        connection.commit()
    visitor.context.set_offline(False)
    page.wait_for_url("**/cases/*done=case_conflict*")
    both = page.locator("#h-plan").locator("xpath=ancestor::section")
    expect(both).to_contain_text("Reached (")
    expect(both).to_contain_text("Not reached (Jonas Weber)")
    with connect(town.url, box=BOX) as connection:
        row = cases.get(connection, "demo", case)
        assert row is not None and row["outcome"] == "not_reached" and row["state"] != "resolved"
        notes = [e for e in case_texts.diary(connection, case) if e["kind"] == "note"]
    assert [note["text"] for note in notes] == [NOTE]
    # Chromium itself reports what was asked for without a connection.
    visitor.wrong[:] = [one for one in visitor.wrong if "ERR_INTERNET_DISCONNECTED" not in one]
