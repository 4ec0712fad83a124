"""Whoever applies the changes alone ends with the same registry: over the feed, Kafka and webhooks.

A second client begins with a snapshot, applies what comes, and drops an id that it has seen. Its
reader or sender is killed while it works.
"""

import asyncio
import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import httpx
import pytest
from aiokafka import AIOKafkaConsumer

from api.http.scopes import Scope
from app.operations.kafka_topics import create
from contacts.changes import ChangeSender
from contacts.channels import open_channels
from contacts.store_thread import StoreThread
from contracts.kafka import Topics
from ingest.logs.kafka_registry import RegistryFollower
from runtime.clock import SystemClock
from runtime.errors import Retry
from runtime.kafka import client_options
from runtime.metrics import Metrics
from runtime.settings import Settings
from services import back_office, change_webhooks, registry_changes
from services.back_office import Kind
from store.casework import change_subscriptions, receivers
from store.people import consent, keys
from store.postgres.pool import Connection, connect
from store.postgres.times import from_us
from tests.fix_api import running_api
from tests.fix_receiver import Receiver
from tests.fix_registry import NOW_US
from tests.patience import patient
from tests.secret_keys import BOX

CLOCK = SystemClock()
State = dict[tuple[str, str], Any]


class Client:
    """Another system's copy of the registry."""

    def __init__(self) -> None:
        self.state: State = {}
        self.repeats = 0
        self.snapshots = 0
        self._seen: set[str] = set()
        self._named: set[tuple[str, str]] | None = None

    def apply(self, event: dict[str, Any]) -> None:
        """Apply a CloudEvent."""
        if event["id"] in self._seen:
            self.repeats += 1
            return
        self._seen.add(event["id"])
        kind, _, operation = event["type"].partition(".")
        if kind == "snapshot":
            if operation == "started":
                self._named = set()
            else:
                assert self._named is not None
                self.replace({key: self.state[key] for key in self._named})
                self._named = None
            return
        key = (kind, event["subject"])
        if self._named is not None:
            assert operation == "current", "no change comes before a snapshot has ended"
            self._named.add(key)
        if event["data"] is None:
            self.state.pop(key, None)
        else:
            self.state[key] = event["data"]

    def replace(self, state: State) -> None:
        """Take a snapshot."""
        self.state, self.snapshots = state, self.snapshots + 1


class Way(Protocol):
    """A way of changes to the client."""

    client: Client

    def deliver(self, kill_after: int | None = None) -> None:
        """Bring everything to the client; or kill what brings it after so many events."""
        ...


class Feed:
    """GET /v1/changes, by a reader that stores its cursor after each page."""

    def __init__(self, url: str, api: httpx.Client) -> None:
        self.client, self._api = Client(), api
        self._cursor = self._snapshot()

    def _snapshot(self) -> str:
        state: State = {}
        after: dict[str, str] = {}
        first = ""
        while True:
            page = self._api.get("/v1/changes/snapshot", params={"limit": "7", **after}).json()
            first = first or page["changes_after"]
            state |= {(one["kind"], one["object"]): one["data"] for one in page["data"]}
            after = {"after": page["pagination"]["end_cursor"]}
            if not page["pagination"]["has_next_page"]:
                self.client.replace(state)
                return first

    def deliver(self, kill_after: int | None = None) -> None:
        done = 0
        while True:
            answer = self._api.get("/v1/changes", params={"limit": "3", "after": self._cursor})
            if answer.status_code == 410:
                self._cursor = self._snapshot()
                continue
            page = answer.json()
            for one in page["data"]:
                self.client.apply({**one, "subject": one["object"]})
                done += 1
                if done == kill_after:
                    return
            self._cursor = page["pagination"]["end_cursor"] or self._cursor
            if not page["pagination"]["has_next_page"]:
                return


