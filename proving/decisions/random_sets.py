"""Random action files and requests, from a seed. A file is the dictionary of its YAML."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from contracts.channels import PURPOSES
from customer_context.facts.catalogue import FACTS, FactType

NOW_US = 1_795_000_000_000_000
DAY = date(2026, 11, 18)
"""The day of NOW_US in Berlin."""
_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US

NAMES = (
    "driving.score", "driving.year_km", "consumption.year_kwh", "consumption.charger",
    "consumption.charger_nights", "anomaly.kind", "tariff.electricity", "case.complaint",
    "case.open", "contract.motor", "weather.frost_24h", "weather.temperature_c",
)  # fmt: skip
NUMBERS = tuple(name for name in NAMES if FACTS[name].type in (FactType.NUMBER, FactType.INTEGER))
CHANNELS = ("agent", "portal", "inbox", "email")
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC")
OUTCOMES = ("opened", "clicked", "accepted", "rejected", "complaint")
_MATTERS = ("motor", "electricity", "contract")
_PURPOSES = ("driving_score", "claims_assistance", "energy_insight")
_TEXT = {"de": "Text", "en": "text"}


def value(random: Random, name: str) -> Any:
    """Return a random value of a fact, of few, so that conditions often meet their bounds."""
    fact = FACTS[name]
    if fact.type == FactType.BOOLEAN:
        return random.random() < 0.5
    if fact.type == FactType.CHOICE:
        return random.choice(fact.choices[:3])
    number = random.randint(0, 6)
    return number if fact.type == FactType.INTEGER else number / 2


def condition(random: Random, depth: int = 0) -> dict[str, Any]:
    """Return a random condition."""
    if depth == 0 and random.random() < 0.15:
        return {"any_of": [condition(random, 1) for _ in range(random.randint(1, 3))]}
    name = random.choice(NAMES)
    kind = random.choice(("is", "in", "known", "bounds", "bounds"))
    if kind == "known":
        return {"fact": name, "known": random.random() < 0.8}
    if kind == "bounds" and name in NUMBERS:
        bounds = ("at_least", "at_most", "above", "below")
        return {"fact": name, random.choice(bounds): random.randint(0, 3)}
    if kind == "in":
        return {"fact": name, "in": [value(random, name) for _ in range(random.randint(1, 3))]}
    return {"fact": name, "is": value(random, name)}


@dataclass(slots=True)
class _Maker:
    """Makes one set: ids are numbered."""

    random: Random
    number: int = 0

    def id(self, what: str) -> str:
        self.number += 1
        return f"{what}-{self.number}"

    def some(self, share: float) -> list[dict[str, Any]]:
        """Conditions: often none."""
        if self.random.random() > share:
            return []
        return [condition(self.random) for _ in range(self.random.randint(1, 2))]

    def policies(self) -> list[dict[str, Any]]:
        return [
            {
                "id": self.id("policy"),
                "kind": self.random.choice(("eligible", "applicable", "suitable")),
                "when": [condition(self.random)],
            }
            for _ in range(self.random.choice((0, 0, 1)))
        ]

    def contact(self, share: float) -> dict[str, Any]:
        """Rules of contact."""
        random, found = self.random, dict[str, Any]()
        if random.random() < share:
            cap = {"id": self.id("cap"), "most": random.randint(0, 2)}
            cap["within_h"] = random.choice((6, 24, 48))
            if random.random() < 0.5:
                cap["per"] = "household"
            if random.random() < 0.4:
                cap["channel"] = random.choice(("inbox", "email"))
            found["caps"] = [cap]
        if random.random() < share:
            rule: dict[str, Any] = {"id": self.id("pause"), "after": random.sample(OUTCOMES, 2)}
            rule |= {"for_d": random.randint(1, 3), "within_d": random.randint(1, 4)}
            rule |= {"count": random.randint(1, 2)}
            rule["of"] = random.choice(("action", "group", "issue", "all"))
            if random.random() < 0.3:
                rule["channel"] = random.choice(CHANNELS)
            found["suppress"] = [rule]
        if random.random() < share:
            begin = random.choice(("20:00", "22:30", "00:00", "09:00"))
            found["quiet_hours"] = {
                "begin": begin,
                "end": random.choice(("06:00", "08:30", "10:00")),
            }
        if random.random() < share:
            found["distance_h"] = random.choice((0, 6, 24))
        return found

    def treatment(self, channel: str) -> dict[str, Any]:
        random = self.random
        found: dict[str, Any] = {"id": self.id("t"), "channel": channel, "text": dict(_TEXT)}
        if random.random() < 0.2:
            found["text"] = {**_TEXT, "de": f"Text {{{{ {random.choice(NAMES)} }}}}"}
        if channel in ("inbox", "email"):
            found["subject"] = dict(_TEXT)
        if conditions := self.some(0.2):
            found["when"] = conditions
        if random.random() < 0.3:
            found["propensity"] = random.choice((0.1, 0.25, 0.3, 1))
        return found

    def action(self, above: Sequence[str]) -> dict[str, Any]:
        random = self.random
        found: dict[str, Any] = {
            "id": self.id("action"), "title": _TEXT, "rests_on": _TEXT,
            "purpose": random.choice(_PURPOSES), "policies": self.policies(),
            "value": random.choice((0, 1, 2, 2.5)), "propensity": random.choice((0.1, 0.3, 0.5)),
            "weight": random.choice((0, 0, 10, -20, -100)),
            "treatments": [
                self.treatment(random.choice(CHANNELS)) for _ in range(random.randint(1, 3))
            ],
        }  # fmt: skip
        for stage in ("eligible", "applicable", "suitable"):
            if conditions := self.some(0.25):
                found[stage] = conditions
        if random.random() < 0.2:
            found["value"] = {"fact": random.choice(NUMBERS), "least": 1, "most": 2}
        if random.random() < 0.4:
            found["context"] = [
                {"when": [condition(random)], "weight": random.choice((20, 33.3, -50, -100))}
                for _ in range(random.randint(1, 3))
            ]
        if above and random.random() < 0.4:
            found["switch_off"] = random.sample(list(above), 1)
        if random.random() < 0.15:
            found["valid_from"] = DAY + timedelta(days=random.randint(-1, 1))
        if random.random() < 0.15:
            found["valid_to"] = DAY + timedelta(days=random.randint(-1, 1))
            if "valid_from" in found:
                found["valid_to"] = max(found["valid_from"], found["valid_to"])
        if random.random() < 0.05:
            found["urgent"] = True
        found["contact"] = self.contact(0.1)
        return found

    def issue(self, above: list[str]) -> dict[str, Any]:
        random = self.random
        found: dict[str, Any] = {
            "id": self.id("issue"), "version": random.randint(1, 9), "title": _TEXT,
            "policies": self.policies(), "contact": self.contact(0.2),
            "weight": random.choice((0, 5, -10)), "groups": [],
        }  # fmt: skip
        if above and random.random() < 0.2:
            found["switch_off"] = random.sample(above, 1)
        if random.random() < 0.1:
            found["bypass"] = random.choice(("safety", "claims", "legal", "contract"))
        above = [*above, *_ids(found)]
        for _ in range(random.randint(1, 2)):
            group: dict[str, Any] = {
                "id": self.id("group"), "title": _TEXT, "weight": random.choice((0, 15)),
                "policies": self.policies(), "contact": self.contact(0.15),
            }  # fmt: skip
            if above and random.random() < 0.2:
                group["switch_off"] = random.sample(above, 1)
            of_group = [*above, *_ids(group)]
            group["actions"] = [self.action(of_group) for _ in range(random.randint(1, 4))]
            found["groups"].append(group)
        return found


def _ids(level: dict[str, Any]) -> list[str]:
    contact = level["contact"]
    rules = [*level["policies"], *contact.get("caps", []), *contact.get("suppress", [])]
    return [rule["id"] for rule in rules]


def files(random: Random) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the file of all actions and those of issues."""
    maker = _Maker(random)
    every: dict[str, Any] = {"id": "all", "version": 1, "timezone": "Europe/Berlin"}
    every |= {"policies": maker.policies(), "contact": maker.contact(0.6)}
    above = [*_ids(every), "quiet-hours", "minimum-distance", "preferred-channel"]
    return every, [maker.issue(above) for _ in range(random.randint(1, 3))]


