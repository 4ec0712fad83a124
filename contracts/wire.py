"""The protocol between gateway and ingest in two processes: CBOR frames over one TCP connection.

A frame is a length (uint32, big-endian) and a CBOR array. The gateway sends
``[[topic, body, received_us, content_type], …]`` and receives ``[[tenant, device, run, seq], …]``
when the batch is committed. A message with further properties has a fifth item,
``[user, expiry_s]``. One batch is in flight at a time, so batches have no numbers.
"""

import asyncio
from collections.abc import Sequence

import cbor2

from contracts.raw import DeviceAck, Properties, RawMessage, Receipt

MOST_BYTES = 1 << 30


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    """Read a frame.

    Raises asyncio.IncompleteReadError at the end, ValueError on a frame that is too long.
    """
    length = int.from_bytes(await reader.readexactly(4), "big")
    if length > MOST_BYTES:
        raise ValueError(f"a frame of {length} bytes")
    return await reader.readexactly(length)


def write_frame(writer: asyncio.StreamWriter, frame: bytes) -> None:
    """Write a frame into the writer's buffer."""
    writer.write(len(frame).to_bytes(4, "big") + frame)


def pack_messages(messages: Sequence[RawMessage]) -> bytes:
    """Encode a batch as a frame."""
    return bytes(cbor2.dumps([m[:4] if m.properties is None else tuple(m) for m in messages]))


def unpack_messages(frame: bytes) -> list[RawMessage]:
    """Decode a frame into a batch. Raises ValueError."""
    try:
        return [
            RawMessage(
                str(topic),
                bytes(body),
                int(received_us),
                content_type,
                _properties(*more[0]) if more else None,
            )
            for topic, body, received_us, content_type, *more in cbor2.loads(frame)
        ]
    except (cbor2.CBORDecodeError, TypeError) as error:
        raise ValueError(f"not a batch: {error}") from error


def _properties(user: Sequence[tuple[str, str]], expiry_s: int | None) -> Properties:
    return Properties(tuple((str(name), str(value)) for name, value in user), expiry_s)


def pack_receipt(receipt: Receipt) -> bytes:
    """Encode a receipt as a frame."""
    return bytes(cbor2.dumps([[a.tenant, a.device, a.run, a.seq] for a in receipt.acks]))


def unpack_receipt(frame: bytes) -> Receipt:
    """Decode a frame into a receipt. Raises ValueError."""
    try:
        return Receipt([DeviceAck(*ack) for ack in cbor2.loads(frame)])
    except (cbor2.CBORDecodeError, TypeError) as error:
        raise ValueError(f"not a receipt: {error}") from error
