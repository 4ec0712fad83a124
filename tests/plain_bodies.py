"""What the kernel that reads plain bodies has found, beside what the decoder finds."""

from pathlib import Path

import numpy as np

from contracts.raw import RawMessage
from contracts.topics import Route
from ingest.decoding.decode import decode
from ingest.decoding.decoded import Context
from ingest.decoding.fast_path.dispatch_kernel import CBOR, JSON, SNIFF
from ingest.decoding.fast_path.scan import ABSENT, SHAPES, Scanned, scan
from ingest.decoding.pack import LAYOUTS, Item, pack

EXAMPLES = Path(__file__).parents[1] / "contracts" / "examples"
MOST = 50
KIND = {"telemetry": "vehicle", "reading": "meter"}
MEDIA = {None: SNIFF, "application/json": JSON, "application/cbor": CBOR}


def read(kind: str, bodies: list[bytes], content_type: str | None) -> Scanned:
    """Scan them."""
    media = np.full(len(bodies), MEDIA[content_type], np.uint8)
    return scan(bodies, SHAPES[kind], MOST, media)


def agree(kind: str, body: bytes, content_type: str | None, found: Scanned, i: int) -> None:
    """Body `i` was taken: then the decoder reads the same."""
    route = Route("native", "t", "t/d", kind)
    raw = RawMessage("-", body, 0, content_type)
    decoded = decode(raw, route, Context("UTC", 0, MOST), 10**6)
    packed = pack([Item(0, 7, 0, decoded)], LAYOUTS[KIND[kind]])
    rows = slice(int(found.first[i]), int(found.first[i + 1]))
    assert found.observed_us[rows].tolist() == packed.samples.observed_us.tolist()
    assert found.values[rows].tobytes() == packed.samples.values.tobytes(), body
    numbers = (found.seq[i], found.run[i], found.oldest[i])
    absent = [ABSENT if value is None else value for value in (decoded.seq, decoded.oldest)]
    assert (int(numbers[0]), int(numbers[2])) == tuple(absent)
    assert decoded.run == max(int(numbers[1]), 0)
    assert (
        decoded.device is None
        and decoded.meter_number == found.meter_numbers.get(i, (0.0, None))[1]
    )


def check(kind: str, bodies: list[bytes], content_type: str | None) -> int:
    """All that are taken are read as the decoder reads them; how many that are."""
    found = read(kind, bodies, content_type)
    for i, body in enumerate(bodies):
        if found.taken[i]:
            agree(kind, body, content_type, found, i)
        else:
            assert found.first[i] == found.first[i + 1] and i not in found.meter_numbers
    return int(found.taken.sum())
