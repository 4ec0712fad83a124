"""The registry of personal data: each table, topic and file, and what happens to what is there.

Retention, the record of processing (GDPR Art. 30), export and erasure read it. A test compares it
with the catalogue of a migrated database: a new table needs an entry here.
"""

from dataclasses import dataclass
from enum import StrEnum


class End(StrEnum):
    """What erasure does with a customer's rows."""

    DELETE = "delete"
    ARCHIVE = "archive"
    """Moved to privacy.kept under a pseudonym, for as long as `kept_days` says."""
    RECOMPUTE = "recompute"
    """A cache of features: dropped, and computed again from the samples that remain."""
    KEEP = "keep"
    """The rows name no customer, or stay for the reason in `why`."""


@dataclass(frozen=True, slots=True)
class Whose:
    """How a customer's rows are found.

    rows : condition on the alias t, with the parameters of `whose.Keys`; '' = they are nobody's.
    span : column of time, for tables by device: the rows of each span in which a device was the
    customer's, with the parameters device, begin and end.
    """

    rows: str = ""
    span: str = ""

    @property
    def condition(self) -> str:
        """Return the condition; of a table by device for one span."""
        if not self.span:
            return self.rows
        at = f"t.{self.span}"
        return f"t.device_id = %(device)s and {at} >= %(begin)s and {at} < %(end)s"


@dataclass(frozen=True, slots=True)
class Retention:
    """How long rows stay, by a column of time. where : condition that they must meet as well."""

    category: str
    column: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class Category:
    """A period of retention. days : 0 = until the customer is erased. by : who enforces it."""

    days: int
    why: str
    by: str = "retention"


CATEGORIES = {
    "samples": Category(0, "TACHOWATT_RETENTION_DAYS; their features stay", "upkeep"),
    "relationship": Category(0, "as long as the customer is one; then erasure"),
    "ended": Category(1095, "three years after its end: the limitation period of § 195 BGB"),
    "casework": Category(1095, "three years: the limitation period of § 195 BGB"),
    "reads": Category(1095, "three years: proof of who looked (Art. 5(2))"),
    "changes": Category(30, "30 days: for systems that follow what has changed"),
    "history": Category(35, "35 days: to try rules on what was decided"),
    "faults": Category(90, "90 days: to mend what could not be used"),
    "access": Category(0, "ends by its own time", "API"),
    "technical": Category(0, "no personal data of customers, or a cache of other rows", "ingest"),
    "exports": Category(14, "14 days: to download the copy"),
    "proof": Category(3650, "ten years: proof that a right was met (Art. 5(2))"),
}  # fmt: skip
"""Every period has one name here; TACHOWATT_PRIVACY_RETENTION changes days by these names."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A table, topic or file.

    place : schema.table, topic or file. purpose : what it is for. data : what of a person it has;
    '' = nothing. whose, retention, end : see there. export : in the customer's export.
    hidden : columns that an export leaves out, as secrets. why : of End.KEEP. kept_days, blanked,
    kept_where : of End.ARCHIVE: days, columns that are left out, condition of the rows that are
    kept. emptied : columns that become null in place of a deletion, as the rows after it rest on
    the row. kind : table, topic or file.
    """

    place: str
    purpose: str
    data: str
    whose: Whose
    retention: Retention
    end: End
    export: bool = True
    hidden: tuple[str, ...] = ()
    why: str = ""
    kept_days: int = 0
    blanked: tuple[str, ...] = ()
    emptied: tuple[str, ...] = ()
    kept_where: str = "true"
    kind: str = "table"


_CUSTOMER = Whose("t.tenant = %(tenant)s and t.customer = %(customer)s")
_PERSON = Whose("t.person_id = any(%(persons)s)")
_KEY = Whose("t.key_id = any(%(keys)s)")
_CASE = Whose("t.case_id = any(%(cases)s)")
_ALERT = Whose("t.alert_id = any(%(alerts)s)")
_CONTACT = Whose("t.contact_id = any(%(contacts)s)")
_DEVICE = Whose("t.device_id = any(%(devices)s)")
_VEHICLE = Whose("t.tenant = %(tenant)s and t.vehicle = any(%(vehicles)s)")
_METER = Whose("t.tenant = %(tenant)s and t.meter = any(%(meters)s)")
_DRIVEN = Whose(
    "t.tenant = %(tenant)s and (t.customer = %(customer)s or t.vehicle = any(%(vehicles)s))"
)
_MERGED = Whose("t.tenant = %(tenant)s and (t.merged = %(customer)s or t.survivor = %(customer)s)")
_PAIR = Whose("t.tenant = %(tenant)s and (t.one = %(customer)s or t.other = %(customer)s)")
_NOBODY = Whose()
_TECHNICAL = Retention("technical")
_RELATIONSHIP = Retention("relationship")
_ACCESS = Retention("access")


