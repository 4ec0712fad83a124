"""The cars of a fleet: their drives, messages and truth."""

import itertools
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simulators import encode, faults
from simulators.drive_truth import crash_truth, event_truth, trip_truth
from simulators.encode import Message
from simulators.faults import Faults
from simulators.household import local_offset_us
from simulators.manoeuvres import AGGRESSIVE, CALM, NORMAL, Style
from simulators.road import RoadNet
from simulators.sensors import Series, draw_traits, measure
from simulators.vehicle import Drive, make_drive

PATTERN = (
    ("dongle", "phone", "dongle", "obd", "dongle", "phone", "dongle", "obd", "dongle", "owntracks"),
    (
        "dongle",
        "phone",
        "dongle",
        "obd",
        "dongle",
        "phone",
        "dongle",
        "phone",
        "dongle",
        "owntracks",
    ),
)
"""Of ten cars: five dongles, two or three phones, one or two OBD loggers, one OwnTracks."""

_S_US = 1_000_000
_PARKED_US = 1_200 * _S_US
_LATENCY_US = 400_000


@dataclass(slots=True)
class Scene:
    """What all cars share."""

    net: RoadNet
    tenant: str
    timezone: str
    start_us: int
    live_s: int
    history_hours: float
    faults: Faults

    @property
    def run(self) -> int:
        """The devices' counting of messages, from this simulation on."""
        return self.start_us // _S_US

    @property
    def end_us(self) -> int:
        """End of the live time."""
        return self.start_us + self.live_s * _S_US


@dataclass(slots=True)
class Output:
    """All that one device gives."""

    device: str
    profile: str
    series: Series
    history: list[Message]
    live: list[Message]
    trips: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    crashes: list[dict[str, Any]] = field(default_factory=list)
    anomalies: list[dict[str, Any]] = field(default_factory=list)


