"""The contracts: examples on both sides, generated schemas, topics."""

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import contracts
from contracts import generate, topics
from contracts.contacts import WEBHOOKS
from contracts.dialects import NATIVE
from contracts.raw import DeviceAck, RawMessage, Receipt
from contracts.telemetry import MESSAGES, Ack
from contracts.units import METER_COLUMNS, VEHICLE_COLUMNS
from contracts.wire import pack_messages, pack_receipt, unpack_messages, unpack_receipt
from ingest.decoding.catalogue import DIALECTS, ROUTER
from ingest.decoding.decode import DECODERS
from ingest.decoding.decoded import Context

EXAMPLES = sorted((Path(contracts.__file__).parent / "examples").glob("*/v1/*.json"))
FOREIGN = {
    name.split("/")[0]: (dialect.name, route.kind)
    for dialect in DIALECTS
    if dialect.name != NATIVE
    for route in dialect.routes
    for name in route.examples
}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: f"{p.parts[-3]}-{p.stem}")
def test_every_example_is_used(path: Path) -> None:
    """An example that belongs to no message or decoder fails here: nothing lies about unused."""
    name, body = path.parts[-3], path.read_bytes().strip()
    context = Context("Europe/Berlin", 1_795_255_300_000_000, 10_000)
    if name in FOREIGN:
        decoded = DECODERS[FOREIGN[name]](body, None, context)
        assert decoded.observed_us and decoded.columns
        return
    if name.startswith("webhook."):
        WEBHOOKS[name.removeprefix("webhook.")].model_validate_json(body)
        return
    MESSAGES[name].model_validate_json(body)
    if name != "ack":
        assert DECODERS[("native", name)](body, None, context).observed_us


def test_every_message_has_an_example() -> None:
    assert {path.parts[-3] for path in EXAMPLES} == (
        set(MESSAGES) | set(FOREIGN) | {f"webhook.{type_}" for type_ in WEBHOOKS}
    )


def test_a_broken_example_is_refused() -> None:
    with pytest.raises(ValidationError):
        MESSAGES["telemetry"].model_validate_json(b'{"v":1,"t0":0,"speed_mph":[1]}')


def test_schemas_are_up_to_date_and_the_check_bites(tmp_path: Path) -> None:
    assert generate.differing() == []
    generate.write(tmp_path)
    assert generate.differing(tmp_path) == []
    (tmp_path / "ack.v1.json").write_text("{}")
    assert generate.differing(tmp_path) == ["ack.v1.json"]


def test_columns_of_the_schema_are_those_of_the_units() -> None:
    fields = MESSAGES["telemetry"].model_fields
    assert [n for n in fields if n in {c.name for c in VEHICLE_COLUMNS}] == [
        c.name for c in VEHICLE_COLUMNS
    ]
    reading = {n for n in MESSAGES["reading"].model_fields}
    assert {c.name for c in METER_COLUMNS} - reading == {"meter_key"}


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        ("tw/v1/t/d/telemetry", ("native", "t", "t/d", "telemetry")),
        ("tw/v1/t/d/status", ("native", "t", "t/d", "status")),
        ("owntracks/jane/phone", ("owntracks", "", "jane/phone", "telemetry")),
        ("tele/cellar/SENSOR", ("tasmota", "", "cellar", "reading")),
        ("tw/v1/t/d/ack", None),
        ("tw/v2/t/d/telemetry", None),
        ("tw/v1//d/telemetry", None),
        ("owntracks/jane/phone/event", None),
        ("", None),
    ],
)
def test_routes(topic: str, expected: tuple[str, ...] | None) -> None:
    found = ROUTER.route(topic)
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert (found.dialect, found.tenant, found.address, found.kind) == expected


def test_ack() -> None:
    ack = DeviceAck("t", "d", 2, 17)
    assert topics.ack_topic(ack) == "tw/v1/t/d/ack"
    assert Ack.model_validate_json(topics.ack_body(ack)) == Ack(v=1, run=2, seq=17)
    assert json.loads(topics.ack_body(ack))["seq"] == 17


@given(
    st.lists(
        st.builds(
            RawMessage,
            st.text(max_size=20),
            st.binary(max_size=50),
            st.integers(0, 2**53),
            st.none() | st.text(max_size=10),
        )
    ),
    st.lists(
        st.builds(
            DeviceAck,
            st.text(max_size=8),
            st.text(max_size=8),
            st.integers(0, 2**53),
            st.integers(0, 2**53),
        )
    ),
)
def test_wire_round_trip(messages: list[RawMessage], acks: list[DeviceAck]) -> None:
    assert unpack_messages(pack_messages(messages)) == messages
    assert unpack_receipt(pack_receipt(Receipt(acks))).acks == acks


@given(st.binary(max_size=40))
def test_wire_refuses_rubbish_with_one_error(frame: bytes) -> None:
    for unpack in (unpack_messages, unpack_receipt):
        with contextlib.suppress(ValueError):
            unpack(frame)
