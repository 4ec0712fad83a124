"""`tachowatt bench backtest`: customer-days a second of a backtest over stored decisions.

Customers get a decision a day, over the actions in use, with messages and reactions of the days
before; each is stored, with its facts, consents, messages and reactions. The backtest reads and
decides all of them again: each must be as it was decided, and a part is compared with `decide`.
Facts are random; a fact that rests on a purpose is known to those who have granted it.
"""

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np

from contracts.channels import PURPOSES
from customer_context.contact_policy.policy import Outcome, Person, Reaction, Sent
from customer_context.facts.catalogue import FACTS, FactType
from customer_context.facts.columns import flat_of
from customer_context.facts.known import FactValue
from customer_context.next_best_action.batch import ROWS, Batch
from customer_context.next_best_action.decide import Request, Winner, decide
from customer_context.next_best_action.rules import Rules
from proving.bench.decisions import cpu_s
from proving.testbed.database import database_of
from runtime.clock import Clock
from runtime.settings import Settings
from services import actions, backtest_actions, decisions
from services.contact_policy import ContactRules
from store.people import consent, customers
from store.postgres.pool import Connection, connect
from store.postgres.roles import set_tenant_scope
from store.postgres.times import from_us
from store.schema.migrate import migrate
from store.testing import bench_registry, measurements

_DAY_US = 86_400_000_000
_PLACES = frozenset({"inbox", "email"})
_KNOWN = 0.7
"""Share of the facts of the catalogue that are known of a customer."""
_ONE_BY_ONE, _AT_ONCE = 500, 16 * ROWS
"""Decisions of the last days that are kept to be decided again one by one, and in memory."""
_STORING, _TRYING = "storing decisions", "trying the actions in use on them"
Progress = Callable[[str, int, int], None]


def run(
    settings: Settings, clock: Clock, people: int, days: int, seed: int, progress: Progress
) -> dict[str, Any]:
    """Store `people` · `days` decisions, and try the actions in use on them."""
    rules = actions.in_use(settings.actions_dir)
    with database_of(settings, clock) as url:
        progress(_STORING, 0, days)
        migrate(url)
        with connect(url) as connection:
            measurements.require_empty(connection)
            end_us = clock.now_us()
            requests = _store(connection, rules, people, days, end_us, seed, progress)
            versions = measurements.versions(connection)
            connection.commit()
            progress(_TRYING, 0, 1)
            set_tenant_scope(connection, (bench_registry.TENANT,))
            period = from_us(end_us - (days + 1) * _DAY_US), from_us(end_us + _DAY_US)
            begun_s, used_s = clock.monotonic(), cpu_s()
            found = backtest_actions.run(
                connection, bench_registry.TENANT, rules, None, *period,
                progress=lambda done, of: progress(_TRYING, done, of),
            )  # fmt: skip
            seconds, own_s = clock.monotonic() - begun_s, cpu_s() - used_s
    again_per_s = _at_once(rules, requests)
    differing = _differing(rules, requests)
    count = people * days
    problems = []
    if not found["decisions"] == found["equal"] == found["recomputed"] == count:
        problems.append(f"{found['equal']} of {count} decisions are as they were made")
    if differing:
        problems.append(f"{differing} decisions at once differ from one by one")
    return {
        "actions": len(rules.actions), "customers": people, "days": days, "customer_days": count,
        "customer_days_per_s": round(count / seconds, 1),
        "customer_days_per_cpu_s": round(count / max(own_s, 1e-9), 1),
        "in_memory_per_cpu_s": round(again_per_s, 1),
        "messages": found["live"]["messages"], "equal_share": found["equal_share"],
        "compared": min(count, _ONE_BY_ONE), "versions": versions, "problems": problems,
    }  # fmt: skip


