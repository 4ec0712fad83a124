"""Decode a message with the decoder of its dialect."""

from contracts.raw import RawMessage
from contracts.topics import Route
from ingest.decoding.catalogue import DIALECTS
from ingest.decoding.decoded import Context, Decoded, Decoder
from runtime.errors import DeadLetter, Reason

DECODERS: dict[tuple[str, str], Decoder] = {
    (dialect.name, route.kind): route.decoder for dialect in DIALECTS for route in dialect.routes
}


NUL_AT_END = "nul_at_end"
"""The warning of a body that is read without the NULs at its end."""


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
    body = without_nul(message.body, message.content_type)
    try:
        decoded = decoder(body, message.content_type, context)
    except DeadLetter:
        raise
    except Exception as error:  # a bug of one decoder must not stop other messages
        raise DeadLetter(Reason.DECODER_ERROR, f"{type(error).__name__}: {error}") from error
    if len(body) != len(message.body):
        decoded.warning = NUL_AT_END
    return decoded


def without_nul(body: bytes, content_type: str | None) -> bytes:
    """Return a JSON body without NULs at its end, which programs in C send with their texts.

    CBOR may end with 0x00, so a body whose content type or first byte is CBOR's stays.
    """
    if not body.endswith(b"\0") or (content_type is not None and "cbor" in content_type):
        return body
    return body.rstrip(b"\0") if body.lstrip()[:1] == b"{" else body
