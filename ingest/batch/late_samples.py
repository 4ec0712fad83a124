"""Tell late samples from new ones: those at or below the device's high-water mark.

A late row is new, merged with the stored row of its instant, or a duplicate (docs/adr/0001, 0002).
"""

import numpy as np
from numpy.typing import NDArray

from feature_kernels.ragged import starts_of
from ingest.batch.work import KindWork, Tally, Work
from ingest.decoding.pack import LAYOUTS, Ordered, join_values, same_values
from ingest.device_state.cache import StateCache
from store.pipeline.reconcile import Range


def is_late(
    observed_us: NDArray[np.int64], mark_us: NDArray[np.int64], starts: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return which rows are at or below the mark of their device.

    observed_us : int64[n], in the order of devices; mark_us : int64[devices]; starts :
    int64[devices + 1], the first row of each device.
    """
    return observed_us <= np.repeat(mark_us, np.diff(starts))


def split_new_and_late(
    work: Work,
    cache: StateCache,
    kind_name: str,
    ordered: Ordered,
    existing: dict[tuple[int, int], NDArray[np.float64]],
    late: NDArray[np.bool_],
) -> None:
    """Split rows into new, late and duplicate, and count each per message.

    late : bool[n], at or below the device's high-water mark. Every row above it is certainly
    new. existing : stored values at the late rows' (device, time).
    """
    samples, layout = ordered.samples, LAYOUTS[kind_name]
    columnar = work.columnar.get(kind_name)
    tally = Tally.of(len(work.envelopes) + (0 if columnar is None else len(columnar)))
    work.tallies[kind_name] = tally
    new_row = np.ones(len(samples), np.bool_)
    changed: dict[tuple[int, int], NDArray[np.float64]] = {}
    for row in np.flatnonzero(late).tolist():
        device_id, us = int(samples.device[row]), int(samples.observed_us[row])
        message = int(ordered.message[row])
        stored = existing.get((device_id, us))
        if stored is not None:
            new_row[row] = False
            if stored.tobytes() == samples.values[row].tobytes():
                tally.duplicate[message] += 1  # the usual case; the rest takes ten times as long
                continue
            joined = join_values(stored, samples.values[row], layout)
            if same_values(joined, stored):
                tally.duplicate[message] += 1
                continue
            tally.merged[message] += 1
            changed[(device_id, us)] = joined
        span = Range(us, us)
        before = work.late.get(device_id)
        work.late[device_id] = span if before is None else before.join(span)
    new = ordered.message if new_row.all() else ordered.message[new_row]
    tally.stored[:] = np.bincount(new, minlength=tally.stored.shape[0])
    for message in ordered.merged:
        tally.merged[message] += 1
    for message in ordered.duplicate:
        tally.duplicate[message] += 1
    states = cache.states[kind_name]
    ids, _ = starts_of(samples.device)
    slots = states.slots.rows(ids)
    fresh = ~late
    work.kinds[kind_name] = KindWork(
        ordered,
        samples.take(fresh) if late.any() else samples,
        samples.take(late & new_row),
        changed,
        ids,
        slots,
        states.mark_us[slots],
        states.since_checkpoint[slots],
        ids[states.is_late(ids) | np.isin(ids, np.fromiter(work.late, np.int64))],
        ids[states.provisional[slots]].tolist(),
    )