def _store(
    connection: Connection,
    rules: Rules,
    people: int,
    days: int,
    end_us: int,
    seed: int,
    progress: Progress,
) -> list[Request]:
    """Store a decision a day about each customer; return the last requests."""
    random, tenant = Random(f"backtest {seed}"), bench_registry.TENANT
    bench_registry.add_tenant(connection)
    bench_registry.copy(connection, bench_registry.copy_texts(connection, people))
    names = [f"c{number}" for number in range(people)]
    granted = [frozenset(str(one) for one in PURPOSES if random.random() < 0.8) for _ in names]
    at = from_us(end_us - (days + 2) * _DAY_US)
    consent.decide(
        connection,
        [
            {
                "tenant": tenant, "customer": name, "purpose": purpose, "state": "granted",
                "legal_basis": "consent", "notice_version": "1", "source": "bench", "at": at,
                "recorded_at": at,
            }
            for name, of in zip(names, granted, strict=True)
            for purpose in sorted(of)
        ],
    )  # fmt: skip
    known = [_known(random) for _ in names]
    persons = customers.persons(connection, [(tenant, name) for name in names])
    found = [persons[tenant, name] for name in names]
    made: list[list[tuple[int, Winner]]] = [[] for _ in names]
    batch, exempt = Batch(rules), ContactRules(rules).exempt
    every: list[Request] = []
    for day in range(days):
        now_us = end_us - (days - day) * _DAY_US
        requests = []
        for number in range(people):
            if random.random() < 0.2:
                known[number] |= dict([_fact(random, random.choice(list(FACTS)))])
            requests.append(_request(rules, now_us, known[number], granted[number], made[number],
                                     exempt))  # fmt: skip
        without = []
        for person, request, winners, of in zip(
            found, requests, batch.decide(requests), made, strict=True
        ):
            if winners:
                decisions.store(
                    connection, person, rules, request, winners, direction="outbound",
                    place=winners[-1].channel, by="bench", at_us=now_us,
                )  # fmt: skip
            else:
                without.append((person, request))
            of += [(now_us, one) for one in winners]
        decisions.store_without_winner(connection, rules, without, now_us)
        progress(_STORING, day + 1, days)
        every = (every + requests)[-_AT_ONCE:]
    return every


def _known(random: Random) -> dict[str, Any]:
    return dict(_fact(random, name) for name in FACTS if random.random() < _KNOWN)


def _fact(random: Random, name: str) -> tuple[str, Any]:
    fact = FACTS[name]
    if name in ("case.complaint", "case.claim"):
        return name, random.random() < 0.02
    if fact.type == FactType.BOOLEAN:
        return name, random.random() < 0.5
    if fact.type == FactType.CHOICE:
        return name, random.choice(fact.choices)
    number = random.choice((1, 5, 20, 100, 1_000, 5_000))
    return name, number if fact.type == FactType.INTEGER else number * random.random()


def _request(
    rules: Rules, now_us: int, known: dict[str, Any], granted: frozenset[str],
    made: list[tuple[int, Winner]], exempt: Callable[..., frozenset[str]],
) -> Request:  # fmt: skip
    facts = tuple(
        FactValue(name, value, now_us)
        for name, value in sorted(known.items())
        if FACTS[name].purpose is None or FACTS[name].purpose in granted
    )
    sent, reactions = [], []
    since_us = now_us - rules.reach_h * 3_600_000_000
    for _, one in made:
        action = rules.by_id[one.action]
        if one.deliver_at_us > since_us and not action.urgent:
            sent.append(Sent(one.deliver_at_us, one.channel, exempt=exempt(action.policy)))
        if one.deliver_at_us <= now_us:
            what = (one.deliver_at_us, Outcome.DELIVERED, one.channel, one.action)
            reactions.append(Reaction(*what, action.group, action.issue))
    person = Person("Europe/Berlin", granted, frozenset(), tuple(sent), tuple(reactions))
    return Request(now_us, _PLACES, facts, person)


def _at_once(rules: Rules, requests: list[Request]) -> float:
    """Return decisions per second of processor time from columns in memory, without a store."""
    parts = [requests[begin : begin + ROWS] for begin in range(0, len(requests), ROWS)]
    facts = [
        flat_of([[(f.name, f.value, f.at_us) for f in request.facts] for request in part])
        for part in parts
    ]
    times = [np.array([one.now_us for one in part], dtype=np.int64) for part in parts]
    batch, used_s = Batch(rules), cpu_s()
    for part, columns, now_us in zip(parts, facts, times, strict=True):
        scored = batch.score(part, columns, now_us)
        for number in range(len(part)):
            scored.winners(number)
    return len(requests) / max(cpu_s() - used_s, 1e-9)


def _differing(rules: Rules, requests: list[Request]) -> int:
    part = requests[-_ONE_BY_ONE:]
    at_once = Batch(rules).decide(part)
    return sum(decide(rules, one) != won for one, won in zip(part, at_once, strict=True))
