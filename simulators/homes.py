"""The homes of a fleet: a meter each, its messages, and their truth."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from simulators import anomalies, encode, faults, household, meters
from simulators.cars import Output
from simulators.faults import Faults
from simulators.meters import MeterRecord, MeterTraits

PATTERN = (
    *("interval", "register", "interval", "register", "tasmota"),
    *("interval", "register", "interval", "register", "interval"),
    *("register", "interval", "register", "tasmota", "interval"),
    *("register", "interval", "register", "tasmota", "interval"),
)
"""Of twenty meters: nine interval meters, eight registers, three Tasmota readers."""

_S_US = 1_000_000
_HOUR_US = 3_600 * _S_US
_BACKLOG_ROWS = 96
"""A day of quarter hours in one message."""


@dataclass(slots=True)
class Street:
    """What all homes share."""

    tenant: str
    start_us: int
    end_us: int
    calendar: household.Calendar
    timezone: str
    faults: Faults
    tasmota_interval_s: int

    @property
    def begin_us(self) -> int:
        """Start of the calendar."""
        return int(self.calendar.t_us[0])

    @property
    def past_steps(self) -> int:
        """Calendar steps before the live time."""
        return (self.start_us - self.begin_us) // household.STEP_US


def kind_of(number: int) -> str:
    """The kind of a home's meter."""
    return PATTERN[number % len(PATTERN)]


def draw_traits(
    street: Street,
    number: int,
    seed: int,
    anomaly: str | None,
    special: str,
    rng: np.random.Generator,
) -> MeterTraits:
    """Draw a meter; `special` is '', rollover or exchange."""
    kind = kind_of(number)
    plate = f"1EMH{10_000_000 + seed % 1_000 * 10_000 + number}"
    start = float(np.round(rng.uniform(1_000.0, 60_000.0), 1))
    traits = MeterTraits(kind, plate, start)
    if kind == "interval":
        return traits
    if kind == "tasmota":
        every = street.tasmota_interval_s
        phase = int(rng.integers(0, every))
        return replace(traits, interval_s=every, phase_s=phase, resolution_kwh=0.0001)
    coarse = rng.random() < 0.15 and anomaly != "base_load_rise"
    traits = replace(traits, resolution_kwh=0.1 if coarse else 0.001)
    if special == "rollover":
        return replace(traits, digits=5, start_kwh=99_999.0 - float(rng.uniform(15.0, 40.0)))
    if special == "exchange":
        step = int(rng.uniform(0.4, 0.9) * street.past_steps) // 3 * 3
        return replace(traits, exchange_step=step, next_number=f"{plate}N")
    return traits


def make_meter(
    street: Street,
    device: str,
    address: str | None,
    traits: MeterTraits,
    kind: str | None,
    live: bool,
    rng: np.random.Generator,
) -> tuple[Output, tuple[int, str] | None]:
    """Let a home use power, read its meter, and encode what is sent.

    Parameters
    ----------
    kind : the anomaly to inject, or None; `live` puts it into the live time

    Returns
    -------
    The device's output, and (epoch µs, new meter number) if the meter was exchanged
    """
    home = household.draw_home(rng, plain=anomalies.needs_plain_home(kind))
    width = meters.steps_per_interval(traits)
    anomaly = None
    if kind is not None:
        steps = len(street.calendar.t_us)
        span = (street.past_steps + width, steps - 2 * width) if live else None
        anomaly = anomalies.place(kind, rng, street.past_steps, width, home.base_w, span)
    record = meters.record(home, street.calendar, traits, anomaly, rng)
    size = int(np.searchsorted(record.wall_us, street.end_us - _S_US))
    record = MeterRecord(record.series.part(0, size), record.wall_us[:size], record.numbers)
    out = Output(device, traits.kind, record.series, [], [])
    window = faults.offline_window(street.faults, rng, street.start_us, street.end_us)
    latency = int(rng.integers(1, 20)) * 100_000
    held = np.minimum(faults.held_back(record.wall_us + latency, window), street.end_us)
    if address is not None:
        _telegrams(street, out, record, traits, address, held)
    else:
        _readings(street, out, record, traits, held, rng)
    if anomaly is not None:
        found = anomalies.truth(anomaly, traits.kind, street.begin_us, street.end_us)
        out.anomalies.append({"device": device, "live": live, **found})
    if len(record.numbers) == 1:
        return out, None
    row, plate = record.numbers[1]
    return out, (int(record.series.t_us[row]), plate)


def _telegrams(
    street: Street,
    out: Output,
    record: MeterRecord,
    traits: MeterTraits,
    address: str,
    held: np.ndarray,
) -> None:
    hours = record.series.t_us // _HOUR_US
    distinct, index = np.unique(hours, return_inverse=True)
    offsets = [household.local_offset_us(int(h) * _HOUR_US, street.timezone) for h in distinct]
    local = np.array(offsets, dtype=np.int64)[index]
    messages = encode.tasmota_messages(
        record.series, local, street.tenant, out.device, address, traits.number
    )
    for message, due in zip(messages, held.tolist(), strict=True):
        message.due_us = due
    past = int(np.searchsorted(record.wall_us, street.start_us))
    out.history, out.live = messages[:past], messages[past:]


def _readings(
    street: Street,
    out: Output,
    record: MeterRecord,
    traits: MeterTraits,
    held: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """A day a message from the backlog, one reading a message live; no message of two meters."""
    encoding = str(rng.choice(["json", "cbor-typed", "cbor"], p=[0.8, 0.1, 0.1]))
    past = int(np.searchsorted(record.wall_us, street.start_us))
    edges = [row for row, _ in record.numbers] + [len(held)]
    for i, (first, plate) in enumerate(record.numbers):
        scalars: dict[str, Any] = {"meter_number": plate}
        if traits.kind == "interval":
            scalars["interval_s"] = float(traits.interval_s)
        end = edges[i + 1]
        middle = min(max(past, first), end)
        backlog = encode.backlog_cuts(middle - first, _BACKLOG_ROWS)
        for cuts, times, target in (
            ([(first + a, first + b) for a, b in backlog], record.wall_us, out.history),
            ([(row, row + 1) for row in range(middle, end)], held, out.live),
        ):
            target += encode.native_messages(
                record.series,
                times,
                cuts,
                street.tenant,
                out.device,
                "reading",
                1 + len(out.history) + len(out.live),
                encoding,
                scalars,
                street.start_us // 1_000_000,
            )
