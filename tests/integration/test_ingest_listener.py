"""Who may hand batches to `tachowatt ingest --listen`, and what a client can cause there."""

import asyncio
import resource
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from app.cli import cli
from contracts.raw import DeviceAck, Properties, RawMessage, Receipt
from contracts.wire import (
    MOST_BYTES,
    batches_of,
    greet_as_gateway,
    pack_messages,
    pack_receipt,
    read_frame,
    unpack_messages,
    unpack_receipt,
    write_frame,
)
from gateway.remote_log import RemoteLog
from ingest.logs.tcp_listener import Listener

TOKEN = "a token of both ends"
ACK = DeviceAck("t", "d", 1, 2)
MESSAGE = RawMessage("tw/v1/t/d/telemetry", b"{}", 1)
MIB = 2**20


class Kept:
    """A log that keeps what it gets."""

    def __init__(self) -> None:
        self.messages: list[RawMessage] = []
        self.batches = 0

    async def append(self, messages: Sequence[RawMessage]) -> Receipt:
        self.messages += messages
        self.batches += 1
        return Receipt([ACK])


def with_listener(check: Callable[[Kept, int], Awaitable[None]], token: str = TOKEN) -> Kept:
    async def main() -> Kept:
        kept = Kept()
        listener = Listener(kept, "127.0.0.1", 0, token)
        await listener.start()
        try:
            await check(kept, listener.port)
        finally:
            await listener.close()
        return kept

    return asyncio.run(main())


def test_who_has_the_token_hands_over() -> None:
    async def check(kept: Kept, port: int) -> None:
        log = RemoteLog(f"tcp://127.0.0.1:{port}", TOKEN)
        assert (await log.append([MESSAGE])).acks == [ACK]
        assert (await log.append([MESSAGE] * 2)).acks == [ACK]
        await log.close()

    assert with_listener(check).messages == [MESSAGE] * 3


