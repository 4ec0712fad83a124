"""The demo's JSON object: data of the store and the receiver, judged by the simulators' truth."""

from collections.abc import Callable, Sequence
from typing import Any

from app.demo.judge_interface import Outcome
from app.operations.ledger import ledger_json
from ingest.registry import load as load_registry
from proving.judge.contacts import Contacted, judge_contacts
from proving.judge.decisions import judge_decisions
from proving.judge.evidence import Contact, Evidence, SignalRecord
from proving.judge.features import Judgement, Match, Thing, judge
from proving.judge.latency import Publications
from services import driving_scores
from simulators.encode import Message
from simulators.fleet import Fleet
from store.casework import contacts
from store.pipeline import features, ledger, offsets, telemetry
from store.pipeline.feature_tables import ANOMALY, ANOMALY_NAMES, DRIVING_EVENT, EVENT_NAMES, TRIP
from store.postgres.pool import Connection, connect
from store.postgres.times import to_us
from store.signals import decisions, outbox

_ALL = 1_000_000
_SLOW = 1.25
"""A machine counts as slow from this factor on; less is measurement noise."""
_FOR_WANT_OF_CONSENT = ("no_consent", "no_channel_consent")


class DemoJudge:
    """Judges one run of the demo (`app.demo.judge_interface.Judge`)."""

    def __init__(self) -> None:
        self._publications = Publications()

    def first_sent(self, message: Message, now_s: float) -> None:
        """Record the first publication of `message`; now_s : monotonic seconds."""
        self._publications.note(message, now_s)

    def answer(self, database_url: str, outcome: Outcome) -> dict[str, Any]:
        """Return the demo's JSON object.

        `problems` lists failures, `warnings` those that the machine's slowness explains.
        """
        return _answer(database_url, outcome, self._publications)


def _answer(database_url: str, outcome: Outcome, publications: Publications) -> dict[str, Any]:
    with connect(database_url) as connection:
        judgement = _judge(connection, outcome.fleet)
        contacted = _judge_contacts(connection, outcome, publications, judgement.crashes)
        balance = ledger_json(ledger.read(connection), offsets.total(connection), outcome.in_flight)
        samples = sum(telemetry.count(connection, table) for table in telemetry.TABLES.values())
        listed = contacts.list_(connection, outcome.fleet.tenant, limit=_ALL)
        decided = judge_decisions(
            connection,
            outcome.fleet.tenant,
            outcome.offers,
            outcome.fleet.truth["consents"],
            [row for row in listed if row["contact_id"] in outcome.offers.sent],
        )
        scored = [
            s for s in driving_scores.of_drivers(connection) if s.score.score == s.score.score
        ]
    j, verdict = judgement, outcome.verdict
    matches = (j.trips, j.events, j.crashes, j.anomalies)
    late, warnings = judge_latency(contacted.late, outcome.slowness, outcome.strict)
    return {
        "seconds": round(outcome.seconds, 1),
        "ledger": {
            name: balance[name]
            for name in (
                "received",
                "stored",
                "duplicate",
                "dead_lettered",
                "refused",
                "in_flight",
                "closes",
            )
        },
        "samples": samples,
        "trips": {"true": j.trips.true, "found": j.trips.found, "matched": j.trips.hit},
        "events": {"true": j.events.true, "found": j.events.found, **_rates(j.events)},
        "crashes": {
            "injected": j.crashes.true,
            "found": j.crashes.hit,
            "false": len(j.crashes.wrong),
            **contacted.crash_figures(),
        },
        "anomalies": {
            "injected": j.anomalies.true,
            "found": j.anomalies.hit,
            **_rates(j.anomalies),
        },
        "scores": {"drivers": len(scored)},
        "contacts": contacted.contact_figures(),
        "refused_contacts": contacted.refused,
        "decisions": decided.figures(),
        "verify": {
            "clean": verdict.clean,
            "devices": verdict.devices,
            "samples": verdict.samples,
            "rows": verdict.rows,
        },
        "calibration": {"slowness": round(outcome.slowness, 2)},
        "problems": [
            *_problems(outcome, judgement, contacted, balance),
            *decided.problems(),
            *late,
        ],
        "warnings": warnings,
        "missed": [_plain(thing) for match in matches for thing in match.missed],
        "wrong": [_plain(thing) for match in matches for thing in match.wrong],
    }


def judge_latency(
    late: Sequence[str], slowness: float, strict: bool
) -> tuple[list[str], list[str]]:
    """Return problems and warnings: latency is promised on an ordinary machine, so a slower one
    turns it into a warning with the machine's factor.
    """
    if strict or slowness < _SLOW:
        return list(late), []
    beside = f" (this machine is {slowness:.1f} times slower than the promise assumes)"
    return [], [text + beside for text in late]


