"""What every dialect decodes to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(slots=True)
class Decoded:
    """One message's content, before anything was decided about it.

    kind : telemetry, reading, event or status.
    observed_us : one a sample, microseconds since 1970 UTC.
    columns : name → one value a sample, None = not measured. Names of contracts/units.py.
    seq, run, oldest : the device's own numbering, None when it does not number.
    """

    kind: str
    observed_us: Sequence[int]
    columns: dict[str, Sequence[float | None]]
    seq: int | None = None
    run: int = 0
    oldest: int | None = None
    device: str | None = None
    meter_number: str | None = None
    event_kind: str = ""
    event_json: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """What a decoder may know beside the body.

    timezone : the device's, for dialects whose times have no offset.
    received_us : the gateway's clock when the message came.
    """

    timezone: str
    received_us: int
    max_samples: int


Decoder = Callable[[bytes, str | None, Context], Decoded]
"""Body, content type (None when absent) and context → content. Raises `DeadLetter`."""
