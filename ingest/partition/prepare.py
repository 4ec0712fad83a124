"""The first half of a batch: decode, order, write the samples and compute the features."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from contracts.raw import RawMessage
from feature_kernels.ragged import starts_of
from ingest.batch import commit, late_samples, limits, steps
from ingest.batch.step_timer import StepTimer
from ingest.batch.work import Envelope, Work
from ingest.decoding.fast_path.classify import Classified, take
from ingest.decoding.pack import Ordered
from ingest.device_state.cache import StateCache, load_devices
from ingest.kernels import KINDS
from runtime.clock import Clock, thread_cpu_s
from runtime.metrics import Metrics
from runtime.settings import Settings
from store.pipeline import telemetry
from store.pipeline.telemetry import Samples
from store.postgres.pool import Connection


class MustRunInOrder(Exception):
    """The batch cannot be prepared early: it needs the batch before it to be committed."""


class BatchPreparer:
    """Does not modify `StateCache`, except to load the states of devices not yet cached."""

    def __init__(self, settings: Settings, clock: Clock, metrics: Metrics) -> None:
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self._reading = threading.Lock()
        # Kernels hold no GIL: they run while the samples go to the database.
        self._kernels = ThreadPoolExecutor(1, thread_name_prefix="kernels")

    def read(self, messages: Sequence[RawMessage], cache: StateCache) -> Classified:
        """Classify a batch by its topics; one thread at a time, because it may add new topics."""
        with self._reading:
            began_s = thread_cpu_s()
            for topic in {message.topic for message in messages} - cache.topics.seen:
                cache.topics.learn(topic)
            identified_s = thread_cpu_s()
            found = take(messages, cache.topics, self._settings)
            of_step = self._metrics.step_cpu_seconds.labels
            of_step("identify").inc(identified_s - began_s)
            of_step("classify").inc(thread_cpu_s() - identified_s)
            return found

    def work_of(
        self,
        messages: Sequence[RawMessage],
        first: int,
        classified: Classified | None,
        cache: StateCache,
    ) -> Work:
        """Make the `Work` of a batch, from `classified` unless the registry or the limit of too old
        samples has changed since.

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
        # A copy, because `limits.defer` changes it, and the batch may be processed again.
        return Work(envelopes, dict(found.columnar), messages=messages, first=first)

    def prepare(
        self,
        connection: Connection,
        cache: StateCache,
        work: Work,
        timer: StepTimer,
        previous: Work | None = None,
    ) -> None:
        """Take work through the steps and write its samples, in the caller's transaction.

        previous : the batch that is being committed, if this one is prepared early. Then no device
        is loaded. Raises `MustRunInOrder` if a device would have to be loaded, or if this batch
        needs rows of `previous`.
        """
        timer.mark("read", cpu=False)  # `read` has counted its own
        steps.identify(work, cache)
        timer.mark("identify")
        limits.defer(work, cache)
        timer.mark("limits")
        steps.decode_bodies(work, self._settings)
        steps.check_times(work, self._settings, cache.topics.earliest_us)
        timer.mark("decode")
        steps.consent(work, cache)
        timer.mark("consent")
        for kind_name, ordered in steps.sort_and_join(work).items():
            self._split_new_and_late(connection, cache, work, kind_name, ordered, previous)
        timer.mark("order")
        computing = self._kernels.submit(self._compute, work, cache, timer)
        try:
            commit.write_samples(connection, work)
            timer.mark("copy")
        finally:
            computing.result()
        timer.mark("kernels")

    @staticmethod
    def _compute(work: Work, cache: StateCache, timer: StepTimer) -> None:
        began_s = thread_cpu_s()
        steps.features(work, cache)
        timer.add_cpu("kernels", thread_cpu_s() - began_s)

    def _split_new_and_late(
        self,
        connection: Connection,
        cache: StateCache,
        work: Work,
        kind_name: str,
        ordered: Ordered,
        previous: Work | None,
    ) -> None:
        kind, samples = KINDS[kind_name], ordered.samples
        ids, starts = starts_of(samples.device)
        states = cache.states[kind_name]
        if previous is not None and states.unknown(ids).shape[0]:
            raise MustRunInOrder
        load_devices(connection, cache, kind, ids, {}, self._clock.monotonic())
        marks = states.mark_us[states.slots.rows(ids)]
        late = late_samples.is_late(samples.observed_us, marks, starts)
        existing = {}
        if late.any():
            if previous is not None and _overlaps(previous, kind_name, samples.take(late)):
                raise MustRunInOrder  # the previous batch writes samples at these times
            existing = telemetry.existing(
                connection, kind.samples, samples.device[late], samples.observed_us[late]
            )
        late_samples.split_new_and_late(work, cache, kind_name, ordered, existing, late)


def _overlaps(previous: Work, kind_name: str, late: Samples) -> bool:
    """Return whether `previous` has a sample at one of these (device, time)."""
    kind_work = previous.kinds.get(kind_name)
    if kind_work is None:
        return False
    theirs = kind_work.ordered.samples
    here = np.isin(theirs.device, late.device)
    rows = {*zip(theirs.device[here].tolist(), theirs.observed_us[here].tolist(), strict=True)}
    return not rows.isdisjoint(zip(late.device.tolist(), late.observed_us.tolist(), strict=True))
