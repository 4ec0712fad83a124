"""/metrics, /health and /ready of a process that has no other HTTP server."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

Missing = Callable[[], str | None]
"""Describes what is missing now; None = nothing."""


class Endpoint:
    """An HTTP thread. needs : conditions of /ready, which answers 503 while one is missing.

    /health answers as long as the process lives, without any check.
    """

    def __init__(self, registry: CollectorRegistry, host: str, port: int) -> None:
        self.needs: list[Missing] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                if path == "/metrics":
                    self._answer(200, CONTENT_TYPE_LATEST, generate_latest(registry))
                elif path == "/health":
                    self._answer(200, "application/json", b'{"status": "ok"}')
                elif path == "/ready":
                    missing = [text for need in endpoint.needs if (text := need()) is not None]
                    body = json.dumps({"ready": not missing, "missing": missing}).encode()
                    self._answer(503 if missing else 200, "application/json", body)
                else:
                    self._answer(404, "text/plain", b"/metrics, /health, /ready\n")

            def _answer(self, status: int, kind: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Do not log scrapes."""

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics")
        self._thread.daemon = True
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop serving and join the thread."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=2)
