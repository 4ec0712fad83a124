"""Rows of back offices as CloudEvents over Kafka: each once, bad ones kept; and changes out."""

import asyncio
import json
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from app.operations.kafka_topics import create
from app.servers.kafka import Kafka
from contracts.kafka import Topics
from ingest.logs.kafka_registry import RegistryFollower
from runtime.clock import SystemClock
from runtime.kafka import client_options
from services import registry_events
from services.registry_events import Received, Record
from store.people import bills, customers, received_events
from store.postgres import roles
from store.postgres.pool import Connection, connect
from tests.fix_registry import NOW_US
from tests.patience import patient


def event(id_: str, data: Any, type_: str = "customer.put", **more: Any) -> bytes:
    found = {
        "specversion": "1.0", "id": id_, "source": "/crm", "type": type_, "tenant": "t1",
        "data": data, **more,
    }  # fmt: skip
    return json.dumps(found).encode()


def records(*values: bytes | None, first: int = 0) -> list[Record]:
    return [Record("customers", 0, first + n, value) for n, value in enumerate(values)]


def _name(connection: Connection, customer: str) -> str | None:
    found = customers.person(connection, "t1", customer)
    return None if found is None else found.name


def test_each_event_is_written_once_whatever_is_sent_again(reader: Connection) -> None:
    anna, anne = (
        event("1", {"id": "ev-1", "name": "Anna"}),
        event("2", {"id": "ev-1", "name": "Anne"}),
    )
    assert registry_events.receive(reader, records(anna), NOW_US) == Received(applied=1)
    assert registry_events.receive(reader, records(anne), NOW_US) == Received(applied=1)
    again = registry_events.receive(reader, records(anna, anne, anna), NOW_US)
    assert again == Received(repeated=3)
    assert _name(reader, "ev-1") == "Anne", "a repeat brings nothing old back"
    same = event("3", {"id": "ev-1", "name": "Anne"})
    assert registry_events.receive(reader, records(same, same), NOW_US) == Received(
        unchanged=1, repeated=1
    )


def test_what_cannot_be_used_is_kept_with_its_reason_and_bytes(reader: Connection) -> None:
    bad = {
        b"{not json": "no JSON",
        event("b1", {"id": "ev-2", "name": "Ben", "language": "fr"}): "language",
        event("b2", {"id": "ev-3", "name": "Bea"}, "customer.gone"): "type: expected one of",
        event("b3", {"id": "k9", "customer": "nobody", "kind": "motor", "vehicle": "v0",
                     "valid_from": "2026-01-01T00:00:00Z"}, "contract.put"): "foreign key",
        event("b4", {"id": "ev-4", "name": "Bo"}, specversion="0.3"): "specversion",
    }  # fmt: skip
    elsewhere = event("b5", {"id": "ev-5", "name": "Cy"}, tenant="t9")
    good = event("g1", {"id": "ev-6", "name": "Dora"})
    done = registry_events.receive(reader, records(*bad, elsewhere, good), NOW_US)
    assert done == Received(applied=1, refused=6)
    assert _name(reader, "ev-6") == "Dora", "the others are written"
    roles.set_tenant_scope(reader, ("t1", "-"))
    kept = {
        one["body"]: one["reason"]
        for row in received_events.listed(reader, ["t1", "-"])
        if (one := received_events.get(reader, None, row["number"])) is not None
    }
    assert set(kept) == {*bad, elsewhere}
    for body, reason in bad.items():
        assert reason in (kept[body] or "")
    assert "no tenant 't9'" in (kept[elsewhere] or "")
    again = registry_events.receive(reader, records(*bad, elsewhere), NOW_US)
    assert again == Received(repeated=6), "each is refused once"


