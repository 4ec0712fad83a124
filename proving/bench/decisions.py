"""`tachowatt bench decisions`: decisions a second over hundreds of actions, in batches.

Actions have policies at all levels and three treatments each; customers have facts, contacts and
reactions. Each process decides over its own customers, from columns, and decides about a part of
them again one by one, which must give the same; the winners of the first hundred are compared with
the oracle. Beside it zen-engine, where it is installed, evaluates the same
eligibility conditions as one decision table, and finds the same actions.
"""

import json
import resource
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from random import Random
from typing import Any

import yaml

from customer_context.facts.catalogue import as_rows
from customer_context.facts.known import known
from customer_context.next_best_action.batch import Batch
from customer_context.next_best_action.decide import Request, decide
from customer_context.next_best_action.rules import Evaluation, Rules, load
from proving.decisions import random_sets
from proving.decisions.prove import CHANNEL_PURPOSES, request_of
from runtime.clock import SystemClock
from tests.oracles import next_best_action as oracle

_COMPARED = 100
_ONE_BY_ONE = 1_000
"""Decisions of each process that are made one by one too."""
_TEXT = {"de": "Text", "en": "text"}
_CHANNELS = ("agent", "inbox", "email")


def run(actions: int, decisions: int, workers: int, seed: int) -> dict[str, Any]:
    """Decide `decisions` times in each of `workers` processes; return rates and problems."""
    clock = SystemClock()
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        warm = [pool.submit(_work, actions, 10, seed, worker) for worker in range(workers)]
        for one in warm:
            one.result()
        begun_s = clock.monotonic()
        parts = [pool.submit(_work, actions, decisions, seed, w) for w in range(workers)]
        found = [part.result() for part in parts]
    wall_s = clock.monotonic() - begun_s
    slowest_s = max(part["seconds"] for part in found)
    compared, differing = _compare(actions, seed)
    zen = _zen(actions, min(decisions, 2_000), seed)
    problems = [f"{differing} of {compared} decisions differ from the oracle"] if differing else []
    others = sum(part["differing"] for part in found)
    problems += [f"{others} decisions of a batch differ from one by one"] if others else []
    if zen is not None and not zen["same"]:
        problems.append("zen-engine finds other eligible actions")
    return {
        "actions": actions,
        "treatments": 3 * actions,
        "workers": workers,
        "decisions": decisions * workers,
        "per_s": round(decisions * workers / slowest_s, 1),
        "with_making_requests_per_s": round(decisions * workers / wall_s, 1),
        "per_s_and_core": round(sum(decisions / part["seconds"] for part in found) / workers, 1),
        "per_cpu_s": round(sum(decisions / part["cpu_s"] for part in found) / workers, 1),
        "one_by_one_per_s_and_core": round(sum(part["one_by_one"] for part in found) / workers, 1),
        "winners": sum(part["winners"] for part in found),
        "survivors": round(sum(part["open"] for part in found) / (decisions * workers), 1),
        "compared": compared,
        "zen": zen,
        "problems": problems,
    }


