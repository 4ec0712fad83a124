"""The progress of a replay, in memory only: it is written when it is complete.

After a restart a replay begins again, which costs seconds. Otherwise readers would see a device
that is half corrected.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from store.pipeline.carry import Checkpoint
from store.pipeline.features import Rows

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Piece:
    """The result of a part of a device's samples.

    until_us : the last instant it covers; carry : float64[carry_width], after it.
    samples : how many were replayed. rows : the features decided in it, by table. was_checkpoint :
    an old checkpoint, no longer valid, is at its end.
    """

    until_us: int
    carry: Floats
    samples: int
    rows: Mapping[str, Rows]
    was_checkpoint: bool


@dataclass(frozen=True, slots=True)
class Replay:
    """The replay of a device from a checkpoint, in pieces.

    begin_us, carry : the checkpoint. later : the checkpoints after it, from before the late
    samples. pieces : ascending. met : number of pieces after which the carry was equivalent to a
    later checkpoint, so that the next piece begins at the newest one; None = not yet.
    """

    begin_us: int
    carry: Floats
    later: tuple[Checkpoint, ...]
    pieces: tuple[Piece, ...] = ()
    met: int | None = None

    @property
    def samples(self) -> int:
        """Count the samples replayed."""
        return sum(piece.samples for piece in self.pieces)

    def before(self, us: int) -> "Replay":
        """Keep the pieces that remain valid when a sample at `us` is added."""
        kept = self.pieces if self.met is None else self.pieces[: self.met]
        return replace(self, pieces=tuple(p for p in kept if p.until_us < us), met=None)
