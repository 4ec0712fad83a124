"""Green Button and BO4E: what is written can be read again, sums stay, holes are no zeros."""

import json
from decimal import Decimal
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.quality import Quality, Reason
from services.interval_formats import (
    ATOM,
    ESPI,
    ESPI_QUALITY,
    Value,
    bo4e,
    green_button,
    whole_mwh,
)

T0 = 1_795_000_000_000_000
STEP_US = 900_000_000
NAMES = {"a": ATOM, "e": ESPI}
LAWS = settings(max_examples=30, deadline=None, derandomize=True)

values = st.lists(
    st.tuples(
        st.one_of(st.none(), st.floats(-5.0, 60.0), st.decimals(0, 9, places=3).map(float)),
        st.sampled_from(list(Quality)),
        st.sampled_from(list(Reason)),
    ),
    max_size=40,
).map(
    lambda rows: [
        Value(T0 + i * STEP_US, T0 + (i + 1) * STEP_US, kwh, status, reason)
        for i, (kwh, status, reason) in enumerate(rows)
    ]
)


def read_green_button(text: str) -> list[tuple[int, ...]]:
    """Read start, duration (s), value (mWh) and quality of every reading, as a receiver does."""
    root = ET.fromstring(text)
    kind = root.find(".//e:ReadingType", NAMES)
    assert kind is not None
    assert kind.findtext("e:uom", "", NAMES) == "72"
    assert kind.findtext("e:powerOfTenMultiplier", "", NAMES) == "-3"
    found = []
    for block in root.iterfind(".//e:IntervalBlock", NAMES):
        start = int(block.findtext("e:interval/e:start", "", NAMES))
        end = start + int(block.findtext("e:interval/e:duration", "", NAMES))
        readings = [
            tuple(
                int(one.findtext(path, "", NAMES))
                for path in (
                    "e:timePeriod/e:start", "e:timePeriod/e:duration", "e:value",
                    "e:ReadingQuality/e:quality",
                )
            )
            for one in block.iterfind("e:IntervalReading", NAMES)
        ]  # fmt: skip
        assert readings[0][0] == start and sum(readings[-1][:2]) == end
        found += readings
    return found


@LAWS
@given(values)
def test_green_button_has_every_known_value_and_the_sum(rows: list[Value]) -> None:
    found = read_green_button(green_button("m1", rows, T0))
    known = [row for row in rows if row.known]
    assert [(start * 1_000_000, length) for start, length, _, _ in found] == [
        (row.start_us, 900) for row in known
    ]
    assert [quality for *_, quality in found] == [ESPI_QUALITY[row.status] for row in known]
    for (_, _, mwh, _), row in zip(found, known, strict=True):
        assert abs(mwh - Decimal(repr(row.energy_kwh)) * 1_000_000) <= 1
    runs = whole_mwh(known)
    assert [mwh for _, _, mwh, _ in found] == runs


@LAWS
@given(st.lists(st.floats(0.0, 60.0), min_size=1, max_size=60))
def test_neighbours_are_rounded_so_that_the_sum_is_right(energies: list[float]) -> None:
    rows = [
        Value(T0 + i * STEP_US, T0 + (i + 1) * STEP_US, kwh, Quality.ABGELESEN)
        for i, kwh in enumerate(energies)
    ]
    exact = sum((Decimal(repr(kwh)) for kwh in energies), Decimal(0)) * 1_000_000
    assert abs(sum(whole_mwh(rows)) - exact) <= Decimal("0.5")


def test_the_feed_has_its_resources_and_distinct_ids() -> None:
    rows = [Value(T0, T0 + STEP_US, 0.25, Quality.ABGELESEN)]
    rows.append(Value(T0 + 5 * STEP_US, T0 + 6 * STEP_US, 0.5, Quality.ERSATZWERT))
    root = ET.fromstring(green_button("m1", rows, T0))
    kinds = [c[0].tag.partition("}")[2] for c in root.iterfind("a:entry/a:content", NAMES)]
    assert kinds == ["UsagePoint", "MeterReading", "ReadingType", "IntervalBlock", "IntervalBlock"]
    ids = [one.text for one in root.iter(f"{{{ATOM}}}id")]
    assert len(set(ids)) == len(ids) == 6
    again = ET.fromstring(green_button("m1", rows, T0))
    assert [one.text for one in again.iter(f"{{{ATOM}}}id")] == ids


@LAWS
@given(values)
def test_bo4e_has_every_value_with_its_status_to_the_last_digit(rows: list[Value]) -> None:
    answer = json.loads(bo4e("m1", rows))
    assert answer["_typ"] == "LASTGANG" and answer["messgroesse"] == "KWH"
    assert len(answer["werte"]) == len(rows)
    for one, row in zip(answer["werte"], rows, strict=True):
        assert one["status"] == (row.status if row.known else Quality.FEHLT).name
        assert (one["wert"] is None) is not row.known
        if row.known:
            assert float(one["wert"]) == row.energy_kwh
    if rows:
        first = answer["werte"][0]["zeitraum"]
        assert first["startdatum"] == "2026-11-18" and first["startuhrzeit"].endswith("Z")
