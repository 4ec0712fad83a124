"""One headless Chromium a worker, over the town and a real server."""

import fcntl
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright

from runtime.clock import SystemClock
from tests.browser.town import Town, build
from tests.conftest import missing_server
from tests.fix_api import running_api
from tests.fix_postgres import _execute, copy_database, database_of
from tests.pages import sign_in
from tests.patience import patient

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A page lives for a second: optimising its code took a fifth of the browser's processor time.
    "--js-flags=--no-opt --no-maglev",
]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker for all that need Chromium: two of them and the town fill two cores."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def town(postgres_url: str, _template: str) -> Iterator[Town]:
    """The town in a database of this worker's own."""
    name = f"{_template}_town"
    copy_database(postgres_url, name, _template)
    yield build(database_of(postgres_url, name))
    _execute(postgres_url, f"drop database if exists {name} with (force)")


# Not for the session: while Playwright's loop runs in a thread, asyncio.run there fails, and other
# tests of the worker need it. So it ends where the next test is not a browser's.
@pytest.fixture(scope="package")
def chromium(town: Town) -> Iterator[Browser]:
    """The browser."""
    program = shutil.which("chromium")
    if program is None:
        missing_server("Chromium (Debian: apt-get install chromium)")
    expect.set_options(timeout=patient(5_000))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def site(town: Town) -> Iterator[str]:
    """Address of the pages."""
    with running_api(town.url, SystemClock(), api_requests_per_minute=100_000) as url:
        yield url


class Visitor:
    """Somebody at a browser. What went wrong on the way is gathered, and asked for at the end."""

    def __init__(self, context: BrowserContext, site: str) -> None:
        self.site = site
        self.context = context
        self.wrong: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.wrong.append(f"{self.page.url}: {error}"))
        self.page.on("request", self._asked)

    def _said(self, message: object) -> None:
        type_, text = message.type, message.text  # type: ignore[attr-defined]
        if type_ in ("error", "warning"):
            self.wrong.append(f"{self.page.url}: {type_}: {text}")

    def _asked(self, request: Request) -> None:
        if urlsplit(request.url).netloc not in ("", urlsplit(self.site).netloc):
            self.wrong.append(f"{self.page.url} asked for {request.url}")

    def go(self, path: str) -> Page:
        """Open a page, and wait until its plots are drawn."""
        answer = self.page.goto(self.site + path)
        assert answer is not None and answer.status == 200, (path, answer and answer.status)
        if self.page.locator("[data-plot]").count():
            self.page.wait_for_selector("html[data-plots=drawn]")
        return self.page


Visit = Callable[..., Visitor]


@pytest.fixture
def visit(chromium: Browser, site: str, town: Town) -> Iterator[Visit]:
    """`visit(role, lang="de", width=390, scheme="dark")`: signed in; role None = not."""
    made: list[Visitor] = []

    def open_(
        role: str | None, lang: str = "en", width: int = 1280, scheme: str = "light", **more: object
    ) -> Visitor:
        context = chromium.new_context(
            viewport={"width": width, "height": 844},
            color_scheme=scheme,  # type: ignore[arg-type]
            locale=lang,
            **more,  # type: ignore[arg-type]
        )
        context.set_default_timeout(patient(15_000))
        if role is not None:
            with httpx.Client(base_url=site) as client:
                sign_in(client, town.keys[role])
                context.add_cookies(
                    [
                        {"name": c.name, "value": c.value or "", "url": site}
                        for c in client.cookies.jar
                    ]
                )
        made.append(Visitor(context, site))
        return made[-1]

    yield open_
    for visitor in made:
        visitor.context.close()
    assert [wrong for visitor in made for wrong in visitor.wrong] == []


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core's text, from npm, kept beside the virtual environment."""
    folder = Path(sys.prefix) / "axe-core"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        script = folder / "axe.min.js"
        if not script.exists():
            npm = shutil.which("npm")
            if npm is None:
                missing_server("npm (for axe-core)")
                raise AssertionError("not reached")
            packed = subprocess.run(
                [npm, "pack", "--silent", "axe-core@4"],
                cwd=folder, capture_output=True, text=True, timeout=patient(120), check=False,
            )  # fmt: skip
            if packed.returncode:
                missing_server(f"axe-core from npm ({packed.stderr.strip()[:200]})")
            archive = folder / packed.stdout.split()[-1]
            with tarfile.open(archive) as tar:
                member = tar.extractfile("package/axe.min.js")
                assert member is not None
                script.write_bytes(member.read())
            archive.unlink()
        return script.read_text(encoding="utf-8")
