"""The protocol between gateway and ingest in two processes: CBOR frames over one TCP connection.

A frame is a length (uint32, big-endian) and a CBOR array. The gateway sends
``[[topic, body, received_us, content_type], …]`` and receives ``[[tenant, device, run, seq], …]``
when the batch is committed. A message with further properties has a fifth item,
``[user, expiry_s]``. One batch is in flight at a time, so batches have no numbers.

First both ends prove that they have the same token, without sending it: the gateway sends a nonce,
the listener a nonce with its proof, the gateway its proof; a proof is an HMAC of both nonces. An
empty token is a token too. Frames are not encrypted: beyond one machine use a network of your own,
or Kafka with TLS.
"""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import Any, TypeVar

import cbor2

from contracts.raw import DeviceAck, Properties, RawMessage, Receipt

T = TypeVar("T")

MOST_BYTES = 64 * 2**20
"""A longer frame is refused. Batches are cut so that they stay below it (`batches_of`)."""

_BATCH_BYTES = 32 * 2**20
_NONCE_BYTES = 32
_HANDSHAKE_BYTES = 2 * _NONCE_BYTES
_HANDSHAKE_S = 10.0
_MESSAGE_BYTES = 64
"""Room for what CBOR adds to a message."""


class TokenRefused(ConnectionError):
    """The other end has another token."""


async def greet_as_gateway(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, token: str
) -> None:
    """Prove the token to a listener, and have it prove its own. Raises `TokenRefused`."""
    ours = secrets.token_bytes(_NONCE_BYTES)
    write_frame(writer, ours)
    async with asyncio.timeout(_HANDSHAKE_S):
        answer = await read_frame(reader, _HANDSHAKE_BYTES)
        theirs, proof = answer[:_NONCE_BYTES], answer[_NONCE_BYTES:]
        if not hmac.compare_digest(proof, _proof(token, b"listener", ours, theirs)):
            raise TokenRefused("its token is another one (TACHOWATT_LOG_TOKEN)")
        write_frame(writer, _proof(token, b"gateway", ours, theirs))
        if await read_frame(reader, _HANDSHAKE_BYTES):
            raise TokenRefused("it refuses our token (TACHOWATT_LOG_TOKEN)")


async def greet_as_listener(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, token: str
) -> None:
    """Prove the token to a gateway, and have it prove its own.

    Raises `TokenRefused`; ValueError where the client is none of ours; TimeoutError.
    """
    async with asyncio.timeout(_HANDSHAKE_S):
        theirs = await read_frame(reader, _HANDSHAKE_BYTES)
        if len(theirs) != _NONCE_BYTES:
            raise ValueError("it does not begin with a nonce")
        ours = secrets.token_bytes(_NONCE_BYTES)
        write_frame(writer, ours + _proof(token, b"listener", theirs, ours))
        proof = await read_frame(reader, _HANDSHAKE_BYTES)
        if not hmac.compare_digest(proof, _proof(token, b"gateway", theirs, ours)):
            raise TokenRefused("its token is another one (TACHOWATT_LOG_TOKEN)")
        write_frame(writer, b"")


def _proof(token: str, end: bytes, gateway: bytes, listener: bytes) -> bytes:
    return hmac.new(token.encode(), end + gateway + listener, hashlib.sha256).digest()


async def read_frame(reader: asyncio.StreamReader, most: int = MOST_BYTES) -> bytes:
    """Read a frame of at most `most` bytes.

    Raises asyncio.IncompleteReadError at the end, ValueError on a frame that is too long.
    """
    length = int.from_bytes(await reader.readexactly(4), "big")
    if length > most:
        raise ValueError(f"a frame of {length} bytes")
    return await reader.readexactly(length)


def write_frame(writer: asyncio.StreamWriter, frame: bytes) -> None:
    """Write a frame into the writer's buffer."""
    writer.write(len(frame).to_bytes(4, "big") + frame)


def pack_messages(messages: Sequence[RawMessage]) -> bytes:
    """Encode a batch as a frame."""
    return bytes(cbor2.dumps([m[:4] if m.properties is None else tuple(m) for m in messages]))


def batches_of(messages: Sequence[RawMessage]) -> list[Sequence[RawMessage]]:
    """Cut a batch so that each part fits into a frame; usually there is one part.

    A body that is longer than a frame is cut off: ingest dead-letters it as too large in any case.
    """
    parts: list[Sequence[RawMessage]] = []
    first = size = 0
    if any(len(message.body) > _BATCH_BYTES for message in messages):
        messages = [m._replace(body=m.body[:_BATCH_BYTES]) for m in messages]
    for at, message in enumerate(messages):
        user = () if message.properties is None else message.properties.user
        texts = [message.topic, message.content_type or "", *(t for pair in user for t in pair)]
        more = len(message.body) + sum(4 * len(text) + 8 for text in texts) + _MESSAGE_BYTES
        if size and size + more > _BATCH_BYTES:
            parts.append(messages[first:at])
            first, size = at, 0
        size += more
    return [*parts, messages[first:]]


def unpack_messages(frame: bytes) -> list[RawMessage]:
    """Decode a frame into a batch. Raises ValueError.

    No value is converted: `bytes(n)` of a number would allocate n bytes.
    """
    try:
        return [
            RawMessage(
                _is(topic, str),
                _is(body, bytes),
                _is(received_us, int),
                None if content_type is None else _is(content_type, str),
                _properties(*more[0]) if more else None,
            )
            for topic, body, received_us, content_type, *more in cbor2.loads(frame)
        ]
    except (cbor2.CBORDecodeError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"not a batch: {error}") from error


def _properties(user: Sequence[tuple[str, str]], expiry_s: int | None) -> Properties:
    pairs = tuple((_is(name, str), _is(value, str)) for name, value in user)
    return Properties(pairs, None if expiry_s is None else _is(expiry_s, int))


def _is(value: Any, kind: type[T]) -> T:
    if type(value) is not kind:
        raise TypeError(f"{type(value).__name__} where {kind.__name__} was expected")
    return value


def pack_receipt(receipt: Receipt) -> bytes:
    """Encode a receipt as a frame."""
    return bytes(cbor2.dumps([[a.tenant, a.device, a.run, a.seq] for a in receipt.acks]))


def unpack_receipt(frame: bytes) -> Receipt:
    """Decode a frame into a receipt. Raises ValueError."""
    try:
        return Receipt(
            [
                DeviceAck(_is(tenant, str), _is(device, str), _is(run, int), _is(seq, int))
                for tenant, device, run, seq in cbor2.loads(frame)
            ]
        )
    except (cbor2.CBORDecodeError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"not a receipt: {error}") from error
