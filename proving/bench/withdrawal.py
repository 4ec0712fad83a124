"""`tachowatt bench withdrawal`: from a withdrawal until the stream refuses the customer's messages.

Kafka, two workers of ingest and the API are processes of their own, as in production. Cars send at
half of the maximum that is measured first. Some customers, each with a tenant of its own so that
the ledger counts their refusals apart, withdraw meanwhile: by the API, by their page, or, of
e-mails, by a stop link. Time runs from sending the request until the ledger shows the first
refusal. Afterwards the store is asked for samples that arrived later.
"""

import asyncio
import heapq
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing.connection import Connection as Pipe
from typing import Any

import httpx

from api.http.scopes import OF_ROLE
from app.operations import registry_import as registry_files
from app.processes.stack import prepare_secrets
from contracts.contacts import contact_id
from contracts.kafka import Topics
from contracts.raw import RawMessage
from contracts.roles import Role
from ingest.decoding.catalogue import ROUTER
from proving.bench import kafka as bench_kafka
from proving.bench.kafka import Part, pause, served
from proving.judge.latency import percentile
from proving.testbed.database import database_of
from runtime.clock import US_PER_S, Clock, SystemClock
from runtime.errors import Stop
from runtime.metrics import Metrics
from runtime.secret_box import box_of
from runtime.settings import Settings
from services import stop_link
from simulators.encode import topic
from simulators.load import Load
from store.casework import contacts
from store.casework.contacts import NewContact
from store.people import consent, keys
from store.pipeline import ledger, offsets
from store.postgres.pool import connect
from store.postgres.times import from_us
from store.schema.migrate import migrate
from store.testing import measurements

PROMISED_P99_S = 1.0
_PURPOSE, _EMAIL = "driving_score", "channel_email"
_CUSTOMER, _DEVICE = "c", "car"
_EACH_PER_S = 10.0
"""Messages/s of a car whose customer withdraws: what is refused is seen so much later at most."""
_LOOK_EVERY_S = 0.01
_APPEND_EVERY_S = 0.02
_READY_WITHIN_S = 180.0
_REFUSED_WITHIN_S = 60.0
_CHUNK = 1_000

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """withdrawals : of the stream, half by the API, half by page; a third as many by stop link, of
    e-mails. rate : messages/s, None = half of the maximum over `maximum_messages`."""

    withdrawals: int = 200
    seconds: float = 60.0
    devices: int = 1_000
    rate: float | None = None
    maximum_messages: int = 100_000
    partitions: int = 4
    kafka_url: str | None = None


@dataclass(slots=True)
class _Times:
    """name of a withdrawal → µs since 1970 of its request, of the answer to it, and of the
    refusal that was seen."""

    by: dict[str, str] = field(default_factory=dict)
    sent_us: dict[str, int] = field(default_factory=dict)
    answered_us: dict[str, int] = field(default_factory=dict)
    refused_us: dict[str, int] = field(default_factory=dict)

    def took_s(self, by: str | None = None) -> list[float]:
        """Return seconds of all, or of one way."""
        return [
            (at - self.sent_us[name]) / US_PER_S
            for name, at in self.refused_us.items()
            if by is None or self.by[name] == by
        ]


def run(settings: Settings, clock: Clock, plan: Plan, progress: Progress) -> dict[str, Any]:
    """Measure; `problems` of the answer lists every failure."""
    with database_of(settings, clock) as url:
        migrate(url)
        prepare_secrets(settings, url, clock)
        names = [f"w{i + 1:04d}" for i in range(plan.withdrawals)]
        tenant = f"bench-{clock.now_us() // US_PER_S}"
        _register(url, clock, tenant, plan.devices, names)
        server = bench_kafka.Plan(plan.kafka_url, 2, plan.partitions)
        with served(settings, clock, server) as kafka_url:
            maximum, rate = None, plan.rate
            if rate is None:
                maximum = _maximum(settings, clock, plan, url, kafka_url, tenant, progress)
                rate = maximum / 2
            rate = max(rate, plan.withdrawals * _EACH_PER_S * 1.1)
            bench = _Bench(settings, clock, plan, url, kafka_url, tenant, names, rate, progress)
            times, load = bench.measure()
            found = bench.answer(times, load)
    return {"maximum_messages_per_s": maximum, **found}


