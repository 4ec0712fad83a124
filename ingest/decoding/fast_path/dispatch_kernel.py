"""The kernel that reads plain bodies, JSON or CBOR."""

import numpy as np
from numpy.typing import NDArray

from feature_kernels.kernel import kernel
from ingest.decoding.fast_path.cbor_kernel import count_cbor, read_cbor
from ingest.decoding.fast_path.json_kernel import count_json, read_json

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]

JSON, CBOR, SNIFF = 0, 1, 2
"""Format of a body by its content type; SNIFF = no content type, so the first byte decides."""


@kernel
def _is_cbor(data, at, end, media):
    if media != SNIFF:
        return media == CBOR
    return at < end and (0xA0 <= data[at] <= 0xBF or data[at] == 0xD9)


@kernel
def count_rows(
    data: Bytes, starts: Ints, media: NDArray[np.uint8], most: int, counts: Ints
) -> None:
    """Count the rows that each body seems to have, 0 beyond `most`; `read_bodies` verifies it."""
    for i in range(starts.shape[0] - 1):
        at, end = starts[i], starts[i + 1]
        if _is_cbor(data, at, end, media[i]):
            rows = count_cbor(data, at, end)
        else:
            rows = count_json(data, at, end)
        counts[i] = rows if rows <= most else 0


@kernel
def read_bodies(
    data: Bytes,
    starts: Ints,
    media: NDArray[np.uint8],
    first: Ints,
    keys: NDArray[np.uint8],
    lengths: Ints,
    integers: NDArray[np.bool_],
    interval: int,
    observed_us: Ints,
    bits: NDArray[np.uint64],
    numbers: Ints,
    meter_numbers: Ints,
    taken: NDArray[np.bool_],
) -> None:
    """Read body i, data[starts[i]:starts[i + 1]], into rows first[i] to first[i + 1].

    media : uint8[n], JSON, CBOR or SNIFF.
    keys, lengths, integers, interval : of `ingest.decoding.fast_path.scan.Shape`.
    bits : uint64[rows, columns], the bits of the float64 values, NaN before the call; numbers :
    int64[3, n], seq, run and oldest; meter_numbers : int64[2, n], begin and end of the meter number
    in `data`; taken : bool[n], False = not plain, and what was written for the body is invalid.
    """
    for i in range(taken.shape[0]):
        at, end, rows = starts[i], starts[i + 1], first[i + 1] - first[i]
        if _is_cbor(data, at, end, media[i]):
            taken[i] = read_cbor(
                data, at, end, first[i], rows, keys, lengths, integers, interval, observed_us,
                bits, numbers, meter_numbers, i,
            )  # fmt: skip
        else:
            taken[i] = read_json(
                data, at, end, first[i], rows, keys, lengths, integers, interval, observed_us,
                bits, numbers, meter_numbers, i,
            )  # fmt: skip