@pytest.mark.parametrize("token", ["", "another token, as long", TOKEN + " "])
def test_who_has_another_token_hands_over_nothing(
    token: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def check(kept: Kept, port: int) -> None:
        log = RemoteLog(f"tcp://127.0.0.1:{port}", token)
        appending = asyncio.create_task(log.append([MESSAGE]))
        while "TACHOWATT_LOG_TOKEN" not in caplog.text:
            await asyncio.sleep(0.01)
        assert "no answer from ingest" in (log.missing() or "")
        appending.cancel()
        await asyncio.gather(appending, return_exceptions=True)
        await log.close()

    assert with_listener(check).messages == []
    assert TOKEN not in caplog.text


def test_a_false_listener_gets_no_message() -> None:
    """It accepts any gateway, and cannot prove the token."""
    heard: list[bytes] = []

    async def false(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await read_frame(reader))
        write_frame(writer, bytes(64))
        heard.append(await reader.read())
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(false, "127.0.0.1", 0)
        log = RemoteLog(f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}", TOKEN)
        appending = asyncio.create_task(log.append([MESSAGE]))
        while len(heard) < 2:
            await asyncio.sleep(0.01)
        appending.cancel()
        await asyncio.gather(appending, return_exceptions=True)
        await log.close()
        server.close()

    asyncio.run(main())
    assert len(heard[0]) == 32 and heard[1] == b""


@pytest.mark.parametrize(
    "sent",
    [
        pack_messages([MESSAGE]),
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        bytes(32) + bytes(32),
    ],
)
def test_without_a_handshake_nothing_is_taken(sent: bytes) -> None:
    async def check(kept: Kept, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        write_frame(writer, sent)
        write_frame(writer, pack_messages([MESSAGE]))
        assert MESSAGE.topic.encode() not in await reader.read()
        writer.close()

    assert with_listener(check).messages == []


def test_a_proof_that_was_heard_is_worth_nothing() -> None:
    async def check(kept: Kept, port: int) -> None:
        said: list[bytes] = []

        async def between(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            there, back = await asyncio.open_connection("127.0.0.1", port)
            for source, target in ((reader, back), (there, writer)) * 2:
                frame = await read_frame(source)
                said.append(frame)
                write_frame(target, frame)
            for stream in (writer, back):
                stream.close()

        server = await asyncio.start_server(between, "127.0.0.1", 0)
        where = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", where)
        await greet_as_gateway(reader, writer, TOKEN)
        writer.close()
        server.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        write_frame(writer, said[0])
        await read_frame(reader)
        write_frame(writer, said[2])
        write_frame(writer, pack_messages([MESSAGE]))
        assert await reader.read() == b""
        writer.close()

    assert with_listener(check).messages == []


def test_a_long_frame_is_refused_before_it_is_read() -> None:
    async def check(kept: Kept, port: int) -> None:
        for length in (65, MOST_BYTES, 2**32 - 1):  # before the handshake
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(length.to_bytes(4, "big"))
            assert await reader.read() == b""
            writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await greet_as_gateway(reader, writer, TOKEN)
        writer.write((MOST_BYTES + 1).to_bytes(4, "big"))
        assert await reader.read() == b""
        writer.close()

    with_listener(check)


@pytest.mark.parametrize(
    "batch",
    [
        [["t", 2**40, 1, None]],
        [["t", 2**31, 1, None]],
        [["t", [0] * 3, 1, None]],
        [["t", "text", 1, None]],
        [[2**40, b"", 1, None]],
        [["t", b"", "1", None]],
        [["t", b"", True, None]],
        [["t", b"", 1, 7]],
        [["t", b"", 1, None, [[["a", 2**40]], None]]],
        [["t", b"", 1, None, [[["a", "b"]], "x"]]],
        [["t", b"", 1]],
        {"t": b""},
        2**40,
        None,
    ],
)
def test_a_number_is_no_body(batch: object) -> None:
    """`bytes(2**40)` would allocate a terabyte."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match="not a batch"):
        unpack_messages(cbor2.dumps(batch))
    for receipt in ([["t", "d", 1]], [["t", "d", 1, b""]], [[2**40, "d", 1, 1]], 2**40):
        with pytest.raises(ValueError, match="not a receipt"):
            unpack_receipt(cbor2.dumps(receipt))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


@given(st.binary(max_size=200))
def test_any_bytes_are_a_batch_or_refused(frame: bytes) -> None:
    for unpack in (unpack_messages, unpack_receipt):
        with suppress(ValueError):
            unpack(frame)


TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
MESSAGES = st.builds(
    RawMessage,
    TEXT,
    st.binary(max_size=50),
    st.integers(0, 2**62),
    st.none() | TEXT,
    st.none()
    | st.builds(
        Properties,
        st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple),
        st.none() | st.integers(0, 2**31),
    ),
)


@given(st.lists(MESSAGES, max_size=5))
def test_what_is_packed_is_unpacked(messages: list[RawMessage]) -> None:
    assert unpack_messages(pack_messages(messages)) == messages
    assert unpack_receipt(pack_receipt(Receipt([ACK]))).acks == [ACK]


def test_a_large_batch_goes_in_several_frames_and_in_order() -> None:
    """4,000 messages of 8 MiB may wait at a gateway; a frame has 64 MiB."""
    body = bytes(8 * MIB)
    large = [RawMessage(f"tw/v1/t/{n}/telemetry", body, n) for n in range(20)]
    parts = batches_of(large)
    assert [m for part in parts for m in part] == large and len(parts) > 2
    assert all(len(pack_messages(part)) < MOST_BYTES for part in parts)
    (cut,) = batches_of([RawMessage("t", bytes(100 * MIB), 1)])
    assert len(pack_messages(cut)) < MOST_BYTES, "nothing waits for ever"
    assert batches_of([MESSAGE] * 4_000) == [[MESSAGE] * 4_000]

    async def check(kept: Kept, port: int) -> None:
        log = RemoteLog(f"tcp://127.0.0.1:{port}", TOKEN)
        assert (await log.append(large)).acks == [ACK] * len(parts)
        await log.close()

    kept = with_listener(check)
    assert kept.messages == large and kept.batches == len(parts)


def test_beyond_this_machine_a_token_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    for host in ("0.0.0.0", "10.0.0.1", "[::]", "example.com"):
        refused = CliRunner().invoke(cli, ["ingest", "--listen", f"{host}:7331"])
        assert refused.exit_code != 0
        assert "TACHOWATT_LOG_TOKEN_FILE" in str(refused.exception)
