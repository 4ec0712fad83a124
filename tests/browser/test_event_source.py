"""A browser's own EventSource on a page of another origin reads the stream of alerts."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
from playwright.sync_api import Browser

from runtime.clock import SystemClock
from tests.browser.town import Town
from tests.fix_api import running_api
from tests.patience import patient

LISTEN = """
url => new Promise((resolve, reject) => {
  const seen = [];
  const source = new EventSource(url);
  source.onopen = event => seen.push(["onopen", event.data === undefined]);
  source.addEventListener("opened", event => {
    seen.push(["opened", typeof JSON.parse(event.data).sequence]);
    source.close();
    resolve(seen);
  });
  source.onerror = () => { source.close(); reject(new Error("refused")); };
})
"""


class _Empty(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>desk</title>")

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


@contextmanager
def other_site() -> Iterator[str]:
    """An empty page of another origin."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Empty)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_event_source_signs_in_by_a_token(chromium: Browser, town: Town) -> None:
    with (
        other_site() as origin,
        running_api(town.url, SystemClock(), api_stream_origins=origin) as api,
        running_api(town.url, SystemClock()) as closed,
    ):
        headers = {"Authorization": f"Bearer {town.keys['utility']}"}
        token = httpx.post(
            f"{api}/v1/stream-tokens", headers=headers, json={"stream": "alerts"}
        ).json()
        page = chromium.new_page()
        page.set_default_timeout(patient(15_000))
        page.goto(origin)
        assert page.evaluate(LISTEN, api + token["url"]) == [
            ["onopen", True],
            ["opened", "number"],
        ]
        refused = f"({LISTEN})(`{closed + token['url']}`).catch(error => error.message)"
        assert page.evaluate(refused) == "refused"
        page.close()
