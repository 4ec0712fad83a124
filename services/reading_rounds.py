"""Reading rounds: customers are invited to read their meters, reminded and thanked; what is missing
at the end is estimated and marked.

Each meter of a round is a row. What is sent and what is written stand in the transaction that moves
the row on, and a worker skips rows that another one has: nobody is invited twice.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from contracts.kinds import LANGUAGES
from contracts.quality import Quality
from customer_context.contact_policy.notice_channel import Choice
from customer_context.metering.reading_range import expected_range
from runtime.errors import Invalid, NotAllowed, NotFound
from runtime.settings import Settings
from services import case_notices, contact_policy, meter_reading, reading_links
from services.visibility import TYPED
from store.casework import contacts
from store.casework.contacts import NewContact
from store.people import consent, customers, meter_data, reading_rounds, readings
from store.people.customers import Person
from store.people.reading_rounds import NewRound
from store.people.readings import NewReading
from store.postgres import roles
from store.postgres.pool import Connection
from store.postgres.times import from_us, to_us

BATCH = 50
MOST_METERS = 100_000
_PURPOSE = meter_reading.PURPOSE

_TEXTS = {
    "de": {
        "hello": "Guten Tag {name},",
        "invite": "bitte lesen Sie bis {until} Ihren Zähler {number} ab",
        "remind": "bis {until} fehlt uns noch der Stand Ihres Zählers {number}",
        "thank": "danke, Ihr Zählerstand ist angekommen. Zähler {number}: {kwh} kWh",
        "subject_invite": "Bitte lesen Sie Ihren Zähler ab",
        "subject_remind": "Ihr Zählerstand fehlt noch",
        "subject_thank": "Ihr Zählerstand ist angekommen",
        "where": "Angemeldet geben Sie ihn hier ein: {url}",
        "else": "Was dann fehlt, schätzen wir.",
    },
    "en": {
        "hello": "Dear {name},",
        "invite": "please read your meter {number} by {until}",
        "remind": "the reading of your meter {number} is still missing; please send it by {until}",
        "thank": "thank you, your reading has arrived. Meter {number}: {kwh} kWh",
        "subject_invite": "Please read your meter",
        "subject_remind": "Your meter reading is still missing",
        "subject_thank": "Your meter reading has arrived",
        "where": "Signed in, enter it here: {url}",
        "else": "We estimate what is missing then.",
    },
}


def create(
    connection: Connection,
    tenant: str,
    name: str,
    opens_at: datetime,
    remind_at: datetime,
    closes_at: datetime,
    by: str,
    now_us: int,
    *,
    meters: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Make a round; return it with its progress.

    meters : None = all that no device reads. Raises `Invalid`, and `NotAllowed` where none is left.
    """
    if not opens_at <= remind_at <= closes_at:
        raise Invalid("remind_at: expected a time from opens_at to closes_at")
    if closes_at <= from_us(now_us):
        raise Invalid("closes_at: expected a time ahead")
    if meters is not None and len(meters) > MOST_METERS:
        raise Invalid(f"meters: at most {MOST_METERS}")
    new = NewRound(
        secrets.token_hex(16), tenant, name, opens_at, remind_at, closes_at, from_us(now_us), by
    )
    if not reading_rounds.put(connection, new, meters):
        raise NotAllowed("none of the meters is under contract and in no other round")
    return get(connection, tenant, new.round_id)


def get(connection: Connection, tenant: str, round_id: str) -> dict[str, Any]:
    """Return a round with its progress. Raises `NotFound`."""
    found = reading_rounds.get(connection, tenant, round_id)
    if found is None:
        raise NotFound(f"there is no reading round {round_id!r}")
    return found


def run_due(connection: Connection, settings: Settings, now_us: int, limit: int = BATCH) -> int:
    """Do what is due in all rounds, in the caller's transaction; return how many meters moved."""
    rows = reading_rounds.due(connection, from_us(now_us), limit)
    moved = 0
    for row in rows:
        if contact_policy.try_lock(connection, (row["tenant"], row["customer"]), now_us):
            _move(connection, settings, row, now_us)
            moved += 1
    return moved


def _move(connection: Connection, settings: Settings, row: dict[str, Any], now_us: int) -> None:
    roles.set_tenant_scope(connection, [row["tenant"]])
    if row["given"] is not None:
        choice = _send(connection, settings, row, "thank", now_us)
        reading_rounds.step(
            connection, row, next="done", reading_id=row["given"], thanked_by=choice.channel,
            reason=choice.reason,
        )  # fmt: skip
    elif from_us(now_us) >= row["closes_at"]:
        _close(connection, row, now_us)
    elif row["next"] == "invite":
        choice = _send(connection, settings, row, "invite", now_us)
        reading_rounds.step(
            connection, row, next="remind", due_at=row["remind_at"], invited_at=from_us(now_us),
            invited_by=choice.channel, reason=choice.reason,
        )  # fmt: skip
    elif row["next"] == "remind":
        choice = _send(connection, settings, row, "remind", now_us)
        reading_rounds.step(
            connection, row, next="close", due_at=row["closes_at"], reminded_at=from_us(now_us),
            reminded_by=choice.channel, reason=choice.reason,
        )  # fmt: skip