class _Mortal(StoreThread):
    """The store of a sender that may be killed: it then writes nothing more."""

    dead = False

    async def run(self, call: Any, *args: Any, **kwargs: Any) -> Any:
        if self.dead:
            raise Retry("killed")
        return await super().run(call, *args, **kwargs)


class Webhook:
    """Webhooks to a subscribed receiver."""

    def __init__(self, url: str, receiver: Receiver) -> None:
        self.client, self._url, self.receiver, self._applied = Client(), url, receiver, 0
        self._settings = Settings(webhook_private_networks="127.0.0.0/8")
        self._channels = open_channels(self._settings, CLOCK)
        self._runner = asyncio.Runner()
        with connect(url) as connection:
            secret = receivers.add(connection, BOX, "t1", "crm", "insurer", receiver.url, NOW_US)
            change_webhooks.subscribe(
                connection, "t1", "crm",
                registry=True, consents=True, snapshot=True, now_us=NOW_US,
            )  # fmt: skip
            connection.commit()
        receiver.secrets.append(secret)

    def deliver(self, kill_after: int | None = None) -> None:
        self._runner.run(self._deliver(kill_after))
        for hit in self.receiver.hits[self._applied :]:
            assert hit.verified == 0
            assert hit.headers["content-type"] == "application/cloudevents+json"
            self.client.apply(hit.body)
        self._applied = len(self.receiver.hits)

    async def _deliver(self, kill_after: int | None) -> None:
        thread = _Mortal(self._url, "test")
        channel = self._channels["webhook"]
        sender = ChangeSender(thread, channel, self._settings, CLOCK, Metrics())
        try:
            wanted = len(self.receiver.hits) + (kill_after or 0)
            while await sender.round():
                draining = asyncio.create_task(sender.drain())
                while not draining.done():
                    if kill_after is not None and len(self.receiver.hits) >= wanted:
                        thread.dead = True
                        await sender.close(0.0)
                    await asyncio.wait([draining], timeout=0.002)
                if thread.dead:
                    return
        finally:
            await sender.close()
            await thread.close()

    def close(self) -> None:
        for channel in self._channels.values():
            self._runner.run(channel.close())
        self._runner.close()


class OverKafka:
    """The topic `customers.changes`; the snapshot is that of the feed."""

    def __init__(self, url: str, kafka_url: str, topics: Topics) -> None:
        self.client, self._url, self._kafka, self._topics = Client(), url, kafka_url, topics
        create(kafka_url, topics, 4, 1, 1)
        self.client.replace(registry_of(url))
        self._offsets: dict[Any, int] = {}

    def deliver(self, kill_after: int | None = None) -> None:
        asyncio.run(self._deliver(kill_after))

    async def _deliver(self, kill_after: int | None) -> None:
        stop = asyncio.Event()
        follower = RegistryFollower(self._kafka, self._url, self._topics, CLOCK)
        consumer = AIOKafkaConsumer(
            self._topics.changes, **client_options(self._kafka), auto_offset_reset="earliest"
        )
        await consumer.start()
        running = asyncio.create_task(follower.run(stop))
        expected, done = registry_of(self._url), 0
        try:
            await consumer.getmany(timeout_ms=0)
            for partition, offset in self._offsets.items():
                consumer.seek(partition, offset)
            async with asyncio.timeout(patient(60)):
                while self.client.state != expected and (kill_after is None or done < kill_after):
                    for partition, found in (await consumer.getmany(timeout_ms=100)).items():
                        for one in found:
                            self.client.apply(json.loads(one.value or b""))
                            self._offsets[partition] = one.offset + 1
                            done += 1
        finally:
            if kill_after is None:
                stop.set()
            else:
                running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await consumer.stop()


def registry_of(url: str) -> State:
    """The registry of t1 as it is, as JSON."""
    found: State = {}
    position = ("", "")
    with connect(url) as connection:
        while page := registry_changes.objects(connection, "t1", position, 500):
            found |= {(one.kind, one.object): one.data for one in page if one.data is not None}
            position = (page[-1].kind, page[-1].object)
    text = {"/".join(key): data for key, data in found.items()}
    return {
        (key.partition("/")[0], key.partition("/")[2]): data
        for key, data in json.loads(json.dumps(text, default=lambda at: at.isoformat())).items()
    }


