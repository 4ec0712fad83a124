"""Readings that people give of a meter: judge one by the meter's own past, and enter it.

An entered reading takes the way of any other: it becomes a message of the meter's device, which
ingest takes through its steps (store.people.readings). One that the check questioned and the person
confirmed does not count as a read; it opens a case in which the utility decides.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from contracts.purposes import Purpose
from contracts.quality import Quality
from customer_context.cases.case_state import What
from customer_context.metering.reading_check import Judgement, Verdict, Why, judge
from customer_context.metering.reading_range import Register
from runtime.errors import Invalid, NotAllowed, NotFound
from runtime.secret_box import SecretBox
from services import case_files, case_flow, case_steps, photo, sealed_file
from services.customer_keys import CustomerKeys
from store.people import meter_data, readings
from store.people.readings import NewPhoto, NewReading
from store.postgres.merged import same_as
from store.postgres.pool import Connection
from store.postgres.times import from_us, to_us
from store.reads import metering
from store.secrets.own_columns import READING_PHOTOS

PURPOSE = Purpose.ENERGY_INSIGHT
DISPUTE = "reading-dispute"
"""Type of the case about a reading that was questioned and confirmed."""
_DAYS = 430
"""Of the past: the last weeks, and the same season a year before."""
EXCHANGE_GAP = timedelta(milliseconds=1)
"""Between the last reading of an old meter and the first of the new one: samples have own times."""
_AHEAD = timedelta(minutes=5)
_SILENT = timedelta(days=2)
"""Behind the last day that a device has sent, a reading of people counts as one of the register."""
_FINE = (Verdict.PLAUSIBLE, Verdict.UNKNOWN)


class Questioned(NotAllowed):
    """The reading is not plausible, and nobody has confirmed it."""

    def __init__(self, judgement: Judgement) -> None:
        super().__init__(f"the reading is questioned: {judgement.verdict}")
        self.judgement = judgement


@dataclass(frozen=True, slots=True)
class MeterRead:
    """A meter under the contract that covers it at the time of a reading.

    granted : its customer grants the purpose, without which nothing may be stored.
    """

    tenant: str
    meter: str
    number: str | None
    digits: int
    customer: str
    contract: str
    timezone: str
    granted: bool


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody enters. source : customer or utility. key : the same one enters it once."""

    at: datetime
    kwh: float
    source: str
    author: str
    key: str
    confirmed: bool = False
    number: str | None = None
    photo: bytes | None = None


def meter_at(
    connection: Connection, tenant: str, meter_id: str, at: datetime, reader: str | None
) -> MeterRead:
    """Return the meter for who may know of it: its customer, others while the purpose is granted.

    reader : the customer who asks; None = somebody of the utility. Raises `NotFound`.
    """
    row = metering.meter(connection, tenant, meter_id, PURPOSE, at, reader)
    digits = readings.digits_of(connection, tenant, meter_id)
    if row is None or digits is None:
        raise NotFound(f"there is no meter {meter_id!r}")
    if reader is not None and row["customer"] not in same_as(connection, tenant, reader):
        raise NotFound(f"there is no meter {meter_id!r}")
    return MeterRead(
        tenant, meter_id, digits[0], digits[1], row["customer"], row["contract"],
        row["timezone"], bool(row["granted"]),
    )  # fmt: skip


def register_of(connection: Connection, meter: MeterRead) -> Register | None:
    """Return the register of a meter as it is known from its days and the readings of people.

    None where nothing is known of it, or no reading says where the register stands.
    """
    own, mine = meter.customer, same_as(connection, meter.tenant, meter.customer)
    days = [
        row
        for row in metering.days(
            connection, meter.tenant, meter.meter, PURPOSE, own=own, limit=_DAYS
        )
        if row["customer"] in mine
    ][::-1]
    given = readings.of_meter(
        connection, meter.tenant, meter.meter, customers=mine, least=Quality.VORLAEUFIGERWERT
    )[::-1]
    steps = exchanges(given)
    points = {
        to_us(row["read_at"]): _onto_the_newest(steps, to_us(row["read_at"]), float(row["kwh"]))
        for row in given
        if row["source"] != "estimate" and row["kind"] != "exchange_old"
    }
    if days:
        start = np.array([to_us(row["start_at"]) for row in days], np.int64)
        end = start[-1] + 86_400_000_000
        use = [_finite(row["energy_kwh"]) + _finite(row["estimated_kwh"]) for row in days]
        known = Register(np.append(start, end), np.concatenate(([0.0], np.cumsum(use))))
        at = _anchor(connection, meter, mine, from_us(int(end)), points, int(start[0]), int(end))
        if at is not None:
            kwh = at[1] if at[0] in points else _onto_the_newest(steps, *at)
            offset = kwh - float(known.at(np.array([at[0]]))[0])
            inside = {int(t): float(v) + offset for t, v in zip(known.t_us, known.kwh, strict=True)}
            outside = {t: v for t, v in points.items() if not start[0] <= t <= end}
            points = inside | outside
    if not points:
        return None
    t_us = np.array(sorted(points), np.int64)
    return Register(t_us, np.maximum.accumulate(np.array([points[int(t)] for t in t_us])))