def _maximum(
    settings: Settings, clock: Clock, plan: Plan, url: str, kafka_url: str, tenant: str,
    progress: Progress,
) -> float:  # fmt: skip
    """Return messages/s of two workers that have all messages in Kafka already."""
    number = plan.maximum_messages
    with _workers(settings, clock, plan, url, kafka_url) as (topics, parts):
        load = Load(number, plan.devices, 1.0, tenant=tenant, prefix="load")
        start_us = clock.now_us() - 3_600 * US_PER_S
        made = (_raw(m.topic, m.payload(), m.content_type, clock) for m in load.messages(start_us))
        with connect(url) as connection:
            connection.autocommit = True
            before = offsets.total(connection)
            began = clock.monotonic()
            filling = threading.Thread(
                target=lambda: asyncio.run(_fill(settings, kafka_url, topics, made))
            )
            filling.start()
            done = 0
            while done < number:
                pause(parts)
                done = offsets.total(connection) - before
                progress("maximum", min(done, number), number)
            seconds = clock.monotonic() - began
            filling.join()
    return round(number / seconds, 1)


@contextmanager
def _workers(
    settings: Settings, clock: Clock, plan: Plan, url: str, kafka_url: str
) -> Iterator[tuple[Topics, dict[str, Part]]]:
    """Yield two workers that share all partitions of new topics."""
    with bench_kafka.feeding(url, kafka_url, clock, plan.partitions) as topics:
        of = settings.model_copy(update={"kafka_topic_prefix": topics.prefix})
        parts = {name: Part(name, _ingest, of, url, kafka_url) for name in ("ingest-1", "ingest-2")}
        try:
            deadline = clock.monotonic() + _READY_WITHIN_S
            while True:
                for part in parts.values():
                    part.receive_ready()
                owned = [part.ready for part in parts.values()]
                if sum(owned) == plan.partitions and all(owned):
                    break
                if clock.monotonic() > deadline:
                    raise Stop(f"the workers own {owned} of {plan.partitions} partitions")
                pause(parts)
            yield topics, parts
            for part in parts.values():
                part.end()
        finally:
            for part in parts.values():
                part.leave()


