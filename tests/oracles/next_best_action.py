"""The pipeline of the next best action in plain words, over files as they were read from YAML.

files : [all file or None, [issue files]]; catalogue : name → {purpose, max_age_s}.
"""

import re

from tests.oracles import contact_policy as contact

SECOND = 1_000_000
STAGES = ("eligible", "applicable", "suitable")


def visible(values, catalogue, granted, now):
    """values : [(name, value, at)]; what the decision may know. Of two the newer counts."""
    known, since = {}, {}
    for name, value, at in values:
        fact = catalogue[name]
        if fact["purpose"] is not None and fact["purpose"] not in granted:
            continue
        if at > now:
            continue
        if fact["max_age_s"] is not None and now - at > fact["max_age_s"] * SECOND:
            continue
        if name in known and since[name] > at:
            continue
        known[name], since[name] = value, at
    return known


def condition_holds(condition, known):
    if "any_of" in condition:
        return any(condition_holds(one, known) for one in condition["any_of"])
    there = condition["fact"] in known
    if "known" in condition:
        return there == condition["known"]
    if not there:
        return False
    value = known[condition["fact"]]
    if "is" in condition:
        return value == condition["is"]
    if "in" in condition:
        return value in condition["in"]
    if "at_least" in condition and value < condition["at_least"]:
        return False
    if "at_most" in condition and value > condition["at_most"]:
        return False
    if "above" in condition and value <= condition["above"]:
        return False
    return "below" not in condition or value < condition["below"]


def all_hold(conditions, known):
    return all(condition_holds(condition, known) for condition in conditions)


def facts_in(text):
    found = re.findall(r"\{\{\s*([a-z0-9_]+\.[a-z0-9_]+)", text)
    return [name for name in found if not name.startswith("customer.")]


def contact_rules(levels, off):
    """The rules that an action inherits, without those that are switched off."""
    rules = {"caps": [], "suppress": [], "quiet": None, "quiet_channels": None, "distance_h": 0}
    for level in levels:
        part = level.get("contact") or {}
        for cap in part.get("caps", []):
            if cap["id"] not in off:
                rules["caps"].append({"per": "person", "channel": None, **cap})
        for one in part.get("suppress", []):
            if one["id"] not in off:
                rules["suppress"].append({"count": 1, "of": "action", "channel": None, **one})
        if part.get("quiet_hours"):
            rules["quiet"] = (part["quiet_hours"]["begin"], part["quiet_hours"]["end"])
            rules["quiet_channels"] = part["quiet_hours"].get("channels")
        if part.get("distance_h") is not None:
            rules["distance_h"] = part["distance_h"]
    if "quiet-hours" in off:
        rules["quiet"] = None
    if "minimum-distance" in off:
        rules["distance_h"] = 0
    rules["preferred"] = "preferred-channel" not in off
    return rules


def decided(files, catalogue, request, channel_purposes):
    """Return [(action, treatment, rank, priority, deliver at)] of the winners.

    request : {now, places, facts: [(name, value, at)], person, draws, preferred, most}.
    """
    every, issues = files
    every = every or {}
    zone = every.get("timezone", "Europe/Berlin")
    now, person = request["now"], request["person"]
    known = visible(request["facts"], catalogue, person["granted"], now)
    bypassing, competing = [], []
    for issue in sorted(issues, key=lambda one: one["id"]):
        for group in issue["groups"]:
            for action in group["actions"]:
                levels = [every, issue, group, action]
                found = candidates(levels, known, request, zone, channel_purposes)
                if issue.get("bypass"):
                    found.sort(key=lambda one: (-one[0], one[1], one[2]))
                    allowed = [one for one in found if one[4] == ""]
                    if allowed:
                        priority, id_, treatment, at, _ = allowed[0]
                        bypassing.append((id_, treatment, 0, priority, at))
                else:
                    competing += found
    competing.sort(key=lambda one: (-one[0], one[1], one[2]))
    winners = []
    for priority, id_, treatment, at, refusal in competing:
        if len(winners) == request["most"]:
            break
        if refusal != "" or id_ in [winner[0] for winner in winners]:
            continue
        winners.append((id_, treatment, len(winners) + 1, priority, at))
    return bypassing + winners


def candidates(levels, known, request, zone, channel_purposes):
    """[(priority, action, treatment, deliver at, refusal)] of an action's open treatments."""
    _, issue, group, action = levels
    now, person = request["now"], request["person"]
    if action.get("valid_from") and now < contact.midnight(action["valid_from"], zone):
        return []
    if action.get("valid_to") and now >= contact.midnight(contact.after(action["valid_to"]), zone):
        return []
    purpose = action.get("purpose")
    if purpose is not None and purpose not in person["granted"]:
        return []
    off = [
        *issue.get("switch_off", []),
        *group.get("switch_off", []),
        *action.get("switch_off", []),
    ]
    for level in levels:
        for policy in level.get("policies", []):
            if policy["id"] not in off and not all_hold(policy["when"], known):
                return []
    for stage in STAGES:
        if not all_hold(action.get(stage, []), known):
            return []
    value = action.get("value", 1)
    if isinstance(value, dict):
        if value["fact"] not in known:
            return []
        value = min(max(known[value["fact"]], value.get("least", 0)), value.get("most", 1_000_000))
    open_ = []
    for treatment in action["treatments"]:
        if treatment["channel"] not in request["places"]:
            continue
        if not all_hold(treatment.get("when", []), known):
            continue
        texts = [*treatment["text"].values(), *treatment.get("subject", {}).values()]
        if any(name not in known for text in texts for name in facts_in(text)):
            continue
        open_.append(treatment)
    preferred = request["preferred"].get(issue["id"])
    if any(treatment["channel"] == preferred for treatment in open_):
        open_ = [treatment for treatment in open_ if treatment["channel"] == preferred]
    percent = 0.0
    for context in action.get("context", []):
        if all_hold(context["when"], known):
            percent += float(context["weight"])
    context = max(0.0, 1 + percent / 100)
    levers = issue.get("weight", 0) + group.get("weight", 0) + action.get("weight", 0)
    weight = max(0.0, 1 + float(levers) / 100)
    rules = contact_rules(levels, off)
    found = []
    for treatment in open_:
        prior = treatment.get("propensity", action.get("propensity", 0.5))
        propensity = request["draws"].get(f"{action['id']}/{treatment['id']}", float(prior))
        priority = propensity * context * float(value) * weight
        if priority <= 0:
            continue
        message = {
            "at": now, "channel": treatment["channel"], "purpose": purpose, "action": action["id"],
            "group": group["id"], "issue": issue["id"],
            "urgent": bool(action.get("urgent") or issue.get("bypass")),
        }  # fmt: skip
        refusal, _, at = contact.judge(rules, message, person, channel_purposes)
        found.append((priority, action["id"], treatment["id"], at, refusal))
    return found