def exchanges(given: Sequence[Mapping[str, Any]]) -> list[tuple[int, float, float]]:
    """Return the exchanges among readings: when (µs), last of the old meter, first of the new."""
    old = {row["read_at"]: row["kwh"] for row in given if row["kind"] == "exchange_old"}
    return sorted(
        (to_us(row["read_at"]), float(old[before]), float(row["kwh"]))
        for row in given
        if row["kind"] == "exchange_new"
        for before in [row["read_at"] - EXCHANGE_GAP]
        if before in old
    )


def _onto_the_newest(steps: Sequence[tuple[int, float, float]], t_us: int, kwh: float) -> float:
    """Return a read as if the newest meter had been there all the time."""
    return kwh + sum(new - old for at, old, new in steps if t_us < at)


def _anchor(
    connection: Connection,
    meter: MeterRead,
    mine: list[str],
    end: datetime,
    points: Mapping[int, float],
    first_us: int,
    last_us: int,
) -> tuple[int, float] | None:
    """Return the newest read of the register within the days, µs and kWh."""
    entered = {
        row["read_at"]
        for row in readings.of_meter(
            connection, meter.tenant, meter.meter, from_at=end - timedelta(days=3)
        )
    }
    rows = metering.register(
        connection, meter.tenant, meter.meter, PURPOSE, end - timedelta(days=3), end, meter.customer
    )
    sent = [
        (to_us(row["observed_at"]), float(row["register_kwh"]))
        for row in rows
        if row["customer"] in mine
        and row["register_kwh"] is not None
        and np.isfinite(row["register_kwh"])
        and row["observed_at"] not in entered
    ]
    by_people = [(t, kwh) for t, kwh in points.items() if first_us <= t <= last_us]
    return max(sent[-1:] + by_people, default=None)


def _finite(value: float | None) -> float:
    return 0.0 if value is None or value != value else float(value)


def check(
    connection: Connection,
    meter: MeterRead,
    at: datetime,
    kwh: float,
    number: str | None = None,
) -> Judgement:
    """Judge a reading by what is known of the meter. number : that the person reads on it."""
    if number is not None and meter.number is not None and _bare(number) != _bare(meter.number):
        return Judgement(Verdict.WRONG_METER, Why.OTHER_NUMBER, kwh)
    register = register_of(connection, meter)
    return judge(register, to_us(at), kwh, digits=meter.digits)


def _bare(number: str) -> str:
    return re.sub(r"[^0-9a-z]", "", number.casefold())


def entered(connection: Connection, meter: MeterRead, key: str) -> dict[str, Any] | None:
    """Return the reading that was entered with a key; None = it was not."""
    return readings.by_key(connection, meter.tenant, meter.meter, _digest(key))


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def enter(
    connection: Connection, box: SecretBox, meter: MeterRead, given: Given, now_us: int
) -> dict[str, Any]:
    """Enter a reading, once for each key; return it.

    Raises `NotAllowed` without consent, `Invalid` for a time ahead, and `Questioned` for one that
    is not plausible and not confirmed. A confirmed one opens a case, or joins the one that is open.
    """
    now, key = from_us(now_us), _digest(given.key)
    before = entered(connection, meter, given.key)
    if before is not None:
        return before
    if not meter.granted:
        raise NotAllowed("the customer does not agree to energy_insight: nothing may be stored")
    if given.at > now + _AHEAD:
        raise Invalid("at: expected a time that is not ahead")
    found = check(connection, meter, given.at, given.kwh, given.number)
    fine = found.verdict in _FINE
    if not fine and not given.confirmed:
        raise Questioned(found)
    device = readings.device_of(connection, meter.tenant, meter.meter, given.at)
    if device is None:
        raise NotAllowed("the readings of this meter come from a device of its own")
    status = Quality.ABGELESEN if found.verdict is Verdict.PLAUSIBLE else Quality.VORLAEUFIGERWERT
    new = NewReading(
        reading_id=secrets.token_hex(16),
        tenant=meter.tenant,
        meter=meter.meter,
        customer=meter.customer,
        contract=meter.contract,
        read_at=readings.time_in_stream(given.at),
        kwh=given.kwh,
        source=given.source,
        author=given.author,
        entered_at=now,
        status=int(status if fine else Quality.VORSCHLAGSWERT),
        verdict=str(found.verdict),
        expected_kwh=found.expected,
        low_kwh=found.low,
        high_kwh=found.high,
        confirmed=given.confirmed and not fine,
        counts=fine and (device.by_hand or _silent(connection, meter, given.at)),
        replaces=None,
        version=1,
        reason="",
        case_id=None,
        key=key,
    )
    if not fine:
        new = replace(new, case_id=_dispute(connection, new, now_us))
    if not readings.put(connection, new):
        raise NotAllowed("the same reading is being entered at this moment: try again")
    if given.photo is not None:
        _keep_photo(connection, box, new, given.photo, now_us)
    if new.status >= Quality.VORLAEUFIGERWERT:
        meter_data.put_event(
            connection, meter.tenant, "reading.accepted", new.customer, new.reading_id, 1, now
        )
    quality = Quality(new.status) if new.counts else Quality.NICHT_VERWENDBAR
    readings.send(connection, meter.tenant, device, new.read_at, new.kwh, quality, new.source, now)
    stored = readings.by_key(connection, meter.tenant, meter.meter, key)
    assert stored is not None, "it was stored just now"
    return stored


