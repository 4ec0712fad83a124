"""Cases with a type, as plain as CMMN's tables allow: dictionaries, and one rule after the other.

A type is the dictionary of its YAML. `truth(condition)` is True, False or None where the condition
cannot be evaluated; it is given, so that no CEL is needed here. Times are whole minutes.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
GONE = ("completed", "terminated")


class Refused(Exception):
    """The state does not allow the event."""


@lru_cache(100_000)
def local(zone, minute):
    """Return the local time of a minute since 1970 UTC."""
    return (EPOCH + timedelta(minutes=minute)).astimezone(ZoneInfo(zone))


@lru_cache(100_000)
def easter(year):
    """Return Easter Sunday (Gauss, in the form of Lichtenberg)."""
    k = year // 100
    m = 15 + (3 * k + 3) // 4 - (8 * k + 13) // 25
    s = 2 - (3 * k + 3) // 4
    a = year % 19
    d = (19 * a + m) % 30
    r = (d + a // 11) // 29
    og = 21 + d - r
    sz = 7 - (year + year // 4 + s) % 7
    oe = 7 - (og - sz) % 7
    return date(year, 3, 1) + timedelta(days=og + oe - 1)


def holiday(day):
    """Say whether a day is a holiday in all of Germany."""
    if (day.month, day.day) in ((1, 1), (5, 1), (10, 3), (12, 25), (12, 26)):
        return True
    return (day - easter(day.year)).days in (-2, 1, 39, 50)


def is_working(hours, zone, minute):
    """Say whether a minute since 1970 UTC is in working time."""
    at = local(zone, minute)
    if ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][at.weekday()] not in hours["days"]:
        return False
    return not holiday(at.date()) and hours["begin"] <= at.strftime("%H:%M") < hours["end"]


def due(deadline, hours, zone, start):
    """Return the minute at which a deadline ends: walk there minute by minute."""
    if "within_min" in deadline:
        return start + deadline["within_min"]
    minute = start
    if "working_min" in deadline:
        left = deadline["working_min"]
        while True:
            left -= is_working(hours, zone, minute)
            minute += 1
            if left == 0:
                return minute
    day = local(zone, start).date()
    last, left = day, deadline["working_days"]
    while True:
        minute += 1
        ends = not is_working(hours, zone, minute) and is_working(hours, zone, minute - 1)
        before = local(zone, minute - 1).date()
        if ends and before > last and before > day:
            last, left = before, left - 1
            if left == 0:
                return minute


def flat(kind):
    """Return the items of a type in order: (id, its dictionary, id of its stage)."""
    found = []
    for stage in kind["stages"]:
        found.append((stage["id"], {**stage, "kind": "stage"}, None))
        found += [(step["id"], {"kind": "human", **step}, stage["id"]) for step in stage["steps"]]
    return found


def opened(kind, truth, now, zone):
    """Return a new case."""
    case = {
        "state": "active",
        "items": {
            id_: {"state": "available" if parent is None else "unavailable", "times": 1}
            for id_, _, parent in flat(kind)
        },
        "documents": set(),
        "timers": [],
        "exceptions": [],
        "failing": set(),
        "did": [],
    }
    settle(kind, case, truth, now, zone)
    return case


def asks(kind, case, truth, condition):
    """Evaluate a condition; what cannot be evaluated is an exception once."""
    answer = truth(condition)
    if answer is None:
        if condition not in case["failing"]:
            case["failing"].add(condition)
            complain(kind, case, "condition")
        return False
    case["failing"].discard(condition)
    return answer


def complain(kind, case, reason):
    case["did"].append(("exception", ""))
    if any(stage.get("exception") for stage in kind["stages"]):
        case["exceptions"].append(reason)


def fulfilled(kind, case, truth, criteria):
    for one in criteria:
        after = [case["items"][other]["state"] for other in one.get("after", [])]
        if set(after) <= {"completed"} and asks(kind, case, truth, one.get("when", "true")):
            return True
    return False


def put(case, id_, state):
    case["items"][id_]["state"] = state
    if state != "active":
        case["timers"] = [t for t in case["timers"] if t[1] != id_]


def begin(kind, case, id_, now, zone):
    """Make an item active."""
    item = next(one for name, one, _ in flat(kind) if name == id_)
    if item["kind"] == "milestone":
        put(case, id_, "completed")
        case["did"].append(("reached", id_))
        return
    put(case, id_, "active")
    hours = kind["working_time"]
    for deadline in item.get("deadlines", []):
        at = due(deadline, hours, zone, now)
        case["timers"].append((at, id_, deadline.get("id", "due"), case["items"][id_]["times"]))
    if item["kind"] == "automatic":
        case["did"].append(("run", id_))
    if item["kind"] == "case":
        case["did"].append(("open_case", id_))
    for name, _, parent in flat(kind):
        if parent == id_:
            put(case, name, "available")


def done(kind, case, truth, id_):
    """Complete a step; perhaps it is to be done again."""
    item = next(one for name, one, _ in flat(kind) if name == id_)
    put(case, id_, "completed")
    again = item.get("repeat")
    more = again and case["items"][id_]["times"] < again["most"]
    if more and asks(kind, case, truth, again["when"]):
        put(case, id_, "available")
        case["items"][id_]["times"] += 1


def stop(kind, case, id_):
    put(case, id_, "terminated")
    for name, _, parent in flat(kind):
        if parent == id_ and case["items"][name]["state"] not in GONE:
            put(case, name, "terminated")


def over(kind, case, state):
    case["state"] = state
    for name, _, _ in flat(kind):
        if case["items"][name]["state"] not in GONE:
            put(case, name, "terminated")
    case["timers"] = []


def is_whole(kind, case, container, everything):
    """Say whether a stage (None = the case) has what it needs to be complete."""
    for name, item, parent in flat(kind):
        if parent != container:
            continue
        state = case["items"][name]["state"]
        if state in ("active", "failed"):
            return False
        if item.get("exception"):
            continue
        needed = item.get("required", True) or everything
        if needed and state not in ("completed", "terminated", "disabled"):
            return False
    return True


def settle(kind, case, truth, now, zone):
    """Apply the first rule that applies, until none does."""
    while case["state"] == "active" and one_rule(kind, case, truth, now, zone):
        pass


def one_rule(kind, case, truth, now, zone):
    plan = flat(kind)
    if fulfilled(kind, case, truth, kind.get("exit", [])):
        over(kind, case, "terminated")
        return True
    for name, item, _ in plan:
        if case["items"][name]["state"] in ("unavailable", *GONE):
            continue
        if fulfilled(kind, case, truth, item.get("exit", [])):
            stop(kind, case, name)
            return True
    for name, item, _ in plan:
        now_is = case["items"][name]
        if item.get("exception"):
            if case["exceptions"] and now_is["state"] in ("available", "completed"):
                if now_is["state"] == "completed":
                    now_is["times"] += 1
                begin(kind, case, name, now, zone)
                return True
            continue
        if now_is["state"] != "available":
            continue
        entry = item.get("entry", [])
        if entry and not fulfilled(kind, case, truth, entry):
            continue
        if item.get("manual"):
            put(case, name, "enabled")
        else:
            begin(kind, case, name, now, zone)
        return True
    for name, item, _ in plan:
        if case["items"][name]["state"] != "active":
            continue
        if fulfilled(kind, case, truth, item.get("until", [])):
            done(kind, case, truth, name)
            return True
    for name, item, _ in plan:
        if item["kind"] != "stage" or case["items"][name]["state"] != "active":
            continue
        if is_whole(kind, case, name, item.get("complete") == "all"):
            put(case, name, "completed")
            for child, _, parent in plan:
                if parent == name and case["items"][child]["state"] not in GONE:
                    put(case, child, "terminated")
            if item.get("exception"):
                case["exceptions"] = []
            return True
    if is_whole(kind, case, None, False) and not case["exceptions"]:
        over(kind, case, "completed")
        return True
    return is_stuck(kind, case, plan)


def is_stuck(kind, case, plan):
    """Complain about a case in which nobody has anything to do."""
    busy = [
        name
        for name, item, _ in plan
        if case["items"][name]["state"] in ("enabled", "failed")
        or (item["kind"] != "stage" and case["items"][name]["state"] == "active")
    ]
    exceptional = any(stage.get("exception") for stage in kind["stages"])
    if busy or case["timers"] or case["exceptions"] or not exceptional:
        return False
    complain(kind, case, "stuck")
    return True


def happened(kind, case, event, truth, now, zone):
    """Change a case by an event: (what, item, text). Raises `Refused`."""
    what, name, text = event
    if case["state"] in GONE:
        raise Refused
    if case["state"] == "suspended" and what not in ("resume", "close", "time"):
        raise Refused
    items = {id_: (item, parent) for id_, item, parent in flat(kind)}
    item, parent = items.get(name, (None, None))
    state = case["items"][name]["state"] if item else None
    if what == "start":
        must(state == "enabled")
        begin(kind, case, name, now, zone)
    elif what == "disable":
        must(state == "enabled")
        put(case, name, "disabled")
    elif what == "enable":
        must(state == "disabled")
        put(case, name, "enabled")
    elif what == "complete":
        must(state == "active" and item["kind"] in ("human", "automatic", "case"))
        must(all(d["id"] in case["documents"] for d in item.get("documents", [])))
        done(kind, case, truth, name)
    elif what == "fail":
        must(state == "active" and item["kind"] in ("automatic", "case"))
        put(case, name, "failed")
        complain(kind, case, "failed")
    elif what == "retry":
        must(state == "failed")
        begin(kind, case, name, now, zone)
    elif what == "terminate":
        must(state in ("available", "enabled", "active", "failed"))
        must(not item.get("exception"))
        must(parent is None or not items[parent][0].get("exception"))
        stop(kind, case, name)
    elif what == "document":
        case["documents"].add(text)
    elif what == "exception":
        must(any(stage.get("exception") for stage in kind["stages"]))
        complain(kind, case, text)
    elif what == "suspend":
        case["state"] = "suspended"
    elif what == "resume":
        must(case["state"] == "suspended")
        case["state"] = "active"
    elif what == "close":
        over(kind, case, "terminated")
    elif what == "time":
        while case["state"] == "active":
            late = sorted(timer for timer in case["timers"] if timer[0] <= now)
            if not late:
                break
            case["timers"].remove(late[0])
            ring(kind, case, truth, items, late[0])
            settle(kind, case, truth, now, zone)
    settle(kind, case, truth, now, zone)


def ring(kind, case, truth, items, timer):
    _, name, which, times = timer
    deadline = next(d for d in items[name][0]["deadlines"] if d.get("id", "due") == which)
    does = deadline.get("do", "escalate")
    if does in ("remind", "escalate"):
        case["did"].append((does, name, which, times))
    elif does == "exception":
        complain(kind, case, which)
    elif does == "exit":
        stop(kind, case, name)
    else:
        done(kind, case, truth, name)


def must(allowed):
    if not allowed:
        raise Refused