def _problems(
    outcome: Outcome, judgement: Judgement, contacted: Contacted, balance: dict[str, Any]
) -> list[str]:
    problems = judgement.problems() + contacted.problems
    if not balance["closes"]:
        problems.append("the ledger does not close")
    if outcome.in_flight:
        problems.append(f"{outcome.in_flight} messages are still in flight")
    if not outcome.delivered:
        problems.append("devices still hold messages without acknowledgement")
    verdict = outcome.verdict
    if not verdict.clean:
        problems.append(f"verify: {verdict.differences[:3]} {verdict.waiting} waiting")
    return problems


def _rates(match: Match) -> dict[str, float]:
    return {"recall": round(match.recall, 4), "precision": round(match.precision, 4)}


def _plain(thing: Thing) -> dict[str, Any]:
    return {
        "device": thing.device,
        "kind": thing.kind,
        "start_us": thing.start_us,
        "end_us": thing.end_us,
    }


def _judge(connection: Connection, fleet: Fleet) -> Judgement:
    names = _device_names(connection)
    ours = {d["id"] for d in fleet.registry["devices"]}
    last_us = {
        out.device: int(out.series.t_us[-1]) for out in fleet.recordings if len(out.series.t_us)
    }

    def things(table: features.FeatureTable, kind: Callable[[Any], str]) -> list[Thing]:
        return [
            Thing(
                names[int(row["device_id"])],
                kind(row),
                int(row["start_us"]),
                int(row["end_us"]) or int(row["decided_us"]),
            )
            for row in features.select(connection, table)
            if names[int(row["device_id"])] in ours
        ]

    episodes: dict[tuple[str, str, int], Thing] = {}
    for thing in things(ANOMALY, lambda row: ANOMALY_NAMES[int(row["kind"])]):
        # Raised, then perhaps cleared: the later row of an episode has its end.
        episodes[(thing.device, thing.kind, thing.start_us)] = thing
    return judge(
        fleet.truth,
        last_us,
        things(TRIP, lambda row: "trip"),
        things(DRIVING_EVENT, lambda row: EVENT_NAMES[int(row["kind"])]),
        episodes.values(),
    )


def _judge_contacts(
    connection: Connection, outcome: Outcome, publications: Publications, crashes: Match
) -> Contacted:
    fleet = outcome.fleet
    sent = [
        row
        for row in contacts.list_(connection, fleet.tenant, limit=_ALL)
        # Notices about orders and messages of decisions are not about signals.
        if row["case_id"] not in outcome.offers.ordered
        and row["contact_id"] not in outcome.offers.sent
    ]
    reasons = decisions.reasons(connection, fleet.tenant)
    return judge_contacts(
        Evidence(
            owner={
                f"{kind}:{contract[kind]}": contract["customer"]
                for contract in fleet.registry["contracts"]
                for kind in ("vehicle", "meter")
                if kind in contract
            },
            consents=fleet.truth["consents"],
            crashes=[(crash.device, crash.start_us) for crash in crashes.met],
            signals=_signal_records(connection, fleet.tenant, publications),
            contacts=[
                Contact(
                    row["contact_id"],
                    row["signal_id"],
                    row["channel"],
                    row["customer"],
                    row["state"],
                )
                for row in sent
            ],
            webhooks=outcome.webhooks,
            mails=outcome.mails,
            refused=sum(
                count
                for reason, count in reasons.items()
                if reason.partition(":")[0] in _FOR_WANT_OF_CONSENT
            )
            + sum(row["state"] == "refused" for row in sent),
        )
    )


def _signal_records(
    connection: Connection, tenant: str, publications: Publications
) -> list[SignalRecord]:
    """Return all signals of the demo; a crash with the time when its last sample was published."""
    names = _device_names(connection)
    decided_us = {
        (int(row["device_id"]), int(row["start_us"])): int(row["decided_us"])
        for row in features.select(connection, DRIVING_EVENT)
        if EVENT_NAMES[int(row["kind"])] == "crash"
    }
    found = []
    for row in outbox.read(connection, limit=_ALL):
        if row["tenant"] != tenant:
            continue
        device = names.get(row["device_id"], "")
        at_us, known_s = to_us(row["time"]), None
        if row["type"] == "vehicle.crash":
            until_us = decided_us.get((row["device_id"], at_us), at_us)
            known_s = publications.known_s(device, at_us, until_us)
        retracted = bool(row["data"].get("retracted"))
        subject = row["subject"] or ""
        age_s = (row["created_at"] - row["time"]).total_seconds()
        found.append(
            SignalRecord(row["id"], row["type"], device, subject, at_us, known_s, retracted, age_s)
        )
    return found


def _device_names(connection: Connection) -> dict[int, str]:
    return {d.device_id: d.device for d in load_registry(connection).by_id.values()}