def _silent(connection: Connection, meter: MeterRead, at: datetime) -> bool:
    """Return whether the meter's device has sent nothing for days before a time."""
    newest = metering.days(
        connection, meter.tenant, meter.meter, PURPOSE, own=meter.customer, limit=1
    )
    return not newest or newest[0]["start_at"] + timedelta(days=1) + _SILENT < at


def _dispute(connection: Connection, new: NewReading, now_us: int) -> str:
    """Open the case about a reading that was confirmed, or note it in the one that is open."""
    subject = f"meter:{new.meter}"
    says = f"{new.kwh:.1f} kWh, {new.read_at:%Y-%m-%d}: {new.verdict}"
    for case in case_flow.list_(connection, new.tenant, reader=new.customer, customer=new.customer):
        same = case["kind"] == DISPUTE and case["subject"] == subject
        if same and case["state"] != "resolved":
            case_flow.note(connection, new.tenant, case["case_id"], new.author, says, now_us)
            return str(case["case_id"])
    data = {"reading_kwh": new.kwh, "reading_date": f"{new.read_at:%Y-%m-%d}"}
    case = case_steps.open_(
        connection, new.tenant, DISPUTE, new.author, now_us, customer=new.customer, subject=subject
    )
    case_steps.act(
        connection, new.tenant, case["case_id"], new.author, now_us, What.COMPLETE,
        item="claimed", data=data,
    )  # fmt: skip
    case_flow.note(connection, new.tenant, case["case_id"], new.author, says, now_us)
    return str(case["case_id"])


def _keep_photo(
    connection: Connection, box: SecretBox, new: NewReading, content: bytes, now_us: int
) -> None:
    """Store a photo of the meter without metadata, encrypted; the case has it as well.

    Raises `Invalid` for what is no photo.
    """
    assert new.customer is not None, "a reading is somebody's"
    clean = photo.clean(content)
    file_id = secrets.token_hex(16)
    key, encrypted = sealed_file.encrypt(file_id, clean.content)
    sealed = CustomerKeys(box).seal(
        connection, new.tenant, new.customer, key, READING_PHOTOS.bound_to("key", file_id), now_us
    )
    readings.put_photo(
        connection,
        NewPhoto(
            file_id, new.tenant, new.reading_id, new.customer, from_us(now_us),
            len(clean.content), hashlib.sha256(clean.content).digest(), sealed, encrypted,
        ),
    )  # fmt: skip
    if new.case_id is not None:
        plan = case_steps.plan_of(connection, new.tenant, new.case_id)
        if plan is not None and "photo" in plan.type.items:
            case_files.add(
                connection, box, new.tenant, new.case_id, new.author, "photo", "meter-photo",
                content, now_us,
            )  # fmt: skip


def photo_of(connection: Connection, box: SecretBox, tenant: str, reading_id: str) -> bytes:
    """Return the photo of a reading, JPEG. Raises `NotFound`, `SecretError`."""
    row = readings.photo_of(connection, tenant, reading_id)
    if row is None:
        raise NotFound(f"reading {reading_id!r} has no photo")
    key = CustomerKeys(box).open(
        connection, row["key"], READING_PHOTOS.bound_to("key", row["file_id"])
    )
    if not key:
        raise NotFound(f"the key of the photo of reading {reading_id!r} has ended")
    return sealed_file.decrypt(row["file_id"], key, bytes(row["content"]))
