"""Faults at the steps of cases: kill -9 of API or contacts while a case goes on.

Each round drives two cases by the API and a customer's link, as a system does that sends again
until it is answered, and kills one process at one of their steps: a step done (a milestone's
notice, an order to a system), a link by e-mail, a photo. Afterwards all that was accepted is there
once.
"""

import asyncio
import io
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import httpx
from PIL import Image

from api.http.scopes import OF_ROLE
from app.demo.people import add_receivers
from app.demo.receiver import DemoReceiver
from app.operations import registry_import
from app.servers.ports import free_port
from proving.testbed.process import Process
from proving.testbed.servers import KilledPostgres
from runtime.calibration import Limit
from runtime.clock import Clock
from runtime.errors import Stop
from runtime.secret_box import box_with, new_key
from store.casework import case_files, case_notices, case_orders, case_plans, contacts
from store.people import keys
from store.postgres.pool import connect
from store.schema.migrate import migrate

KINDS = {"kill-api-at-step": "api", "kill-contacts-at-step": "contacts"}
TENANT = "cases"
_ANSWERED_WITHIN_S = 120.0
_SETTLED_WITHIN_S = 120.0
_CUSTOMERS = 50
"""Registered at once; each has the cases of one round in fifty, below every cap of messages."""
_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')
_DONE = (200, 201)
_ALREADY = 409
"""A step that is sent again although it was done: its first answer was lost."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What must be there of a case. steps : completed once each; contacts : treatment → number."""

    steps: tuple[str, ...]
    contacts: Mapping[str, int]
    files: int = 0


ORDER = Wanted(("wish", "confirm", "back-office"), {"link": 1, "milestone": 1, "order": 1})
DISPUTE = Wanted(("claimed", "photo"), {"link": 0, "milestone": 0, "order": 0}, files=1)


@dataclass(slots=True)
class Seen:
    """What is there of a case. contacts : (id, channel, treatment, state)."""

    completed: Counter[str] = field(default_factory=Counter)
    contacts: list[tuple[str, str, str, str]] = field(default_factory=list)
    files: int = 0


def judge(
    wanted: Mapping[str, Wanted],
    seen: Mapping[str, Seen],
    webhooks: Counter[str],
    mails: Counter[str],
    kills: int,
) -> tuple[list[str], int]:
    """Compare; return problems, and how many e-mails came once more.

    webhooks, mails : id → how often it came. kills : of the process that sends.
    """
    problems: list[str] = []
    for case, want in wanted.items():
        found = seen.get(case, Seen())
        problems += [
            f"{case}: {step} was completed {found.completed[step]} times"
            for step in want.steps
            if found.completed[step] != 1
        ]
        if found.files != want.files:
            problems.append(f"{case}: {found.files} photos, {want.files} were sent")
        treatments = Counter(treatment for _, _, treatment, _ in found.contacts)
        for treatment, number in want.contacts.items():
            if treatments[treatment] != number:
                problems.append(f"{case}: {treatments[treatment]} contacts of {treatment}")
        for id_, channel, treatment, state in found.contacts:
            came = {"webhook": webhooks, "email": mails}.get(channel)
            if state != "delivered":
                problems.append(f"{case}: the contact of {treatment} is {state}")
            elif came is not None and not came[id_]:
                problems.append(f"{case}: the {channel} of {treatment} never came")
    known = {id_ for one in seen.values() for id_, *_ in one.contacts}
    problems += [f"{id_} came, and is no contact" for id_ in {*webhooks, *mails} - known]
    again = sum(count - 1 for count in mails.values())
    if again > kills:
        problems.append(f"{again} e-mails came once more after {kills} kills")
    return problems, again


async def run(
    directory: Path,
    clock: Clock,
    rounds: Iterator[str],
    seed: int,
    view: Callable[[int, str, str], None],
) -> dict[str, Any]:
    """Run rounds; return the results, `problems` lists every failure.

    rounds : kinds of `KINDS`. view : gets number, kind and step of each.
    """
    async with _Bed(directory, clock) as bed:
        found = _Run(bed, clock, Random(seed))
        for number, kind in enumerate(rounds):
            view(number + 1, kind, await found.round(number, kind))
        return await found.answer()