def _send(
    connection: Connection, settings: Settings, row: dict[str, Any], what: str, now_us: int
) -> Choice:
    """Plan a message by the preferred channel that may be; return which, or why none."""
    person = customers.person(connection, row["tenant"], row["customer"])
    if person is None:
        return Choice(None, "nobody")
    choice = case_notices.choice(connection, settings, {**row, "purpose": _PURPOSE}, person, now_us)
    if choice.channel is None:
        return choice
    subject, body = _text(connection, settings, row, person, what)
    contacts.put(
        connection,
        [
            NewContact(
                contact_id=reading_links.id_of(row["round_id"], row["meter"], what),
                tenant=row["tenant"],
                customer=person.customer,
                channel=choice.channel,
                receiver_id=None,
                address=person.addresses.get("email") if choice.channel == "email" else None,
                purpose=_PURPOSE,
                language=_language(person),
                type=reading_links.TYPE,
                subject=subject,
                body=body,
                payload=None,
                urgent=False,
                signal_id=None,
                signal_revision=None,
                playbook=TYPED,
                treatment=what,
                case_id=None,
                alert_id=None,
                deliver_at_us=choice.deliver_at_us,
                exempt=sorted(contact_policy.of(settings).exempt(choice.policy)),
            )
        ],
        now_us,
    )
    return choice


def _language(person: Person) -> str:
    return person.language if person.language in LANGUAGES else "en"


def _text(
    connection: Connection, settings: Settings, row: dict[str, Any], person: Person, what: str
) -> tuple[str, str]:
    """Return subject and body in the customer's language."""
    texts = _TEXTS[_language(person)]
    meter = readings.digits_of(connection, row["tenant"], row["meter"])
    given = None if row["given"] is None else readings.get(connection, row["tenant"], row["given"])
    says = texts[what].format(
        until=f"{row['closes_at']:%Y-%m-%d}",
        number=(meter and meter[0]) or row["meter"],
        kwh="" if given is None else f"{given['kwh']:.0f}",
    )
    lines = [texts["hello"].format(name=person.name), f"{says}.", ""]
    if what != "thank":
        base = settings.api_base_url
        if base:
            lines.append(texts["where"].format(url=f"{base.rstrip('/')}/reading/{row['meter']}"))
        lines.append(texts["else"])
    return texts[f"subject_{what}"], "\n".join(lines).rstrip() + "\n"


def _close(connection: Connection, row: dict[str, Any], now_us: int) -> None:
    """Estimate the reading at the end of the window, and mark it as such."""
    try:
        meter = meter_reading.meter_at(
            connection, row["tenant"], row["meter"], row["closes_at"], row["customer"]
        )
    except NotFound:
        reading_rounds.step(connection, row, next="done", reason="another_holder")
        return
    if not meter.granted:
        reading_rounds.step(connection, row, next="done", reason=f"no_consent:{_PURPOSE}")
        return
    register = meter_reading.register_of(connection, meter)
    if register is None:
        reading_rounds.step(connection, row, next="done", reason="nothing_known")
        return
    expected, low, high = expected_range(register, to_us(row["closes_at"]))
    new = NewReading(
        reading_id=secrets.token_hex(16),
        tenant=row["tenant"],
        meter=row["meter"],
        customer=meter.customer,
        contract=meter.contract,
        read_at=readings.time_in_stream(row["closes_at"]),
        kwh=round(expected, 3),
        source="estimate",
        author="tachowatt",
        entered_at=from_us(now_us),
        status=int(Quality.ERSATZWERT),
        verdict="plausible",
        expected_kwh=expected,
        low_kwh=low,
        high_kwh=high,
        confirmed=False,
        counts=False,
        replaces=None,
        version=1,
        reason="not read in the round",
        case_id=None,
        key=hashlib.sha256(f"round\0{row['round_id']}".encode()).hexdigest(),
    )
    if readings.put(connection, new):
        meter_data.put_event(
            connection, new.tenant, "reading.accepted", new.customer, new.reading_id, new.version,
            new.entered_at,
        )  # fmt: skip
    reading_rounds.step(
        connection, row, next="done", reading_id=new.reading_id, estimated=True, reason=""
    )


def meters_of(connection: Connection, tenant: str, round_id: str) -> list[dict[str, Any]]:
    """Return the meters of a round whose customers agree; of others only the counts are shown."""
    rows = reading_rounds.meters(connection, tenant, round_id)
    pairs = sorted({(tenant, row["customer"]) for row in rows})
    granted = consent.granted_to(connection, pairs)
    return [row for row in rows if _PURPOSE in granted[tenant, row["customer"]]]