def test_bills_of_the_billing_system_come_in_each_once_and_in_their_order(
    reader: Connection,
) -> None:
    tariff = {
        "name": "Basis",
        "versions": [
            {"valid_from": "2024-01-01", "standing_charge_per_year": "110", "vat_percent": "19",
             "unit_prices": {"total": "0.25"}}
        ],
    }  # fmt: skip
    ends = [{"day": day, "kwh": kwh} for day, kwh in (("2025-01-01", "10"), ("2026-01-01", "900"))]
    bill = {"start": "2025-01-01", "end": "2026-01-01", "tariff": "basis", "readings": ends}
    row = {"id": "B1", "customer": "c3", "contract": "k3", "bill": bill}
    early = event("1", row, "bill.put")
    brought = event("2", {"id": "basis", "tariff": tariff}, "tariff.put")
    again = event("3", row, "bill.put")
    billed = event("4", {**row, "bill": {**bill, "gross": "400.00"}}, "bill.put")
    alien = event("5", {**row, "contract": "k0"}, "bill.put")
    other = event("6", {**row, "paid_by": "cash"}, "bill.put")
    sent = records(early, brought, again, billed, billed, alien, other)
    done = registry_events.receive(reader, sent, NOW_US)
    assert done == Received(applied=3, refused=3, repeated=1)
    assert registry_events.receive(reader, sent, NOW_US) == Received(repeated=7)
    nothing_new = event("7", {**row, "bill": {**bill, "gross": "400.00"}}, "bill.put")
    assert registry_events.receive(reader, records(nothing_new), NOW_US) == Received(unchanged=1)
    roles.set_tenant_scope(reader, ("t1",))
    stored = bills.one(reader, "t1", "B1")
    assert stored is not None and stored["version"] == 2
    assert stored["body"]["gross"] == "400.00" and stored["body"]["tariff"]["name"] == "Basis"
    reasons = [row["reason"] for row in received_events.listed(reader, ["t1"])]
    for part, reason in zip(("paid_by", "no contract 'k0'", "tariff:"), reasons, strict=True):
        assert part in reason


def test_an_event_writes_into_its_own_tenant_only(reader: Connection) -> None:
    roles.set_tenant_scope(reader, ("t1",))
    registry_events.receive(reader, records(event("x", {"id": "ev-7", "name": "E"})), NOW_US)
    roles.set_tenant_scope(reader, ("t2",))
    assert _name(reader, "ev-7") is None


async def _exchange(
    url: str, database_url: str, topics: Topics, sent: list[bytes], wanted: int
) -> list[dict[str, Any]]:
    """Send events, run the follower until `wanted` changes are out; return these."""
    stop = asyncio.Event()
    follower = RegistryFollower(url, database_url, topics, SystemClock())
    running = asyncio.create_task(follower.run(stop))
    producer = AIOKafkaProducer(**client_options(url))
    consumer = AIOKafkaConsumer(topics.changes, **client_options(url), auto_offset_reset="earliest")
    await producer.start()
    await consumer.start()
    found: dict[str, dict[str, Any]] = {}
    try:
        for value in sent:
            await producer.send_and_wait(topics.customers, value)
        async with asyncio.timeout(patient(90)):
            while len(found) < wanted:
                for part in (await consumer.getmany(timeout_ms=200)).values():
                    for one in part:
                        change = json.loads(one.value or b"")
                        found[change["id"]] = change
    finally:
        stop.set()
        await producer.stop()
        await consumer.stop()
        await running
    return list(found.values())


def test_events_come_in_and_changes_go_out(
    kafka: Kafka, topic_prefix: str, registered: str
) -> None:
    topics = Topics(topic_prefix)
    create(kafka.url, topics, 4, 1, 1)
    with connect(registered) as connection:
        since = registry_events.changes_due(connection, "none", 10_000)
        assert since is not None
        registry_events.changes_published(
            connection, f"kafka:{topics.changes}", since.cursor, NOW_US
        )
        connection.commit()
    sent = [event("1", {"id": "ev-1", "name": "Anna"}), b"nonsense",
            event("1", {"id": "ev-1", "name": "Anna"})]  # fmt: skip
    (first,) = asyncio.run(_exchange(kafka.url, registered, topics, sent, 1))
    assert (first["type"], first["subject"]) == ("customer.created", "ev-1")
    assert first["data"]["name"] == "Anna" and first["tenant"] == "t1"
    more = [event("2", {"id": "ev-1", "name": "Anne"})]
    both = asyncio.run(_exchange(kafka.url, registered, topics, more, 2))
    assert [one["type"] for one in both] == ["customer.created", "customer.updated"]
    assert both[0]["id"] == first["id"], "nothing is sent under another id"
    with connect(registered) as connection:
        assert _name(connection, "ev-1") == "Anne"
        (kept,) = received_events.listed(connection, ["-"])
        whole = received_events.get(connection, ["-"], kept["number"])
    assert whole is not None and whole["body"] == b"nonsense"
