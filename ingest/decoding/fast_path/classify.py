"""Classify a batch into columnar messages and all others.

A message becomes columnar if no step has to decide about it: its topic belongs to a registered
device, its body is plain, its times and values are possible, and consent covers all of it. Every
other message goes through the steps as an envelope.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from contracts.dialects import DEVICE_KIND, NATIVE
from contracts.partition import DIRECT, Partition
from contracts.raw import RawMessage
from ingest.decoding.catalogue import ROUTER
from ingest.decoding.fast_path.dispatch_kernel import CBOR, JSON, SNIFF
from ingest.decoding.fast_path.scan import SHAPES, scan
from ingest.decoding.pack import LAYOUTS, Packed
from ingest.decoding.times import YEAR_2000_US, rolled_over
from ingest.registry import Registry
from runtime.clock import US_PER_S
from runtime.settings import Settings
from store.pipeline.telemetry import Samples

Ints = NDArray[np.int64]

_MAX_TOPICS = 1_000_000
_MAX_TOPIC_CHARACTERS = 64 * 1024 * 1024
"""Limits of the known topics. Registered ones have far less; somebody may invent others."""

_MEDIA = {None: SNIFF, "application/json": JSON, "application/cbor": CBOR}


@dataclass(slots=True)
class Topics:
    """The devices of known topics; valid for one registry.

    earliest_us : samples from before are not taken.
    number : kind of message → topic → its row in `columns`; absent = never columnar.
    columns : kind of message → (device id, from_us, to_us of the current holder) of each topic.
    """

    registry: Registry
    earliest_us: int = YEAR_2000_US
    partition: Partition = DIRECT
    number: dict[str, dict[str, int]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    columns: dict[str, list[tuple[int, int, int]]] = field(default_factory=dict)
    arrays: dict[str, Ints] = field(default_factory=dict)
    characters: int = 0

    def __post_init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Drop all known topics."""
        self.seen.clear()
        self.characters = 0
        self.arrays.clear()
        for kind in SHAPES:
            self.number[kind], self.columns[kind] = {}, []

    def learn(self, topic: str) -> None:
        """Look up the device and the current holder of a topic."""
        self.seen.add(topic)
        self.characters += len(topic)
        found = ROUTER.route(topic)
        if found is None or found.dialect != NATIVE or found.kind not in SHAPES:
            return
        if not self.partition.holds(NATIVE, found.address):
            return
        device = self.registry.by_address.get((NATIVE, found.address))
        if device is None or device.kind != DEVICE_KIND[found.kind] or not device.holders:
            return
        # Samples from the time of an earlier holder are left to the steps.
        holder = max(device.holders, key=lambda holder: holder.from_us)
        if self.registry.consent.covers(device.tenant, holder.customer, device.kind):
            self.number[found.kind][topic] = len(self.columns[found.kind])
            self.columns[found.kind].append((device.device_id, holder.from_us, holder.to_us))

    def table(self, kind: str) -> Ints:
        """Return the columns of a kind as int64[topics, 3]."""
        known, rows = self.arrays.get(kind), self.columns[kind]
        if known is None or known.shape[0] != len(rows):
            known = self.arrays[kind] = np.array(rows, np.int64)
        return known


