"""The first half of a batch: up to the samples, and what the kernels make of them."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from contracts.raw import RawMessage
from feature_kernels.ragged import starts_of
from ingest.batch import commit, steps
from ingest.batch.step_timer import StepTimer
from ingest.batch.work import Envelope, Work
from ingest.decoding.fast_path.classify import Classified, take
from ingest.decoding.pack import Ordered
from ingest.device_state.cache import StateCache, load_devices
from ingest.kernels import KINDS
from runtime.clock import Clock
from runtime.settings import Settings
from store.pipeline import telemetry
from store.pipeline.telemetry import Samples
from store.postgres.pool import Connection


class MustRunInOrder(Exception):
    """This batch must wait for its turn."""


class BatchPreparer:
    """Changes nothing in memory but that devices are loaded."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._reading = threading.Lock()
        # Kernels hold no GIL: they run while the samples go to the database.
        self._kernels = ThreadPoolExecutor(1, thread_name_prefix="kernels")

    def read(self, messages: Sequence[RawMessage], cache: StateCache) -> Classified:
        """By what is known of topics, which one thread at a time may add to."""
        with self._reading:
            return take(messages, cache.topics, self._settings)

    def work_of(
        self,
        messages: Sequence[RawMessage],
        first: int,
        classified: Classified | None,
        cache: StateCache,
    ) -> Work:
        """What is to be done for a batch; what was sorted out before counts where it still holds.

        first : offset of the first message.
        """
        found = classified
        if (
            found is None
            or found.registry is not cache.registry
            or found.earliest_us != cache.topics.earliest_us
        ):
            found = self.read(messages, cache)
        envelopes = [Envelope(messages[i], first + i, i) for i in found.others]
        return Work(envelopes, found.plain)

    def prepare(
        self,
        connection: Connection,
        cache: StateCache,
        work: Work,
        timer: StepTimer,
        before: Work | None = None,
    ) -> None:
        """Take work through the steps and write its samples, in the caller's transaction.

        before : the batch that is committing, where this one runs ahead of its turn; then no
        device is loaded, and `MustRunInOrder` is raised where one would have to be, or where this
        batch needs rows of that one.
        """
        timer.mark("read")
        steps.identify(work, cache)
        steps.decode_bodies(work, self._settings)
        steps.check_times(work, self._settings, cache.topics.earliest_us)
        steps.consent(work, cache)
        timer.mark("decode")
        for kind_name, ordered in steps.put_in_order(work).items():
            self._separate(connection, cache, work, kind_name, ordered, before)
        timer.mark("order")
        computing = self._kernels.submit(steps.features, work, cache)
        try:
            commit.write_samples(connection, work)
            timer.mark("copy")
        finally:
            computing.result()
        timer.mark("kernels")

    def _separate(
        self,
        connection: Connection,
        cache: StateCache,
        work: Work,
        kind_name: str,
        ordered: Ordered,
        before: Work | None,
    ) -> None:
        kind, samples = KINDS[kind_name], ordered.samples
        ids, starts = starts_of(samples.device)
        states = cache.states[kind_name]
        if before is not None and states.unknown(ids).shape[0]:
            raise MustRunInOrder
        load_devices(connection, cache, kind, ids, {}, self._clock.monotonic())
        marks = states.mark_us[states.slots.rows(ids)]
        late = samples.observed_us <= np.repeat(marks, np.diff(starts))
        existing = {}
        if late.any():
            if before is not None and _touches(before, kind_name, samples.take(late)):
                raise MustRunInOrder  # what is stored at these times is in the batch before
            existing = telemetry.existing(
                connection, kind.samples, samples.device[late], samples.observed_us[late]
            )
        steps.separate(work, cache, kind_name, ordered, existing, late)


def _touches(before: Work, kind_name: str, late: Samples) -> bool:
    """Whether a batch has a sample at one of these (device, time)."""
    kind_work = before.kinds.get(kind_name)
    if kind_work is None:
        return False
    theirs = kind_work.ordered.samples
    here = np.isin(theirs.device, late.device)
    rows = {*zip(theirs.device[here].tolist(), theirs.observed_us[here].tolist(), strict=True)}
    return not rows.isdisjoint(zip(late.device.tolist(), late.observed_us.tolist(), strict=True))