def action_files(actions: int, seed: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the file of all actions, and issues of two groups of ten actions."""
    random = Random(f"bench {seed}")
    every: dict[str, Any] = {
        "id": "all", "version": 1,
        "policies": [
            {"id": "p", "kind": "suitable", "when": [{"fact": "case.complaint", "is": False}]}
        ],
        "contact": {
            "caps": [
                {"id": "person-week", "most": 3, "within_h": 168},
                {"id": "household-week", "most": 4, "within_h": 168, "per": "household"},
                {"id": "email-week", "most": 1, "within_h": 168, "channel": "email"},
            ],
            "suppress": [
                {"id": "rejected", "after": ["rejected"], "for_d": 90, "within_d": 365},
            ],
            "quiet_hours": {"begin": "20:00", "end": "08:00"}, "distance_h": 24,
        },
    }  # fmt: skip
    made = [_action(random, number) for number in range(actions)]
    issues = []
    for number in range(0, actions, 20):
        groups = [
            {
                "id": f"group-{number}-{i}", "title": _TEXT, "weight": random.choice((0, 10)),
                "policies": [
                    {
                        "id": f"policy-{number}-{i}", "kind": "eligible",
                        "when": [{"fact": "contract.motor", "known": True}],
                    }
                ],
                "actions": made[begin : begin + 10],
            }
            for i, begin in enumerate((number, number + 10))
            if made[begin : begin + 10]
        ]  # fmt: skip
        level: dict[str, Any] = {"policies": [], "contact": {}}
        issues.append(
            {"id": f"issue-{number}", "version": 1, "title": _TEXT, "groups": groups, **level}
        )
    return every, issues


def _action(random: Random, number: int) -> dict[str, Any]:
    def conditions(most: int) -> list[dict[str, Any]]:
        return [random_sets.condition(random) for _ in range(random.randint(1, most))]

    return {
        "id": f"action-{number:04}", "title": _TEXT, "rests_on": _TEXT,
        "purpose": random.choice(("driving_score", "energy_insight")),
        "value": random.choice((1, 5, 20)), "propensity": random.choice((0.05, 0.1, 0.3)),
        "context": [{"when": conditions(1), "weight": 20}],
        "eligible": conditions(2), "applicable": conditions(1),
        "treatments": [
            {
                "id": f"t{number:04}-{channel}", "channel": channel, "text": _TEXT,
                **({"subject": _TEXT} if channel != "agent" else {}),
            }
            for channel in _CHANNELS
        ],
    }  # fmt: skip


def _rules(actions: int, seed: int) -> tuple[Rules, dict[str, Any], list[dict[str, Any]]]:
    every, issues = action_files(actions, seed)
    named = {"all.yaml": every} | {f"{issue['id']}.yaml": issue for issue in issues}
    return load({name: yaml.safe_dump(part) for name, part in named.items()}), every, issues


def _requests(count: int, seed: int, worker: int) -> list[dict[str, Any]]:
    every, issues = action_files(20, seed)
    random = Random(f"bench {seed} {worker}")
    found = []
    for _ in range(count):
        plain = random_sets.request(random, every, issues)
        plain["facts"] = [
            (name, random_sets.value(random, name), plain["now"]) for name in random_sets.NAMES
        ]
        plain["facts"] += [("case.complaint", False, plain["now"])]
        plain |= {"most": 1, "places": ["inbox", "email"], "draws": {}, "preferred": {}}
        plain["person"]["granted"] = ["driving_score", "energy_insight", "channel_email"]
        found.append(plain)
    return found


def _work(actions: int, decisions: int, seed: int, worker: int) -> dict[str, Any]:
    """Decide in this process; requests are made before the time is taken."""
    clock = SystemClock()
    rules, _, _ = _rules(actions, seed)
    requests = [request_of(plain) for plain in _requests(decisions, seed, worker)]
    batch = Batch(rules)
    begun_s, used_s = clock.monotonic(), cpu_s()
    winners = batch.decide(requests)
    seconds, used_s = clock.monotonic() - begun_s, cpu_s() - used_s
    begun_s = clock.monotonic()
    again = [decide(rules, request) for request in requests[:_ONE_BY_ONE]]
    one_by_one_s = clock.monotonic() - begun_s
    return {
        "seconds": max(seconds, 1e-9),
        "cpu_s": max(used_s, 1e-9),
        "one_by_one": len(again) / max(one_by_one_s, 1e-9),
        "differing": sum(a != b for a, b in zip(again, winners, strict=False)),
        "winners": sum(map(len, winners)),
        "open": sum(len(eligible(rules, request)) for request in requests),
    }


def cpu_s() -> float:
    """Return the processor time of this process: what others take of the machine is not in it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def eligible(rules: Rules, request: Request) -> list[str]:
    """Return the actions whose conditions all hold."""
    facts = known(request.facts, request.person.granted, request.now_us)
    evaluation = Evaluation(rules, facts)
    return [action.id for action in rules.actions if evaluation.holds(action.tests)]


def _compare(actions: int, seed: int) -> tuple[int, int]:
    """Return how many decisions were compared with the oracle, and how many differ."""
    rules, every, issues = _rules(actions, seed)
    catalogue = {row["name"]: row for row in as_rows()}
    differing = 0
    plains = _requests(_COMPARED, seed, 0)
    for plain in plains:
        wanted = oracle.decided((every, issues), catalogue, plain, CHANNEL_PURPOSES)
        found = [(one.action, one.treatment) for one in decide(rules, request_of(plain))]
        differing += found != [(one[0], one[1]) for one in wanted]
    return len(plains), differing


def _zen(actions: int, decisions: int, seed: int) -> dict[str, Any] | None:
    """Return the rate of zen-engine for the conditions alone; None where it is not installed."""
    try:
        import zen  # only a bench compares with it
    except ModuleNotFoundError:
        return None
    clock = SystemClock()
    rules, _, _ = _rules(actions, seed)
    table = zen.ZenEngine().create_decision(json.dumps(_table(rules)))
    requests = [request_of(plain) for plain in _requests(decisions, seed, 0)]
    inputs = [
        {name.replace(".", "_"): value for name, value in facts.items()}
        for request in requests
        for facts in [known(request.facts, request.person.granted, request.now_us)]
    ]
    begun_s = clock.monotonic()
    answers = [table.evaluate(one) for one in inputs]
    zen_s = clock.monotonic() - begun_s
    begun_s = clock.monotonic()
    ours = [eligible(rules, request) for request in requests]
    ours_s = clock.monotonic() - begun_s
    same = all(
        [row["action"] for row in answer["result"]] == wanted
        for answer, wanted in zip(answers, ours, strict=True)
    )
    return {
        "decisions": decisions,
        "conditions_per_s": round(decisions / zen_s, 1),
        "our_conditions_per_s": round(decisions / ours_s, 1),
        "same": same,
    }


def _table(rules: Rules) -> dict[str, Any]:
    """Return the conditions of all actions as one decision table that collects what holds."""
    rows = []
    for number, action in enumerate(rules.actions):
        text = " and ".join(
            _expression(gate.condition.model_dump(by_alias=True, exclude_none=True))
            for gate in action.gates
        )
        rows.append({"_id": str(number), "when": text, "action": json.dumps(action.id)})
    return {
        "contentType": "application/vnd.gorules.decision",
        "nodes": [
            {"id": "in", "name": "in", "type": "inputNode"},
            {"id": "out", "name": "out", "type": "outputNode"},
            {
                "id": "table", "name": "table", "type": "decisionTableNode",
                "content": {
                    "hitPolicy": "collect", "rules": rows,
                    "inputs": [{"id": "when", "name": "when", "field": ""}],
                    "outputs": [{"id": "action", "name": "action", "field": "action"}],
                },
            },
        ],
        "edges": [
            {"id": "1", "sourceId": "in", "targetId": "table", "type": "edge"},
            {"id": "2", "sourceId": "table", "targetId": "out", "type": "edge"},
        ],
    }  # fmt: skip


def _expression(condition: dict[str, Any]) -> str:
    if "any_of" in condition:
        return "(" + " or ".join(_expression(one) for one in condition["any_of"]) + ")"
    name = condition["fact"].replace(".", "_")
    if "known" in condition:
        return f"{name} {'!=' if condition['known'] else '=='} null"
    if "is" in condition:
        return f"{name} == {json.dumps(condition['is'])}"
    if "in" in condition:
        return f"{name} in {json.dumps(condition['in'])}"
    signs = {"at_least": ">=", "at_most": "<=", "above": ">", "below": "<"}
    return " and ".join(
        f"{name} {sign} {condition[bound]}" for bound, sign in signs.items() if bound in condition
    )
