"""Choose which dead letters of a batch are kept, and which are only counted.

What is not kept, or not processed yet, is not acknowledged to its device.
"""

from contracts.partition import partition_of
from ingest.batch.ledger import ledger_key
from ingest.batch.shape import shape_of
from ingest.batch.work import Envelope, Outcome, Work
from ingest.decoding.catalogue import ROUTER
from ingest.device_state.cache import StateCache
from runtime.errors import DEFERRED, DeadLetter
from store.pipeline.dead_letter import DeadMessage
from store.pipeline.quarantine import NotKept, NotKeptKey
from store.postgres.pool import Connection


def choose(
    connection: Connection, work: Work, cache: StateCache, monotonic: float
) -> tuple[list[DeadMessage], dict[NotKeptKey, NotKept]]:
    """Return the dead letters to store, and the counts of those that are not stored.

    Reads what is kept already in the caller's transaction.
    """
    kept: list[DeadMessage] = []
    counts: dict[NotKeptKey, NotKept] = {}
    for envelope in work.envelopes:
        dead = envelope.dead
        if envelope.outcome is not Outcome.DEAD_LETTERED or dead is None:
            continue
        found = _kept(connection, envelope, dead, cache, monotonic)
        if found is None or dead.reason in DEFERRED or envelope.device is None:
            envelope.numbering = None
        if found is not None:
            kept.append(found)
        else:
            _count(counts, envelope, dead, cache)
    return kept, counts


def _kept(
    connection: Connection,
    envelope: Envelope,
    dead: DeadLetter,
    cache: StateCache,
    monotonic: float,
) -> DeadMessage | None:
    raw, device, letters = envelope.raw, envelope.device, cache.intake.kept
    size_bytes = shape = None
    if device is None:
        if not letters.take_of_nobody(connection, _address(envelope)):
            return None
        size_bytes, shape = len(raw.body), shape_of(raw.body)
    elif not letters.take(
        connection,
        device.device_id,
        device.tenant,
        len(raw.body),
        monotonic,
        deferred=dead.reason in DEFERRED,
    ):
        return None
    return DeadMessage(
        *ledger_key(envelope, cache.registry.tenants),
        raw,
        cache.partition.number,
        envelope.offset,
        dead.reason,
        dead.detail,
        partition_of(ROUTER.key_of_topic(raw.topic), cache.partition.of),
        None if device is None else device.device_id,
        envelope.due_us,
        size_bytes,
        shape,
    )


def _address(envelope: Envelope) -> tuple[str, str]:
    """Return (dialect, address) of a message; a topic that no dialect knows is its own address."""
    if envelope.route is None:
        return "-", envelope.raw.topic
    return envelope.route.dialect, envelope.route.address


def _count(
    counts: dict[NotKeptKey, NotKept], envelope: Envelope, dead: DeadLetter, cache: StateCache
) -> None:
    tenant, dialect = ledger_key(envelope, cache.registry.tenants)
    address = _address(envelope)[1]
    if envelope.device is None:
        address = cache.intake.kept.counted_as(dialect, address)
    at_us, size = envelope.raw.received_us, len(envelope.raw.body)
    key = (tenant, dialect, address, str(dead.reason))
    count = counts.get(key)
    if count is None:
        counts[key] = NotKept(1, size, at_us, at_us)
    else:
        count.messages += 1
        count.bytes += size
        count.first_us = min(count.first_us, at_us)
        count.last_us = max(count.last_us, at_us)
