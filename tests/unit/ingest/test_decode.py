"""Decoders: facts and traps of each dialect; whatever comes in, a reason comes out."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import cbor2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.raw import RawMessage
from contracts.topics import Route
from ingest.decoding.catalogue import ROUTER
from ingest.decoding.decode import DECODERS, decode
from ingest.decoding.decoded import Context, Decoded
from ingest.decoding.dialects.native import decode_event, decode_telemetry, salvage_numbering
from ingest.decoding.dialects.owntracks import decode_location
from ingest.decoding.dialects.tasmota import decode_sensor
from ingest.decoding.times import local_time
from runtime.errors import DeadLetter, Reason

CONTEXT = Context("Europe/Berlin", 1_795_255_300_000_000, 10_000)


def us(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp()) * 1_000_000


def reason_of(call) -> Reason:
    with pytest.raises(DeadLetter) as caught:
        call()
    return caught.value.reason


def test_json_and_cbor_say_the_same() -> None:
    body = {"v": 1, "seq": 3, "t0": "2026-11-21T10:00:00Z", "dt_ms": [0, 500, 1000]}
    speeds = [1.5, None, 2.25]
    typed = cbor2.CBORTag(86, np.array([1.5, np.nan, 2.25], "<f8").tobytes())
    expected = decode_telemetry(json.dumps({**body, "speed_kmh": speeds}).encode(), None, CONTEXT)
    for encoded in (
        cbor2.dumps({**body, "speed_kmh": speeds}),
        cbor2.dumps({**body, "speed_kmh": typed}),
        cbor2.dumps({**body, "t0": datetime(2026, 11, 21, 10, tzinfo=UTC), "speed_kmh": typed}),
    ):
        assert decode_telemetry(encoded, "application/cbor", CONTEXT) == expected
        assert decode_telemetry(encoded, None, CONTEXT) == expected, "sniffed"


def test_owntracks_leaves_out_what_is_zero_or_not_measured() -> None:
    decoded = decode_location(
        b'{"_type":"location","lat":1,"lon":2,"tst":1497476456}', None, CONTEXT
    )
    assert decoded.observed_us == [1_497_476_456_000_000]
    assert decoded.columns["speed_kmh"] == [None]
    assert decoded.columns["altitude_m"] == [None]
    said = b'{"_type":"location","lat":1,"lon":2,"tst":1,"vel":0}'
    assert decode_location(said, None, CONTEXT).columns["speed_kmh"] == [0.0]
    unknown = b'{"_type":"location","lat":1,"lon":2,"tst":1,"vel":-1,"cog":-1}'
    decoded = decode_location(unknown, None, CONTEXT)
    assert decoded.columns["speed_kmh"] == [None]
    assert decoded.columns["heading_deg"] == [None]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"_type":"encrypted","data":"x"}', Reason.ENCRYPTED),
        (b'{"_type":"waypoint"}', Reason.UNSUPPORTED_TYPE),
        (b'{"_type":"location","lat":1,"lon":2}', Reason.MISSING_FIELD),
        (b'{"_type":"location","tst":5}', Reason.MISSING_FIELD),
        (b'{"_type":"location","lat":"1","lon":2,"tst":5}', Reason.WRONG_TYPE),
        (b'{"_type":"location","lat":true,"lon":2,"tst":5}', Reason.WRONG_TYPE),
        (b'{"_type":"location","lat":NaN,"lon":2,"tst":5}', Reason.NOT_FINITE),
        (b'{"_type":"location","lat":1e999,"lon":2,"tst":5}', Reason.NOT_FINITE),
        (b'{"_type":"location","lat":1,"lon":2,"tst":1e300}', Reason.BAD_TIME),
        (b"[1]", Reason.NOT_AN_OBJECT),
        (b"\xff", Reason.NOT_UTF8),
        (b"{" * 100, Reason.TOO_DEEP),
        (b'{"tid":"' + b"]" * 100 + b'","a":' + b"[" * 100, Reason.TOO_DEEP),
        (b'{"a":', Reason.NOT_JSON),
    ],
)
def test_owntracks_refuses(body: bytes, reason: Reason) -> None:
    assert reason_of(lambda: decode_location(body, None, CONTEXT)) == reason


def test_brackets_within_a_text_are_no_nesting() -> None:
    body = b'{"_type":"location","lat":1,"lon":2,"tst":5,"tid":"' + b"[{" * 40 + b'\\"["}'
    assert decode_location(body, None, CONTEXT).observed_us == [5_000_000]


def test_tasmota_time_is_local_and_names_are_the_users() -> None:
    body = b'{"Time":"2026-07-07T13:01:11","MT175":{"E_in":12.5,"Power":-894,"Meter_id":"0a01"}}'
    decoded = decode_sensor(body, None, CONTEXT)
    assert decoded.observed_us == [us("2026-07-07T13:01:11+02:00")]
    assert decoded.columns == {"register_kwh": [12.5], "power_w": [-894.0]}
    assert decoded.meter_number == "0a01"
    assert reason_of(
        lambda: decode_sensor(b'{"Time":"x","SML":{"Total_in":1}}', None, CONTEXT)
    ) == (Reason.BAD_TIME)
    assert reason_of(lambda: decode_sensor(b'{"Time":"2026-07-07T13:01:11"}', None, CONTEXT)) == (
        Reason.MISSING_FIELD
    )


TWO_METERS = {"Haus": {"Total_in": 1000, "P": 7}, "Heizung": {"Total_in": 5000.1}}


def tasmota(objects: dict[str, Any], **mapping: str) -> Decoded | DeadLetter:
    body = json.dumps({"Time": "2026-07-07T13:01:11", **objects}).encode()
    try:
        return decode_sensor(body, None, replace(CONTEXT, mapping=mapping))
    except DeadLetter as dead:
        return dead


def test_a_tasmota_with_two_meters_is_refused_until_the_registry_says_which() -> None:
    refused = tasmota(TWO_METERS)
    assert isinstance(refused, DeadLetter) and refused.reason is Reason.AMBIGUOUS
    assert "Haus has P, Total_in; Heizung has Total_in" in refused.detail
    heating = tasmota(TWO_METERS, object="Heizung")
    assert isinstance(heating, Decoded) and heating.columns == {"register_kwh": [5000.1]}
    house = tasmota(TWO_METERS, object="Haus", power_w="P")
    assert isinstance(house, Decoded)
    assert house.columns == {"register_kwh": [1000.0], "power_w": [7.0]}


def test_a_tasmotas_register_comes_before_a_voltage() -> None:
    found = tasmota({"PZEM": {"Volt_p1": 230}, "SML": {"Total_in": 777.7, "Power_curr": 5}})
    assert isinstance(found, Decoded)
    assert found.columns == {"register_kwh": [777.7], "power_w": [5.0]}


@pytest.mark.parametrize("name", ["Total_Summe", "Power_total_in", "Tariflos"])
def test_a_tasmotas_power_hides_no_register_of_another_name(name: str) -> None:
    refused = tasmota({"SML": {name: 4711.5, "Power_curr": 5}})
    assert isinstance(refused, DeadLetter) and refused.reason is Reason.MISSING_FIELD
    assert name in refused.detail and "mapping" in refused.detail
    found = tasmota({"SML": {name: 4711.5, "Power_curr": 5}}, register_kwh=name)
    assert isinstance(found, Decoded)
    assert found.columns == {"register_kwh": [4711.5], "power_w": [5.0]}


def test_a_tasmota_that_has_only_power_is_read() -> None:
    found = tasmota({"SML": {"Power_curr": 5, "Meter_number": "0a01"}})
    assert isinstance(found, Decoded) and found.columns == {"power_w": [5.0]}


def test_a_mapping_that_fits_nothing_says_what_there_is() -> None:
    for mapping in ({"object": "Keller"}, {"register_kwh": "Energie"}):
        refused = tasmota(TWO_METERS, **mapping)
        assert isinstance(refused, DeadLetter) and refused.reason is Reason.MISSING_FIELD
        assert "Haus has P, Total_in; Heizung has Total_in" in refused.detail
    assert isinstance(tasmota(TWO_METERS, register_kwh="Total_in"), DeadLetter)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (b'"\\u0000"', Reason.WRONG_TYPE),
        (b'"0a\\ud800"', Reason.WRONG_TYPE),
        (b'"\\u001b[2J"', Reason.WRONG_TYPE),
        (b'{"a":1}', Reason.WRONG_TYPE),
        (b"true", Reason.WRONG_TYPE),
        (b"4711", "4711"),
        (b"null", None),
    ],
)
def test_a_tasmotas_meter_number_is_text_that_can_be_kept(
    number: bytes, said: Reason | str | None
) -> None:
    body = b'{"Time":"2026-07-07T13:01:11","SML":{"Total_in":1,"Meter_number":' + number + b"}}"
    if isinstance(said, Reason):
        assert reason_of(lambda: decode_sensor(body, None, CONTEXT)) == said
    else:
        assert decode_sensor(body, None, CONTEXT).meter_number == said


def test_the_repeated_hour_of_autumn() -> None:
    wall = "2026-10-25T02:30:00"
    first, second = us("2026-10-25T02:30:00+02:00"), us("2026-10-25T02:30:00+01:00")
    assert local_time(wall, "Europe/Berlin", first + 5_000_000) == first
    assert local_time(wall, "Europe/Berlin", second + 5_000_000) == second


def test_numbering_of_a_spoilt_body_is_salvaged() -> None:
    assert salvage_numbering(b'{"v":1,"run":4,"seq": 12,"speed_k":"x"}') == (4, 12)
    assert salvage_numbering(b'{"v":1,"detail":{"seq":3},"seq":2,"kind":"BAD"}') == (0, 2)
    assert salvage_numbering(b'{"v":1,"run":4,"seq": 12,"speed_k') is None, "not a whole object"
    assert salvage_numbering(b'{"seq":99999999999999999999}') is None
    assert salvage_numbering(cbor2.dumps({"v": 1, "seq": 7})) == (0, 7)
    assert salvage_numbering(b' \r\n{"v":1,"run":4,"seq": 12,"speed_k":"x"}') == (4, 12)
    assert salvage_numbering(b"\xa2aseq") is None
    assert salvage_numbering(b"") is None


TOPICS = {
    ("native", "telemetry"): "tw/v1/t/d/telemetry",
    ("native", "reading"): "tw/v1/t/d/reading",
    ("native", "event"): "tw/v1/t/d/event",
    ("native", "status"): "tw/v1/t/d/status",
    ("owntracks", "telemetry"): "owntracks/u/d",
    ("tasmota", "reading"): "tele/x/SENSOR",
}

SEEDS = [
    b'{"v":1,"seq":17,"t0":"2026-11-21T10:00:00Z","dt_ms":[0,1],"speed_kmh":[52.1,null]}',
    b'{"v":1,"t0":1795255200000,"register_kwh":[1.5],"meter_number":"N"}',
    b'{"v":1,"at":1795255200000,"kind":"boot","detail":{"a":1}}',
    b'{"_type":"location","lat":48.8,"lon":2.2,"tst":1497476456,"vel":54}',
    b'{"Time":"2022-07-07T13:01:11","SML":{"Total_in":34507.4761}}',
    cbor2.dumps({"v": 1, "t0": 1, "speed_kmh": cbor2.CBORTag(86, b"\0" * 16), "dt_ms": [0, 1]}),
]


@given(
    key=st.sampled_from(sorted(TOPICS)),
    body=st.binary(max_size=80)
    | st.tuples(st.sampled_from(SEEDS), st.integers(0, 80), st.binary(max_size=4)).map(
        lambda m: m[0][: m[1]] + m[2] + m[0][m[1] + len(m[2]) :]
    ),
    content_type=st.sampled_from([None, "application/json", "application/cbor"]),
)
def test_any_body_decodes_or_has_a_reason(
    key: tuple[str, str], body: bytes, content_type: str | None
) -> None:
    message = RawMessage(TOPICS[key], body, CONTEXT.received_us, content_type)
    found = ROUTER.route(message.topic)
    assert found is not None and (found.dialect, found.kind) == key
    try:
        decoded = decode(message, found, CONTEXT, 1 << 20)
    except DeadLetter as dead:
        assert dead.reason is not Reason.DECODER_ERROR, dead.detail  # noqa: PT017  may, not must
        return
    for values in decoded.columns.values():
        assert len(values) == len(decoded.observed_us)


def test_a_small_cbor_body_cannot_be_made_huge() -> None:
    nested: list = []
    for _ in range(40):
        nested = [nested, nested]
    bomb = cbor2.dumps({"v": 1, "t0": 1, "speed_kmh": nested}, value_sharing=True)
    assert len(bomb) < 2000
    assert reason_of(lambda: decode_telemetry(bomb, "application/cbor", CONTEXT)) in (
        Reason.NOT_CBOR,
        Reason.TOO_DEEP,
    )


@pytest.mark.parametrize("sign", [1, -1])
def test_a_number_too_long_to_print_has_its_reason(sign: int) -> None:
    """Python refuses to print more than 4,300 digits; JSON with as many is not read at all."""
    longest, longer = sign * 256**1784, sign * 256**1786
    good: dict[object, object] = {"v": 1, "t0": 1, "dt_ms": [0], "speed_kmh": [1.0]}
    for key in (*good, "seq", "device"):
        for value, reasons in (
            (longest, set(Reason) - {Reason.DECODER_ERROR}),
            (longer, {Reason.OUT_OF_RANGE}),
        ):
            for placed in (value, [value]):
                body = cbor2.dumps({**good, key: placed})
                found = reason_of(lambda body=body: decode_telemetry(body, None, CONTEXT))
                assert found in reasons, (key, len(body))
    keyed = cbor2.dumps({**good, longer: 1})
    assert reason_of(lambda: decode_telemetry(keyed, None, CONTEXT)) == Reason.OUT_OF_RANGE
    event = cbor2.dumps({"v": 1, "at": 1, "kind": "a", "detail": {"a": longer}})
    assert reason_of(lambda: decode_event(event, None, CONTEXT)) == Reason.OUT_OF_RANGE
    in_pieces = b"\xa1\x61v\xc2\x5f" + (b"\x59\x05\xdc" + b"\1" * 1500) * 2 + b"\xff"
    assert reason_of(lambda: decode_telemetry(in_pieces, None, CONTEXT)) == Reason.NOT_CBOR


def test_what_stands_behind_a_cbor_body_is_not_looked_at() -> None:
    """A body is one item: what else there is costs nothing, however much it is."""
    with pytest.raises(DeadLetter, match="after the end"):
        decode_telemetry(b"\xa0" + b"\x81" * 100, "application/cbor", CONTEXT)


def test_a_decoders_own_bug_is_a_dead_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("oops")

    monkeypatch.setitem(DECODERS, ("native", "telemetry"), broken)
    message = RawMessage("tw/v1/t/d/telemetry", b"{}", 0, None)
    found = ROUTER.route(message.topic)
    assert found is not None
    assert reason_of(lambda: decode(message, found, CONTEXT, 100)) == Reason.DECODER_ERROR


def test_a_message_without_a_decoder_is_a_dead_letter() -> None:
    """`decode` raises `DeadLetter` and nothing else, so no other message of the batch waits."""
    message = RawMessage("tw/v1/t/d/telemetry", b"{}", 0, None)
    for found in (Route("native", "t", "t/d", "weather"), Route("unheard-of", "", "d", "reading")):
        assert reason_of(lambda found=found: decode(message, found, CONTEXT, 100)) == (
            Reason.DECODER_ERROR
        )
