"""Commit a batch in one transaction: samples, features, checkpoints, ledger and next offset."""

from dataclasses import dataclass

import numpy as np

from contracts.raw import DeviceAck
from feature_kernels.ragged import starts_of
from ingest.batch import keep
from ingest.batch.work import KindWork, Work
from ingest.decoding.fast_path.classify import ColumnarBatch
from ingest.device_state.arrays import Ints, Late, States
from ingest.device_state.cache import StateCache, carry_to_bytes
from ingest.kernels import KINDS, Kind
from ingest.registry import Registry
from runtime.settings import Settings
from store.pipeline import carry as checkpoints
from store.pipeline import (
    dead_letter,
    device_seq,
    features,
    ledger,
    offsets,
    quarantine,
    reconcile,
    telemetry,
)
from store.postgres.pool import Connection

Ledger = dict[tuple[str, str], ledger.Entry]


def write_samples(connection: Connection, work: Work) -> None:
    """Write samples. They depend on no feature, so the kernels may run at the same time."""
    for kind_name, kind_work in work.kinds.items():
        table = KINDS[kind_name].samples
        telemetry.append(connection, table, kind_work.fresh, above_marks=True)
        telemetry.append(connection, table, kind_work.late_new)
        telemetry.overwrite(connection, table, kind_work.changed)


def checkpoints_due(
    cache: StateCache, work: Work, settings: Settings
) -> list[checkpoints.Checkpoint]:
    """Select the checkpoints to write with this batch. Call it before `apply_to_cache`."""
    found = []
    for kind_name, kind_work in work.kinds.items():
        found += _due(KINDS[kind_name], cache.states[kind_name], kind_work, settings)
    return found


def write(
    connection: Connection,
    cache: StateCache,
    work: Work,
    due: list[checkpoints.Checkpoint],
    now_us: int,
    monotonic: float,
) -> None:
    """Write features, checkpoints, reconcile requests and dead letters.

    Dead letters above a quota are only counted, and lose their numbers (`keep.choose`).
    """
    for kind_name, kind_work in work.kinds.items():
        kind = KINDS[kind_name]
        for table in kind.features:
            if kind_work.no_longer_silent:
                features.drop_provisional(connection, table, kind_work.no_longer_silent)
            rows = kind_work.rows.get(table.name)
            if rows is not None:
                features.append(connection, table, rows)
    checkpoints.save(connection, due)
    telemetry.put_meter_numbers(connection, work.meter_numbers)
    reconcile.request(connection, work.late, now_us)
    kept, counts = keep.choose(connection, work, cache, monotonic)
    dead_letter.put(connection, kept)
    quarantine.count_not_kept(connection, counts)


def _due(
    kind: Kind, states: States, work: KindWork, settings: Settings
) -> list[checkpoints.Checkpoint]:
    """Select the checkpoints of one kind of device to write with this batch.

    A carry is a cache, so the number per batch is limited: thousands of devices that started
    together would all be due at once. Those left out are due again with their next message.
    """
    due = np.flatnonzero(work.since_checkpoint >= settings.checkpoint_samples)
    due = due[~np.isin(work.ids[due], work.waiting)]
    if due.shape[0] > settings.checkpoints_per_batch:
        longest = np.argsort(-work.since_checkpoint[due], kind="stable")
        due = due[longest[: settings.checkpoints_per_batch]]
    work.since_checkpoint[due] = 0
    carries = states.carry[work.slots[due]]
    if work.carry is not None:
        now = np.full(work.ids.shape[0], -1)
        now[work.computed] = np.arange(work.computed.shape[0])
        here = now[due] >= 0
        carries[here] = work.carry[now[due][here]]
    return [
        checkpoints.Checkpoint(device_id, mark_us, kind.carry_version, carry_to_bytes(carry))
        for device_id, mark_us, carry in zip(
            work.ids[due].tolist(), work.mark_us[due].tolist(), carries, strict=True
        )
    ]


@dataclass(frozen=True, slots=True)
class Counted:
    """The sequence numbers of devices after a batch.

    ids, run, through : int64[n], devices whose messages were consecutive, and continued what was
    known. others : tenant/device → state of every other device.
    """

    ids: Ints
    run: Ints
    through: Ints
    others: dict[str, device_seq.DeviceSeq]


def count_seqs(connection: Connection, cache: StateCache, work: Work) -> Counted:
    """Count the devices' sequence numbers and write them, in the caller's transaction.

    What is stored, a duplicate, refused or kept as a dead letter counts as processed. What is
    deferred, not kept, or of an unregistered device does not: its device sends it again.
    """
    numbered = [
        (envelope.position, envelope.route.address, envelope.numbering, envelope.salvaged)
        for envelope in work.envelopes
        if envelope.numbering is not None and envelope.route is not None
    ]
    busy = {address for _, address, _, _ in numbered}
    simple = []
    for columnar in work.columnar.values():
        found, others = _consecutive(connection, cache, columnar, busy)
        simple.append(found)
        numbered += others
    # In order of arrival, so that a message behind a hole is not counted as the first one.
    numbered.sort(key=lambda message: message[0])
    cache.seqs.load(connection, cache.registry, {address for _, address, _, _ in numbered})
    states: dict[str, device_seq.DeviceSeq] = {}
    for _, address, (run, seq, oldest), salvaged in numbered:
        state = states.get(address)
        if state is None:
            known = cache.seqs.get(address)
            if salvaged and (known is None or known.run != run):
                continue  # a salvaged number may fill a hole, but not start a sequence
            state = known or device_seq.DeviceSeq.first(run, seq, oldest)
            states[address] = state
        if not salvaged or run == state.run:
            state.take(run, seq, oldest)
    ids, run_of, through = np.concatenate((np.empty((3, 0), np.int64), *simple), axis=1)
    native = cache.registry.native
    device_seq.advance(
        connection, [native[d] for d in ids.tolist()], run_of.tolist(), through.tolist()
    )
    device_seq.save(connection, states)
    return Counted(ids, run_of, through, states)


