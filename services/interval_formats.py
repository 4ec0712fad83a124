"""Validated intervals of a meter in the forms that others read: Green Button (ESPI) and BO4E.

Green Button is the Atom feed of NAESB REQ.21 with values in whole milliwatt-hours; neighbouring
values are rounded so that the sum stays. BO4E is a `Lastgang` with the status of each value. Both
have what is missing left out, never as zero.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from uuid import NAMESPACE_URL, UUID, uuid5
from xml.etree import ElementTree as ET

from contracts.quality import Quality, Reason

ATOM, ESPI = "http://www.w3.org/2005/Atom", "http://naesb.org/espi"
GREEN_BUTTON = "application/atom+xml"
BO4E = "application/vnd.bo4e+json"
BO4E_VERSION = "202607.1.0"
MWH_PER_KWH = 1_000_000
US_PER_S = 1_000_000
# ESPI QualityOfReading
ESPI_QUALITY = {
    Quality.ABGELESEN: 17,  # validated
    Quality.ERSATZWERT: 8,  # estimated using reference day
    Quality.VORLAEUFIGERWERT: 14,  # raw
    Quality.VORSCHLAGSWERT: 10,  # questionable
    Quality.PROGNOSEWERT: 12,  # projected
}
# BO4E Messwertstatuszusatz
BO4E_REASON = {
    Reason.IMPLAUSIBLE: "ZA1_MESSWERTUNPLAUSIBEL",
    Reason.WRONG_READING: "ZA4_FEHLERHAFTEABLESUNG",
    Reason.EXCHANGED: "Z78_GERAETEWECHSEL",
    Reason.CORRECTED: "ZA4_FEHLERHAFTEABLESUNG",
    Reason.SUM_DIFFERS: "ZA1_MESSWERTUNPLAUSIBEL",
}


@dataclass(frozen=True, slots=True)
class Value:
    """The energy of one interval; energy_kwh None = missing."""

    start_us: int
    end_us: int
    energy_kwh: float | None
    status: Quality
    reason: Reason = Reason.AS_READ

    @property
    def known(self) -> bool:
        """False for what has no value that may be used."""
        return self.energy_kwh is not None and self.status > Quality.NICHT_VERWENDBAR


def whole_mwh(values: Sequence[Value]) -> list[int]:
    """Round neighbouring energies to milliwatt-hours so that every sum from the first is right."""
    found: list[int] = []
    total, before, end_us = Decimal(0), 0, None
    for value in values:
        if value.start_us != end_us:
            total, before = Decimal(0), 0
        total += Decimal(repr(value.energy_kwh)) * MWH_PER_KWH
        now = int(total.to_integral_value())
        found.append(now - before)
        before, end_us = now, value.end_us
    return found


def _runs(values: Sequence[Value]) -> Iterator[list[Value]]:
    """Cut at holes: an IntervalBlock has no missing interval."""
    run: list[Value] = []
    for value in values:
        if run and run[-1].end_us != value.start_us:
            yield run
            run = []
        run.append(value)
    if run:
        yield run


def _child(parent: ET.Element, name: str, text: object = None, namespace: str = ESPI) -> ET.Element:
    child = ET.SubElement(parent, f"{{{namespace}}}{name}")
    if text is not None:
        child.text = str(text)
    return child


class _Feed:
    """An Atom feed of ESPI resources."""

    def __init__(self, meter: str, title: str, updated_us: int) -> None:
        self.meter = meter
        moment = datetime.fromtimestamp(updated_us // US_PER_S, UTC)
        self.updated = moment.isoformat().replace("+00:00", "Z")
        self.root = ET.Element(f"{{{ATOM}}}feed")
        self._head(self.root, "feed", title)

    def _id(self, what: str) -> UUID:
        return uuid5(NAMESPACE_URL, f"tachowatt:{self.meter}:{what}")

    def _head(self, parent: ET.Element, what: str, title: str) -> None:
        _child(parent, "id", f"urn:uuid:{self._id(what)}", ATOM)
        _child(parent, "title", title, ATOM)
        _child(parent, "updated", self.updated, ATOM)

    def entry(self, kind: str, path: str, title: str, *links: tuple[str, str]) -> ET.Element:
        """Add an entry with a resource of `kind`; links : relation and path. Return the latter."""
        entry = _child(self.root, "entry", namespace=ATOM)
        _child(entry, "id", f"urn:uuid:{self._id(path)}", ATOM)
        for relation, href in (("self", path), *links):
            _child(entry, "link", namespace=ATOM).attrib.update(rel=relation, href=href)
        _child(entry, "title", title, ATOM)
        content = _child(entry, "content", namespace=ATOM)
        _child(entry, "published", self.updated, ATOM)
        _child(entry, "updated", self.updated, ATOM)
        return _child(content, kind)


def green_button(meter: str, values: Sequence[Value], updated_us: int) -> str:
    """Write a Green Button feed: usage point, meter reading, reading type, interval blocks.

    values : of one meter, by start, without overlaps. Times are instants (seconds since 1970 UTC).
    """
    used = [value for value in values if value.known]
    point, reading = "UsagePoint/1", "UsagePoint/1/MeterReading/1"
    feed = _Feed(meter, f"Meter {meter}", updated_us)
    resource = feed.entry(
        "UsagePoint", point, f"Meter {meter}", ("up", "UsagePoint"), ("related", reading)
    )
    _child(_child(resource, "ServiceCategory"), "kind", 0)  # electricity
    feed.entry(
        "MeterReading", reading, "Intervals", ("up", f"{point}/MeterReading"),
        ("related", f"{reading}/IntervalBlock"), ("related", "ReadingType/1"),
    )  # fmt: skip
    lengths = [value.end_us - value.start_us for value in used]
    usual = max(set(lengths), key=lengths.count) // US_PER_S if lengths else 0
    kind = feed.entry("ReadingType", "ReadingType/1", "Energy delivered")
    for name, number in (
        ("accumulationBehaviour", 4),  # delta data
        ("commodity", 1),  # electricity, secondary metered
        ("dataQualifier", 12),  # normal
        ("flowDirection", 1),  # forward: delivered to the customer
        ("intervalLength", usual),
        ("kind", 12),  # energy
        ("powerOfTenMultiplier", -3),
        ("timeAttribute", 0),
        ("uom", 72),  # Wh
    ):
        _child(kind, name, number)
    for number, run in enumerate(_runs(used), start=1):
        path = f"{reading}/IntervalBlock/{number}"
        block = feed.entry("IntervalBlock", path, "", ("up", f"{reading}/IntervalBlock"))
        span = _child(block, "interval")
        _child(span, "duration", (run[-1].end_us - run[0].start_us) // US_PER_S)
        _child(span, "start", run[0].start_us // US_PER_S)
        for value, mwh in zip(run, whole_mwh(run), strict=True):
            one = _child(block, "IntervalReading")
            _child(_child(one, "ReadingQuality"), "quality", ESPI_QUALITY[value.status])
            period = _child(one, "timePeriod")
            _child(period, "duration", (value.end_us - value.start_us) // US_PER_S)
            _child(period, "start", value.start_us // US_PER_S)
            _child(one, "value", mwh)
    ET.register_namespace("", ATOM)
    ET.register_namespace("espi", ESPI)
    return ET.tostring(feed.root, "unicode", xml_declaration=True)


def _span(start_us: int, end_us: int) -> dict[str, str]:
    """Return begin and end, UTC, as date and time of day."""
    found: dict[str, str] = {}
    for name, at_us in (("start", start_us), ("end", end_us)):
        day, _, clock = datetime.fromtimestamp(at_us / US_PER_S, UTC).isoformat().partition("T")
        found |= {f"{name}datum": day, f"{name}uhrzeit": clock.replace("+00:00", "Z")}
    return found


def bo4e(meter: str, values: Sequence[Value]) -> str:
    """Write a BO4E Lastgang: each value with its span, Messwertstatus and reason."""
    lengths = [value.end_us - value.start_us for value in values]
    usual = max(set(lengths), key=lengths.count) // (60 * US_PER_S) if lengths else 15
    rows = []
    for value in values:
        status = value.status if value.known else Quality.FEHLT
        row = {
            "_typ": "ZEITREIHENWERT",
            "wert": repr(value.energy_kwh) if value.known else None,
            "zeitraum": {"_typ": "ZEITRAUM"} | _span(value.start_us, value.end_us),
            "status": status.name,
        }
        if value.reason in BO4E_REASON:
            row["statuszusatz"] = BO4E_REASON[value.reason]
        rows.append(row)
    answer = {
        "_typ": "LASTGANG",
        "sparte": "STROM",
        "messgroesse": "KWH",
        "obisKennzahl": "1-1:1.29.0",
        "version": BO4E_VERSION,
        "messlokation": {"_typ": "MESSLOKATION", "messlokationsId": meter},
        "zeitIntervallLaenge": {"_typ": "MENGE", "wert": str(usual), "einheit": "MINUTE"},
        "werte": rows,
    }
    return json.dumps(answer, ensure_ascii=False, indent=1)