def _of_device(
    place: str, data: str, column: str, retention: Retention, purpose: str, *, export: bool = True
) -> Entry:
    return Entry(place, purpose, data, Whose(span=column), retention, End.DELETE, export)


def _nobody(place: str, purpose: str, why: str, retention: Retention = _TECHNICAL) -> Entry:
    return Entry(place, purpose, "", _NOBODY, retention, End.KEEP, export=False, why=why)


_SAMPLES = Retention("samples")
_DRIVING = "driving_score, claims_assistance"
_ENERGY = "energy_insight"
_STAFF = "account of staff; of customers only what hangs on their own account"
_A_CACHE = "numbers of a device's computation, no name"

# A table comes before those that its rows reference, so that erasure can delete in this order.
TABLES = (
    # ── telemetry and features: of a device, while it was the customer's ────────────────────────
    _of_device("telemetry.vehicle_sample", "position, speed, acceleration", "observed_at", _SAMPLES,
               _DRIVING),
    _of_device("telemetry.meter_sample", "meter readings, power", "observed_at", _SAMPLES, _ENERGY),
    _of_device("telemetry.device_event", "events and states of a device", "observed_at",
               Retention("samples", "observed_at"), "operation of the device"),
    Entry("telemetry.meter_number", _ENERGY, "number of a meter",
          Whose("t.number = any(%(numbers)s)"),
          _RELATIONSHIP, End.DELETE),
    _of_device("features.trip", "trips with begin, end and place", "start_at", _RELATIONSHIP,
               _DRIVING),
    _of_device("features.rescored_trip", "trips computed again from samples", "start_at",
               _RELATIONSHIP, _DRIVING, export=False),
    _of_device("features.driving_event", "harsh manoeuvres, crashes, with place", "start_at",
               _RELATIONSHIP, _DRIVING),
    _of_device("features.meter_interval", "energy of each interval", "start_at", _RELATIONSHIP,
               _ENERGY),
    _of_device("features.meter_interval_past", "energy of intervals before corrections", "start_at",
               _RELATIONSHIP, _ENERGY),
    _of_device("features.interval_estimate", "energy of intervals that were estimated", "start_at",
               _RELATIONSHIP, _ENERGY),
    _of_device("features.meter_day", "energy and base load of each day", "start_at", _RELATIONSHIP,
               _ENERGY),
    _of_device("features.meter_anomaly", "anomalies of consumption", "start_at", _RELATIONSHIP,
               _ENERGY),
    *(
        Entry(f"rollup.{name}", "sums of features", "sums of trips or energy",
              _DEVICE, _TECHNICAL, End.RECOMPUTE,
              export=False)
        for name in ("_vehicle_day", "_meter_day", "_meter_hour", "_meter_month", "_trip_dirty",
                     "_interval_dirty")
    ),
    Entry("pipeline.checkpoint", "cache of a device's computation", _A_CACHE,
          _DEVICE, _TECHNICAL, End.RECOMPUTE, export=False),
    Entry("pipeline.computed_with", "settings of a device's computation", "",
          _DEVICE, _TECHNICAL, End.RECOMPUTE, export=False),
    _nobody("pipeline.reconcile", "devices to compute again", "device and times, no name"),
    # ── from signals to contacts ────────────────────────────────────────────────────────────────
    Entry("contacts.attempt", "proof of delivery", "answers of receivers",
          _CONTACT,
          Retention("casework", "at", "exists (select from contacts.contact c where "
                    "c.contact_id = t.contact_id and c.state <> 'pending')"), End.DELETE),
    Entry("contacts.contact", "messages to and about a customer", "address, text, payload",
          _CONTACT,
          Retention("casework", "finished_at", "t.state <> 'pending'"), End.DELETE,
          hidden=("claimed_by",)),
    Entry("contacts.alert_change", "stream of changes of alerts", "state of an alert",
          _ALERT, Retention("casework", "at"), End.DELETE),
    Entry("contacts.alert", "work on anomalies", "anomaly, feedback in free text",
          _ALERT,
          Retention("casework", "resolved_at", "t.state = 'resolved' and not exists (select from "
                    "contacts.contact c where c.alert_id = t.alert_id) and not exists (select from "
                    "contacts.alert_change h where h.alert_id = t.alert_id)"), End.DELETE),
    Entry("contacts.case_entry", "diary of cases", "free text",
          _CASE,
          Retention("casework", "at", "exists (select from contacts.service_case s where "
                    "s.case_id = t.case_id and s.state = 'resolved')"), End.DELETE),
    # It goes with its case, whose retention deletes it.
    Entry("contacts.case_order", "automatic steps of a case", "which step, what it runs",
          _CASE, _RELATIONSHIP, End.DELETE),
    Entry("contacts.case_event", "steps of a case, and who did them", "reasons in free text",
          _CASE,
          Retention("casework", "at", "exists (select from contacts.service_case s where "
                    "s.case_id = t.case_id and s.state = 'resolved')"), End.DELETE),
    Entry("customers.reading_round_meter", "meters of reading rounds", "what was sent, and read",
          _CUSTOMER, _RELATIONSHIP, End.DELETE),
    _nobody("customers.reading_round", "windows of reading rounds", "times"),
    Entry("customers.reading_correction", "corrections of readings that were asked for", "register",
          _CUSTOMER, _RELATIONSHIP, End.DELETE),
    Entry("customers.billing_value", "use that was released for billing", "use, readings",
          _CUSTOMER, _RELATIONSHIP, End.DELETE),
    Entry("customers.bill", "bills of the billing system", "use, amounts, readings", _CUSTOMER,
          _RELATIONSHIP, End.DELETE),
    _nobody("customers.tariff", "prices, valid in time", "prices"),
    Entry("contacts.meter_event", "readings and billing values on their way to the utility",
          "which, and when", _CUSTOMER, _RELATIONSHIP, End.DELETE),
    Entry("contacts.estimate_due", "meters whose estimates are settled next", "which meter",
          _METER, _TECHNICAL, End.DELETE, export=False),
    _nobody("contacts.estimate_sweep", "how far meters were looked through", "number of a device"),
    Entry("customers.reading_photo", "photos of meters", "photos", _CUSTOMER, _RELATIONSHIP,
          End.DELETE, hidden=("key", "content")),
    Entry("customers.entered_reading", "readings of meters that people gave", "register, use",
          _CUSTOMER, _RELATIONSHIP, End.DELETE, hidden=("key",)),
    Entry("contacts.case_link", "links that open a case for its customer", "when they were opened",
          _CASE, Retention("access", "expires_at"), End.DELETE),
    Entry("contacts.consent_request", "let a customer confirm or renew a consent",
          "when they were asked, and by which message", _CUSTOMER,
          Retention("access", "expires_at"), End.DELETE),
    # These go with their case: retention deletes that, and the reference cascades.
    Entry("contacts.case_file", "photos and documents of a case", "photos, places that were agreed",
          _CASE, _RELATIONSHIP, End.DELETE, hidden=("key", "content", "position")),
    Entry("contacts.case_field", "forms of open steps", "what was entered",
          _CASE, _RELATIONSHIP, End.DELETE),
    Entry("contacts.case_action", "actions of a customer that were answered", "which, and when",
          _CASE, Retention("access", "at"), End.DELETE, hidden=("fingerprint",)),
    Entry("contacts.claim_file", "claims as insurers got them", "what happened",
          _CASE, _RELATIONSHIP, End.DELETE),
    Entry("contacts.crash_label", "what people said about a noticed crash", "what happened",
          _CASE, _RELATIONSHIP, End.DELETE),
    Entry("contacts.case_notice", "what a customer is notified of in a case", "milestones",
          _CASE, _RELATIONSHIP, End.DELETE),
    Entry("contacts.case_plan", "steps and forms of a case", "what its forms have collected",
          _CASE, _RELATIONSHIP, End.DELETE),
    Entry("contacts.outcome", "what became of offers and advice", "a reaction", _CUSTOMER,
          Retention("casework", "at"), End.DELETE),
    Entry("contacts.item_feedback", "show first what helps",
          "what agents found of use about a customer, and the customer of messages", _CUSTOMER,
          Retention("casework", "at"), End.DELETE),
    _nobody("contacts.item_usefulness", "show first what helps", "counts of many customers"),
    Entry("contacts.next_action", "why an offer or advice was chosen",
          "facts about a customer, consents, contacts and reactions, at the time of a decision",
          _CUSTOMER, Retention("casework", "decided_at"), End.DELETE),
    Entry("contacts.no_action", "try changed offers and advice on history",
          "facts about a customer, consents, contacts and reactions, at the time of a decision",
          _CUSTOMER, Retention("history", "decided_at"), End.DELETE),
    Entry("customers.household_member", "caps on messages of a household", "who lives together",
          _CUSTOMER, _RELATIONSHIP, End.DELETE),
    Entry("customers.channel_choice", "send messages as the customer wants them",
          "chosen channels", _CUSTOMER, _RELATIONSHIP, End.DELETE),
    Entry("contacts.weather_place", "weather notices", "a place, as coarse as the tenant names it",
          _CUSTOMER, Retention("relationship"), End.DELETE),
    _nobody("contacts.weather", "weather notices, and what explains consumption",
            "weather of places"),
    Entry("contacts.outbound_signal", "decide whether a message is worth it", "a signal that waits",
          _CUSTOMER, Retention("access", "asked_at"), End.DELETE, export=False),
    _nobody("contacts.outbound_run", "decide about all customers, a part at a time",
            "how far a run is; the id of one customer, until the next"),
    Entry("contacts.reported_fact", "choose offers and advice", "tariff, instalment, parking place",
          _CUSTOMER, Retention("casework", "recorded_at"), End.DELETE),
    Entry("contacts.service_case", "work of people for a customer", "case, resolution in free text",
          _CASE,
          Retention("casework", "resolved_at", "t.state = 'resolved' and not exists (select from "
                    "contacts.contact c where c.case_id = t.case_id) and not exists (select from "
                    "contacts.alert a where a.case_id = t.case_id) and not exists (select from "
                    "contacts.case_entry e where e.case_id = t.case_id)"), End.DELETE,
          hidden=("words", "before_outcome")),
    Entry("contacts.call_code", "verify a caller", "code and address (sealed), for ten minutes",
          _CUSTOMER, Retention("access", "expires_at"), End.DELETE, hidden=("code", "address")),
    Entry("contacts.call_try", "proof of who was taken for the customer", "tries, without answers",
          _CUSTOMER, Retention("casework", "at"), End.DELETE),
    Entry("contacts.call", "who calls", "calls, with a keyed hash of the number",
          Whose("t.tenant = %(tenant)s and (t.customer = %(customer)s or t.customer is null and "
                "t.lookup in (select p.lookup from customers.contact_point p where "
                "p.tenant = %(tenant)s and p.customer = %(customer)s))"),
          Retention("casework", "started_at", "t.state = 'closed'"), End.DELETE,
          hidden=("lookup",)),
    Entry("contacts.decision", "why something was sent or not", "decision and its reason",
          Whose("t.tenant = %(tenant)s and (t.customer = %(customer)s "
                "or t.signal_id = any(%(signals)s))"),
          Retention("casework", "decided_at"), End.DELETE),
    Entry("contacts.driver_score", "driving score of each week", "score, distance", _CUSTOMER,
          Retention("ended", "computed_at"), End.DELETE),
    Entry("contacts.trip_counting", "decisions what counts in the driving score",
          "trip or event, reason, who decided", _CUSTOMER, _RELATIONSHIP, End.DELETE),
    _nobody("contacts.rescore_run", "computations of trips from samples", "names no customer"),
    _of_device("contacts.trip_print", "hash of the dynamics of a trip", "start_at", _RELATIONSHIP,
               "find drives that are sent a second time", export=False),
    Entry("contacts.score_told", "the score that was announced last", "score", _CUSTOMER,
          _RELATIONSHIP, End.DELETE),
    Entry("pipeline.publication", "what waits to be published", "readings and use until then",
          Whose("t.kind = 'signal' and t.ref = any(%(sequences)s) "
                "or t.tenant = %(tenant)s and t.customer = %(customer)s"),
          _TECHNICAL, End.DELETE, export=False),
    Entry("pipeline.signal_queue", "signals to decide about", "",
          Whose("t.sequence = any(%(sequences)s)"), _TECHNICAL, End.DELETE, export=False),
    Entry("pipeline.signal", "what features found", "trips, events, anomalies, scores",
          Whose("t.sequence = any(%(sequences)s)"),
          Retention("casework", "created_at", "not exists (select from pipeline.signal_queue q "
                    "where q.sequence = t.sequence)"), End.DELETE),
    _of_device("pipeline.dead_letter", "messages that could not be used, as they were received",
               "received_at",
               Retention("faults", "received_at", "t.state <> 'retry' and t.due_at is null"),
               "mend what could not be used", export=False),
    _nobody("contacts.action_set", "actions that decided", "texts for everybody"),
    _nobody("pipeline.device_seq", "numbers of messages", "numbers by the device's address"),
    _nobody("pipeline.quarantine", "devices that misbehave", "a device, which erasure leaves"),
    _nobody("pipeline.not_kept", "counts of what was not kept", "counts by address",
            Retention("faults", "last_at")),
    _nobody("pipeline.stopped_source", "sources that wait", "a dialect of a tenant"),
    _nobody("pipeline.ledger", "counts of messages", "counts by tenant and dialect"),
    _nobody("pipeline.ledger_warning", "counts of messages", "counts by tenant and dialect"),
    _nobody("pipeline.layout", "layout of the store", "settings"),
    _nobody("pipeline.log", "which log feeds the store", "settings"),
    _nobody("pipeline.partition", "offsets of the log", "offsets"),
    # ── access ──────────────────────────────────────────────────────────────────────────────────
    Entry("access.read_log", "who looked at personal data", "readers of a customer's data",
          _CUSTOMER, Retention("reads", "at"), End.ARCHIVE, kept_days=1095,
          blanked=("object_id",), kept_where="t.role <> 'customer'"),
    Entry("access.idempotency", "answers for repeated requests", "answers of the API",
          Whose("t.tenant = %(tenant)s and (t.key_id = any(%(keys)s) or exists (select from "
                "jsonb_array_elements(t.reads) r, jsonb_array_elements(r -> 'objects') o "
                "where o ->> 0 = %(customer)s))"), _ACCESS, End.DELETE, export=False),
    Entry("access.stream_token", "opens a stream", "", _KEY, _ACCESS, End.DELETE, export=False),
    Entry("access.session", "sessions of keys", "when used", _KEY, _ACCESS, End.DELETE,
          hidden=("hash", "csrf")),
    Entry("access.api_key", "keys of the API", "name of the key",
          _KEY, _RELATIONSHIP, End.DELETE, hidden=("hash",)),
    Entry("access.person_session", "sessions of people", "browser, when used", _PERSON, _ACCESS,
          End.DELETE, hidden=("hash", "csrf", "seal")),
    Entry("access.identity", "account at an OpenID provider", "id of the account", _PERSON,
          _RELATIONSHIP, End.DELETE, hidden=("seal",)),
    Entry("access.link", "one-time links", "", _PERSON, _ACCESS, End.DELETE, export=False),
    Entry("access.mail", "links that wait to be sent", "", _PERSON, _ACCESS, End.DELETE,
          export=False),
    Entry("access.credential", "password and second factor", "", _PERSON, _RELATIONSHIP, End.DELETE,
          export=False),
    Entry("access.person", _STAFF, "name, e-mail, team, skills, languages, absence", _CUSTOMER,
          _RELATIONSHIP, End.DELETE),
    _nobody("access.partner", "companies outside", "a company"),
    _nobody("access.partner_member", "who acts for a company outside", "staff of partners"),
    _nobody("access.analyst", "logins of analysts", "staff"),
    _nobody("access.change_request", "four eyes", "staff, and ids of dead letters",
            Retention("proof", "requested_at", "not exists (select from access.change_decision d "
                      "where d.request_id = t.request_id)")),
    _nobody("access.change_decision", "four eyes", "staff",
            Retention("proof", "decided_at", "not exists (select from access.change_execution e "
                      "where e.request_id = t.request_id)")),
    _nobody("access.change_execution", "four eyes", "staff", Retention("proof", "executed_at")),
    _nobody("access.device_claim", "set a device up once", "sealed login of a device"),
    _nobody("access.device_login", "logins of devices", "devices, which erasure leaves"),
    _nobody("access.lookup_key", "keys of keyed hashes", "keys"),
    _nobody("access.secret_key", "ids of keys", "ids of keys"),
    _nobody("access.signing_key", "signs heads of the consent ledger, and receipts", "keys"),
    _nobody("access.wake_key", "key of notifications", "a key"),
    # ── who it is ───────────────────────────────────────────────────────────────────────────────
    Entry("customers.consent", "proof of what was permitted", "decisions about purposes", _CUSTOMER,
          _RELATIONSHIP, End.ARCHIVE, kept_days=1095, hidden=("salt",), blanked=("salt",),
          emptied=("customer", "salt")),
    Entry("customers.interaction", "answer a customer who knows what was said before",
          "what a customer did and said in other channels, in free text",
          Whose("t.tenant = %(tenant)s and (t.customer = %(customer)s or t.customer is null and "
                "t.visitor in (select i.visitor from customers.interaction i where "
                "i.tenant = %(tenant)s and i.customer = %(customer)s))"),
          Retention("casework", "at"), End.DELETE, hidden=("words", "digest")),
    _nobody("customers.consent_notice", "texts that were shown", "texts for everybody",
            Retention("proof")),
    Entry("customers.contact_point", "reach a customer", "phone, e-mail, postal address (sealed)",
          _CUSTOMER, Retention("ended", "valid_to"), End.DELETE, hidden=("lookup",)),
    Entry("customers.address", "reach a customer", "e-mail, phone, other addresses", _CUSTOMER,
          _RELATIONSHIP, End.DELETE),
    Entry("customers.assignment", "which device measures what", "a device and its vehicle or meter",
          Whose("t.tenant = %(tenant)s and (t.vehicle = any(%(vehicles)s) "
                "or t.meter = any(%(meters)s))"), _RELATIONSHIP, End.DELETE),
    Entry("customers.external_id", "ids in other systems", "ids of customer and things",
          Whose("t.tenant = %(tenant)s and (t.kind = 'customer' and t.object = %(customer)s "
                "or t.kind = 'vehicle' and t.object = any(%(vehicles)s) "
                "or t.kind = 'meter' and t.object = any(%(meters)s) "
                "or t.kind = 'contract' and t.object = any(%(contracts)s))"),
          _RELATIONSHIP, End.DELETE),
    Entry("customers.attribute_value", "what a company records of its own",
          "values of custom attributes",
          Whose("t.tenant = %(tenant)s and (t.kind = 'customer' and t.object = %(customer)s "
                "or t.kind = 'vehicle' and t.object = any(%(vehicles)s) "
                "or t.kind = 'meter' and t.object = any(%(meters)s) "
                "or t.kind = 'contract' and t.object = any(%(contracts)s))"),
          _RELATIONSHIP, End.DELETE),
    Entry("customers.contract", "what was agreed", "contract and period", _CUSTOMER, _RELATIONSHIP,
          End.DELETE),
    Entry("customers.driver", "who drove, as somebody said", "driver of a vehicle and period",
          _DRIVEN, _RELATIONSHIP, End.DELETE),
    Entry("customers.vehicle", "what is insured", "name and number plate",
          _VEHICLE, _RELATIONSHIP, End.DELETE),
    Entry("customers.meter", "what is metered", "number of the meter",
          _METER, _RELATIONSHIP, End.DELETE),
    # ── rights ──────────────────────────────────────────────────────────────────────────────────
    Entry("privacy.export_part", "copy of the data that a customer asked for", "all data, sealed",
          Whose("t.request_id in (select r.request_id from privacy.rights_request r "
                "where r.tenant = %(tenant)s and r.customer = %(customer)s)"),
          Retention("exports"), End.DELETE, export=False),
    Entry("privacy.export", "copy of the data that a customer asked for", "size and digest",
          _CUSTOMER, Retention("exports", "made_at"), End.DELETE),
    Entry("privacy.processing_limit", "rights of customers (Art. 18, 21, 22)",
          "restriction, objection", _CUSTOMER,
          Retention("ended", "ended_at", "t.ended_at is not null"), End.DELETE),
    Entry("privacy.rights_request", "rights of customers (Art. 12 to 22)",
          "what a customer asked for, in their words", _CUSTOMER,
          Retention("casework", "closed_at", "t.closed_at is not null"), End.ARCHIVE,
          kept_days=1095, blanked=("details", "answer", "author", "case_id")),
    Entry("privacy.customer_key", "sealing of a customer's free text", "", _CUSTOMER,
          _RELATIONSHIP, End.DELETE, export=False),
    Entry("customers.merge", "which records are one customer", "ids of customers, and why",
          _MERGED, _RELATIONSHIP, End.DELETE),
    Entry("customers.match_pair", "which records may be one customer", "ids of customers",
          _PAIR, _RELATIONSHIP, End.DELETE),
    Entry("customers.customer", "who it is", "name, date of birth, language",
          _CUSTOMER, _RELATIONSHIP, End.DELETE),
    # Erasure of the rows above writes into these; they come after them.
    Entry("customers.assignment_past", "what we knew before a correction", "as of the assignment",
          Whose("t.tenant = %(tenant)s and (t.vehicle = any(%(vehicles)s) "
                "or t.meter = any(%(meters)s))"),
          Retention("ended", "recorded_to"), End.DELETE),
    Entry("customers.contract_past", "what we knew before a correction", "as of the contract",
          _CUSTOMER, Retention("ended", "recorded_to"), End.DELETE),
    Entry("customers.driver_past", "what we knew before a correction", "as of the driver",
          _DRIVEN, Retention("ended", "recorded_to"), End.DELETE),
    _nobody("customers.import_run", "how far imports have come", "digests of files"),
    # Who follows the changes has to learn that the objects are gone: those rows stay.
    Entry("customers.change", "which objects have changed", "ids of objects",
          Whose("t.tenant = %(tenant)s and t.operation <> 'deleted' and ("
                "t.kind in ('customer', 'contact_point', 'consent', 'merge') "
                "and t.object = %(customer)s "
                "or t.kind = 'contract' and t.object = any(%(contracts)s) "
                "or t.kind in ('vehicle', 'driver') and t.object = any(%(vehicles)s) "
                "or t.kind = 'meter' and t.object = any(%(meters)s) "
                "or t.kind = 'external_id' and case split_part(t.object, ':', 1) "
                "when 'customer' then split_part(t.object, ':', 2) = %(customer)s "
                "when 'contract' then split_part(t.object, ':', 2) = any(%(contracts)s) "
                "when 'vehicle' then split_part(t.object, ':', 2) = any(%(vehicles)s) "
                "else split_part(t.object, ':', 2) = any(%(meters)s) end)"),
          Retention("changes", "recorded_at"), End.DELETE, export=False),
    _nobody("customers.change_horizon", "which changes are forgotten", "a number"),
    Entry("customers.device", "devices of the tenant", "name and address of a device",
          _DEVICE, _RELATIONSHIP, End.KEEP,
          why="a device of the tenant: while it is known, what it still sends is refused and not "
          "kept as a dead letter"),
    Entry("customers.received_event", "write each event of a back office once",
          "ids of objects; of what was refused the row that was sent",
          Whose("t.tenant = %(tenant)s and (t.type = 'customer.put' and t.object = %(customer)s "
                "or t.type = 'contract.put' and t.object = any(%(contracts)s) "
                "or t.type = 'vehicle.put' and t.object = any(%(vehicles)s) "
                "or t.type = 'meter.put' and t.object = any(%(meters)s))"),
          Retention("faults", "received_at"), End.DELETE, export=False),
    _nobody("customers.change_publication", "up to where changes are published", "numbers"),
    _nobody("customers.attribute", "which attributes a company has", "names of attributes"),
    _nobody("customers.shared_identifier", "numbers that several people use", "keyed hashes"),
    _nobody("customers.tenant", "companies", "a company"),
    _nobody("customers.version", "number of changes", "a number"),
    # ── what is sent, by whom, how ──────────────────────────────────────────────────────────────
    _nobody("contacts.rule", "rules", "no customer"),
    _nobody("contacts.rule_activation", "rules, four eyes", "staff"),
    _nobody("contacts.score_model", "weights of the driving score", "fitted to many"),
    _nobody("contacts.score_activation", "which of them counts", "no customer"),
    _nobody("contacts.score_freeze", "which of them is frozen for a tariff year", "no customer"),
    _nobody("contacts.score_retirement", "which of them is retired", "no customer"),
    _nobody("contacts.playbook", "rules", "no customer"),
    _nobody("contacts.playbook_error", "rules", "no customer"),
    _nobody("contacts.receiver", "systems of companies", "a company"),
    _nobody("contacts.receiver_secret", "secrets of webhooks", "a company"),
    _nobody("contacts.change_subscription", "up to where receivers have the changes",
            "numbers, and the id of one object"),
    # ── privacy ─────────────────────────────────────────────────────────────────────────────────
    _nobody("privacy.erasure", "list of the erased", "keyed hash of a customer",
            Retention("proof")),
    _nobody("privacy.erased_span", "devices of the erased", "devices and times",
            Retention("proof")),
    _nobody("privacy.retention_run", "report of retention", "counts of tables"),
    _nobody("privacy.kept", "what the law keeps of the erased", "pseudonym",
            Retention("proof", "until", "true")),
    _nobody("public.tachowatt_migration", "migrations", "none"),
)  # fmt: skip

