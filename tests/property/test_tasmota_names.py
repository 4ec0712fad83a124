"""Which object and which names of a Tasmota's message are meant: never by their order, and never
without a register where one may stand under a name that is not known."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ingest.decoding.decoded import Context, Decoded
from ingest.decoding.dialects.tasmota import decode_sensor, propose
from runtime.errors import DeadLetter, Reason

TIME = "2026-07-07T13:01:11"
IMPORT = ("Total_in", "total_in", "E_in", "1_8_0")
EXPORT = ("Total_out", "E_out")
POWER = ("Power_curr", "Power", "Power_total")
VOLTAGE = ("Volt_p1", "Voltage")
UNKNOWN = ("Total_Summe", "Power_total_in", "Verbrauch_Summe", "counter", "Total", "P", "Tariflos")
TEXTS = ("Meter_number", "Server_ID", "Name")

keys = st.sampled_from([*IMPORT, *EXPORT, *POWER, *VOLTAGE, *UNKNOWN])
objects = st.dictionaries(
    st.sampled_from(["SML", "Haus", "Heizung", "PZEM", "ENERGY"]),
    st.builds(
        lambda numbers, texts: {**numbers, **texts},
        st.dictionaries(keys, st.integers(-900, 90_000) | st.floats(0, 1e5), max_size=4),
        st.dictionaries(st.sampled_from(TEXTS), st.just("1EMH0012345678"), max_size=1),
    ),
    max_size=3,
)


def read(body: dict[str, Any], mapping: dict[str, str] | None = None) -> Decoded | DeadLetter:
    try:
        return decode_sensor(json.dumps(body).encode(), None, Context("UTC", 0, 9, mapping or {}))
    except DeadLetter as dead:
        return dead


def same(a: Decoded | DeadLetter, b: Decoded | DeadLetter) -> bool:
    if isinstance(a, DeadLetter) or isinstance(b, DeadLetter):
        return repr(a) == repr(b)
    return a == b


@given(st.data(), objects)
def test_the_order_of_objects_and_keys_does_not_matter(
    data: st.DataObject, found: dict[str, dict[str, Any]]
) -> None:
    shuffled = {
        name: dict(data.draw(st.permutations(list(found[name].items()))))
        for name in data.draw(st.permutations(list(found)))
    }
    assert same(read({"Time": TIME, **found}), read({**shuffled, "Time": TIME}))


@given(objects)
def test_a_message_is_stored_with_its_register_or_not_at_all(
    found: dict[str, dict[str, Any]],
) -> None:
    """Where it is stored without one, nothing in it can be the register of import."""
    result = read({"Time": TIME, **found})
    with_register = [name for name, meter in found.items() if {*IMPORT, *EXPORT} & meter.keys()]
    if isinstance(result, DeadLetter):
        assert result.reason in (Reason.AMBIGUOUS, Reason.MISSING_FIELD)
        for name, meter in found.items():
            if result.reason is Reason.MISSING_FIELD or name in with_register:
                assert name in result.detail and all(key in result.detail for key in meter)
        return
    assert len(with_register) <= 1, "which of them was read?"
    if "register_kwh" in result.columns:
        assert result.columns["register_kwh"][0] in found[with_register[0]].values()
    else:
        meters = [found[with_register[0]]] if with_register else list(found.values())
        assert not any(key in meter for meter in meters for key in (*UNKNOWN, *IMPORT))


@given(objects)
def test_each_proposal_lets_the_message_be_read(found: dict[str, dict[str, Any]]) -> None:
    body = {"Time": TIME, **found}
    proposals = propose(json.dumps(body).encode())
    refused = isinstance(read(body), DeadLetter)
    assert refused or not proposals
    assert {p["object"] for p in proposals} == {
        name
        for name, meter in found.items()
        if refused and {*IMPORT, *EXPORT, *UNKNOWN} & meter.keys()
    }
    for proposal in proposals:
        result = read(body, proposal)
        assert isinstance(result, Decoded)
        assert any(column in result.columns for column in ("register_kwh", "register_export_kwh"))
