"""A crash, the whole way: the driver on a phone, the agent at the desk, the insurer's systems."""

import io

import httpx
from PIL import Image
from playwright.sync_api import Page, expect

from runtime.clock import SystemClock
from services import claim_file, signing
from store.postgres.pool import connect
from tests.browser.conftest import Visit
from tests.browser.test_pages import grave, put_crash
from tests.browser.town import Town
from tests.secret_keys import BOX

CLOCK = SystemClock()


def look(page: Page, axe: str, width: int) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert grave(page, axe) == []


def done(page: Page, step: str) -> None:
    """Send the form of a step, and wait until it is gone."""
    page.locator(f"#step-{step} button[value=complete]").click()
    expect(page.locator(f"#step-{step}")).to_have_count(0)


def test_from_the_impact_to_the_signed_claim(visit: Visit, town: Town, axe: str, site: str) -> None:
    phone = visit(
        "customer", "en", 390, permissions=["geolocation"],
        geolocation={"latitude": 51.5, "longitude": 7.5},
    )  # fmt: skip
    driver = phone.go("/")
    crash, _ = put_crash(town)
    with connect(town.url) as connection:
        found = connection.execute(
            "select case_id from contacts.service_case where signal_id = %s", (crash,)
        ).fetchone()
    assert found is not None
    case = str(found[0])
    to_case = driver.locator(f"#crashes a[href='/my-case/{case}']")
    expect(to_case).to_be_visible()  # on the page that was open
    look(driver, axe, 390)
    to_case.click()
    driver.locator("#f-at-scene-scene_answer").select_option("well")
    look(driver, axe, 390)
    done(driver, "at-scene")
    out = io.BytesIO()
    Image.new("RGB", (640, 480), "darkred").save(out, "JPEG")
    driver.locator("#step-photos input[type=file]").set_input_files(
        {"name": "scene.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}
    )
    driver.locator("#step-photos form.upload button").click()
    expect(driver.locator("#step-photos .photos img")).to_be_visible()
    done(driver, "photos")
    driver.locator("[data-position-for=f-place-crash_place]").click()
    expect(driver.locator("#f-place-crash_place")).to_have_value("51.50000, 7.50000")
    done(driver, "place")
    driver.locator("#f-other-party-witnesses").fill("Two people at the bus stop")
    look(driver, axe, 390)
    done(driver, "other-party")
    agent = visit("agent").go(f"/cases/{case}")
    expect(agent.locator("#photos img")).to_have_count(1)
    look(agent, axe, 1280)
    agent.locator("#f-needs-drivable").select_option("1")
    done(agent, "needs")
    agent.locator("#f-garage-garage_date").fill("2026-12-18")
    done(agent, "garage")
    agent.locator("#f-review-claim_complete").select_option("1")
    done(agent, "review")
    with connect(town.url) as connection:
        signing.ensure_keys(connection, BOX, CLOCK.now_us())
        claim_file.run_due(connection, BOX, CLOCK.now_us())
        connection.commit()
    expect(driver.locator("#matter-next")).to_contain_text("Your claim is filed")
    bearer = {"Authorization": f"Bearer {town.keys['insurer']}"}
    answer = httpx.get(f"{site}/v1/cases/{case}/claim", headers=bearer)
    assert answer.status_code == 200, answer.text
    given = answer.json()
    claim = signing.verify(
        given["jws"], claim_file.KIND, {given["public_key"]["kid"]: given["public_key"]}
    )
    said = {one["field"]: one["value"] for one in claim["statements"]}
    assert said["scene_answer"] == "well" and said["crash_place"] == "51.50000, 7.50000"
    assert claim["evidence"]["severity"] == 3 and "52 km/h" in str(claim["evidence"])
    assert len(claim["photos"]) == 1
    insurer = visit("insurer").go(f"/cases/{case}")
    expect(insurer.locator("#badges")).to_contain_text("resolved")