_Numbered = list[tuple[int, str, tuple[int, int, int | None], bool]]


def _consecutive(
    connection: Connection, cache: StateCache, columnar: ColumnarBatch, busy: set[str]
) -> tuple[Ints, _Numbered]:
    """Return (device, run, through), int64[3, n], of devices whose messages are consecutive and
    continue what was known; and the numbered messages of all other devices, one by one.

    busy : addresses of devices that also have numbered envelopes in this batch.
    """
    at = np.flatnonzero(columnar.seq >= 0)
    at = at[np.lexsort((columnar.position[at], columnar.device_id[at]))]  # in order of arrival
    seq, run = columnar.seq[at], np.maximum(columnar.run[at], 0)
    ids, starts = starts_of(columnar.device_id[at])
    begins, ends = starts[:-1], starts[1:] - 1
    follows = np.ones(at.shape[0], np.bool_)
    follows[1:] = (seq[1:] == seq[:-1] + 1) & (run[1:] == run[:-1])
    follows[begins] = True
    follows &= columnar.oldest[at] <= seq  # otherwise the device reports that it dropped messages
    native = cache.registry.native
    cache.seqs.load(connection, cache.registry, [native[d] for d in ids.tolist()])
    simple = cache.seqs.follows(ids, run[begins], seq[begins])
    if ids.shape[0]:
        simple &= np.logical_and.reduceat(follows, begins)
    if busy:
        simple &= np.array([native[d] not in busy for d in ids.tolist()], np.bool_)
    others: _Numbered = []
    for i in at[np.repeat(~simple, np.diff(starts))].tolist():
        oldest = int(columnar.oldest[i])
        numbering = (
            max(int(columnar.run[i]), 0),
            int(columnar.seq[i]),
            oldest if oldest >= 0 else None,
        )
        others.append(
            (int(columnar.position[i]), native[int(columnar.device_id[i])], numbering, False)
        )
    ends = ends[simple]
    return np.stack((ids[simple], run[ends], seq[ends])), others


def acks_of(counted: Counted, registry: Registry) -> list[DeviceAck]:
    """Make the acknowledgements to send to devices after the transaction is committed."""
    by_id = registry.by_id
    acks = [
        DeviceAck(device.tenant, device.device, run, through)
        for device, run, through in zip(
            [by_id[d] for d in counted.ids.tolist()],
            counted.run.tolist(),
            counted.through.tolist(),
            strict=True,
        )
    ]
    for address, state in counted.others.items():
        tenant, _, device = address.partition("/")
        if state.through >= 0:
            acks.append(DeviceAck(tenant, device, state.run, state.through))
    return acks


def apply_to_cache(cache: StateCache, work: Work, monotonic: float) -> None:
    """Write the devices' states after this batch to the cache.

    This happens before the commit, so that the next batch can be prepared during it; if the commit
    fails, the whole cache is dropped.
    """
    if work.levels is not None:
        cache.intake.devices.put(work.levels)
    if work.tenant_levels is not None:
        cache.intake.tenants.put(work.tenant_levels)
    for kind_name, kind_work in work.kinds.items():
        states, slots = cache.states[kind_name], kind_work.slots
        states.mark_us[slots] = kind_work.mark_us
        states.since_checkpoint[slots] = kind_work.since_checkpoint
        states.heard[slots] = monotonic
        states.provisional[slots] = False
        if kind_work.carry is not None:
            states.carry[slots[kind_work.computed]] = kind_work.carry
        for device_id in kind_work.waiting.tolist():
            span = work.late.get(device_id)
            if span is not None:
                late = states.late.get(device_id)
                states.late[device_id] = (
                    Late.of(span, monotonic) if late is None else late.join(span, monotonic)
                )


def cache_sequence_numbers(cache: StateCache, counted: Counted) -> None:
    """Write committed sequence numbers to the cache."""
    cache.seqs.put_all(counted.ids, counted.run, counted.through)
    for address, state in counted.others.items():
        cache.seqs.put(address, state)


def write_ledger(
    connection: Connection, entries: Ledger, partition: int, first: int, n: int
) -> None:
    """Add to the ledger and advance the offset by compare-and-set. Raises `Fenced`."""
    ledger.add(connection, entries, partition)
    offsets.advance(connection, partition, first, first + n)