class _Bench:
    def __init__(
        self, settings: Settings, clock: Clock, plan: Plan, url: str, kafka_url: str, tenant: str,
        names: list[str], rate: float, progress: Progress,
    ) -> None:  # fmt: skip
        self._settings, self._clock, self._plan = settings, clock, plan
        self._url, self._kafka_url = url, kafka_url
        self._tenant, self._names, self._rate = tenant, names, rate
        self._progress = progress
        self._by_link = names[: len(names) // 3]

    def measure(self) -> tuple[_Times, dict[str, Any]]:
        """Let customers withdraw under load; return when, and what was sent."""
        plan, times = self._plan, _Times()
        with _workers(self._settings, self._clock, plan, self._url, self._kafka_url) as (
            topics,
            parts,
        ):
            of = self._settings.model_copy(update={"kafka_topic_prefix": topics.prefix})
            api = Part("api", _api, of, self._url)
            load = Part(
                "load", _load, of, self._kafka_url, self._tenant, self._names, self._rate, plan
            )
            all_parts = {**parts, "api": api, "load": load}
            try:
                address = self._wait_for(api, all_parts)
                people = _People(address, self._url, self._names, self._clock)
                links = self._links()
                self._wait_for(load, all_parts)
                load.go_on()
                self._withdraw(times, people, links, all_parts)
                sent = load.end()
                api.end()
            finally:
                for part in (load, api):
                    part.leave()
        return times, sent

    def _wait_for(self, one: Part, parts: dict[str, Part]) -> Any:
        deadline = self._clock.monotonic() + _READY_WITHIN_S
        while not one.ready:
            one.receive_ready()
            if self._clock.monotonic() > deadline:
                raise Stop("a process of the bench is not ready")
            pause(parts)
        return one.ready

    def _links(self) -> dict[str, str]:
        """Make a contact that waits, and its stop link, for some customers."""
        found, box, now_us = {}, box_of(self._settings), self._clock.now_us()
        with connect(self._url) as connection:
            for name in self._by_link:
                id_ = contact_id(name, "bench", "stop", None)
                new = NewContact(
                    id_, name, _CUSTOMER, "email", None, f"{name}@example.com", _PURPOSE, "en",
                    "bench", "subject", "body", None, False, None, None, "bench", "stop", None,
                    None,
                )  # fmt: skip
                contacts.put(connection, [new], now_us)
                found[name] = stop_link.url("", box, name, id_)
            connection.commit()
        return found

    def _withdraw(
        self, times: _Times, people: "_People", links: dict[str, str], parts: dict[str, Part]
    ) -> None:
        """Withdraw one after the other, evenly spread, while refusals are watched."""
        watch = _Watch(self._url, self._clock, times)
        watch.start()
        began, every_s = self._clock.monotonic(), self._plan.seconds / (len(self._names) + 2)
        try:
            for number, name in enumerate(self._names):
                due = began + (number + 1) * every_s
                while self._clock.monotonic() < due:
                    pause(parts)
                if name in links:
                    link = f"stop link {name}"
                    times.by[link], times.sent_us[link] = "stop_link", self._clock.now_us()
                    people.stop(links[name])
                way = ("api", "page")[number % 2]
                times.by[name], times.sent_us[name] = way, self._clock.now_us()
                (people.by_api if way == "api" else people.by_page)(name)
                times.answered_us[name] = self._clock.now_us()
                self._progress("withdrawals", number + 1, len(self._names))
            deadline = self._clock.monotonic() + _REFUSED_WITHIN_S
            while len(times.refused_us) < len(times.sent_us):
                if self._clock.monotonic() > deadline:
                    break
                pause(parts)
            # What comes after the last refusal has to be refused too.
            until = self._clock.monotonic() + 2.0
            while self._clock.monotonic() < until:
                pause(parts)
        finally:
            watch.stop()

    def answer(self, times: _Times, load: dict[str, Any]) -> dict[str, Any]:
        """Return the figures and problems; ask the store for samples that arrived too late."""
        refused = {name: at for name, at in times.refused_us.items() if name in self._names}
        late, after = 0, 0
        with connect(self._url) as connection:
            for name, at_us in refused.items():
                late += measurements.received_after(connection, name, _DEVICE, from_us(at_us))
            for entry in _refusals(connection).values():
                after += entry
        seconds = {way: _quantiles(times.took_s(way)) for way in ("api", "page", "stop_link")}
        stream = [took for way in ("api", "page") for took in times.took_s(way)]
        problems = [
            f"{name} is not refused {_REFUSED_WITHIN_S:.0f} s later"
            for name in times.sent_us
            if name not in times.refused_us
        ]
        if late:
            problems.append(f"{late} samples that arrived after the refusal are stored")
        if after < 2 * len(refused):
            problems.append("too few messages came after the refusals to say anything")
        p99_s = percentile(stream, 0.99)
        if p99_s is not None and p99_s >= PROMISED_P99_S:
            problems.append(f"p99 is {p99_s:.3f} s, not less than {PROMISED_P99_S} s")
        return {
            "rate": round(self._rate),
            "reached_messages_per_s": round(load["messages"] / load["seconds"]),
            "load_late_ms": round(1_000 * load["late_s"], 1),
            "seconds": round(load["seconds"], 1),
            "workers": 2,
            "partitions": self._plan.partitions,
            "devices": self._plan.devices + len(self._names),
            "withdrawals": len(refused),
            "stream_s": _quantiles(stream),
            "by_s": seconds,
            "answered_s": _quantiles(
                [(at - times.sent_us[name]) / US_PER_S for name, at in times.answered_us.items()]
            ),
            "refused_messages": after,
            "stored_after_refusal": late,
            "problems": problems,
        }


class _Watch:
    """Looks for the first refusal of each tenant, and for contacts that were refused."""

    def __init__(self, url: str, clock: Clock, times: _Times) -> None:
        self._url, self._clock, self._times = url, clock, times
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bench-watch")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        with connect(self._url) as connection:
            connection.autocommit = True
            while not self._stop.wait(_LOOK_EVERY_S):
                found = [name for name, number in _refusals(connection).items() if number]
                stopped = measurements.refused_contacts(connection, "bench")
                now_us = self._clock.now_us()
                for name in (*found, *(f"stop link {tenant}" for tenant in stopped)):
                    if name in self._times.sent_us:
                        self._times.refused_us.setdefault(name, now_us)


def _refusals(connection: Any) -> dict[str, int]:
    """Return tenant → messages refused."""
    found: dict[str, int] = {}
    for (tenant, _), entry in ledger.read(connection).items():
        if entry.refused:
            found[tenant] = found.get(tenant, 0) + entry.refused
    return found


class _People:
    """Customers at the API and on their page; signed in before anything is measured."""

    def __init__(self, address: str, url: str, names: list[str], clock: Clock) -> None:
        self._client = httpx.Client(base_url=address, timeout=60.0)
        self._pages: dict[str, tuple[dict[str, str], str]] = {}
        self._keys: dict[str, str] = {}
        with connect(url) as connection:
            for name in names:
                _, self._keys[name] = keys.create_key(
                    connection, tenant=name, role=Role.CUSTOMER, name="bench",
                    scopes=sorted(OF_ROLE[Role.CUSTOMER]), now_us=clock.now_us(),
                    customer=_CUSTOMER,
                )  # fmt: skip
            connection.commit()
        for name in names[1::2]:
            self._pages[name] = self._sign_in(address, self._keys[name])

    def _sign_in(self, address: str, key: str) -> tuple[dict[str, str], str]:
        with httpx.Client(base_url=address, timeout=60.0, headers={"accept": "text/html"}) as one:
            page = one.get("/login")
            one.post("/login", data={"csrf": _token(page.text), "key": key, "next": "/me"})
            shown = one.get("/me")
            if shown.status_code != 200:
                raise Stop(f"a customer of the bench cannot sign in: {shown.status_code}")
            return dict(one.cookies), _token(shown.text)

    def by_api(self, name: str) -> None:
        body = {"purpose": _PURPOSE, "state": "withdrawn", "notice_version": "1"}
        answer = self._client.post(
            f"/v1/customers/{_CUSTOMER}/consents", json=body,
            headers={"Authorization": f"Bearer {self._keys[name]}", "Idempotency-Key": name},
        )  # fmt: skip
        _expect(answer, 201)

    def by_page(self, name: str) -> None:
        cookies, token = self._pages[name]
        answer = self._client.post(
            "/me/consents", data={"csrf": token, "purpose": _PURPOSE, "state": "withdrawn"},
            headers={
                "accept": "text/html",
                "cookie": "; ".join(f"{k}={v}" for k, v in cookies.items()),
            },
        )  # fmt: skip
        _expect(answer, 303)

    def stop(self, link: str) -> None:
        _expect(self._client.post(link, data={"List-Unsubscribe": "One-Click"}), 200)


def _expect(answer: httpx.Response, status: int) -> None:
    if answer.status_code != status:
        raise Stop(f"a withdrawal was answered with {answer.status_code}: {answer.text[:300]}")


def _token(html: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', html)
    if found is None:
        raise Stop("a page of the bench has no form")
    return found[1]


def _register(url: str, clock: Clock, tenant: str, devices: int, names: list[str]) -> None:
    now_us = clock.now_us()
    load = Load(1.0, devices, 1.0, tenant=tenant, prefix="load").registry(now_us)
    registry_files.write(url, registry_files.validate(load, "load"), now_us)
    since = from_us(now_us - 86_400 * US_PER_S)
    own: dict[str, list[dict[str, Any]]] = {
        "tenants": [{"id": name, "name": name} for name in names],
        "customers": [{"tenant": n, "id": _CUSTOMER, "name": n, "email": f"{n}@example.com"}
                      for n in names],
        "vehicles": [{"tenant": name, "id": "v", "name": name} for name in names],
        "devices": [{"tenant": name, "id": _DEVICE, "kind": "vehicle"} for name in names],
        "contracts": [{"tenant": name, "id": "k", "customer": _CUSTOMER, "kind": "motor",
                       "vehicle": "v", "valid_from": since} for name in names],
        "assignments": [{"tenant": name, "device": _DEVICE, "vehicle": "v", "valid_from": since}
                        for name in names],
        "consents": [{"tenant": name, "customer": _CUSTOMER, "purpose": purpose,
                      "notice_version": "1", "source": "bench", "at": since, **more}
                     for name in names
                     for purpose, more in ((_PURPOSE, {}), (_EMAIL, {"opt_in": "confirmed"}))],
    }  # fmt: skip
    registry_files.write(url, registry_files.validate(own, "bench"), now_us)
    with connect(url) as connection:
        pairs = [(name, _CUSTOMER) for name in names]
        missing = [pair for pair, of in consent.granted(connection, pairs).items() if not of]
    if missing:
        raise Stop("the bench's customers do not consent")


def _quantiles(seconds: list[float]) -> dict[str, float | None]:
    shares = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0))
    return {
        name: None if (value := percentile(seconds, share)) is None else round(value, 3)
        for name, share in shares
    }