_UNTIL_KAFKA = "Kafka's retention.ms ends it"


def _outside(kind: str, place: str, purpose: str, data: str, why: str) -> Entry:
    return Entry(
        place, purpose, data, _NOBODY, _TECHNICAL, End.KEEP, export=False, why=why, kind=kind
    )


TOPICS = (
    _outside("topic", "telemetry.raw", "messages until they are stored, and for a replay",
             "all that devices send",
             f"{_UNTIL_KAFKA}; a replay stores nothing, as nobody holds the device at that time"),
    _outside("topic", "telemetry.acks", "numbers of stored messages", "", _UNTIL_KAFKA),
    _outside("topic", "telemetry.dead", "dead letters for other systems",
             "messages as they were received", _UNTIL_KAFKA),
    _outside("topic", "customers", "rows of back offices until they are written",
             "who it is, contracts, vehicles, meters", _UNTIL_KAFKA),
    _outside("topic", "customers.changes", "changes of the registry for other systems",
             "who it is, contracts, vehicles, meters", _UNTIL_KAFKA),
    _outside("topic", "signals", "findings for other systems", "trips, events, anomalies, scores",
             _UNTIL_KAFKA),
)  # fmt: skip
"""Names without TACHOWATT_KAFKA_TOPIC_PREFIX (contracts/kafka.py)."""

FILES = (
    _outside("file", "postgres", "the embedded database", "its tables, by their own rules",
             "vacuum and its write-ahead log end what tables no longer have"),
    _outside("file", "broker", "the embedded broker", "messages that wait, logins of devices",
             "a message leaves it when it is acknowledged"),
    *(
        _outside("file", name, "operation", "", "no personal data")
        for name in ("secrets.key", "service.json", "lock", "api.port", "postgres.port",
                     "postgres.log", "broker.json", "broker.port", "broker.log", "erased.json",
                     "consent-heads")
    ),
)  # fmt: skip
"""Files and folders in the state directory."""

ENTRIES = (*TABLES, *TOPICS, *FILES)


def of(place: str) -> Entry:
    """Return a place's entry. Raises KeyError."""
    return _BY_PLACE[place]


_BY_PLACE = {entry.place: entry for entry in ENTRIES}


def order_of_deletion() -> tuple[Entry, ...]:
    """Return the tables whose rows erasure removes, referencing ones first."""
    return tuple(entry for entry in TABLES if entry.end in (End.DELETE, End.ARCHIVE))
