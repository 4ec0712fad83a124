"""`tachowatt bench crash-question`: from publishing the message that decides a crash until the open
page of its driver asks how they are, while the whole service is under load.

A driver's page is what its script does, without a browser: signed in, it follows the stream of
events, and asks for the page again after a change, when the time has passed that the script waits.
"""

import asyncio
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

import httpx

from api.http.scopes import OF_ROLE
from proving.bench import drain
from proving.bench.stage import Plan, Stage, pause, quantiles, stage
from runtime.clock import Clock
from runtime.errors import Stop
from runtime.settings import Settings
from store.people import keys
from store.postgres.pool import connect

_PROMISED_P95_S = 3.0
_SCRIPT_WAITS_S = 0.25
"""The script of a page gathers changes for so long (api/pages/static/live.js)."""
_OPEN_WITHIN_S = 60.0
_AT_ONCE = 4
"""So many drivers sign in at one time: more are asked to come again (503)."""
_QUESTION = '<form method="post" action="/answer"'
_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


def run(settings: Settings, clock: Clock, plan: Plan, progress: drain.Progress) -> dict[str, Any]:
    """Measure; `problems` of the answer lists every failure."""
    with stage(settings, clock, plan, progress) as on:
        progress("opening the pages of the drivers", 0, 1)
        with Watched(on) as watched:
            progress("under load", 0, 1)
            sent = on.load()
            on.committed(sent.messages)
            webhooks = len(on.latencies(sent))
            asked = watched.asked()
        took = [asked[device] - sent.decided_s[device] for device in asked]
        found = on.answer(plan, sent, webhooks) | {
            "pages": len(watched.devices),
            "questions": len(asked),
            "latency_ms": quantiles(took),
        }
        on.service.stop()
        found = on.proven(plan, found, progress)
    found["problems"] += problems(found)
    return found


def problems(found: dict[str, Any]) -> list[str]:
    """Return what was promised and is not so."""
    wrong, p95 = [], found["latency_ms"]["p95"]
    if found["questions"] < found["pages"]:
        wrong.append(f"{found['questions']} of {found['pages']} pages asked their driver")
    if p95 is not None and p95 >= 1_000 * _PROMISED_P95_S:
        wrong.append(f"p95 is {p95} ms")
    return wrong


@dataclass(slots=True)
class Watched:
    """The open pages of drivers who have one car, which crashes; in a thread of its own.

    devices : of these cars.
    """

    on: Stage
    devices: dict[str, str] = field(default_factory=dict)
    _opening: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))
    _asked_s: dict[str, float] = field(default_factory=dict)
    _open: int = 0
    _loop: asyncio.AbstractEventLoop | None = None
    _thread: Thread | None = None
    _failed: str | None = None

    def __enter__(self) -> "Watched":
        crashing = {name: self.on.customers[name] for name in self.on.generating.crashes}
        cars = Counter(crashing.values())
        self.devices = {name: who for name, who in crashing.items() if cars[who] == 1}
        made = _keys(self.on, list(self.devices.values()))
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._run, args=(made,), name="pages", daemon=True)
        self._thread.start()
        deadline = self.on.clock.monotonic() + _OPEN_WITHIN_S
        while self._open < len(self.devices):
            if self._failed or self.on.clock.monotonic() > deadline:
                raise Stop(
                    f"{self._open} of {len(self.devices)} pages are open: {self._failed or 'slow'}"
                )
            pause()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._loop is not None and self._thread is not None
        with suppress(RuntimeError):  # closed: every page has asked
            self._loop.call_soon_threadsafe(_cancel_all, self._loop)
        self._thread.join(_OPEN_WITHIN_S)

    def asked(self) -> dict[str, float]:
        """Wait for all questions; return device → monotonic seconds at which its page asked."""
        deadline = self.on.clock.monotonic() + _OPEN_WITHIN_S
        while len(self._asked_s) < len(self.devices) and self.on.clock.monotonic() < deadline:
            pause()
        return dict(self._asked_s)

    def _run(self, made: dict[str, str]) -> None:
        pages = [self._page(device, made[who]) for device, who in self.devices.items()]

        loop = self._loop
        assert loop is not None

        async def all_pages() -> None:
            await asyncio.gather(*pages)

        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:  # cancels what is left
                runner.run(all_pages())
        except asyncio.CancelledError:
            pass
        except (httpx.HTTPError, Stop) as error:
            self._failed = repr(error)

    async def _page(self, device: str, key: str) -> None:
        headers = {"Accept": "text/html", "Origin": self.on.api_url}
        async with httpx.AsyncClient(
            base_url=self.on.api_url, headers=headers, timeout=_OPEN_WITHIN_S
        ) as client:
            async with self._opening:
                token = _TOKEN.search((await client.get("/login")).text)
                form = {"csrf": "" if token is None else token[1], "key": key, "next": "/"}
                answer = await client.post("/login", data=form)
                first = await client.get("/")
            if answer.status_code != 303 or first.status_code != 200:
                raise Stop(f"no page: {answer.status_code}, {first.status_code}")
            async with client.stream("GET", "/live", timeout=None) as events:
                event = ""
                async for line in events.aiter_lines():
                    name, _, value = line.partition(": ")
                    if name == "event":
                        event = value
                        self._open += event == "figures"  # the first event: it follows from now on
                    elif name == "data" and event == "change":
                        await asyncio.sleep(_SCRIPT_WAITS_S)
                        page = await client.get("/", headers={"X-Live": "1"})
                        if _QUESTION in page.text:
                            self._asked_s[device] = self.on.clock.monotonic()
                            return


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()


def _keys(on: Stage, customers: list[str]) -> dict[str, str]:
    """Make a key for each customer; return customer → key."""
    with connect(on.database_url) as connection:
        found = {
            customer: keys.create_key(
                connection,
                tenant=on.tenant,
                role="customer",
                name=customer,
                scopes=OF_ROLE["customer"],
                now_us=on.clock.now_us(),
                customer=customer,
            )[1]
            for customer in customers
        }
        connection.commit()
    return found
