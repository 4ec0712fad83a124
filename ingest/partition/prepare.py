"""The first half of a batch: up to the samples, and what the kernels make of them."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from contracts.raw import RawMessage
from feature_kernels.ragged import starts_of
from ingest.batch import commit, steps
from ingest.batch.step_timer import Laps
from ingest.batch.work import Letter, Work
from ingest.decoding.fast_path.classify import SortedOut, take
from ingest.decoding.pack import Ordered
from ingest.device_state.cache import Memory, load_devices
from ingest.kernels import KINDS
from runtime.clock import Clock
from runtime.settings import Settings
from store.pipeline import telemetry
from store.pipeline.telemetry import Samples
from store.postgres.pool import Connection


class NotAhead(Exception):
    """This batch must wait for its turn."""


class Laying:
    """Changes nothing in memory but that devices are loaded."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._reading = threading.Lock()
        # Kernels hold no GIL: they run while the samples go to the database.
        self._kernels = ThreadPoolExecutor(1, thread_name_prefix="kernels")

    def read(self, messages: Sequence[RawMessage], memory: Memory) -> SortedOut:
        """By what is known of topics, which one thread at a time may add to."""
        with self._reading:
            return take(messages, memory.topics, self._settings)

    def work_of(
        self,
        messages: Sequence[RawMessage],
        first: int,
        sorted_out: SortedOut | None,
        memory: Memory,
    ) -> Work:
        """What is to be done for a batch; what was sorted out before counts where it still holds.

        first : offset of the first message.
        """
        found = sorted_out
        if (
            found is None
            or found.registry is not memory.registry
            or found.earliest_us != memory.topics.earliest_us
        ):
            found = self.read(messages, memory)
        letters = [Letter(messages[i], first + i, i) for i in found.others]
        return Work(letters, found.plain)

    def lay(
        self,
        connection: Connection,
        memory: Memory,
        work: Work,
        laps: Laps,
        before: Work | None = None,
    ) -> None:
        """Take work through the steps and write its samples, in the caller's transaction.

        before : it is ahead of its turn, and this batch is not committed yet; then no device is
        loaded, and `NotAhead` raised where one is to be, or where it needs what is in that batch.
        """
        laps.lap("read")
        steps.identify(work, memory)
        steps.decode_bodies(work, self._settings)
        steps.check_times(work, self._settings, memory.topics.earliest_us)
        steps.consent(work, memory)
        laps.lap("decode")
        for kind_name, ordered in steps.put_in_order(work).items():
            self._separate(connection, memory, work, kind_name, ordered, before)
        laps.lap("order")
        computing = self._kernels.submit(steps.features, work, memory)
        try:
            commit.write_samples(connection, work)
            laps.lap("copy")
        finally:
            computing.result()
        laps.lap("kernels")

    def _separate(
        self,
        connection: Connection,
        memory: Memory,
        work: Work,
        kind_name: str,
        ordered: Ordered,
        before: Work | None,
    ) -> None:
        kind, samples = KINDS[kind_name], ordered.samples
        ids, starts = starts_of(samples.device)
        states = memory.states[kind_name]
        if before is not None and states.unknown(ids).shape[0]:
            raise NotAhead
        load_devices(connection, memory, kind, ids, {}, self._clock.monotonic())
        marks = states.mark_us[states.slots.rows(ids)]
        late = samples.observed_us <= np.repeat(marks, np.diff(starts))
        existing = {}
        if late.any():
            if before is not None and _touches(before, kind_name, samples.take(late)):
                raise NotAhead  # what is stored at these times is in the batch before
            existing = telemetry.existing(
                connection, kind.samples, samples.device[late], samples.observed_us[late]
            )
        steps.separate(work, memory, kind_name, ordered, existing, late)


def _touches(before: Work, kind_name: str, late: Samples) -> bool:
    """Whether a batch has a sample at one of these (device, time)."""
    kind_work = before.kinds.get(kind_name)
    if kind_work is None:
        return False
    theirs = kind_work.ordered.samples
    here = np.isin(theirs.device, late.device)
    rows = {*zip(theirs.device[here].tolist(), theirs.observed_us[here].tolist(), strict=True)}
    return not rows.isdisjoint(zip(late.device.tolist(), late.observed_us.tolist(), strict=True))