def _normal(state: State) -> State:
    """Times in one form: the API writes them as pydantic does."""
    text = json.dumps([[*key, data] for key, data in sorted(state.items())])
    return {(kind, id_): data for kind, id_, data in json.loads(text.replace("+00:00", "Z"))}


# ── random changes ──────────────────────────────────────────────────────────────────────────────


def _customer(connection: Connection, r: random.Random, now_us: int) -> None:
    row = {"id": f"x{r.randrange(4)}", "name": f"N{r.randrange(99)}",
           "external_ids": {"crm": f"c{r.randrange(9)}"} if r.random() < 0.3 else {}}  # fmt: skip
    back_office.apply(connection, "t1", Kind.CUSTOMERS, [row], now_us)


def _contract(connection: Connection, r: random.Random, now_us: int) -> None:
    row = {
        "id": f"y{r.randrange(3)}",
        "customer": f"x{r.randrange(4)}",
        "kind": "motor",
        "vehicle": f"v{r.randrange(3)}",
        "valid_from": f"203{r.randrange(9)}-01-01T00:00:00Z",
    }
    back_office.apply(connection, "t1", Kind.CONTRACTS, [row], now_us)  # fmt: skip


def _gone(connection: Connection, r: random.Random, now_us: int) -> None:
    connection.execute(
        "delete from customers.contract where contract = %s", (f"y{r.randrange(3)}",)
    )


def _assignment(connection: Connection, r: random.Random, now_us: int) -> None:
    row = {"device": "car1", "vehicle": f"v{r.randrange(3)}", "correct": True,
           "valid_from": f"202{r.randrange(6)}-01-01T00:00:00Z"}  # fmt: skip
    back_office.apply(connection, "t1", Kind.ASSIGNMENTS, [row], now_us)


def _consent(connection: Connection, r: random.Random, now_us: int) -> None:
    row = {
        "tenant": "t1", "customer": f"c{r.randrange(6)}", "purpose": "driving_score",
        "state": r.choice(["granted", "withdrawn"]), "legal_basis": "consent",
        "notice_version": "1", "source": "test", "at": from_us(now_us),
        "recorded_at": from_us(now_us),
    }  # fmt: skip
    consent.decide(connection, [row])


WRITES: tuple[Callable[[Connection, random.Random, int], None], ...] = (
    _customer, _customer, _contract, _gone, _assignment, _consent,
)  # fmt: skip


def _write(url: str, r: random.Random, now_us: int) -> None:
    with connect(url) as connection:
        for _ in range(r.randrange(1, 12)):
            r.choice(WRITES)(connection, r, now_us)
            if r.random() < 0.1:
                connection.rollback()
            elif r.random() < 0.6:
                connection.commit()
        connection.commit()


def _follow(way: Way, url: str, seed: int, rounds: int) -> None:
    """Random changes, some of whose deliveries are killed; then everything arrives."""
    r = random.Random(seed)
    way.deliver()
    kills = 0
    for number in range(rounds):
        _write(url, r, NOW_US + number * 1_000_000)
        kill_after = r.randrange(1, 6) if r.random() < 0.6 else None
        kills += kill_after is not None
        before = way.client.repeats
        way.deliver(kill_after)
        if not kills:
            assert way.client.repeats == before, "nothing comes twice"
    way.deliver()
    assert _normal(way.client.state) == _normal(registry_of(url)), f"seed {seed}"


