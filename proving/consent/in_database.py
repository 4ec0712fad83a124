"""The same histories through the services, the worker and the queries, in a real PostgreSQL."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np

from customer_context.consent.state import PENDING
from ingest.kernels import KINDS as KERNELS
from ingest.partition.worker import Worker
from ingest.registry import Registries
from proving.consent import rules
from proving.consent.histories import CUSTOMERS, KINDS, PURPOSES, REQUEST_MIN, SUBJECTS, Event
from proving.consent.in_memory import decision
from proving.consent.rules import minute, us
from runtime.metrics import Metrics
from runtime.secret_box import Key, box_with
from runtime.settings import Settings
from services import consent_links, contact_flow, merging, situation, visibility
from services.consent_terms import Terms
from services.contact_points import ContactPoints
from services.decide import decide
from services.identity import correct_assignment
from services.visibility import Kind
from store.casework import cases, contacts, delivery, receivers
from store.casework.delivery import Attempt
from store.people import consent, consent_requests, registry
from store.pipeline import telemetry
from store.postgres.pool import connect
from store.postgres.times import from_us
from store.signals import decisions, outbox
from store.signals.outbox import SignalRow

_BOX = box_with(Key(bytes(range(32))))
"""Seals the secrets of receivers that nothing is sent to."""


class HistoryClock:
    """A clock that is set: each history begins at minute 0."""

    def __init__(self) -> None:
        self.now_min = 0

    def now_us(self) -> int:
        return us(self.now_min)

    def monotonic(self) -> float:
        return self.now_us() / 1e6


class Database:
    """A database for many histories, each with a tenant of its own."""

    def __init__(self, url: str) -> None:
        self.clock = HistoryClock()
        self.connection = connect(url)
        self.settings = Settings()
        self.playbooks = rules.playbooks()
        self.metrics = Metrics()
        self.registries = Registries()
        self.points = ContactPoints(_BOX, "DE")
        self.worker = Worker(url, self.settings, self.clock)
        self.delivering = delivery.register_worker(self.connection)

    def history(self, number: int) -> "InDatabase":
        """Register the tenant of a history."""
        return InDatabase(self, f"h{number}", number)

    def close(self) -> None:
        """Close the connections."""
        self.worker.close()
        self.connection.close()


class InDatabase:
    """One tenant."""

    def __init__(self, database: Database, tenant: str, number: int) -> None:
        self._db = database
        self._tenant = tenant
        self._number = number
        self._contracts: dict[str, Event] = {}
        self._signals: dict[str, Event] = {}
        self._asked: dict[int, tuple[str, int]] = {}
        connection = database.connection
        subjects = [subject for of in SUBJECTS.values() for subject in of]
        rows: dict[str, list[dict[str, Any]]] = {
            "tenant": [{"name": tenant, "timezone": "UTC"}],
            "customer": [
                {"customer": name, "name": name, "language": "en", "kind": "person",
                 "birth_date": None}
                for name in CUSTOMERS
            ],
            "vehicle": [
                {"vehicle": subject.removeprefix("vehicle:"), "name": subject, "plate": None}
                for subject in subjects
                if subject.startswith("vehicle:")
            ],
            "meter": [
                {"meter": "m", "number": "m", "interval_s": 900, "timezone": None,
                 "register_digits": 6}
            ],
            "device": [
                {"device": device, "kind": kind, "dialect": "native",
                 "address": f"{tenant}/{device}", "mapping": {}}
                for device, kind in KINDS.items()
            ],
        }  # fmt: skip
        for table, of in rows.items():
            registry.upsert(connection, table, [{"tenant": tenant, **row} for row in of])
        addresses = [
            {"tenant": tenant, "customer": c, "email": f"{c}@example.com"} for c in CUSTOMERS
        ]
        registry.set_addresses(connection, addresses, ["email"])
        for side in ("insurer", "utility"):
            receivers.add(connection, _BOX, tenant, side, side, "https://x.example/", us(0))
        registry.bump(connection)
        connection.commit()
        self._device_ids = {
            row.device: row.device_id
            for row in registry.devices(connection)
            if row.tenant == tenant
        }
        connection.rollback()

    def do(self, event: Event) -> Any:
        """Take an event; return what our services answer to it."""
        self._db.clock.now_min = event["now"]
        answer = getattr(self, f"_{event['do']}")(event)
        self._db.connection.commit()
        return answer

    @property
    def _now_us(self) -> int:
        return self._db.clock.now_us()

    @property
    def _at(self) -> datetime:
        return from_us(self._now_us)

    # ── what is said ────────────────────────────────────────────────────────────────────────

    def _assign(self, event: Event) -> None:
        correct_assignment(
            self._db.connection, self._tenant, event["device"], event["subject"],
            from_us(us(event["begin"])), _time(event["end"]), self._now_us,
        )  # fmt: skip

    def _contract(self, event: Event) -> None:
        self._contracts[event["contract"]] = event
        vehicle = event["subject"].startswith("vehicle:")
        name = event["subject"].partition(":")[2]
        row = {
            "tenant": self._tenant, "contract": event["contract"], "customer": event["customer"],
            "kind": "motor" if vehicle else "electricity", "vehicle": name if vehicle else None,
            "meter": None if vehicle else name, "valid_from": from_us(us(event["begin"])),
            "valid_to": _time(event["end"]),
        }  # fmt: skip
        registry.upsert(self._db.connection, "contract", [row])
        registry.bump(self._db.connection)

    def _end(self, event: Event) -> None:
        self._contract({**self._contracts[event["contract"]], "end": event["end"]})

    def _decide(self, event: Event) -> None:
        one = decision(event)
        row = {
            "tenant": self._tenant, "customer": event["customer"], "purpose": one.purpose,
            "state": one.state, "legal_basis": "consent", "notice_version": "1",
            "source": f"history {event['number']}", "at": one.decided_at,
            "recorded_at": one.recorded_at, "channel": one.channel,
            "data_category": one.data_category, "recipient": one.recipient,
            "valid_from": one.valid_from, "valid_to": one.valid_to, "opt_in": one.opt_in,
        }  # fmt: skip
        connection, customer = self._db.connection, event["customer"]
        registry.bump(connection)
        consent.decide(connection, [row])
        if one.opt_in == PENDING:
            until = one.recorded_at + timedelta(minutes=REQUEST_MIN)
            consent_requests.ask(connection, [(self._tenant, customer)], one.recorded_at, until)
            consent_id = consent.consents_of(connection, self._tenant, customer)[-1]["consent_id"]
            self._asked[event["number"]] = (customer, consent_id)

    def _confirm(self, event: Event) -> str:
        if event["decision"] not in self._asked:
            return "confirmed"
        customer, consent_id = self._asked[event["decision"]]
        connection, kind = self._db.connection, consent_requests.OPT_IN
        request = consent_requests.lock(connection, consent_id, kind)
        assert request is not None, "it was asked for"
        purpose = consent.one(connection, self._tenant, customer, consent_id)["purpose"]  # type: ignore[index]
        address = consent_links.address_of(connection, self._tenant, customer, kind, purpose)
        url = consent_links.url("", _BOX, request, address)
        link = consent_links.open_(
            connection, _BOX, self._tenant, consent_id, kind, parse_qs(urlsplit(url).query)["t"][0],
            self._now_us, Terms(),
        )  # fmt: skip
        assert link is not None, "it is ours"
        consent_links.use(
            connection, self._db.points, link, self._now_us, notice_version="1", notice="text",
            language="en",
        )  # fmt: skip
        return "done" if link.refusal is None else str(link.refusal)

    def _merge(self, event: Event) -> None:
        merging.merge(
            self._db.connection, self._tenant, event["merged"], event["survivor"], "history",
            "prove", self._now_us, overrule=True,
        )  # fmt: skip

    def _split(self, event: Event) -> None:
        merging.split(
            self._db.connection, self._tenant, event["merged"], "history", "prove", self._now_us
        )

    def _note(self, event: Event) -> None:
        for case in cases.list_(self._db.connection, self._tenant):
            if self._signals[case["signal_id"]]["number"] == event["signal"]:
                locked = cases.lock(self._db.connection, self._tenant, case["case_id"])
                cases.write(
                    self._db.connection, locked, "ada", self._now_us,
                    entries=[("note", event["text"])],
                )  # fmt: skip

    # ── what follows ────────────────────────────────────────────────────────────────────────

    def _message(self, event: Event) -> dict[str, Any]:
        done = self._db.worker.process([rules.message(event, self._tenant)])
        (outcome,) = done.outcomes
        device_id = self._device_ids[event["device"]]
        times = [us(at) + event["number"] * 1_000 for at in event["times"]]
        found = telemetry.existing(
            self._db.connection, KERNELS[KINDS[event["device"]]].samples,
            np.full(len(times), device_id, np.int64), np.array(times, np.int64),
        )  # fmt: skip
        return {"outcome": outcome, "kept": sorted(minute(at) for _, at in found)}

    def _signal(self, event: Event) -> list[tuple[str, str, str]]:
        connection, now_us = self._db.connection, self._now_us
        loaded = self._db.registries.load(connection, now_us)
        device_id = self._device_ids[event["device"]]
        holder = loaded.by_id[device_id].holder_at(us(event["at"]))
        id_ = f"{self._number:016x}{event['number']:016x}"
        self._signals[id_] = event
        subject = None if holder is None else holder.subject
        row = SignalRow(
            id_, self._tenant, device_id, event["type"], subject, now_us, rules.data_of(event)
        )
        outbox.put(connection, [row], now_us)
        connection.commit()
        while decide(connection, self._db.playbooks, rules.CHANNELS, now_us, self._db.metrics):
            pass
        return sorted(
            (one["playbook"], one["treatment"], one["reason"])
            for one in decisions.of_signal(connection, self._tenant, id_)
        )

    def _send(self, _: Event) -> list[tuple[int, str, str, str]]:
        connection, now_us = self._db.connection, self._now_us
        lanes = [(lane, 1_000) for lane in delivery.lanes(connection)]
        allowed, refused = contact_flow.claim(connection, _BOX, self._db.delivering, lanes, now_us)
        for contact in allowed:
            delivery.finish(
                connection, contact["contact_id"], self._db.delivering,
                Attempt("delivered", "delivered"), now_us,
            )  # fmt: skip
        ours = {c["contact_id"] for c in (*allowed, *refused) if c["tenant"] == self._tenant}
        return sorted(
            (*self._key(row), row["reason"] or "sent")
            for row in contacts.list_(connection, self._tenant, limit=1_000)
            if row["contact_id"] in ours
        )

    def _key(self, contact: dict[str, Any]) -> tuple[int, str, str]:
        number = self._signals[contact["signal_id"]]["number"]
        return (number, contact["playbook"], contact["treatment"])

    def _show(self, event: Event) -> dict[str, Any]:
        connection, reader = self._db.connection, event["reader"]
        granted = consent.granted_to(connection, [(self._tenant, c) for c in CUSTOMERS], self._at)
        answer: dict[str, Any] = {
            "granted": {
                customer: sorted(set(purposes).intersection(PURPOSES))
                for (_, customer), purposes in granted.items()
            },
            "cases": [], "contacts": [], "signals": [], "trips": [],
        }  # fmt: skip
        rows = cases.list_(connection, self._tenant, limit=1_000)
        keys = {
            row["case_id"]: (self._signals[row["signal_id"]]["number"], row["playbook"])
            for row in rows
        }
        for row in self._seen(Kind.CASE, rows, reader):
            entries = cases.entries(connection, row["case_id"])
            notes = [e["text"] for e in visibility.diary(row, entries) if e["kind"] == "note"]
            whole = "shown" if row["kind"] != visibility.WITHDRAWN else "hidden"
            answer["cases"].append((keys[row["case_id"]], whole, notes))
        rows = contacts.list_(connection, self._tenant, limit=1_000)
        names = {row["contact_id"]: self._key(row) for row in rows}
        for row in self._seen(Kind.CONTACT, rows, reader):
            whole = "shown" if row["type"] != visibility.WITHDRAWN else "hidden"
            answer["contacts"].append((names[row["contact_id"]], whole))
        self._show_signals(reader, answer)
        return {name: sorted(of) if isinstance(of, list) else of for name, of in answer.items()}

    def _show_signals(self, reader: str | None, answer: dict[str, Any]) -> None:
        connection = self._db.connection
        rows = [one for one in outbox.read(connection, limit=1_000) if one["id"] in self._signals]
        about = situation.holders(connection, rows)
        owned = [{**row, "customer": about[row["id"]], "signal_id": None} for row in rows]
        for row in self._seen(Kind.SIGNAL, owned, reader):
            answer["signals"].append(self._signals[row["id"]]["number"])
        loaded = self._db.registries.load(connection, self._now_us)
        for signal in self._signals.values():
            if signal["device"] != "car":
                continue
            holder = loaded.by_id[self._device_ids["car"]].holder_at(us(signal["at"]))
            trip = {"customer": None if holder is None else holder.customer, "crash": 1}
            (row,) = self._seen(Kind.TRIP, [trip], reader)
            whole = "shown" if row["crash"] == 1 else "hidden"
            answer["trips"].append((signal["number"], whole))

    def _seen(
        self, kind: Kind, rows: list[dict[str, Any]], reader: str | None
    ) -> list[dict[str, Any]]:
        return visibility.shown(
            self._db.connection, self._tenant, kind, rows, reader=reader, at=self._at
        )


def _time(at_min: int | None) -> datetime | None:
    return None if at_min is None else from_us(us(at_min))
