"""Our pure rules over a history: identity, ingest's steps, playbooks, delivery and visibility."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from contracts.purposes import COVERING
from customer_context.consent import narrowing, opt_in, state
from customer_context.consent.narrowing import Appended, appended_at
from customer_context.consent.state import (
    ConsentState,
    Decision,
    channels_refused,
    in_force,
    is_granted,
    stream_question,
)
from customer_context.identity import corrections, holders
from customer_context.identity.corrections import Period
from customer_context.identity.holders import FOREVER_US, Device, Holder, Span
from customer_context.playbooks import plan as planning
from customer_context.playbooks.model import Playbook
from customer_context.playbooks.plan import Person, Situation
from ingest.batch import steps
from ingest.batch.work import Envelope, Outcome, Work
from ingest.decoding.fast_path.classify import Topics, take
from ingest.device_state.cache import StateCache
from ingest.device_state.intake import Intake
from ingest.feature_inputs import Grids
from ingest.registry import Registry
from proving.consent import rules
from proving.consent.histories import CUSTOMERS, KINDS, PURPOSES, REQUEST_MIN, Event
from proving.consent.rules import minute, us
from runtime.settings import Settings
from services import visibility
from services.visibility import Kind
from store.people.consent import GRANTED, InForce
from store.postgres.times import from_us

TENANT = "t"
DEVICE_IDS = {"car": 1, "plug": 2}


class InMemory:
    """A tenant that has no database: the same rules over what was said."""

    def __init__(self, playbooks: list[Playbook], settings: Settings) -> None:
        self._playbooks = playbooks
        self._settings = settings
        self._intake = Intake.of(settings)
        self._now = 0
        self._periods: dict[str, list[Period[str]]] = {device: [] for device in KINDS}
        self._contracts: dict[str, tuple[str, Span]] = {}
        self._decisions: dict[str, list[Decision]] = {customer: [] for customer in CUSTOMERS}
        self._sources: dict[int, str] = {}
        self._asked: dict[int, tuple[str, Decision]] = {}
        self._ids: list[str] = []
        self._merges = 0
        self._signals: dict[int, Event] = {}
        self._cases: dict[tuple[int, str], dict[str, Any]] = {}
        self._contacts: dict[tuple[int, str, str], dict[str, Any]] = {}
        self._notes: list[tuple[int, datetime, str]] = []
        self._cache: StateCache | None = None

    def do(self, event: Event) -> Any:
        """Take an event; return what our rules answer to it."""
        self._now = event["now"]
        return getattr(self, f"_{event['do']}")(event)

    # ── what is said ────────────────────────────────────────────────────────────────────────

    def _assign(self, event: Event) -> None:
        known = self._periods[event["device"]]
        found = corrections.correct(
            known, us(event["begin"]), _end_us(event["end"]), event["subject"]
        )
        kept = [period for period in known if period not in found.removed]
        self._periods[event["device"]] = [*kept, *found.added]
        self._cache = None

    def _contract(self, event: Event) -> None:
        span = Span(us(event["begin"]), _end_us(event["end"]), event["customer"])
        self._contracts[event["contract"]] = (event["subject"], span)
        self._cache = None

    def _end(self, event: Event) -> None:
        subject, span = self._contracts[event["contract"]]
        ended = Span(span.from_us, _end_us(event["end"]), span.value)
        self._contracts[event["contract"]] = (subject, ended)
        self._cache = None

    def _decide(self, event: Event) -> None:
        said = self._say(event["customer"], decision(event))
        self._asked[event["number"]] = (event["customer"], said)

    def _say(self, customer: str, one: Decision) -> Decision:
        """Record what a customer says; while ids are merged, it is said for the others too."""
        said = self._append(customer, one, "history")
        if customer in self._ids:
            for other in self._ids:
                if other != customer:
                    self._append(other, replace(one, confirms=None), self._source("said"))
        return said

    def _append(self, customer: str, one: Decision, source: str) -> Decision:
        recorded = replace(one, consent_id=len(self._sources) + 1)
        self._sources[recorded.consent_id] = source
        self._decisions[customer].append(recorded)
        self._cache = None
        return recorded

    def _confirm(self, event: Event) -> str:
        """As `services.consent_links.use`."""
        customer, waits = self._asked[event["decision"]]
        if waits.opt_in != state.PENDING:
            return "confirmed"
        expires_at = waits.recorded_at + timedelta(minutes=REQUEST_MIN)
        why = opt_in.refusal(self._decisions[customer], waits, expires_at, self._at)
        if why is not None:
            return str(why)
        confirmed = replace(
            waits, decided_at=self._at, recorded_at=self._at, opt_in=state.CONFIRMED,
            confirms=waits.consent_id,
        )  # fmt: skip
        self._say(customer, confirmed)
        return "done"

    # ── merges, as services/merging.py ──────────────────────────────────────────────────────

    def _source(self, what: str) -> str:
        of = {"merge": narrowing.merge_source, "said": narrowing.said_source}[what]
        return of(str(self._merges))

    def _merge(self, event: Event) -> None:
        self._merges += 1
        self._ids = [event["survivor"], event["merged"]]
        before = {id_: list(self._decisions[id_]) for id_ in self._ids}
        for id_, own in before.items():
            others = [ledger for other, ledger in before.items() if other != id_]
            self._append_all(id_, narrowing.narrowed(own, others, self._at), self._source("merge"))

    def _split(self, event: Event) -> None:
        ids, self._ids = self._ids, []
        for id_ in ids:
            own = self._decisions[id_]
            left_out = {
                one.consent_id
                for one in own
                if narrowing.is_left_out(
                    one.state, self._sources[one.consent_id], str(self._merges)
                )
            }
            self._append_all(id_, narrowing.restored(own, left_out, self._at), "split")

    def _append_all(self, customer: str, appended: list[Appended], source: str) -> None:
        after = max([self._at, *(one.recorded_at for one in self._decisions[customer])])
        for number, one in enumerate(appended, start=1):
            at, asked = appended_at(after, number), one.question
            self._append(
                customer,
                Decision(
                    0, asked.purpose, state.WITHDRAWN if one.grant is None else state.GRANTED,
                    at, at, asked.channel, asked.data_category, asked.recipient,
                    None if one.grant is None else one.grant.valid_from,
                    None if one.grant is None else one.grant.valid_to,
                ),
                source,
            )  # fmt: skip

    def _note(self, event: Event) -> None:
        self._notes.append((event["signal"], from_us(us(event["now"])), event["text"]))

    # ── what follows ────────────────────────────────────────────────────────────────────────

    @property
    def _at(self) -> datetime:
        return from_us(us(self._now))

    def _device(self, name: str) -> Device:
        assigned = [Span(p.from_us, p.to_us, p.value) for p in self._periods[name]]
        covering: dict[str, list[Span]] = {}
        for subject, span in self._contracts.values():
            covering.setdefault(subject, []).append(span)
        return Device(
            DEVICE_IDS[name], TENANT, name, KINDS[name], "native", "UTC", 900.0, 6,
            holders.holders(assigned, covering), f"{TENANT}/{name}",
        )  # fmt: skip

    def _loaded(self) -> StateCache:
        """Return ingest's snapshot; as in ingest it stays until something changes, or until a
        decision begins or ends."""
        cache = self._cache
        if cache is not None and us(self._now) < cache.registry.changes_at_us:
            return cache
        devices = [self._device(name) for name in KINDS]
        purposes = {purpose for of_kind in COVERING.values() for purpose in of_kind}
        granted = {
            (TENANT, customer): frozenset(
                purpose
                for purpose in purposes
                if is_granted(decisions, stream_question(purpose), self._at)
            )
            for customer, decisions in self._decisions.items()
        }
        registry = Registry(
            0, frozenset({TENANT}), {("native", d.address): d for d in devices},
            {d.device_id: d for d in devices}, ConsentState(granted), self._next_change_us(),
            Grids.of(devices), {},
        )  # fmt: skip
        self._cache = StateCache(registry, 0, Topics(registry), self._intake)
        return self._cache

    def _next_change_us(self) -> int:
        bounds = [
            round(bound.timestamp() * 1e6)
            for decisions in self._decisions.values()
            for one in decisions
            for bound in (one.valid_from, one.valid_to)
            if bound is not None and bound > self._at
        ]
        return min(bounds, default=FOREVER_US)

    def _message(self, event: Event) -> dict[str, Any]:
        messages = [rules.message(event, TENANT)]
        cache = self._loaded()
        found = take(messages, cache.topics, self._settings)
        if found.columnar:
            (batch,) = found.columnar.values()
            return {"outcome": "stored", "kept": [minute(t) for t in batch.observed_us.tolist()]}
        work = Work([Envelope(messages[i], i, i) for i in found.others], {}, messages=messages)
        steps.identify(work, cache)
        steps.decode_bodies(work, self._settings)
        steps.check_times(work, self._settings, cache.topics.earliest_us)
        steps.consent(work, cache)
        (envelope,) = work.envelopes
        if envelope.decoded is None:
            return {"outcome": str(envelope.outcome or Outcome.STORED), "kept": []}
        return {"outcome": "stored", "kept": [minute(t) for t in envelope.decoded.observed_us]}

    def _granted(self, customer: str | None) -> frozenset[str]:
        decisions = self._decisions.get(customer or "", [])
        found = in_force(decisions, self._at)
        return frozenset(purpose for purpose, one in found.items() if one.grants(self._at))

    def _not_by(self, customer: str | None) -> frozenset[tuple[str, str]]:
        """As `services.consent.refused_channels`: of who has decided about a channel."""
        decisions = self._decisions.get(customer or "", [])
        if all(one.channel is None for one in decisions):
            return frozenset()
        return channels_refused(decisions, self._at)

    def _holder(self, device: str, at_min: int) -> Holder | None:
        return self._device(device).holder_at(us(at_min))

    def _covering(self, subject: str | None, at_min: int) -> str | None:
        """Return the customer whose contract covers a vehicle or meter at a time."""
        if subject is None:
            return None
        spans = [span for of, span in self._contracts.values() if of == subject]
        (held,) = [
            one
            for one in holders.holders([Span(0, FOREVER_US, subject)], {subject: spans})
            if one.from_us <= us(at_min) < one.to_us
        ]
        return held.customer

    def _signal(self, event: Event) -> list[tuple[str, str, str]]:
        number = event["number"]
        holder = self._holder(event["device"], event["at"])
        customer = None if holder is None else holder.customer
        subject = None if holder is None else holder.subject
        self._signals[number] = {**event, "subject": subject}
        happened = from_us(us(event["at"]))
        one = Situation(
            signal_id=f"{number:032x}", revision=0, type=event["type"],
            subject=subject, time=self._at,
            data=rules.data_of(event), happened_at=happened,
            person=None if customer is None else Person(customer, customer, "en", {"email": "a@b"}),
            granted=self._granted(customer), receivers={"insurer": [1], "utility": [2]},
            channels=rules.CHANNELS, subject_name="x", timezone="UTC", now=self._at,
            not_by=self._not_by(customer), alert_id="a" * 32,
        )  # fmt: skip
        answer: list[tuple[str, str, str]] = []
        for playbook in self._playbooks:
            if playbook.spec.trigger.signal != event["type"]:
                continue
            planned = planning.plan(playbook, one)
            answer += [(playbook.id, v.treatment, v.reason) for v in planned.verdicts]
            about = {"customer": customer, "purpose": str(playbook.spec.purpose),
                     "signal_id": one.signal_id, "playbook": playbook.id}  # fmt: skip
            if planned.case is not None:
                self._cases[number, playbook.id] = {**about, "title": "learnt"}
            for contact in planned.contacts:
                self._contacts[number, playbook.id, contact.treatment] = {
                    **about, "channel": contact.channel, "body": "learnt",
                    "state": "delivered" if contact.channel == "inbox" else "waits",
                }  # fmt: skip
        return sorted(answer)

    def _types(self) -> dict[str, str]:
        return {f"{number:032x}": event["type"] for number, event in self._signals.items()}

    def _decided(self) -> dict[str, dict[str, InForce]]:
        return {
            customer: {
                purpose: InForce(
                    GRANTED if one.grants(self._at) else state.WITHDRAWN,
                    one.consent_id,
                    one.recorded_at,
                )
                for purpose, one in in_force(decisions, self._at).items()
            }
            for customer, decisions in self._decisions.items()
        }

    def _seen(
        self, kind: Kind, rows: list[dict[str, Any]], reader: str | None = None
    ) -> list[dict[str, Any]]:
        owners = [row["customer"] for row in rows]
        if reader in self._ids:  # who is merged sees what is theirs under each id
            owners = [reader if owner in self._ids else owner for owner in owners]
        return visibility.as_seen(kind, rows, owners, self._decided(), self._types(), reader=reader)

    def _send(self, _: Event) -> list[tuple[int, str, str, str]]:
        answer = []
        for key, contact in self._contacts.items():
            if contact["state"] != "waits":
                continue
            reason = planning.refusal(
                contact["purpose"], contact["channel"], self._granted(contact["customer"]),
                self._not_by(contact["customer"]),
            )  # fmt: skip
            if reason is None and self._seen(Kind.CONTACT, [contact])[0]["withdrawn"] is not None:
                reason = "no_consent:signal"
            contact["state"] = "sent" if reason is None else "refused"
            answer.append((*key, reason or "sent"))
        return sorted(answer)

    def _show(self, event: Event) -> dict[str, Any]:
        reader = event["reader"]
        answer: dict[str, Any] = {
            "granted": {
                customer: sorted(self._granted(customer).intersection(PURPOSES))
                for customer in CUSTOMERS
            },
            "cases": [], "contacts": [], "signals": [], "trips": [],
        }  # fmt: skip
        for (number, playbook), case in sorted(self._cases.items()):
            (row,) = self._seen(Kind.CASE, [case], reader)
            notes = [
                {"kind": "note", "at": at, "text": text}
                for of, at, text in self._notes
                if of == number
            ]
            texts = [entry["text"] for entry in visibility.diary(row, notes)]
            answer["cases"].append(((number, playbook), _shown(row["title"] == "learnt"), texts))
        for key, contact in sorted(self._contacts.items()):
            (row,) = self._seen(Kind.CONTACT, [contact], reader)
            answer["contacts"].append((key, _shown(row["body"] == "learnt")))
        for number, signal in sorted(self._signals.items()):
            owned = {"customer": self._covering(signal["subject"], signal["at"]),
                     "type": signal["type"], "signal_id": None, "crash": 1}  # fmt: skip
            if self._seen(Kind.SIGNAL, [owned], reader):
                answer["signals"].append(number)
            if signal["device"] == "car":
                holder = self._holder("car", signal["at"])
                owned["customer"] = None if holder is None else holder.customer
                (row,) = self._seen(Kind.TRIP, [owned], reader)
                answer["trips"].append((number, _shown(row["crash"] == 1)))
        return answer


def decision(event: Event) -> Decision:
    """Return the decision of a `decide` event."""

    def time(at: int | None) -> datetime | None:
        return None if at is None else from_us(us(at))

    return Decision(
        event["number"], event["purpose"], event["state"], from_us(us(event["decided"])),
        from_us(us(event["recorded"])), event["channel"], event["category"], event["recipient"],
        time(event["begins"]), time(event["ends"]), event["opt_in"],
    )  # fmt: skip


def _shown(whole: bool) -> str:
    return "shown" if whole else "hidden"


def _end_us(end: int | None) -> int:
    return FOREVER_US if end is None else us(end)