def _raw(topic_: str, body: bytes, content_type: str | None, clock: Clock) -> RawMessage:
    return RawMessage(topic_, body, clock.now_us(), content_type)


# ── in the processes ────────────────────────────────────────────────────────────────────────


def _ingest(pipe: Pipe, settings: Settings, database_url: str, kafka_url: str) -> None:
    asyncio.run(bench_kafka.run_ingest(pipe, settings, database_url, kafka_url))


def _api(pipe: Pipe, settings: Settings, database_url: str) -> None:
    from api import serve

    async def main() -> None:
        stop = asyncio.Event()
        serving = asyncio.create_task(
            serve.run(
                settings.model_copy(update={"api_port": 0, "api_base_url": ""}), SystemClock(),
                database_url, Metrics(), stop, pipe.send,
            )
        )  # fmt: skip
        command = asyncio.create_task(bench_kafka.next_command(pipe))
        await asyncio.wait((serving, command), return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        await serving
        pipe.send({})

    asyncio.run(main())


def _load(
    pipe: Pipe, settings: Settings, kafka_url: str, tenant: str, names: list[str], rate: float,
    plan: Plan,
) -> None:  # fmt: skip
    asyncio.run(_run_load(pipe, settings, kafka_url, tenant, names, rate, plan))


async def _run_load(
    pipe: Pipe, settings: Settings, kafka_url: str, tenant: str, names: list[str], rate: float,
    plan: Plan,
) -> None:  # fmt: skip
    clock = SystemClock()
    log = await _log(settings, kafka_url, Topics(settings.kafka_topic_prefix))
    pipe.send(1)
    await bench_kafka.next_command(pipe)
    command = asyncio.create_task(bench_kafka.next_command(pipe))
    start_us, began = clock.now_us(), clock.monotonic()
    due = _messages(tenant, names, rate, plan, start_us)
    waiting, sent, late_s = next(due), 0, 0.0
    while not command.done():
        now_us = clock.now_us()
        batch: list[RawMessage] = []
        late_s = max(late_s, (now_us - waiting[0]) / US_PER_S)
        while waiting[0] <= now_us and len(batch) < 10 * _CHUNK:
            batch.append(RawMessage(waiting[1], waiting[2], clock.now_us(), waiting[3]))
            waiting = next(due)
        if batch:
            await log.append(batch)
            sent += len(batch)
        await asyncio.sleep(_APPEND_EVERY_S)
    seconds = clock.monotonic() - began
    await log.close()
    pipe.send({"messages": sent, "seconds": seconds, "late_s": late_s})


def _messages(
    tenant: str, names: list[str], rate: float, plan: Plan, start_us: int
) -> Iterator[tuple[int, str, bytes, str | None]]:
    """Yield (due µs, topic, body, content type) without end."""
    own = len(names) * _EACH_PER_S
    endless_s = 86_400.0
    others = Load(rate - own, plan.devices, endless_s, tenant=tenant, prefix="load")
    theirs = Load(own, len(names), endless_s, tenant="w")
    topics = [topic(name, _DEVICE, "telemetry") for name in names]

    def of_withdrawing() -> Iterator[tuple[int, str, bytes, str | None]]:
        for number, m in enumerate(theirs.messages(start_us)):
            yield m.due_us, topics[number % len(topics)], m.payload(), m.content_type

    rest = ((m.due_us, m.topic, m.payload(), m.content_type) for m in others.messages(start_us))
    return heapq.merge(of_withdrawing(), rest, key=lambda one: one[0])


async def _log(settings: Settings, kafka_url: str, topics: Topics) -> Any:
    from gateway.kafka_log import KafkaLog

    log = KafkaLog(
        kafka_url, topics, settings.mqtt_client_id, ROUTER.key_of_topic, Metrics(), lambda _: None
    )
    await log.start()
    return log


async def _fill(
    settings: Settings, kafka_url: str, topics: Topics, messages: Iterator[RawMessage]
) -> None:
    log = await _log(settings, kafka_url, topics)
    try:
        while batch := [*islice(messages, _CHUNK)]:
            await log.append(batch)
    finally:
        await log.close()
