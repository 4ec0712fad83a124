"""Bodies that the simulated devices send parse back to what was measured, within the contract."""

import json
from typing import Any

import cbor2
import numpy as np
import pytest

from contracts import telemetry
from contracts.units import METER_NAMES, VEHICLE_NAMES
from simulators import encode
from simulators.encode import Message, native_body
from simulators.sensors import Series

T0_US = 1_763_719_200_250_000


def series(n: int = 5) -> Series:
    speed = np.arange(n) * 10.25
    lat = np.where(np.arange(n) % 2 == 0, 52.1234567, np.nan)
    nothing = np.full(n, np.nan)
    columns = {"speed_kmh": speed, "lat_deg": lat, "heading_deg": nothing}
    return Series(T0_US + 500_000 * np.arange(n, dtype=np.int64), columns)


def parse(body: bytes, encoding: str) -> dict[str, Any]:
    if encoding == "json":
        return json.loads(body)
    fields = cbor2.loads(body)
    for key, value in fields.items():
        if isinstance(value, cbor2.CBORTag):
            assert value.tag == 86
            fields[key] = [None if np.isnan(v) else v for v in np.frombuffer(value.value, "<f8")]
    return fields


@pytest.mark.parametrize("encoding", ["json", "cbor", "cbor-typed"])
@pytest.mark.parametrize("seq", [None, 17, 70_000])
def test_native_bodies_parse_back(encoding: str, seq: int | None) -> None:
    media = encode.JSON if encoding == "json" else encode.CBOR
    tail = native_body(series(), seq, 0, {"device": "car-1"}, encoding)
    message = Message(0, "t", tail, "demo", "car-1", media, seq)
    fields = parse(message.payload(12), encoding)
    telemetry.Telemetry.model_validate(fields)
    assert fields["v"] == 1 and fields["device"] == "car-1"
    assert fields["t0"] == "2025-11-21T10:00:00.250Z"
    assert fields["dt_ms"] == [0, 500, 1000, 1500, 2000]
    assert fields["speed_kmh"] == [0.0, 10.25, 20.5, 30.75, 41.0]
    assert fields["lat_deg"] == [52.1234567, None, 52.1234567, None, 52.1234567]
    assert "heading_deg" not in fields, "what is absent throughout is left out"
    if seq is None:
        assert not {"seq", "run", "oldest"} & fields.keys()
    else:
        assert (fields["seq"], fields["run"], fields["oldest"]) == (seq, 0, 12)
        assert parse(message.payload(), encoding)["oldest"] == seq


def test_whole_seconds_have_no_fraction() -> None:
    assert encode.iso(1_763_719_200_000_000) == "2025-11-21T10:00:00Z"


def test_owntracks_leaves_zeros_out() -> None:
    names = ("lat_deg", "lon_deg", "accuracy_m", "altitude_m", "heading_deg", "speed_kmh")
    rows = [[52.1, 10.2, 5.0, 80.0, 0.0, 0.0], [52.2, 10.3, 6.0, 81.0, 90.0, 47.0]]
    columns = {name: np.array([row[i] for row in rows]) for i, name in enumerate(names)}
    t = np.array([1_763_719_200_000_000, 1_763_719_205_000_000])
    still, moving = encode.owntracks_messages(Series(t, columns), "demo", "car-0010", "bob/phone")
    assert still.topic == "owntracks/bob/phone" and still.seq is None
    body = json.loads(still.payload())
    assert "vel" not in body and "cog" not in body and body["acc"] == 5
    body = json.loads(moving.payload())
    assert body["_type"] == "location" and body["tst"] == 1_763_719_205
    assert (body["vel"], body["cog"], body["lat"]) == (47, 90, 52.2)


def test_tasmota_speaks_local_time_without_an_offset() -> None:
    columns = {
        "register_kwh": np.array([34_507.4761]),
        "register_export_kwh": np.array([14_737.1422]),
        "power_w": np.array([-894.0]),
    }
    rows = Series(np.array([1_763_719_201_000_000]), columns)
    offset = np.array([3_600_000_000])
    (message,) = encode.tasmota_messages(rows, offset, "demo", "md-1", "attic", "1EMH1")
    assert message.topic == "tele/attic/SENSOR"
    assert json.loads(message.payload()) == {
        "Time": "2025-11-21T11:00:01",
        "SML": {
            "Total_in": 34_507.4761,
            "Total_out": 14_737.1422,
            "Power_curr": -894,
            "Meter_number": "1EMH1",
        },
    }


def test_live_messages_are_short_and_backlogs_long() -> None:
    t = T0_US + 500_000 * np.arange(300, dtype=np.int64)
    cuts = encode.live_cuts(t)
    assert cuts[0] == (0, 60) and sum(b - a for a, b in cuts) == 300
    t[100:] += 60_000_000
    assert all(t[b - 1] - t[a] < 30_000_000 for a, b in encode.live_cuts(t))
    assert encode.backlog_cuts(250, 96) == [(0, 96), (96, 192), (192, 250)]


def test_columns_are_those_of_the_contract() -> None:
    for names, model in ((VEHICLE_NAMES, telemetry.Telemetry), (METER_NAMES, telemetry.Reading)):
        assert set(model.model_fields) & set(names)
