"""The load of `tachowatt fault`: simulated fleets in turn, and probes that check the whole path.

Both record what was acknowledged to devices as stored.
"""

import asyncio
import json
from collections import defaultdict
from contextlib import suppress
from datetime import datetime
from typing import Any

import cbor2

from app.demo.receiver import SIDES, DemoReceiver
from app.operations import registry_import as registry_files
from runtime.calibration import known_slowness
from runtime.clock import US_PER_S, Clock
from runtime.errors import Retry
from runtime.secret_box import SecretBox
from simulators.encode import CBOR, JSON, Message, iso, topic
from simulators.faults import DEMO
from simulators.fleet import Fleet
from simulators.load import Load
from simulators.publisher import Publisher
from store.casework import receivers
from store.postgres.pool import connect, translated

CARS, METERS = 16, 20
_LIVE_S = 4 * 3_600
_AT_ONCE = 16
_RESEND_AFTER_S = 1.0
_PROBES = 12
_AGAIN_S = 0.5
_PROBE_TENANT = "probe"

Device = tuple[str, str]


class Sent:
    """Samples that devices have sent and that the store must have once all are acknowledged.

    times : (tenant, device) → microseconds of its samples.
    """

    def __init__(self) -> None:
        self.times: dict[Device, set[int]] = defaultdict(set)
        self.messages = 0
        self.refused: set[Device] = set()

    def note(self, message: Message, _: float) -> None:
        """Record a message (hook of the publisher)."""
        self.messages += 1
        device = (message.tenant, message.device)
        sample = message.topic.endswith(("/telemetry", "/reading"))
        if message.seq is None or message.fault not in ("", "duplicate") or not sample:
            return
        if device not in self.refused:
            self.times[device].update(_times_us(message))


def _times_us(message: Message) -> list[int]:
    """Return the instants of a native body, decoded without the code under test."""
    body: dict[str, Any]
    if message.content_type == CBOR:
        body = cbor2.loads(message.payload())  # typed arrays stay tags: none are times
    else:
        body = json.loads(message.payload())
    t0_us = round(datetime.fromisoformat(body["t0"]).timestamp() * 1_000) * 1_000
    return [t0_us + round(ms * 1_000) for ms in body.get("dt_ms", [0])]


class Fleets:
    """Publishes at `rate` messages/s until `finish` ends the current fleet."""

    def __init__(
        self,
        database_url: str,
        box: SecretBox,
        receiver: DemoReceiver,
        clock: Clock,
        seed: int,
        rate: float,
    ) -> None:
        self._database_url = database_url
        self._box = box
        self._receiver = receiver
        self._clock = clock
        self._seed, self._rate = seed, rate
        self._secrets: dict[str, list[str]] = {side: [] for side in SIDES}
        self._finish = False
        self._recent: list[Message] = []
        self.sent = Sent()
        self.tenants: list[str] = []
        self.task: asyncio.Task[None] | None = None
        self.publisher: Publisher | None = None

    def start(self, publisher: Publisher) -> None:
        """Start with a new fleet."""
        self.publisher = publisher
        self._finish = False
        self.task = asyncio.create_task(self._run(publisher), name="fleets")

    async def finish(self) -> None:
        """Publish the rest of the fleet as fast as it is accepted.

        A device with unsent messages can never get its last acknowledgement.
        """
        self._finish = True
        if self.task is not None:
            await self.task
            self.task = None

    async def again(self, most: int) -> None:
        """Resend the latest messages: duplicates, acknowledged or not."""
        assert self.publisher is not None
        await self.publisher.run(iter(self._recent[-most:]))

    async def _run(self, publisher: Publisher) -> None:
        while not self._finish:
            fleet = await self._next()
            messages = sorted([*fleet.history, *fleet.live], key=lambda m: m.due_us)
            publisher.expect(messages)
            begin = self._clock.monotonic()
            for i in range(0, len(messages), _AT_ONCE):
                part = messages[i : i + _AT_ONCE]
                await publisher.run(iter(part))
                self._recent = [*self._recent[-1_000:], *part]
                if not self._finish:
                    begin += len(part) / self._rate
                    pause = begin - self._clock.monotonic()
                    begin = max(begin, self._clock.monotonic())  # delayed messages are not sped up
                    await asyncio.sleep(max(pause, 0.0))

    async def _next(self) -> Fleet:
        """Make a fleet and register it as soon as the database answers."""
        fleet = await asyncio.to_thread(self._make, len(self.tenants))
        self.sent.refused |= {(fleet.tenant, device) for device in fleet.truth["refused_devices"]}
        for register in (self._register, self._add_receivers):
            while True:
                try:
                    await asyncio.to_thread(register, fleet)
                    break
                except Retry:
                    await asyncio.sleep(_AGAIN_S)
        self.tenants.append(fleet.tenant)
        return fleet

    def _make(self, number: int) -> Fleet:
        fleet = Fleet(
            CARS,
            METERS,
            self._seed + number,
            start=self._clock.now_us() - _LIVE_S * US_PER_S,
            history_days=2,
            drive_history_hours=4,
            live_s=_LIVE_S,
            tenant=f"fault-{number}",
            faults=DEMO,
            crashes=4,
            live_crashes=2,
            anomaly_share=0.4,
            tasmota_interval_s=3_600,
        )
        _rename_foreign(fleet)
        return fleet

    def _register(self, fleet: Fleet) -> None:
        valid = registry_files.validate(fleet.registry, "fleet")
        registry_files.write(self._database_url, valid, self._clock.now_us())

    def _add_receivers(self, fleet: Fleet) -> None:
        """Register our receiver for webhooks of both sides and give it the secrets."""
        now_us = self._clock.now_us()
        with translated(), connect(self._database_url) as connection:
            for side in SIDES:
                url = f"{self._receiver.url}/{side}"
                secret = receivers.add(connection, self._box, fleet.tenant, side, side, url, now_us)
                self._secrets[side].append(secret)
                self._receiver.trust(side, *self._secrets[side])
            connection.commit()


