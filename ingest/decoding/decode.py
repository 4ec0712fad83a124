"""Which decoder reads which message."""

from collections.abc import Callable

from contracts.raw import RawMessage
from contracts.topics import Route
from ingest.decoding.decoded import Context, Decoded
from ingest.decoding.dialects.native import (
    decode_event,
    decode_reading,
    decode_status,
    decode_telemetry,
)
from ingest.decoding.dialects.owntracks import decode_location
from ingest.decoding.dialects.tasmota import decode_sensor
from runtime.errors import DeadLetter, Reason

Decoder = Callable[[bytes, str | None, Context], Decoded]

DECODERS: dict[tuple[str, str], Decoder] = {
    ("native", "telemetry"): decode_telemetry,
    ("native", "reading"): decode_reading,
    ("native", "event"): decode_event,
    ("native", "status"): decode_status,
    ("owntracks", "telemetry"): decode_location,
    ("tasmota", "reading"): decode_sensor,
}


def decode(message: RawMessage, route: Route, context: Context, max_body_bytes: int) -> Decoded:
    """Decode one message. Raises `DeadLetter`, and nothing else."""
    if len(message.body) > max_body_bytes:
        raise DeadLetter(
            Reason.TOO_LARGE, f"{len(message.body)} bytes; at most {max_body_bytes} are read"
        )
    decoder = DECODERS.get((route.dialect, route.kind))
    if decoder is None:
        raise DeadLetter(
            Reason.DECODER_ERROR,
            f"no decoder for {route.kind!r:.60} of dialect {route.dialect!r:.60}",
        )
    try:
        return decoder(message.body, message.content_type, context)
    except DeadLetter:
        raise
    except Exception as error:  # a decoder's own bug must not stop the others' messages
        raise DeadLetter(Reason.DECODER_ERROR, f"{type(error).__name__}: {error}") from error
