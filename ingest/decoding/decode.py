"""Decode a message with the decoder of its dialect."""

from contracts.raw import RawMessage
from contracts.topics import Route
from ingest.decoding.catalogue import DIALECTS
from ingest.decoding.decoded import Context, Decoded, Decoder
from runtime.errors import DeadLetter, Reason

DECODERS: dict[tuple[str, str], Decoder] = {
    (dialect.name, route.kind): route.decoder for dialect in DIALECTS for route in dialect.routes
}


def decode(message: RawMessage, route: Route, context: Context, max_body_bytes: int) -> Decoded:
    """Decode one message. Raises only `DeadLetter`."""
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
    except Exception as error:  # a bug of one decoder must not stop other messages
        raise DeadLetter(Reason.DECODER_ERROR, f"{type(error).__name__}: {error}") from error