@dataclass(frozen=True, slots=True)
class ColumnarBatch:
    """Columnar messages of one kind of device, by device and first time: most rows are then sorted.

    position : int64[n], in the batch, the order of arrival.
    device_id, seq, run, oldest : int64[n]. size : int64[n], bytes of the body.
    first : int64[n + 1], rows of message i are first[i] to first[i + 1]; received_us : int64[n].
    observed_us : int64[rows]; values : float64[rows, columns].
    meter_numbers : meter key among the values → meter number.
    """

    position: Ints
    device_id: Ints
    size: Ints
    received_us: Ints
    first: Ints
    observed_us: Ints
    values: NDArray[np.float64]
    seq: Ints
    run: Ints
    oldest: Ints
    meter_numbers: dict[float, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return int(self.position.shape[0])

    @property
    def counts(self) -> Ints:
        """Count the rows of each message, int64[n]."""
        return np.diff(self.first)

    def where(self, keep: NDArray[np.bool_]) -> "ColumnarBatch":
        """Return the messages where `keep`, bool[n], is true."""
        rows = np.repeat(keep, self.counts)
        first = np.concatenate((np.zeros(1, np.int64), np.cumsum(self.counts[keep])))
        return ColumnarBatch(
            self.position[keep],
            self.device_id[keep],
            self.size[keep],
            self.received_us[keep],
            first,
            self.observed_us[rows],
            self.values[rows],
            self.seq[keep],
            self.run[keep],
            self.oldest[keep],
            self.meter_numbers,
        )

    def append_to(self, packed: Packed, before: int) -> Packed:
        """Append these rows to `packed`; their messages are numbered from `before` on."""
        counts = self.counts
        samples = Samples(
            np.repeat(self.device_id, counts),
            self.observed_us,
            np.repeat(self.received_us, counts),
            self.values,
        )
        message = np.repeat(np.arange(before, before + len(self)), counts)
        if not len(packed.samples):
            return Packed(samples, message)
        return Packed(packed.samples.and_then(samples), np.concatenate((packed.message, message)))


@dataclass(frozen=True, slots=True)
class Classified:
    """A classified batch; valid for this registry and this limit of too old samples.

    columnar : kind of device → its columnar messages; others : positions of all other messages.
    """

    registry: Registry
    earliest_us: int
    columnar: dict[str, ColumnarBatch]
    others: list[int]


def take(messages: Sequence[RawMessage], topics: Topics, settings: Settings) -> Classified:
    """Classify the messages of a batch."""
    if len(topics.seen) > _MAX_TOPICS or topics.characters > _MAX_TOPIC_CHARACTERS:
        topics.forget()  # more topics than devices: somebody invents topics
    for topic in {message.topic for message in messages} - topics.seen:
        topics.learn(topic)
    found: dict[str, ColumnarBatch] = {}
    rest = np.ones(len(messages), np.bool_)
    earliest_us = topics.earliest_us
    most = settings.max_body_bytes
    for kind, number in topics.number.items():
        candidates = [
            i
            for i, message in enumerate(messages)
            if message.topic in number
            and message.content_type in _MEDIA
            and len(message.body) <= most
        ]
        if candidates:
            columnar = _of_kind(messages, candidates, topics, kind, settings, earliest_us)
            rest[columnar.position] = False
            if len(columnar):
                found[DEVICE_KIND[kind]] = columnar
    return Classified(topics.registry, earliest_us, found, np.flatnonzero(rest).tolist())


def _of_kind(
    messages: Sequence[RawMessage],
    candidates: list[int],
    topics: Topics,
    kind: str,
    settings: Settings,
    earliest_us: int,
) -> ColumnarBatch:
    ours, number = [messages[i] for i in candidates], topics.number[kind]
    position = np.array(candidates, np.int64)
    entry = np.array([number[message.topic] for message in ours], np.int64)
    bodies = [message.body for message in ours]
    scanned = scan(
        bodies,
        SHAPES[kind],
        settings.max_samples_per_message,
        np.array([_MEDIA[message.content_type] for message in ours], np.uint8),
    )
    device_id, from_us, to_us = topics.table(kind)[entry].T
    received_us = np.array([message.received_us for message in ours], np.int64)
    keep = scanned.taken.copy()
    begins = scanned.first[:-1][keep]
    if begins.shape[0]:
        layout = LAYOUTS[DEVICE_KIND[kind]]
        earliest = np.minimum.reduceat(scanned.observed_us, begins)
        latest = np.maximum.reduceat(scanned.observed_us, begins)
        wrong = ((scanned.values < layout.lowest) | (scanned.values > layout.highest)).any(axis=1)
        tolerated = received_us[keep] + round(settings.clock_ahead_tolerance_s * US_PER_S)
        keep[keep] = (
            (latest <= tolerated)
            & (earliest >= np.maximum(from_us[keep], earliest_us))
            & (latest < to_us[keep])
            & ~rolled_over(earliest, received_us[keep])
            & ~np.logical_or.reduceat(wrong, begins)
        )
    kept = np.flatnonzero(keep)
    begins = scanned.first[:-1][kept]
    keys = scanned.meter_numbers
    meter_numbers = dict(keys[i] for i in kept.tolist() if i in keys) if keys else {}
    kept = kept[np.lexsort((position[kept], scanned.observed_us[begins], device_id[kept]))]
    counts = np.diff(scanned.first)[kept]
    first = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)))
    # Row r of message i is row r - first[i] of that message in `scanned`.
    rows = np.arange(first[-1]) + np.repeat(scanned.first[:-1][kept] - first[:-1], counts)
    return ColumnarBatch(
        position[kept],
        device_id[kept],
        np.fromiter(map(len, bodies), np.int64, len(bodies))[kept],
        received_us[kept],
        first,
        scanned.observed_us[rows],
        scanned.values[rows],
        scanned.seq[kept],
        scanned.run[kept],
        scanned.oldest[kept],
        meter_numbers,
    )
