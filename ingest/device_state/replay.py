"""How far a device has been computed again, in memory: nothing of it is written before it is whole.

A restart begins anew, which costs seconds; a device that is half corrected would be seen.
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
    """What a part of a device's samples led to.

    until_us : everything up to here is in it; carry : float64[carry_width], after it.
    rows : the features decided in it, table by table. was_checkpoint : there is one at its end,
    that is not valid any more.
    """

    until_us: int
    carry: Floats
    samples: int
    rows: Mapping[str, Rows]
    was_checkpoint: bool


@dataclass(frozen=True, slots=True)
class Replay:
    """A device from a checkpoint on, piece by piece.

    begin_us, carry : the checkpoint. later : those after it, as they were before the late samples.
    pieces : ascending. met : after so many pieces the carry was that of a later checkpoint again,
    and the next piece begins at the newest checkpoint; None where it was not.
    """

    begin_us: int
    carry: Floats
    later: tuple[Checkpoint, ...]
    pieces: tuple[Piece, ...] = ()
    met: int | None = None

    @property
    def samples(self) -> int:
        """Samples replayed."""
        return sum(piece.samples for piece in self.pieces)

    def before(self, us: int) -> "Replay":
        """What still holds when there is another sample at `us`."""
        kept = self.pieces if self.met is None else self.pieces[: self.met]
        return replace(self, pieces=tuple(p for p in kept if p.until_us < us), met=None)
