"""Load the kernels before the first message comes."""

import numpy as np

from customer_context.identity.holders import Device
from ingest.decoding.fast_path.scan import SHAPES, scan
from ingest.grids import Grids
from ingest.kernels import KINDS, compute
from store.pipeline.telemetry import Samples


def warm_up() -> None:
    """Load the kernels (from the compiler's cache, or compile) before the first message comes."""
    t_us = np.arange(2, dtype=np.int64) * 1_000_000 + 1_700_000_000_000_000
    for kind in KINDS.values():
        values = np.full((2, len(kind.samples.names)), np.nan)
        samples = Samples(np.zeros(2, np.int64), t_us, t_us, values)
        device = Device(0, "-", "-", kind.name, "native", "UTC")
        compute(kind, samples, kind.initial(1), Grids.of([device]))
    for shape in SHAPES.values():
        scan([b"{}"], shape, 1)
