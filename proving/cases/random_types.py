"""Random case types and events, from a seed. A type is the dictionary of its YAML."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC")
HOURS = (("08:00", "18:00"), ("00:00", "06:30"), ("06:00", "12:00"), ("10:00", "23:30"))
_NAMES = {"de": "Text", "en": "text"}

Facts = Mapping[str, Any]
"""data, signal and consents of a case, as the generator knows them."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition as CEL and as Python: True, False or None where it cannot be evaluated."""

    cel: str
    truth: Callable[[Facts], bool | None]


def conditions() -> list[Condition]:
    """Return simple conditions about three fields, a signal and a consent."""
    return [
        Condition("true", lambda f: True),
        Condition("data.yes == true", lambda f: f["data"].get("yes") is True),
        Condition("data.yes != true", lambda f: f["data"].get("yes") is not True),
        Condition(
            "data.count != null && data.count > 2",
            lambda f: f["data"].get("count") is not None and f["data"]["count"] > 2,
        ),
        Condition("data.color == 'red'", lambda f: f["data"].get("color") == "red"),
        Condition("consents.claims_assistance", lambda f: "claims_assistance" in f["granted"]),
        Condition("has(signal.level) && signal.level > 1", _level),
    ]


def _level(facts: Facts) -> bool | None:
    level = facts["signal"].get("level")
    if level is None:
        return False
    return None if isinstance(level, str) else level > 1


def condition(random: Random, made: dict[str, Condition]) -> str:
    """Return a random condition as CEL, and keep how it is evaluated."""
    one = random.choice(conditions())
    if random.random() < 0.2:
        other = random.choice(conditions()[:6])
        first = random.choice(conditions()[:6])
        both = random.random() < 0.5
        one = Condition(
            f"({first.cel}) {'&&' if both else '||'} ({other.cel})",
            lambda f, first=first, other=other, both=both: (  # type: ignore[misc]
                bool(first.truth(f)) and bool(other.truth(f))
                if both
                else bool(first.truth(f)) or bool(other.truth(f))
            ),
        )
    made[one.cel] = one
    return one.cel


def case_type(random: Random) -> tuple[dict[str, Any], dict[str, Condition]]:
    """Return a random case type, and its conditions by their CEL."""
    made = {"true": conditions()[0]}
    stage_ids = [f"s{i}" for i in range(random.randint(1, 3))]
    plan = [(stage, [f"{stage}-{j}" for j in range(random.randint(1, 4))]) for stage in stage_ids]
    ids = [id_ for stage, steps in plan for id_ in (stage, *steps)]
    has_exception = random.random() < 0.6
    stages = [_stage(random, made, stage, steps, ids, has_exception) for stage, steps in plan]
    if has_exception:
        stages.append(
            {
                "id": "exception",
                "title": _NAMES,
                "exception": True,
                "steps": [
                    {"id": "sort-out", "title": _NAMES},
                    *(
                        [{"id": "report", "title": _NAMES, "required": False}]
                        if random.random() < 0.3
                        else []
                    ),
                ],
            }
        )
    begin, end = random.choice(HOURS)
    found: dict[str, Any] = {
        "id": "random",
        "version": 1,
        "title": _NAMES,
        "side": "insurer",
        "purpose": "claims_assistance",
        "working_time": {
            "country": "DE",
            "days": random.choice((["mon", "tue", "wed", "thu", "fri"], ["tue", "sat", "sun"])),
            "begin": begin,
            "end": end,
        },
        "stages": stages,
    }
    if random.random() < 0.15:
        found["exit"] = [{"when": condition(random, made)}]
    return found, made


def _stage(
    random: Random,
    made: dict[str, Condition],
    id_: str,
    steps: list[str],
    ids: list[str],
    has_exception: bool,
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": id_,
        "title": _NAMES,
        "required": random.random() < 0.8,
        "complete": random.choice(("required", "all")),
        "steps": [_step(random, made, step, ids, has_exception) for step in steps],
    }
    if random.random() < 0.15:
        found["manual"] = True
    _criteria(random, made, found, ids, 0.35)
    if random.random() < 0.2:
        found["deadlines"] = [_deadline(random, "due", ("remind", "escalate", "exit"))]
    return found


