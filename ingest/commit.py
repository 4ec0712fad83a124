"""One batch, one transaction: samples, features, checkpoints, books and the next offset."""

import numpy as np

from contracts.raw import DeviceAck
from ingest.books import ledger_key
from ingest.kernels import KINDS
from ingest.memory import Memory, carry_to_bytes, load_seqs
from ingest.plain.take import Plain
from ingest.work import Outcome, Work
from store import carry as checkpoints
from store import dead_letter, device_seq, features, ledger, offsets, reconcile, telemetry
from store.pool import Connection

Ledger = dict[tuple[str, str], ledger.Entry]


def write_samples(connection: Connection, work: Work) -> None:
    """Write samples; they depend on no feature, so the kernels may run meanwhile."""
    for kind_name, kind_work in work.kinds.items():
        table = KINDS[kind_name].samples
        telemetry.append(connection, table, kind_work.fresh)
        telemetry.append(connection, table, kind_work.late_new)
        telemetry.overwrite(connection, table, kind_work.changed)


def write(
    connection: Connection,
    work: Work,
    partition: int,
    checkpoint_samples: int,
    now_us: int,
    tenants: frozenset[str],
) -> None:
    """Write features, checkpoints, reconcile requests and dead letters."""
    for kind_name, kind_work in work.kinds.items():
        kind = KINDS[kind_name]
        for table in kind.features:
            if kind_work.no_longer_silent:
                features.drop_provisional(connection, table, kind_work.no_longer_silent)
            rows = kind_work.rows.get(table.name)
            if rows is not None:
                features.append(connection, table, rows)
        due = []
        for device_id, state in kind_work.states.items():
            if state.late is None and state.since_checkpoint >= checkpoint_samples:
                state.since_checkpoint = 0
                due.append(
                    checkpoints.Checkpoint(
                        device_id, state.mark_us, kind.carry_version, carry_to_bytes(state.carry)
                    )
                )
        checkpoints.save(connection, due)
    telemetry.put_meter_numbers(connection, work.meter_numbers)
    reconcile.request(connection, work.late, now_us)
    dead_letter.put(connection, _dead(work, partition, tenants))


def _dead(work: Work, partition: int, tenants: frozenset[str]) -> list[dead_letter.DeadMessage]:
    return [
        dead_letter.DeadMessage(
            *ledger_key(letter, tenants),
            letter.raw,
            partition,
            letter.offset,
            letter.dead.reason,
            letter.dead.detail,
        )
        for letter in work.letters
        if letter.outcome is Outcome.DEAD_LETTERED and letter.dead is not None
    ]


def count_seqs(
    connection: Connection, memory: Memory, work: Work
) -> dict[str, device_seq.DeviceSeq]:
    """The devices' numbering after these messages; written in the caller's transaction.

    Every outcome counts as dealt with: stored, duplicate, dead-lettered (also of a device that
    nobody registered), refused.
    """
    numbered = [
        (letter.position, letter.route.address, letter.numbering, letter.salvaged)
        for letter in work.letters
        if letter.numbering is not None and letter.route is not None
    ]
    states: dict[str, device_seq.DeviceSeq] = {}
    busy = {address for _, address, _, _ in numbered}
    for plain in work.plain.values():
        numbered += _one_by_one(connection, memory, plain, busy, states)
    numbered.sort()  # in the order of arrival: a hole must not be taken for a beginning
    load_seqs(connection, memory, busy)
    for _, address, (run, seq, oldest), salvaged in numbered:
        state = states.get(address)
        if state is None:
            known = memory.seqs.get(address)
            if salvaged and (known is None or known.run != run):
                continue  # a spoilt body may fill a hole, but not begin a counting
            state = known.copy() if known else device_seq.DeviceSeq.first(run, seq, oldest)
            states[address] = state
        if not salvaged or run == state.run:
            state.take(run, seq, oldest)
    device_seq.save(connection, states)
    return states


def _one_by_one(
    connection: Connection,
    memory: Memory,
    plain: Plain,
    busy: set[str],
    states: dict[str, device_seq.DeviceSeq],
) -> list[tuple[int, str, tuple[int, int, int | None], bool]]:
    """Count the devices whose messages follow each other and on what was known, into `states`.

    Returns the numbered messages of all others, one by one; their addresses join `busy`.
    """
    at = np.flatnonzero(plain.seq >= 0)
    at = at[np.lexsort((plain.position[at], plain.device_id[at]))]  # in the order of arrival
    if not at.shape[0]:
        return []
    seq, run = plain.seq[at], np.maximum(plain.run[at], 0)
    ids, begins = np.unique(plain.device_id[at], return_index=True)
    n = np.diff(np.append(begins, at.shape[0]))
    follows = np.ones(at.shape[0], np.bool_)
    follows[1:] = (seq[1:] == seq[:-1] + 1) & (run[1:] == run[:-1])
    follows[begins] = True
    in_a_row = np.logical_and.reduceat(follows, begins)
    addresses = []
    for device_id in ids.tolist():
        device = memory.registry.by_id[device_id]
        addresses.append(f"{device.tenant}/{device.device}")
    load_seqs(connection, memory, addresses)
    others = []
    for address, first, count, simple, first_seq, first_run in zip(
        addresses, begins.tolist(), n.tolist(), in_a_row.tolist(),
        seq[begins].tolist(), run[begins].tolist(), strict=True,
    ):  # fmt: skip
        known = memory.seqs.get(address)
        if (
            simple and known is not None and address not in busy and not known.ahead
            and known.run == first_run and known.through == first_seq - 1
        ):  # fmt: skip
            states[address] = device_seq.DeviceSeq(first_run, first_seq + count - 1)
            continue
        busy.add(address)
        for i in at[first : first + count].tolist():
            oldest = int(plain.oldest[i])
            numbering = (
                max(int(plain.run[i]), 0),
                int(plain.seq[i]),
                oldest if oldest >= 0 else None,
            )
            others.append((int(plain.position[i]), address, numbering, False))
    return others


def acks_of(states: dict[str, device_seq.DeviceSeq]) -> list[DeviceAck]:
    """What to tell the devices once the transaction is committed."""
    acks = []
    for address, state in sorted(states.items()):
        tenant, _, device = address.partition("/")
        if state.through >= 0:
            acks.append(DeviceAck(tenant, device, state.run, state.through))
    return acks


def book(connection: Connection, entries: Ledger, partition: int, first: int, n: int) -> None:
    """Add to the ledger and move the offset by compare-and-set; raises `Fenced`."""
    ledger.add(connection, entries)
    offsets.advance(connection, partition, first, first + n)
