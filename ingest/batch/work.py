"""A batch in process: its messages, as envelopes or columns, and the results of the steps."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from contracts.raw import RawMessage
from contracts.topics import Route
from customer_context.identity.holders import Device
from ingest.decoding.decoded import Decoded
from ingest.decoding.fast_path.classify import ColumnarBatch
from ingest.decoding.pack import Ordered
from ingest.device_state.arrays import Ints
from ingest.device_state.rates import Levels
from runtime.errors import DeadLetter
from store.pipeline.device_events import DeviceEventRow
from store.pipeline.features import Rows
from store.pipeline.reconcile import Range
from store.pipeline.stopped_sources import Source
from store.pipeline.telemetry import Samples
from store.postgres.pool import Unstorable

# Errors of Python and of PostgreSQL that an unexpected value can cause in a step.
DATA_ERRORS = (ValueError, TypeError, ArithmeticError, LookupError, Unstorable)


class Outcome(StrEnum):
    """The outcome of a message. Each message has exactly one."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    DEAD_LETTERED = "dead_lettered"
    REFUSED = "refused"
    IGNORED = "ignored"


@dataclass(slots=True)
class Envelope:
    """One message that the fast path did not take, and the results of the steps for it.

    position : in its batch; numbering : (run, seq, oldest); salvaged : the numbering comes from a
    body that cannot be decoded. refused_samples : rows that no consent covers.
    due_us : when a deferred message is processed by itself. warning : what is wrong about a message
    that is read nevertheless.
    """

    raw: RawMessage
    offset: int
    position: int = 0
    route: Route | None = None
    device: Device | None = None
    decoded: Decoded | None = None
    dead: DeadLetter | None = None
    outcome: Outcome | None = None
    numbering: tuple[int, int, int | None] | None = None
    salvaged: bool = False
    due_us: int | None = None
    warning: str | None = None
    samples: int = 0
    stored: int = 0
    merged: int = 0
    duplicate: int = 0
    refused_samples: int = 0

    def dead_letter_as(self, dead: DeadLetter) -> None:
        """Mark it as dead-lettered, for this reason."""
        self.dead, self.outcome, self.decoded = dead, Outcome.DEAD_LETTERED, None


@dataclass(slots=True)
class KindWork:
    """The samples of one kind of device in this batch, and the states they lead to.

    fresh : samples above the high-water marks; late_new : late samples that are new; changed :
    (device, µs) → float64[columns], stored samples with joined values.
    ids : int64[d], its devices, ascending; slots : int64[d], their rows in the states.
    mark_us, since_checkpoint : int64[d], after this batch.
    waiting : int64[], the devices that wait to be reconciled, or will after this batch.
    computed : int64[c], positions in `ids` of devices whose features were computed; carry :
    float64[c, width], after them. rows : feature table → its new rows.
    """

    ordered: Ordered
    fresh: Samples
    late_new: Samples
    changed: dict[tuple[int, int], NDArray[np.float64]]
    ids: Ints
    slots: Ints
    mark_us: Ints
    since_checkpoint: Ints
    waiting: Ints
    no_longer_silent: list[int]
    computed: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    carry: NDArray[np.float64] | None = None
    rows: dict[str, Rows] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of the rows of each message for one kind of device: envelopes, then columnar messages.

    stored, merged, duplicate : int64[messages].
    """

    stored: NDArray[np.int64]
    merged: NDArray[np.int64]
    duplicate: NDArray[np.int64]

    @classmethod
    def of(cls, messages: int) -> "Tally":
        """Make a tally with all counts zero."""
        stored, merged, duplicate = np.zeros((3, messages), np.int64)
        return cls(stored, merged, duplicate)

    @property
    def added(self) -> NDArray[np.bool_]:
        """True for messages that added something."""
        return np.asarray(self.stored + self.merged > 0)


@dataclass(slots=True)
class Work:
    """A batch and the results of its steps.

    envelopes : messages that the fast path did not take.
    columnar : kind of device → messages that need no decision (ingest/decoding/fast_path).
    late : device → the range of its late samples.
    events : (number of the envelope, row) of device events.
    messages, first : the whole batch, and the offset of its first message; no messages where those
    of the envelopes are processed again.
    levels, tenant_levels : of the senders after this batch; probes : stopped source → positions of
    its messages that are processed nevertheless.
    """

    envelopes: list[Envelope]
    columnar: dict[str, ColumnarBatch] = field(default_factory=dict)
    tallies: dict[str, Tally] = field(default_factory=dict)
    kinds: dict[str, KindWork] = field(default_factory=dict)
    late: dict[int, Range] = field(default_factory=dict)
    events: list[tuple[int, DeviceEventRow]] = field(default_factory=list)
    meter_numbers: dict[float, str] = field(default_factory=dict)
    messages: Sequence[RawMessage] = ()
    first: int = 0
    levels: Levels | None = None
    tenant_levels: Levels | None = None
    probes: dict[Source, frozenset[int]] = field(default_factory=dict)
