"""The types that every decoder takes and returns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Decoded:
    """The decoded content of one message, before any check.

    kind : telemetry, reading, event or status.
    observed_us : one per sample, microseconds since 1970 UTC.
    columns : name → one value per sample, None = not measured. Names of contracts/units.py.
    seq, run, oldest : the device's own numbering; seq is None if it does not number its messages.
    warning : what is wrong about a body that is read nevertheless.
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
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What a decoder knows besides the body.

    timezone : the device's, for dialects whose times have no offset.
    received_us : the gateway's clock when it received the message, microseconds since 1970 UTC.
    max_samples : limit of samples in one message.
    mapping : what the registry says of this device's names, by the names in `Dialect.mapping`.
    """

    timezone: str
    received_us: int
    max_samples: int
    mapping: Mapping[str, str] = field(default_factory=dict)


Decoder = Callable[[bytes, str | None, Context], Decoded]
"""Body, content type (None when absent) and context → content. Raises `DeadLetter`."""