def _criteria(
    random: Random, made: dict[str, Condition], found: dict[str, Any], ids: list[str], often: float
) -> None:
    others = [id_ for id_ in ids if id_ != found["id"]]

    def sentry() -> dict[str, Any]:
        one: dict[str, Any] = {}
        if others and random.random() < 0.6:
            one["after"] = random.sample(others, random.randint(1, min(2, len(others))))
        if "after" not in one or random.random() < 0.4:
            one["when"] = condition(random, made)
        return one

    if random.random() < often:
        found["entry"] = [sentry() for _ in range(random.randint(1, 2))]
    if random.random() < often / 2:
        found["exit"] = [sentry()]


def _deadline(random: Random, id_: str, does: tuple[str, ...]) -> dict[str, Any]:
    measure, most = random.choice(
        (("within_min", 4_000), ("working_min", 900), ("working_days", 3))
    )
    return {"id": id_, measure: random.randint(1, most), "do": random.choice(does)}


def _step(
    random: Random, made: dict[str, Condition], id_: str, ids: list[str], has_exception: bool
) -> dict[str, Any]:
    kind = random.choice(
        ("human", "human", "human", "automatic", "wait", "case", "milestone", "milestone")
    )
    if id_ == "s0-0":
        kind = "human"  # conditions name the fields of its form
    found: dict[str, Any] = {"id": id_, "kind": kind, "title": _NAMES}
    found["required"] = random.random() < 0.6
    _criteria(random, made, found, ids, 0.5)
    if kind not in ("milestone", "wait") and random.random() < 0.2:
        found["manual"] = True
    if kind == "automatic":
        found["action"] = "act"
    if kind == "case":
        found["type"] = "other"
    if kind != "milestone" and random.random() < 0.25:
        found["repeat"] = {"when": condition(random, made), "most": random.randint(2, 3)}
    does = ("remind", "escalate", "exit", *(("exception",) if has_exception else ()))
    if kind == "wait":
        found["deadlines"] = [_deadline(random, "over", ("complete",))]
        if random.random() < 0.5:
            found["until"] = [{"when": condition(random, made)}]
    elif kind != "milestone" and random.random() < 0.5:
        found["deadlines"] = [_deadline(random, f"d{i}", does) for i in range(random.randint(1, 2))]
    if kind == "human":
        found["form"] = [
            {"name": "yes", "type": "boolean", "label": _NAMES},
            {"name": "count", "type": "integer", "label": _NAMES},
            {
                "name": "color",
                "type": "choice",
                "label": _NAMES,
                "choices": [{"value": one, "text": _NAMES} for one in ("red", "blue")],
            },
        ]
        if random.random() < 0.2:
            found["documents"] = [{"id": "photo", "title": _NAMES}]
    return found


WHATS = (
    ("complete", 10), ("start", 4), ("disable", 1), ("enable", 2), ("fail", 2), ("retry", 2),
    ("terminate", 1), ("document", 2), ("data", 3), ("look", 3), ("exception", 1), ("suspend", 1),
    ("resume", 3), ("time", 8), ("close", 0.1),
)  # fmt: skip


def event(
    random: Random, items: Mapping[str, str], facts: dict[str, Any]
) -> tuple[str, str, str, dict[str, Any]]:
    """Return a random event: what, item, text, data. It changes `facts`.

    items : id → state. Most events name an item that allows them.
    """
    what = random.choices([w for w, _ in WHATS], [weight for _, weight in WHATS])[0]
    fitting = {
        "complete": ("active",), "start": ("enabled",), "disable": ("enabled",),
        "enable": ("disabled",), "fail": ("active",), "retry": ("failed",),
        "terminate": ("available", "active", "enabled", "failed"),
    }.get(what)  # fmt: skip
    item = ""
    if fitting is not None:
        fit = [id_ for id_, state in items.items() if state in fitting]
        item = random.choice(fit if fit and random.random() < 0.9 else list(items))
    data: dict[str, Any] = {}
    if what == "data" or (what == "complete" and random.random() < 0.5):
        data = random.choice(
            [{"yes": True}, {"yes": False}, {"count": random.randint(0, 5)}, {"color": "red"},
             {"color": "blue"}]
        )  # fmt: skip
    if what == "look":
        facts["signal"] = random.choice([{}, {"level": 1}, {"level": 2}, {"level": "high"}])
        facts["granted"] = random.choice([frozenset(), frozenset({"claims_assistance"})])
    text = "photo" if what == "document" else "unlike" if what == "exception" else ""
    return what, item, text, data