# ── the ways ────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def feed(url: str) -> Iterator[Feed]:
    with connect(url) as connection:
        key = keys.create_key(
            connection, tenant="t1", role="back_office", name="crm",
            scopes=[Scope.REGISTRY_READ], now_us=NOW_US,
        )[1]  # fmt: skip
        connection.commit()
    with (
        running_api(url, api_requests_per_minute=10**6) as address,
        httpx.Client(
            base_url=address, timeout=patient(20), headers={"Authorization": f"Bearer {key}"}
        ) as client,
    ):
        yield Feed(url, client)


@pytest.fixture
def webhooks(registered: str, new_receiver: Callable[[], Receiver]) -> Iterator[Webhook]:
    made = Webhook(registered, new_receiver())
    yield made
    made.close()


def test_the_feed(registered: str) -> None:
    with feed(registered) as way:
        for seed in range(3):
            _follow(way, registered, seed, 5)


def test_webhooks(registered: str, webhooks: Webhook) -> None:
    for seed in range(3):
        _follow(webhooks, registered, seed, 5)
    assert webhooks.client.snapshots == 1, "the first one"


def test_kafka(kafka: Any, topic_prefix: str, registered: str) -> None:
    _follow(OverKafka(registered, kafka.url, Topics(topic_prefix)), registered, 1, 2)


def _forget(url: str) -> None:
    """What the reader has is long ago: changes are gone, an object too."""
    with connect(url) as connection:
        _customer(connection, random.Random(1), NOW_US)
        connection.commit()
        connection.execute("delete from customers.contract where contract = 'k0'")
        connection.execute("delete from customers.change")
        connection.commit()


def test_who_is_too_far_behind_gets_a_snapshot_first(registered: str, webhooks: Webhook) -> None:
    with feed(registered) as reader:
        ways: tuple[Feed | Webhook, ...] = (reader, webhooks)
        for way in ways:
            way.deliver()
            assert ("contract", "k0") in way.client.state
        _forget(registered)
        for way in ways:
            way.deliver()
            assert way.client.snapshots == 2
            assert ("contract", "k0") not in way.client.state, "what is not named is gone"
            _follow(way, registered, 7, 2)


def test_ids_are_those_of_the_feed(registered: str, webhooks: Webhook) -> None:
    webhooks.deliver()
    before = len(webhooks.receiver.hits)
    with connect(registered) as connection:
        cursor = (registry_changes.begin(connection) - 1, change_subscriptions.LAST)
        _customer(connection, random.Random(1), NOW_US)
        connection.commit()
        (one,) = registry_changes.after(connection, "t1", cursor, 10)
        assert one.change is not None
    webhooks.deliver()
    (hit,) = webhooks.receiver.hits[before:]
    assert hit.body["id"] == f"{one.change.xid}.{one.change.change_id}"
    assert hit.id == f"change-{one.change.xid}-{one.change.change_id}"
    assert (hit.body["type"], hit.body["tenant"]) == ("customer.created", "t1")


def test_a_damaged_secret_stops_its_receiver_alone(registered: str, webhooks: Webhook) -> None:
    webhooks.deliver()
    before = len(webhooks.receiver.hits)
    with connect(registered) as connection:
        connection.execute(
            "update contacts.receiver_secret set secret = left(secret, -6) || 'AAAAAA'"
        )
        _customer(connection, random.Random(1), NOW_US)
        connection.commit()
    webhooks.deliver()
    assert len(webhooks.receiver.hits) == before
    with connect(registered) as connection:
        (state,) = change_subscriptions.states(connection).values()
        assert (state["waiting"], state["outcome"], state["attempts"]) == (1, "broken_off", 1)
        webhooks.receiver.secrets.append(receivers.rotate(connection, BOX, "t1", "crm", NOW_US))
        connection.execute("delete from contacts.receiver_secret where secret like '%AAAAAA'")
        change_subscriptions.retry_now(connection, state["receiver_id"], NOW_US)
        connection.commit()
    webhooks.receiver.secrets.reverse()  # the newest counts
    webhooks.deliver()
    assert len(webhooks.receiver.hits) == before + 1