def profile_of(number: int) -> str:
    """The sensor profile of a car."""
    return PATTERN[number // 10 % 2][number % 10]


def style_of(rng: np.random.Generator) -> Style:
    """Draw a driver."""
    return (CALM, NORMAL, AGGRESSIVE)[int(rng.choice(3, p=[0.35, 0.43, 0.22]))]


def make_car(
    scene: Scene,
    number: int,
    device: str,
    address: str | None,
    drives_live: bool,
    crash: str,
    rng: np.random.Generator,
) -> Output:
    """Let a car drive, measure it, and encode what it sends.

    Parameters
    ----------
    crash : '', 'history' (in its last drive before the live time) or 'live'
    """
    profile, style = profile_of(number), style_of(rng)
    node = int(rng.integers(0, len(scene.net.xy_m)))
    drives = _before(scene, style, rng, node, crash == "history")
    if (drives_live or crash == "live") and crash != "history":
        node = drives[-1].end_node if drives else node
        drives.append(_live(scene, style, rng, node, crash == "live"))
    traits = draw_traits(rng, profile)
    parts = [measure(drive, scene.net, profile, traits, rng) for drive in drives]
    series = _join([part for part in parts if len(part.t_us)])
    series = series.part(0, int(np.searchsorted(series.t_us, scene.end_us - _LATENCY_US)))
    wall = series.t_us.copy()
    if profile != "owntracks":
        series = Series(faults.drifted(series.t_us, scene.faults, rng), series.columns)
    out = Output(device, profile, series, [], [])
    _send(scene, out, wall, address, rng)
    for drive in drives:
        out.trips.append({"device": device, **trip_truth(drive)})
        out.events += [{"device": device, **event} for event in event_truth(drive, profile)]
        if (hit := crash_truth(drive)) is not None:
            out.crashes.append({"device": device, **hit})
    return out


def _before(
    scene: Scene, style: Style, rng: np.random.Generator, node: int, crash: bool
) -> list[Drive]:
    """Two to five drives in the hours before, by day rather than by night."""
    window = round(scene.history_hours * 3_600)
    latest = scene.start_us - 2_400 * _S_US
    if window < 5_400:
        return []
    slots = np.arange(0, window - 2_400, 900)
    first = scene.start_us - window * _S_US
    hours = (slots + (first + local_offset_us(first, scene.timezone)) // _S_US) / 3_600 % 24
    weight = np.where((hours > 6.0) & (hours < 22.0), 1.0, 0.06)
    count = max(min(int(rng.integers(2, 6)), window // 3_600), 1)
    begins = np.sort(rng.choice(slots, count, p=weight / weight.sum()) + rng.uniform(0, 900, count))
    drives: list[Drive] = []
    free = first
    for begin in begins:
        at = max(first + int(begin * 10) * 100_000, free)
        last = crash and begin == begins[-1]
        drive = make_drive(scene.net, style, rng, node, float(rng.uniform(480, 1_500)), last)
        if last:  # must take place; the drives before make room
            at = min(at, latest - drive.off_us)
            drives = [d for d in drives if d.off_us + _PARKED_US <= at]
        if at + drive.off_us > latest:
            continue
        drive.shift(at)
        drives.append(drive)
        node, free = drive.end_node, drive.off_us + _PARKED_US + int(rng.integers(0, 600)) * _S_US
    return drives


def _live(scene: Scene, style: Style, rng: np.random.Generator, node: int, crash: bool) -> Drive:
    """A drive within the live time, over early enough to be decided where that is possible."""
    target = float(rng.uniform(0.2, 0.42)) * scene.live_s
    drive = make_drive(scene.net, style, rng, node, target, crash)
    quiet = 150 if crash else 660
    earliest = min(300, scene.live_s // 12)
    latest = scene.live_s - quiet - drive.off_us // _S_US
    at = rng.uniform(earliest, latest) if latest > earliest else earliest
    drive.shift(scene.start_us + int(at * 10) * 100_000)
    return drive


def _join(parts: list[Series]) -> Series:
    if not parts:
        return Series(np.zeros(0, dtype=np.int64), {})
    names = parts[0].columns
    columns = {name: np.concatenate([part.columns[name] for part in parts]) for name in names}
    return Series(np.concatenate([part.t_us for part in parts]), columns)


def _send(
    scene: Scene, out: Output, wall: np.ndarray, address: str | None, rng: np.random.Generator
) -> None:
    """Encode a backlog before the live start, then live messages, delayed while offline."""
    window = faults.offline_window(scene.faults, rng, scene.start_us, scene.end_us)
    past = int(np.searchsorted(wall, scene.start_us))
    if address is not None:
        messages = encode.owntracks_messages(out.series, scene.tenant, out.device, address)
        due = faults.held_back(wall + _LATENCY_US, window)
        for message, at in zip(messages, due.tolist(), strict=True):
            message.due_us = at
        out.history, out.live = messages[:past], messages[past:]
        return
    encoding = str(rng.choice(["json", "cbor-typed", "cbor"], p=[0.75, 0.15, 0.10]))
    rows = int(rng.integers(60, 601))
    past_cuts = encode.backlog_cuts(past, rows)
    out.history = encode.native_messages(
        out.series,
        wall,
        past_cuts,
        scene.tenant,
        out.device,
        "telemetry",
        1,
        encoding,
        run=scene.run,
    )
    held = faults.held_back(wall + _LATENCY_US, window)
    out.live = encode.native_messages(
        out.series,
        held,
        live_cuts(wall, held, past, rows),
        scene.tenant,
        out.device,
        "telemetry",
        1 + len(past_cuts),
        encoding,
        run=scene.run,
    )


def live_cuts(wall: np.ndarray, held: np.ndarray, past: int, rows: int) -> list[tuple[int, int]]:
    """Cut rows from `past` on: small messages, but big ones out of an offline buffer."""
    cuts: list[tuple[int, int]] = []
    late = held[past:] - wall[past:] > 2 * _LATENCY_US
    edges = [past, *(past + 1 + np.flatnonzero(np.diff(late))).tolist(), len(wall)]
    for first, end in itertools.pairwise(edges):
        if end == first:
            continue
        if late[first - past]:
            part = encode.backlog_cuts(end - first, rows)
        else:
            part = encode.live_cuts(wall[first:end])
        cuts += [(first + a, first + b) for a, b in part]
    return cuts