def request(random: Random, every: dict[str, Any], issues: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a random request, in the form that the oracle reads."""
    now = NOW_US + random.randint(-36, 36) * _HOUR_US + random.choice((0, 0, 1_234_567))
    actions = [
        (issue["id"], group["id"], action)
        for issue in issues
        for group in issue["groups"]
        for action in group["actions"]
    ]
    draws = {
        f"{action['id']}/{treatment['id']}": random.random()
        for _, _, action in actions
        for treatment in action["treatments"]
        if random.random() < 0.3
    }
    rules = [*_ids(every), *(id_ for issue in issues for id_ in _ids(issue))]
    return {
        "now": now,
        "places": random.sample(CHANNELS, random.randint(1, 4)),
        "facts": _facts(random, now),
        "draws": draws,
        "preferred": {
            issue["id"]: random.choice(CHANNELS) for issue in issues if random.random() < 0.6
        },
        "most": random.choice((1, 1, 2, 5)),
        "person": {
            "zone": random.choice(ZONES),
            "preferred": {
                matter: random.choice(CHANNELS) for matter in _MATTERS if random.random() < 0.2
            },
            "granted": [purpose for purpose in PURPOSES if random.random() < 0.8],
            "not_by": [
                (random.choice(_PURPOSES), random.choice(CHANNELS))
                for _ in range(random.choice((0, 0, 1, 2)))
            ],
            "sent": [
                {
                    "at": now + random.randint(-40, 40) * _HOUR_US,
                    "channel": random.choice(("inbox", "email")),
                    "own": random.random() < 0.6,
                    "exempt": [id_ for id_ in rules if random.random() < 0.1],
                }
                for _ in range(random.choice((0, 1, 2, 3, 4)))
            ],
            "reactions": [
                _reaction(random, now, actions) for _ in range(random.choice((0, 0, 1, 3)))
            ],
        },
    }


def _facts(random: Random, now: int) -> list[tuple[str, Any, int]]:
    found = []
    for name in NAMES:
        for _ in range(random.choice((0, 1, 1, 1, 1, 2))):
            age = random.choice((0, 1, 6, 12, 24, 24 * 7, 24 * 30, 24 * 45))
            at = now - age * _HOUR_US - random.choice((0, 0, 0, 1, -3 * _HOUR_US))
            found.append((name, value(random, name), at))
    return found


def _reaction(random: Random, now: int, actions: Sequence[Any]) -> dict[str, Any]:
    issue, group, action = random.choice(actions)
    return {
        "at": now - random.randint(-1, 5) * _DAY_US + random.choice((0, 1)),
        "outcome": random.choice(OUTCOMES),
        "channel": random.choice(CHANNELS),
        "action": action["id"],
        "group": group,
        "issue": issue,
    }
