"""`tachowatt bench late`: a car that was offline for weeks delivers while the whole service is
under load. Measures how long its correction takes, and its effect on live latency."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from proving.bench import backlog, crashes, drain
from proving.bench.stage import Plan, Stage, quantiles, stage
from runtime.clock import US_PER_S, Clock
from runtime.errors import Stop
from runtime.settings import Settings
from simulators.encode import Message
from simulators.load import Load
from store.pipeline import features, reconcile
from store.pipeline.feature_tables import TRIP
from store.postgres.pool import connect
from store.testing import bench_data

_DAY_US = 86_400 * US_PER_S
_DRIVES_A_DAY, _DRIVE_S, _BODY_S = 2, 3_600, 60
_PARKED_CARS, _PARKED_EVERY_S = 200, 900
_LOOK_EVERY_S = 0.2
_CORRECTED_WITHIN_S = 300.0
_LATENCY_RATIO = 2.0
_WARM_UP = 1 / 3


@dataclass(frozen=True, slots=True)
class Late:
    """days : offline, up to yesterday; over_s : seconds in which all messages are delivered."""

    days: int = 21
    over_s: float = 15.0


def run(
    settings: Settings, clock: Clock, plan: Plan, late: Late, progress: drain.Progress
) -> dict[str, Any]:
    """Measure; `problems` of the answer lists every failure."""
    until_us = clock.now_us() // _DAY_US * _DAY_US
    since_us = until_us - late.days * _DAY_US
    compressed = 0

    def before(database_url: str, tenant: str, others: Sequence[str]) -> None:
        """Fill these weeks with samples of standing cars; compress them where possible."""
        nonlocal compressed
        progress("making the weeks before", 0, 1)
        with connect(database_url) as connection:
            bench_data.add_parked_samples(
                connection, tenant, others, since_us, until_us, _PARKED_EVERY_S
            )
            compressed = bench_data.compress(connection, until_us)

    with stage(settings, clock, plan, progress, 1 + _PARKED_CARS, before) as on:
        car = on.others[0]
        delivery = _Delivery(on, car, late, since_us, plan.seconds / 2)
        backlog.publish(on.mqtt_url, [crashes.online(on.tenant, car, clock.now_us())])
        progress("under load", 0, 1)
        sent = on.load(delivery.look)
        on.committed(sent.messages + 1 + delivery.messages)
        delivery.finish()
        crashed = [*on.latencies(sent).values()]
        found = on.answer(plan, sent, len(crashed))
        on.service.stop()
        found |= _figures(delivery, crashed, late)
        found |= {"trips": _trips(on.database_url, car), "chunks_compressed": compressed}
        found = on.proven(plan, found, progress)
    found["problems"] += _problems(found, late)
    return found


class _Delivery:
    """Publishes the weeks of one car evenly from half of the time on; observes the correction."""

    def __init__(self, on: Stage, car: str, late: Late, since_us: int, after_s: float) -> None:
        self._on, self._late = on, late
        bodies = [*_drives(on.tenant, car, since_us, late.days)]
        self.messages = len(bodies)
        self.samples = sum(message.samples for message in bodies)
        self._bodies = bodies
        self.after_s = after_s
        self._began_s: float | None = None
        self._looked_s = 0.0
        self._thread: threading.Thread | None = None
        self.started_s = self.delivered_s = self.corrected_s = 0.0

    def look(self) -> None:
        """Start delivery when due; record when all is corrected."""
        now_s = self._on.clock.monotonic()
        if self._began_s is None:
            self._began_s = now_s
        if self._thread is None:
            if now_s - self._began_s >= self.after_s:
                self.started_s = now_s
                self._thread = threading.Thread(target=self._publish, daemon=True)
                self._thread.start()
        elif not self.corrected_s and now_s - self._looked_s >= _LOOK_EVERY_S:
            self._looked_s = now_s
            if self.delivered_s and self._corrected():
                self.corrected_s = now_s

    def finish(self) -> None:
        """Wait for the rest. Raises `Stop` if it takes too long."""
        deadline = self._on.clock.monotonic() + _CORRECTED_WITHIN_S
        while not self.corrected_s:
            if self._on.clock.monotonic() > deadline:
                raise Stop(f"not corrected within {_CORRECTED_WITHIN_S:.0f} s")
            self.look()
            threading.Event().wait(_LOOK_EVERY_S)

    def _publish(self) -> None:
        waiting, clock = threading.Event(), self._on.clock

        def paced() -> Iterator[Message]:
            for number, message in enumerate(self._bodies):
                due_s = self.started_s + number / len(self._bodies) * self._late.over_s
                if due_s > clock.monotonic():
                    waiting.wait(due_s - clock.monotonic())
                yield message

        bodies = paced()
        while part := [*islice(bodies, 20)]:  # `publish` sends messages only in groups
            backlog.publish(self._on.mqtt_url, part)
        self.delivered_s = clock.monotonic()

    def _corrected(self) -> bool:
        with connect(self._on.database_url) as connection:
            stored = bench_data.count_moving_samples(connection, self._on.others[0])
            return stored >= self.samples and not reconcile.pending(connection)


def _drives(tenant: str, car: str, since_us: int, days: int) -> Iterator[Message]:
    """Yield two hours of driving per day, one sample per second, oldest first."""
    for drive in range(days * _DRIVES_A_DAY):
        day, number = divmod(drive, _DRIVES_A_DAY)
        bodies = _DRIVE_S // _BODY_S
        load = Load(1.0, 1, bodies, tenant=tenant, samples=_BODY_S)
        load.names = [car]
        yield from load.long_messages(
            since_us + day * _DAY_US + (7 + 10 * number) * 3_600 * US_PER_S
        )


def _trips(database_url: str, car: str) -> int:
    with connect(database_url) as connection:
        device_id = bench_data.device_id(connection, car)
        return int(features.select(connection, TRIP, [device_id]).shape[0])


def _figures(
    delivery: _Delivery, crashed: Sequence[tuple[float, float]], late: Late
) -> dict[str, Any]:
    begin, end = delivery.started_s, delivery.corrected_s
    warm_s = begin - (1 - _WARM_UP) * delivery.after_s
    without = [took_s for at_s, took_s in crashed if warm_s <= at_s < begin]
    during = [took_s for at_s, took_s in crashed if begin <= at_s <= end]
    return {
        "late_days": late.days,
        "late_messages": delivery.messages,
        "late_samples": delivery.samples,
        "delivered_s": round(delivery.delivered_s - begin, 1),
        "corrected_s": round(end - begin, 1),
        "crashes_without": len(without),
        "crashes_during": len(during),
        "latency_ms_without": quantiles(without),
        "latency_ms_during": quantiles(during),
    }


def _problems(found: dict[str, Any], late: Late) -> list[str]:
    wrong = []
    if found["trips"] != late.days * _DRIVES_A_DAY:
        wrong.append(f"{found['trips']} trips of {late.days * _DRIVES_A_DAY}")
    without, during = (found[f"latency_ms_{name}"]["p95"] for name in ("without", "during"))
    if without is None or during is None:
        wrong.append("too few crashes to compare")
    elif during > _LATENCY_RATIO * without:
        wrong.append(f"p95 is {during} ms while it is corrected, and {without} ms without")
    return wrong