class _Bed(AsyncExitStack):
    """PostgreSQL, receiver, API and contacts."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        super().__init__()
        self._directory, self._clock = directory, clock
        self.postgres = KilledPostgres(directory, clock)
        self.receiver = DemoReceiver(clock)
        self.processes: dict[str, Process] = {}
        key = new_key()
        self.box, self._key = box_with(key), key.text
        self.url = self.api_url = ""

    async def __aenter__(self) -> "_Bed":
        try:
            await self._start()
        except BaseException:
            await self.aclose()
            raise
        return self

    async def _start(self) -> None:
        self.callback(self.postgres.stop)
        self.receiver.start()
        self.callback(self.receiver.stop)
        self.url = await asyncio.to_thread(self.postgres.start)
        await asyncio.to_thread(migrate, self.url)
        port = free_port()
        self.api_url = f"http://127.0.0.1:{port}"
        common = {
            "TACHOWATT_DATABASE_URL": self.url,
            "TACHOWATT_SECRETS_KEY": self._key,
            "TACHOWATT_SMTP_URL": self.receiver.smtp_url,
            "TACHOWATT_SMTP_FROM": "Cases <cases@example.org>",
            "TACHOWATT_WEBHOOK_PRIVATE_NETWORKS": "127.0.0.0/8",
            "TACHOWATT_RETRY_SCHEDULE_S": "0" + ",1,2,2" * 10,
            "TACHOWATT_API_PORT": str(port),
            "TACHOWATT_API_BASE_URL": self.api_url,
            "TACHOWATT_API_REQUESTS_PER_MINUTE": "100000",
        }
        for name, arguments in (("api", ["api"]), ("contacts", ["contacts", "run"])):
            process = Process(name, arguments, common, self._directory, self._clock)
            self.processes[name] = process
            self.callback(process.kill)
            process.start()
        for process in self.processes.values():
            await process.ready()

    def register(self, customers: int) -> tuple[str, str]:
        """Register customers who agree to everything; return the keys of an agent and a system."""
        now = datetime.fromtimestamp(self._clock.now_us() / 1e6, UTC)
        # Noon where they live: messages are not held until the morning.
        zone = f"Etc/GMT{now.hour - 12:+d}" if now.hour != 12 else "UTC"
        at = now.isoformat()
        rows: dict[str, Any] = {
            "tenants": [{"id": TENANT, "name": "Cases", "timezone": zone}],
            "customers": [
                {"tenant": TENANT, "id": who, "name": f"Customer {who}", "language": "en",
                 "email": f"{who}@example.org"}
                for who in map(customer, range(customers))
            ],
            "consents": [
                {"tenant": TENANT, "customer": who, "purpose": purpose, "notice_version": "1",
                 "source": "fault", "at": at,
                 **({"opt_in": "confirmed"} if purpose == "channel_email" else {})}
                for who in map(customer, range(customers))
                for purpose in ("energy_insight", "channel_email")
            ],
        }  # fmt: skip
        valid = registry_import.validate(rows, "fault")
        registry_import.write(self.url, valid, self._clock.now_us())
        add_receivers(self.url, self.box, TENANT, self.receiver, self._clock)
        with connect(self.url) as connection:
            made = [
                keys.create_key(
                    connection, tenant=TENANT, role=role, name=role, scopes=OF_ROLE[role],
                    now_us=self._clock.now_us(),
                )[1]
                for role in ("agent", "back_office")
            ]  # fmt: skip
            connection.commit()
        return made[0], made[1]


def customer(number: int) -> str:
    """Return the customer of a round."""
    return f"c{number}"


class _Run:
    def __init__(self, bed: _Bed, clock: Clock, rng: Random) -> None:
        self._bed, self._clock, self._rng = bed, clock, rng
        self._client = httpx.AsyncClient(base_url=bed.api_url, timeout=30.0)
        self._wanted: dict[str, Wanted] = {}
        self._rounds: list[tuple[str, str]] = []
        self._keys: tuple[str, str] | None = None
        self._actions = 0

    async def round(self, number: int, kind: str) -> str:
        """Drive two cases, and kill once on the way; return at which step."""
        if self._keys is None or (number % _CUSTOMERS == 0 and number):
            self._keys = await asyncio.to_thread(self._bed.register, _CUSTOMERS)
        self._agent, self._system = self._keys
        self._at: dict[str, str] = {"n": f"{number:08d}", "who": customer(number % _CUSTOMERS)}
        steps = [self._open, self._mail, self._wish, self._confirm, self._answer, self._claim,
                 self._photo, self._see]  # fmt: skip
        killed = self._rng.choice(steps)
        for step in steps:
            if step == killed:
                await self._with_kill(step, KINDS[kind])
            else:
                await step()
        at = killed.__name__.lstrip("_")
        self._rounds.append((KINDS[kind], at))
        return at

    async def _with_kill(self, step: Callable[[], Awaitable[None]], victim: str) -> None:
        process = self._bed.processes[victim]
        doing = asyncio.ensure_future(step())
        if victim == "contacts":  # it begins when the step has been committed
            await doing
        await asyncio.sleep(self._rng.uniform(0.0, 0.3))
        await asyncio.to_thread(process.kill)
        await asyncio.sleep(self._rng.uniform(0.0, 1.0))
        process.start()
        await process.ready()
        await doing

    async def _post(self, path: str, body: Mapping[str, Any], key: str = "") -> Any:
        """Send until it is answered; return the answer, or None where it was done already."""
        self._actions += 1
        headers = {
            "Authorization": f"Bearer {key or self._agent}",
            "Idempotency-Key": f"round-{self._at['n']}-{self._actions}",
        }

        def send() -> Awaitable[httpx.Response]:
            return self._client.post(path, json=dict(body), headers=headers)

        answer = await self._answered(send, path)
        return None if answer.status_code == _ALREADY else answer.json()

    async def _answered(
        self, send: Callable[[], Awaitable[httpx.Response]], what: str
    ) -> httpx.Response:
        limit = Limit(self._clock, _ANSWERED_WITHIN_S)
        said = "no answer"
        while not limit.over():
            try:
                answer = await send()
            except httpx.HTTPError as error:
                said = repr(error)
            else:
                if answer.status_code in (*_DONE, _ALREADY):
                    return answer
                said = f"{answer.status_code} {answer.text[:300]}"
                if answer.status_code < 500 and answer.status_code != 429:
                    break
            await asyncio.sleep(0.1)
        raise Stop(f"{what}: {said}")

    # ── what is done, in this order ──────────────────────────────────────────────────────────────

    async def _open(self) -> None:
        body = {"type": "contract-change", "side": "utility", "customer": self._at["who"]}
        made = await self._post("/v1/cases", body)
        self._at["order"] = made["id"]
        self._wanted[made["id"]] = ORDER

    async def _mail(self) -> None:
        link = await self._post(f"/v1/cases/{self._at['order']}/link", {"send": "email"})
        if link is None or not link["sent"]:
            raise Stop(f"no link by e-mail: {link}")

    async def _step(self, case: str, step: str, data: Mapping[str, Any], key: str = "") -> None:
        path = f"/v1/cases/{self._at[case]}/steps/{step}"
        await self._post(path, {"action": "complete", "data": dict(data)}, key)

    async def _wish(self) -> None:
        wish = {"product": "Night", "start": "2027-01-01", "price_eur": 31.5}
        await self._step("order", "wish", wish)

    async def _confirm(self) -> None:
        await self._step("order", "confirm", {"ordered": True})

    async def _answer(self) -> None:
        await self._step("order", "back-office", {}, self._system)

    async def _claim(self) -> None:
        body = {"type": "reading-dispute", "side": "utility", "customer": self._at["who"]}
        made = await self._post("/v1/cases", body)
        self._at["dispute"] = made["id"]
        self._wanted[made["id"]] = DISPUTE
        claim = {"reading_kwh": 12_345.0, "reading_date": "2026-11-30"}
        await self._step("dispute", "claimed", claim)
        link = await self._post(f"/v1/cases/{made['id']}/link", {"send": "no"})
        self._at["link"] = link["url"]

    async def _photo(self) -> None:
        image = io.BytesIO()
        Image.new("RGB", (32, 32), (self._rng.randrange(256), 90, 10)).save(image, "JPEG")
        photo, key = image.getvalue(), f"{self._at['n']}-0000"
        path = self._at["link"].partition("?")[0]
        async with httpx.AsyncClient(timeout=30.0, headers={"Accept": "text/html"}) as browser:

            async def page() -> httpx.Response:
                return await browser.get(self._at["link"], follow_redirects=True)

            token = _TOKEN.search((await self._answered(page, "the link's page")).text)
            form = {"csrf": "" if token is None else token[1], "key": key, "step": "photo"}
            origin = {"Origin": self._bed.api_url}

            def send() -> Awaitable[httpx.Response]:
                return browser.post(
                    f"{path}/files", data={**form, "document": "meter-photo"}, headers=origin,
                    files={"file": ("meter.jpg", photo, "image/jpeg")},
                )  # fmt: skip

            await self._answered(send, "the photo")

    async def _see(self) -> None:
        await self._step("dispute", "photo", {"readable": True})

    # ── afterwards ───────────────────────────────────────────────────────────────────────────────

    async def answer(self) -> dict[str, Any]:
        """Wait until nothing waits; compare and return the figures."""
        await self._client.aclose()
        limit, waits = Limit(self._clock, _SETTLED_WITHIN_S), True
        while waits and not limit.over():
            await asyncio.sleep(0.2)
            waits = await asyncio.to_thread(self._waits)
        seen = await asyncio.to_thread(self._seen)
        webhooks = Counter(d.webhook_id for d in self._bed.receiver.deliveries() if d.verified)
        mails = Counter(m.message_id.strip("<>").partition("@")[0] for m in self._mails())
        kills = sum(victim == "contacts" for victim, _ in self._rounds)
        problems, again = judge(self._wanted, seen, webhooks, mails, kills)
        if waits:
            problems.append("something waits still to be sent")
        for process in self._bed.processes.values():
            problem = await process.terminate()
            problems += [problem] if problem else []
        return {
            "kills": len(self._rounds),
            "cases": len(self._wanted),
            "actions": self._actions,
            "webhooks": sum(webhooks.values()),
            "webhooks_again": sum(count - 1 for count in webhooks.values()),
            "mails": sum(mails.values()),
            "mails_again": again,
            "at": dict(Counter(at for _, at in self._rounds)),
            "problems": problems,
        }

    def _mails(self) -> list[Any]:
        return list(self._bed.receiver.mails())

    def _waits(self) -> bool:
        with connect(self._bed.url) as connection:
            return bool(
                contacts.counts(connection)["pending"]
                or case_notices.waiting(connection)
                or case_orders.waiting(connection)
            )

    def _seen(self) -> dict[str, Seen]:
        found: dict[str, Seen] = {}
        with connect(self._bed.url, box=self._bed.box) as connection:
            for case in self._wanted:
                one = found[case] = Seen()
                for event in case_plans.events(connection, case):
                    one.completed[event["item"]] += event["what"] == "complete"
                one.contacts = [
                    (row["contact_id"], row["channel"], row["treatment"], row["state"])
                    for row in contacts.list_(connection, TENANT, case_id=case)
                ]
                one.files = len(case_files.of_case(connection, TENANT, case))
        return found
