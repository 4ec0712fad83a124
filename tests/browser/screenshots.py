"""Pictures of the pages for the README: `make screenshots` writes docs/images/*.png.

A town of its own (tests/browser/town.py) on an embedded PostgreSQL, a real server, headless
Chromium.
"""

import io
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from app.servers.postgres import Postgres
from runtime.clock import SystemClock
from store.casework import alerts, cases
from store.postgres.pool import connect
from store.schema.migrate import migrate
from tests.browser.conftest import ARGUMENTS
from tests.browser.town import Town, build
from tests.fix_api import running_api
from tests.pages import sign_in

FOLDER = Path(__file__).parents[2] / "docs" / "images"
WIDTH, HEIGHT, COLOURS = 1280, 900, 192
MOST_BYTES = 200_000


@contextmanager
def a_town() -> Iterator[Town]:
    """The town in a database of its own."""
    folder = Path(tempfile.mkdtemp(prefix="tachowatt-pictures-"))
    folder.chmod(0o755)
    server = Postgres(folder, SystemClock())
    try:
        url = server.start()
        migrate(url)
        yield build(url, cars=12, meters=24)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def shots(town: Town) -> dict[str, tuple[str, str, str]]:
    """Name of the picture → role, page, colour scheme."""
    tenant, crash = "demo", town.truth["crashes"][0]
    with connect(town.url) as connection:
        case = cases.list_(connection, tenant, side="insurer", limit=1)[0]["case_id"]
        rises = alerts.list_(connection, tenant, kind="base_load_rise", limit=1)
        meter = (rises or alerts.list_(connection, tenant, limit=1))[0]["subject"]
    return {
        "overview": ("agent", "/", "light"),
        "overview-dark": ("utility", "/", "dark"),
        "vehicle": ("customer", f"/vehicles/{crash['subject'].partition(':')[2]}", "light"),
        "meter": ("utility", f"/meters/{meter.partition(':')[2]}", "light"),
        "case": ("agent", f"/cases/{case}", "light"),
    }


def take(browser: Browser, site: str, key: str, path: str, scheme: str) -> bytes:
    """A picture of the upper part of a page, as PNG with a palette."""
    context = browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT},
        color_scheme="dark" if scheme == "dark" else "light",
        locale="en",
        reduced_motion="reduce",
    )
    with httpx.Client(base_url=site) as client:
        sign_in(client, key)
        for cookie in client.cookies.jar:
            kept = {"name": cookie.name, "value": cookie.value or "", "url": site}
            context.add_cookies([kept])  # type: ignore[list-item]
    page = context.new_page()
    page.goto(site + path)
    if page.locator("[data-plot]").count():
        page.wait_for_selector("html[data-plots=drawn]")
    elif page.locator("[data-live-state]").count():
        page.wait_for_selector("[data-state=on]")
    picture = Image.open(io.BytesIO(page.screenshot()))
    context.close()
    out = io.BytesIO()
    picture.convert("RGB").quantize(COLOURS).save(out, "PNG", optimize=True)
    return out.getvalue()


def main() -> None:
    """Take all pictures."""
    program = shutil.which("chromium")
    if program is None:
        sys.exit("Chromium is missing (Debian: apt-get install chromium)")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        a_town() as town,
        running_api(town.url, SystemClock()) as site,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        for name, (role, path, scheme) in shots(town).items():
            data = take(browser, site, town.keys[role], path, scheme)
            assert len(data) < MOST_BYTES, f"{name}: {len(data)} bytes"
            (FOLDER / f"{name}.png").write_bytes(data)
            print(f"docs/images/{name}.png  {len(data) // 1000} kB")
        browser.close()


if __name__ == "__main__":
    main()
