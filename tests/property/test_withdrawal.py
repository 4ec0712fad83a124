"""After a withdrawal nothing that rests on the purpose is shown to anybody but the customer.

Each purpose has marks: words and numbers that stand nowhere but in what was learnt for it. Random
decisions (by the customer through the API, or imported with a date ahead of or behind now) are
followed by reads of all that the application answers to, taken from its routes, by every role.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from unittest.mock import Mock

import httpx
import pytest
from fastapi.routing import APIRoute
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.routing import Route

from api.app import create_app
from contracts.signals import signal_id
from runtime.clock import ManualClock
from services import alert_flow, case_flow, case_types, contact_flow
from store.casework import cases, contacts, delivery
from store.people import consent
from store.postgres.pool import Connection, connect
from store.postgres.times import from_us
from store.signals import outbox
from store.signals.outbox import SignalRow
from tests.fix_api import running_api
from tests.fix_postgres import _execute, copy_database, database_of
from tests.fix_registry import NOW_US
from tests.oracles import consent as oracle
from tests.pages import HTML, sign_in
from tests.patience import patient
from tests.secret_keys import BOX
from tests.seed_api import Own, Seeded

SCORE, CLAIMS, ENERGY = "driving_score", "claims_assistance", "energy_insight"
OWNER = {SCORE: "c0", CLAIMS: "c0", ENERGY: "c3"}
CUSTOMER_KEY = {"c0": "customer", "c3": "home"}
READERS = ("insurer", "utility", "agent", "operator")
MINUTE_US = 60_000_000
NOTE = "MARK {} note"


# ── what is there ────────────────────────────────────────────────────────────────────────────────


def fill(connection: Connection, own: Own) -> dict[str, list[str]]:
    """Add marked things for each purpose; return the ids of cases and contacts by purpose."""
    score_signal = signal_id("t1", "c0", "score.changed", "marked")
    data = {
        "retracted": False, "score": 63.0, "band": "C", "previous_score": 81.0,
        "previous_band": "B", "trusted": True, "algorithm_version": "1",
    }  # fmt: skip
    row = SignalRow(
        score_signal, "t1", None, "score.changed", "customer:c0", NOW_US - MINUTE_US, data
    )
    outbox.put(connection, [row], NOW_US - MINUTE_US)
    signals = {SCORE: score_signal, CLAIMS: own.crash, ENERGY: own.alert}
    ids: dict[str, list[str]] = {}
    for purpose, signal in signals.items():
        side = "utility" if purpose == ENERGY else "insurer"
        case_id, contact_id = (signal_id("t1", what, "marked", purpose) for what in ("k", "c"))
        text = f"MARK {purpose}"
        cases.open_(
            connection,
            cases.NewCase(
                case_id, "t1", side, f"{text} kind", {"de": f"{text} title", "en": f"{text} title"},
                True, OWNER[purpose], None, signal, f"{text} playbook", None, purpose,
            ),
            NOW_US - MINUTE_US,
        )  # fmt: skip
        case_flow.note(connection, "t1", case_id, "ada", NOTE.format(purpose), NOW_US - MINUTE_US)
        for channel, treatment in (("inbox", "in"), ("email", "mail"), ("webhook", "hook")):
            contacts.put(
                connection,
                [
                    contacts.NewContact(
                        f"{contact_id}{treatment}", "t1", OWNER[purpose], channel, None, None,
                        purpose, "en", f"{text} type", f"{text} subject", f"{text} body",
                        {"mark": f"{text} payload"} if channel == "webhook" else None, False,
                        signal, 0, f"{text} playbook", treatment, case_id, None,
                    )
                ],
                NOW_US - MINUTE_US,
            )  # fmt: skip
        ids[purpose] = [case_id, f"{contact_id}in", f"{contact_id}mail", f"{contact_id}hook"]
    car = "(select device_id from customers.assignment where vehicle = 'v0' limit 1)"
    meter = "(select device_id from customers.assignment where meter = 'm0' limit 1)"
    for statement in (
        f"update features.trip set max_speed_kmh = 91.37, crash = 1 where device_id = {car}",
        "insert into features.driving_event (device_id, kind, start_at, end_at, decided_at, "
        "severity, trip_start_at, duration_s, peak_mps2, revision) select device_id, 4, start_at, "
        "end_at, decided_at, 3, start_at, 1, 77.71, 0 from features.trip "
        f"where device_id = {car} order by start_at desc limit 1",
        f"update features.meter_day set energy_kwh = 83.67 where device_id = {meter}",
        f"update features.meter_interval set energy_kwh = 0.8367 where device_id = {meter}",
        "update contacts.contact set state = 'failed', reason = 'MARK reason' "
        "where channel = 'email' and contact_id like '%mail'",
    ):
        connection.execute(statement)
    return ids


def marks(own: Own, score_signal: str) -> dict[str, re.Pattern[bytes]]:
    """What stands in an answer only where it shows what was learnt for the purpose."""
    found = {
        SCORE: (r"91[.,]37", r"\b91[.,]4\b", score_signal, own.trip),
        CLAIMS: (r'"crashes":\d', r"77[.,]7", own.crash),
        ENERGY: (r"83[.,]67", r"0[.,]8367", own.alert),
    }
    return {
        purpose: re.compile("|".join([f"MARK {purpose}", *words]).encode())
        for purpose, words in found.items()
    }


# ── where it may be shown ────────────────────────────────────────────────────────────────────────

VALUES = {
    "kind": ("playbook",), "rule": ("score-changed",),
    "customer_id": ("c0", "c3"), "customer": ("c0", "c3"), "vehicle": ("v0",), "meter": ("m0",),
    "meter_id": ("m0",), "reading": ("0" * 32,), "bill": ("b",), "bill_id": ("b",),
    "round": ("0" * 32,), "round_id": ("0" * 32,),
    "reading_id": ("0" * 32,), "correction_id": ("0" * 24,),
    "point_id": ("unknown",), "letter": ("1",),
    "dead_letter_id": ("1",), "number": ("1",), "name": ("live.js",),
    "step": ("call",), "link": ("0" * 32,), "file": ("0" * 32,),
    "decision": ("own-decision",), "decision_id": ("own-decision",),
    "consent": ("1",), "consent_id": ("1",),
    "granting_id": ("c0", "c3"),
    "rule_kind": ("case_type",), "digest": (case_types.shipped()["complaint"].digest,),
}  # fmt: skip
"""Parameter of a path → values. Those of cases, contacts, alerts and trips: `World.values`."""

QUERIES = {
    "/v1/driving-scores": ("vehicle=v0", "driver=c0", "contract=k0"),
    "/v1/driving-scores/history": ("vehicle=v0", "driver=c0", "contract=k0"),
    "/v1/trips": ("vehicle=v0", "driver=c0", "contract=k0"),
    "/v1/mileage": ("vehicle=v0", "driver=c0"),
    "/v1/crashes": ("vehicle=v0", "driver=c0", "contract=k0"),
    "/v1/customers/{customer_id}/context": ("limit=50", "role=agent"),
    "/v1/cases": ("customer=c0", "customer=c3"),
    "/meters/{meter}": ("span=year",),
    "/v1/meters/{meter_id}/intervals": ("as_of=2199-01-01T00:00:00Z",),
    "/v1/contacts": ("customer=c0", "customer=c3", "state=failed"),
}

EXEMPT = {
    "GET /v1/alerts/stream": "never ends: read by test_the_stream_leaves_out_what_was_withdrawn",
    **{
        f"POST /v1/customers/{{customer_id}}/{asked}": "what a right asks for, and nothing learnt"
        for asked in ("rights", "rights/{right_id}", "limits/end")
    },
    "GET /v1/customers/{customer_id}/rights/{right_id}/copy": "the customer's own",
    "GET /v1/customers/{customer_id}/rights/{right_id}": "what a right asks for; nothing learnt",
    **{
        f"POST /v1/cases/{{case_id}}/{asked}": "answers with a link, and nothing learnt"
        for asked in ("link", "links/revoke")
    },
    **{
        f"POST /v1/{asked}": "names customers, and nothing learnt"
        for asked in (
            "customers/{customer_id}/merge",
            "customers/{customer_id}/split",
            "matches/{one}/{other}/accept",
            "matches/{one}/{other}/reject",
        )
    },
    **{
        f"POST /v1/calls{asked}": "answers with who calls, and nothing learnt"
        for asked in (
            "",
            "/{call_id}/customer",
            "/{call_id}/code",
            "/{call_id}/verify",
            "/{call_id}/close",
        )
    },
    "GET /cases/{case}/files/{file}": "what the customer sent, for the case",
    "GET /me/rights/{right}/copy": "the customer's own",
    **{
        f"GET /matter/{{link}}{rest}": "the customer's own, by a link"
        for rest in ("", "/files/{file}")
    },
    "GET /reading/by-link/{link}": "the customer's own, by a link",
    "GET /live": "names kinds of changes only; the page is asked for again",
    "GET /openapi.json": "has no data",
    "POST /v1/customers/{customer_id}/consents": "the customer's own",
    **{
        f"POST /v1/customers/{{customer_id}}/partners/{{partner_id}}/{asked}": "the customer's own"
        for asked in ("grants", "end")
    },
    "PUT /v1/attributes/{kind}/{name}": "declares an attribute of all; answers with it",
    **{
        f"POST /v1/customers/{{customer_id}}/inbox/{{contact_id}}/{asked}": "the customer's own"
        for asked in ("read", "feedback")
    },
    "POST /v1/customers/{customer_id}/channels": "the customer's own",
    "POST /v1/customers/{customer_id}/cases/{case_id}/answer": "the customer's own",
    "POST /v1/customers/{customer_id}/trips/{trip_id}/dispute": "the customer's own",
    "POST /login": "has no data",
    "POST /v1/stream-tokens": "has no data",
    **{
        f"POST /v1/{rows}": "takes rows of the back office; answers with what became of them"
        for rows in (
            "assignments",
            "bills",
            "tariffs",
            "contracts",
            "customers",
            "interactions",
            "interactions/bulk",
            "meters",
            "vehicles",
        )
    },
    **{
        f"PATCH /v1/{row}": "changes a row of the back office; answers with what became of it"
        for row in (
            "contracts/{contract_id}",
            "customers/{customer_id}",
            "meters/{meter_id}",
            "vehicles/{vehicle_id}",
        )
    },
    **{
        f"POST /v1/registry-events/{{number}}/{asked}": "what a back office sent; nothing learnt"
        for asked in ("retry", "drop")
    },
    "POST /v1/customers/{customer_id}/facts": "takes facts of the back office; answers a number",
    "POST /v1/device-claims": "credentials of a device, to who has its code",
}
"""Routes that are not read here → why."""

BODIES: dict[str, dict[str, object]] = {
    "/v1/meters/{meter_id}/readings/check": {"reading": 1.0},
    "/v1/meters/{meter_id}/readings": {"reading": 1.0, "confirmed": True},
    "/v1/readings/{reading_id}/corrections": {"reading": 1.0, "reason": "test"},
    "/v1/reading-corrections/{correction_id}/approve": {"note": ""},
    "/v1/reading-corrections/{correction_id}/reject": {"note": ""},
    "/v1/meters/{meter_id}/exchange": {
        "at": "2025-11-20T17:42:00Z",
        "old_reading": 5.0,
        "new_number": "X",
        "new_reading": 0.0,
    },
    "/v1/billing-values": {
        "contract": "k3",
        "start_on": "2025-01-01",
        "end_on": "2026-01-01",
    },
    "/v1/billing-events/resend": {},
    "/v1/reading-rounds": {
        "name": "r",
        "opens_at": "2030-01-01T00:00:00Z",
        "remind_at": "2030-01-02T00:00:00Z",
        "closes_at": "2030-01-03T00:00:00Z",
        "meters": ["m0"],
    },
    "/v1/customers/search": {"q": "c"},
    "/v1/cases/{case_id}/notes": {"text": "called"},
    "/v1/cases/{case_id}/state": {"state": "in_progress"},
    "/v1/cases/{case_id}/outcome": {"outcome": "reached"},
    "/v1/customers/{customer_id}/contact-points": {"kind": "phone", "value": "+49 30 23125100"},
    "/v1/customers/{customer_id}/contact-points/{point_id}/end": {},
    "/v1/contacts/{contact_id}/resend": {},
    "/v1/alerts/{alert_id}/acknowledge": {},
    "/v1/alerts/{alert_id}/resolve": {"resolution": "done"},
    "/v1/alerts/{alert_id}/classify": {"classification": "unclear"},
    "/v1/approvals": {"kind": "dead_letter.reveal", "subject": "dead_letter:1", "reason": "test"},
    "/v1/approvals/{request_id}/approve": {"note": ""},
    "/v1/approvals/{request_id}/reject": {"note": ""},
    "/v1/approvals/{request_id}/reveal": {},
    "/v1/approvals/{request_id}/activate": {},
    "/v1/trips/{trip_id}/counting": {"counts": True},
    "/v1/cases": {"type": "unknown"},
    "/v1/decisions": {"customer": "c0"},
    "/v1/customers/{customer_id}/context/feedback": {
        "kind": "contract",
        "id": "k0",
        "reaction": "used",
    },
    "/v1/outcomes": {"decision": "own-decision", "action": "ev-tariff", "outcome": "opened"},
    "/v1/cases/{case_id}/plan": {"action": "data"},
    "/v1/cases/{case_id}/link": {},
    "/v1/cases/{case_id}/links/revoke": {},
    "/v1/cases/{case_id}/steps/{step}": {"action": "start"},
    "/v1/cases/next": {},
    "/v1/cases/{case_id}/take": {},
    "/v1/cases/{case_id}/delegate": {"to": "own utility", "note": "yours"},
    "/v1/cases/{case_id}/return": {"note": "not mine"},
    "/v1/cases/{case_id}/outcome/undo": {},
    "/v1/case-types": {"text": "id: unknown"},
    "/v1/rules": {"text": "id: unknown"},
    "/v1/customers/{customer_id}/timeline/search": {"q": "MARK"},
}
"""POSTs of the API that answer with what they changed → a body. Those of pages redirect."""


def routes() -> Iterator[tuple[str, str]]:
    """Yield (method, path) of all that the application answers to."""
    app = create_app(Mock())
    seen: list[object] = list(app.routes)
    while seen:
        route = seen.pop()
        if isinstance(route, APIRoute | Route):
            for method in sorted((route.methods or set()) - {"HEAD"}):
                yield method, route.path
        else:
            seen += getattr(getattr(route, "original_router", route), "routes", [])


@dataclass
class Ask:
    """A request of a role. body : None = GET."""

    role: str
    page: bool
    url: str
    body: dict[str, object] | None = None
    headers: dict[str, str] = field(default_factory=dict)


Step = tuple[str, str, int | None]
"""Purpose, state, and the minutes that an import dates it ahead; None = the customer decides."""


@dataclass(repr=False)
class World:
    """A running API with marked data, and the decisions that were taken in it."""

    seeded: Seeded
    clock: ManualClock
    database: str
    api: httpx.Client
    pages: dict[str, httpx.Client]
    ids: dict[str, list[str]]
    marks: dict[str, re.Pattern[bytes]]
    decisions: list[tuple[str, str, int, int]] = field(default_factory=list)
    asks: list[Ask] = field(default_factory=list)
    with_marks: list[Ask] = field(default_factory=list)

    @property
    def values(self) -> dict[str, tuple[str, ...]]:
        own = self.seeded.own["own"]
        case_ids = (*(ids[0] for ids in self.ids.values()), own.crash_case, own.alert_case)
        contact_ids = tuple(id_ for ids in self.ids.values() for id_ in ids[1:])
        return VALUES | {
            "case": case_ids, "case_id": case_ids, "contact": contact_ids,
            "contact_id": contact_ids, "alert": (own.alert,), "alert_id": (own.alert,),
            "call": (own.call,), "call_id": (own.call,),
            "trip_id": (own.trip,), "request": (own.approval,), "request_id": (own.approval,),
        }  # fmt: skip

    def now(self) -> int:
        return (self.clock.now_us() - NOW_US) // MINUTE_US

    def granted(self) -> set[str]:
        """What the oracle says."""
        names = ("purpose", "state", "decided", "recorded")
        rows = [
            {**oracle.OPEN, "number": n, **dict(zip(names, decision, strict=True))}
            for n, decision in enumerate(self.decisions)
        ]
        purposes = {SCORE, CLAIMS, ENERGY}
        return {p for p in purposes if not rows or oracle.shown(rows, p, self.now())[0]}

    def decide(self, purpose: str, state: str) -> None:
        """As the customer does it; success means that it is so."""
        self.clock.advance(60)
        customer = OWNER[purpose]
        answer = self.api.post(
            f"/v1/customers/{customer}/consents",
            headers={
                **self.seeded.bearer(CUSTOMER_KEY[customer]),
                "Idempotency-Key": f"d-{len(self.decisions)}-{self.now()}",
            },
            json={"purpose": purpose, "state": state, "notice_version": "1"},
        )
        assert answer.status_code == 201, answer.text
        self.decisions.append((purpose, state, self.now(), self.now()))
        assert (purpose in answer.json()["granted"]) == (state == "granted")

    def import_(self, purpose: str, state: str, ahead: int) -> None:
        """As a file brings it, dated so many minutes ahead of now."""
        self.clock.advance(60)
        at = from_us(self.clock.now_us() + ahead * MINUTE_US)
        row = {
            "tenant": "t1", "customer": OWNER[purpose], "purpose": purpose, "state": state,
            "legal_basis": "consent", "notice_version": "1", "source": f"{len(self.decisions)}",
            "at": at, "recorded_at": from_us(self.clock.now_us()),
        }  # fmt: skip
        with connect(self.database) as connection:
            consent.decide(connection, [row])
            connection.commit()
        self.decisions.append((purpose, state, self.now() + ahead, self.now()))

    def import_purpose(self, purpose: str, customer: str) -> None:
        """Grant a purpose that has no marks."""
        now = from_us(self.clock.now_us())
        row = {
            "tenant": "t1", "customer": customer, "purpose": purpose, "state": "granted",
            "legal_basis": "consent", "notice_version": "1", "source": "test",
            "at": now, "recorded_at": now,
        }  # fmt: skip
        with connect(self.database) as connection:
            consent.decide(connection, [row])
            connection.commit()

    def read(self, ask: Ask) -> httpx.Response:
        if ask.page:
            return self.pages[ask.role].get(ask.url)
        headers = {**self.seeded.bearer(ask.role), **ask.headers}
        if ask.body is None:
            return self.api.get(ask.url, headers=headers)
        return self.api.post(ask.url, headers=headers, json=ask.body or None)

    def all_asks(self) -> Iterator[Ask]:
        """Every request that a route, a role and the known values give."""
        for method, path in routes():
            if f"{method} {path}" in EXEMPT:
                continue
            page = not path.startswith("/v1/")
            if method == "POST" and page:
                continue  # redirects
            for url in self._urls(path):
                for role in READERS:
                    if method == "GET":
                        yield Ask(role, page, url)
                        if path.endswith("/intervals"):
                            yield Ask(role, page, url, headers={"Accept": "text/csv"})
                    else:
                        key = {"Idempotency-Key": f"{role}-{path}-{url}"}
                        yield Ask(role, page, url, BODIES[path], key)

    def _urls(self, path: str) -> Iterator[str]:
        names = re.findall(r"{(\w+)}", path)
        assert set(names) <= set(self.values), f"no values for a parameter of {path}"
        assert len(names) <= 2, path
        for first in self.values[names[0]] if names else ("",):
            for second in self.values[names[1]] if len(names) > 1 else ("",):
                given_ = dict(zip(names, (first, second), strict=False))
                url = path.format_map(given_)
                yield url
                yield from (f"{url}?{query}" for query in QUERIES.get(path, ()))

    def follow(self, steps: list[Step]) -> None:
        """Grant all, then take the steps; the store says the same as the oracle."""
        for purpose in OWNER:
            self.decide(purpose, "granted")
        for purpose, state, ahead in steps:
            if ahead is None:
                self.decide(purpose, state)
            else:
                self.import_(purpose, state, ahead)
        with connect(self.database) as connection:
            now = {p for p in OWNER if p in consent.granted_of(connection, "t1", OWNER[p])}
        assert now == self.granted()

    def check(self, asks: list[Ask]) -> None:
        """Nothing of a purpose that is not granted is in any answer."""
        hidden = set(self.marks) - self.granted()
        if not hidden:
            return
        for ask in asks:
            answer = self.read(ask)
            content = answer.content
            if answer.status_code == 404:  # says what was asked for
                content = content.replace(ask.url.encode(), b"")
            for purpose in hidden:
                found = self.marks[purpose].search(content)
                assert not found, (purpose, _around(found, content), ask)


def _around(found: re.Match[bytes] | None, content: bytes) -> bytes:
    return b"" if found is None else content[max(0, found.start() - 200) : found.end() + 100]


@pytest.fixture(scope="module")
def world(postgres_url: str, _seeded_template: tuple[str, Seeded]) -> Iterator[World]:
    template, seeded = _seeded_template
    name = f"{template}_withdrawal"
    copy_database(postgres_url, name, template)
    url, clock = database_of(postgres_url, name), ManualClock(NOW_US)
    own = seeded.own["own"]
    try:
        with connect(url) as connection:
            ids = fill(connection, own)
            connection.commit()
        with ExitStack() as stack:
            address = stack.enter_context(running_api(url, clock, api_requests_per_minute=10**7))
            api = stack.enter_context(httpx.Client(base_url=address, timeout=patient(20.0)))
            pages = {}
            for role in READERS:
                client = httpx.Client(base_url=address, headers=HTML, timeout=patient(20.0))
                pages[role] = stack.enter_context(client)
                sign_in(client, seeded.keys[("own", role)])
            score_signal = signal_id("t1", "c0", "score.changed", "marked")
            world = World(seeded, clock, url, api, pages, ids, marks(own, score_signal))
            for purpose in OWNER:
                world.decide(purpose, "granted")
            _find_what_answers(world)
            yield world
    finally:
        _execute(postgres_url, f"drop database if exists {name} with (force)")


SHOWN_AT_LEAST = 10
"""Answers, at least, in which the marks of each purpose are found while it is granted."""


def _find_what_answers(world: World) -> None:
    """Keep the requests that are answered while all is granted: no other can show more later."""
    seen = dict.fromkeys(world.marks, 0)
    for ask in world.all_asks():
        answer = world.read(ask)
        if answer.is_success:
            world.asks.append(ask)
            found = [p for p, pattern in world.marks.items() if pattern.search(answer.content)]
            for purpose in found:
                seen[purpose] += 1
            if found:
                world.with_marks.append(ask)
    assert min(seen.values()) >= SHOWN_AT_LEAST, f"the marks do not bite: {seen}"


# ── the property ─────────────────────────────────────────────────────────────────────────────────

steps = st.lists(
    st.tuples(
        st.sampled_from([SCORE, CLAIMS, ENERGY]),
        st.sampled_from(["granted", "withdrawn", "withdrawn"]),
        st.sampled_from([None, -500, -1, 0, 1, 4]),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=8)
@given(steps=steps)
def test_nothing_that_was_withdrawn_is_shown_where_it_was(world: World, steps: list[Step]) -> None:
    world.follow(steps)
    world.check(world.with_marks)


@pytest.mark.parametrize(
    "steps",
    [
        [(CLAIMS, "granted", 4), (CLAIMS, "withdrawn", None)],
        [(SCORE, "withdrawn", None), (ENERGY, "withdrawn", -1), (CLAIMS, "withdrawn", 4)],
    ],
)
def test_nothing_that_was_withdrawn_is_shown_anywhere(world: World, steps: list[Step]) -> None:
    world.follow(steps)
    world.check(world.asks)


def test_the_customer_goes_on_seeing_their_own(world: World) -> None:
    for purpose in OWNER:
        world.decide(purpose, "withdrawn")
    for purpose, customer in OWNER.items():
        headers = world.seeded.bearer(CUSTOMER_KEY[customer])
        inbox = world.api.get(f"/v1/customers/{customer}/inbox", headers=headers)
        assert f"MARK {purpose} subject" in inbox.text and f"MARK {purpose} body" in inbox.text
    own = world.api.get("/v1/customers/c0/trips", headers=world.seeded.bearer("customer"))
    assert world.marks[CLAIMS].search(own.content) and world.marks[SCORE].search(own.content)


def test_a_case_stays_to_be_worked_on_without_what_was_learnt(world: World) -> None:
    for purpose in OWNER:
        world.decide(purpose, "withdrawn")
    (case_id, *_) = world.ids[CLAIMS]
    agent = world.seeded.bearer("agent")
    listed = world.api.get("/v1/cases?customer=c0&limit=200", headers=agent).json()["data"]
    case = next(row for row in listed if row["id"] == case_id)
    assert case["withdrawn"] is True
    assert case["title"] == {
        "de": "Vorgang zu einem widerrufenen Zweck", "en": "Case of a withdrawn purpose",
    }  # fmt: skip
    world.clock.advance(60)
    key = {"Idempotency-Key": f"after-{world.now()}"}
    noted = world.api.post(
        f"/v1/cases/{case_id}/notes", headers={**agent, **key}, json={"text": "closed for that"}
    )
    texts = [entry["text"] for entry in noted.json()["entries"]]
    assert "closed for that" in texts and NOTE.format(CLAIMS) not in texts
    world.decide(CLAIMS, "granted")
    again = world.api.get(f"/v1/cases/{case_id}", headers=agent).json()
    assert again["title"]["en"] == f"MARK {CLAIMS} title" and not again["withdrawn"]
    assert {"closed for that", NOTE.format(CLAIMS)} <= {e["text"] for e in again["entries"]}


def test_the_stream_leaves_out_what_was_withdrawn(world: World) -> None:
    """Changes of the alert are read again from the beginning, as with Last-Event-ID: 0."""
    own = world.seeded.own["own"]
    for state, expected in (("granted", True), ("withdrawn", False), ("granted", True)):
        world.decide(ENERGY, state)
        with connect(world.database) as connection:
            found = alert_flow.changes(connection, "t1", 0, 10_000)
        shown = {row["alert"]["alert_id"] for row in found.shown}
        assert (own.alert in shown) is expected and found.last


@pytest.mark.parametrize(("state", "sent"), [("granted", True), ("withdrawn", False)])
def test_a_contact_about_a_withdrawn_signal_is_not_sent(
    world: World, state: str, sent: bool
) -> None:
    """Its own purpose is granted; what it tells of rests on another."""
    world.decide(SCORE, "granted")
    world.decide(CLAIMS, state)
    world.import_purpose("channel_email", "c0")
    id_ = signal_id("t1", "other", "purpose", state)
    contact = contacts.NewContact(
        id_, "t1", "c0", "email", None, "a@example.org", SCORE, "en", "type", "subject", "body",
        None, True, world.seeded.own["own"].crash, 0, "p", id_, None, None,
    )  # fmt: skip
    with connect(world.database) as connection:
        worker = delivery.register_worker(connection)
        contacts.put(connection, [contact], world.clock.now_us())
        lane = [(delivery.Lane("email", None), 50)]
        allowed, refused = contact_flow.claim(connection, BOX, worker, lane, world.clock.now_us())
        assert (id_ in {row["contact_id"] for row in allowed}) is sent
        assert (id_ in {row["contact_id"] for row in refused}) is not sent
        connection.rollback()


def test_exempt_routes_exist() -> None:
    there = {f"{method} {path}" for method, path in routes()}
    assert set(EXEMPT) <= there and {f"POST {path}" for path in BODIES} <= there
    assert len(there) > 50, "the routes are found"