def _rename_foreign(fleet: Fleet) -> None:
    """Prefix foreign addresses, which have no tenant, with the name of the fleet."""
    new: list[str] = []
    for row in fleet.registry["devices"]:
        if row["dialect"] != "native":
            row["address"] = f"{fleet.tenant}-{row['address']}"
            new.append(row["address"])
    for message in (*fleet.history, *fleet.live):
        for address in new:
            old = address.removeprefix(f"{fleet.tenant}-")
            if not message.topic.startswith("tw/") and f"/{old}" in message.topic:
                message.topic = message.topic.replace(f"/{old}", f"/{address}", 1)
                break


class Probes:
    """Devices that send one message each and wait for all end-to-end acknowledgements. There are
    enough of them to reach every partition."""

    def __init__(self, database_url: str, clock: Clock, sent: Sent) -> None:
        self._clock = clock
        self._load = Load(1.0, _PROBES, 1.0, tenant=_PROBE_TENANT)
        self._sent = sent
        now_us = clock.now_us()
        self._run = now_us // US_PER_S
        self._seq = 0
        valid = registry_files.validate(self._load.registry(now_us), "probe")
        registry_files.write(database_url, valid, now_us)

    def publisher(self, url: str) -> Publisher:
        """Return their connection."""
        return Publisher(
            url,
            self._clock,
            tenant=_PROBE_TENANT,
            client_id="tachowatt-fault-probe",
            resend_after_s=_RESEND_AFTER_S,
            first_sent=self._sent.note,
        )

    async def ask(self, publisher: Publisher, within_s: float) -> bool:
        """Send one message per device; return whether all were acknowledged in time."""
        self._seq += 1
        now_us = self._clock.now_us() // 1_000 * 1_000
        messages = [self._message(device, now_us) for device in self._load.names]
        most_s = within_s * known_slowness(self._clock)
        with suppress(TimeoutError):
            async with asyncio.timeout(most_s):
                await publisher.run(messages)
            return await publisher.drain(most_s)
        return False

    def _message(self, device: str, now_us: int) -> Message:
        body = {"dt_ms": [0], "speed_kmh": [0.0], "lat_deg": [52.2], "lon_deg": [10.5]}
        head = f'"v":1,"run":{self._run},"seq":{self._seq},"t0":"{iso(now_us)}",'
        tail = head + json.dumps(body, separators=(",", ":"))[1:]
        where = topic(_PROBE_TENANT, device, "telemetry")
        return Message(
            now_us, where, tail.encode(), _PROBE_TENANT, device, JSON, self._seq, self._run, 1
        )


def fleet_publisher(url: str, clock: Clock, sent: Sent) -> Publisher:
    """Return the connection of all fleets' devices."""
    return Publisher(
        url,
        clock,
        client_id="tachowatt-fault-fleet",
        max_unacked=4_000,
        resend_after_s=_RESEND_AFTER_S,
        first_sent=sent.note,
    )
