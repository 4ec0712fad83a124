"""May a message go, and from when, in plain words. Times are microseconds since 1970."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

HOUR = 3_600_000_000
DAY = 24 * HOUR
MINUTE = 60_000_000
CONVERSATION = ("agent", "portal")
MATTERS = {
    None: "contract", "driving_score": "motor", "claims_assistance": "motor",
    "energy_insight": "electricity",
}  # fmt: skip


def wall_minute(at, zone):
    local = datetime.fromtimestamp(at // 1_000_000, UTC).astimezone(ZoneInfo(zone))
    return local.hour * 60 + local.minute


def quiet(at, zone, begin, end):
    """begin, end : HH:MM."""
    b, e = (int(t[:2]) * 60 + int(t[3:]) for t in (begin, end))
    m = wall_minute(at, zone)
    if b <= e:
        return b <= m < e
    return m >= b or m < e


def first_loud(at, zone, begin, end):
    """Look at each minute until one is not quiet."""
    if not quiet(at, zone, begin, end):
        return at
    at = at // MINUTE * MINUTE
    while quiet(at, zone, begin, end):
        at += MINUTE
    return at


def too_many(times, new, most, window):
    """Would some window of this length have more than `most`, with the new one in it?"""
    near = [t for t in times if abs(t - new) < window] + [new]
    for begin in near:
        inside = [t for t in near if begin <= t < begin + window]
        if new in inside and len(inside) > most:
            return True
    return False


def without_consent(message, person, channel_purposes):
    channel, purpose = message["channel"], message["purpose"]
    if purpose is not None and purpose not in person["granted"]:
        return "no_consent"
    needed = channel_purposes.get(channel)
    if needed is not None and needed not in person["granted"]:
        return "no_channel_consent"
    if purpose is not None and (purpose, channel) in person["not_by"]:
        return "channel_refused"
    return ""


def elsewhere(message, person, channel_purposes):
    """Another channel was chosen for the matter, and it may have this message."""
    chosen = person.get("preferred", {}).get(MATTERS.get(message["purpose"]), message["channel"])
    if message["channel"] in ("inbox", *CONVERSATION) or chosen == message["channel"]:
        return False
    there = {**message, "channel": chosen}
    return without_consent(there, person, channel_purposes) == ""


def suppressed(rule, message, reactions):
    if rule["channel"] is not None and rule["channel"] != message["channel"]:
        return False
    times = []
    for reaction in reactions:
        if reaction["outcome"] not in rule["after"] or reaction["at"] > message["at"]:
            continue
        if message["at"] - reaction["at"] >= rule["within_d"] * DAY:
            continue
        if rule["channel"] is not None and reaction["channel"] != rule["channel"]:
            continue
        same = reaction["issue"] == message["issue"]
        if rule["of"] != "all" and not (same and reaction[rule["of"]] == message[rule["of"]]):
            continue
        times.append(reaction["at"])
    return len(times) >= rule["count"] and message["at"] - max(times) < rule["for_d"] * DAY


def counted(cap, sent):
    """The times of messages that a cap counts."""
    times = []
    for one in sent:
        if cap["id"] in one["exempt"]:
            continue
        if cap["per"] == "person" and not one["own"]:
            continue
        if cap["channel"] is not None and one["channel"] != cap["channel"]:
            continue
        times.append(one["at"])
    return times


def judge(rules, message, person, channel_purposes):
    """Return (refusal, rule id, deliver at).

    rules : {"caps": [{id, most, within_h, per, channel}], "suppress": [...], "quiet": (b, e) or
    None, "quiet_channels": those that it holds (None or left out = all), "distance_h": n,
    "preferred": whether a chosen channel counts}.
    message : {at, channel, purpose, action, group, issue, urgent}.
    person : {zone, granted, not_by, sent: [{at, channel, own, exempt}], reactions: [{at, outcome,
    channel, action, group, issue}], preferred: matter → channel}.
    """
    at, channel = message["at"], message["channel"]
    refusal = without_consent(message, person, channel_purposes)
    if refusal:
        return refusal, "consent", at
    if message["urgent"]:
        return "", "", at
    if rules.get("preferred", True) and elsewhere(message, person, channel_purposes):
        return "not_preferred", "preferred-channel", at
    for rule in rules["suppress"]:
        if suppressed(rule, message, person["reactions"]):
            return "suppressed", rule["id"], at
    if channel in CONVERSATION:
        return "", "", at
    quiet_channels = rules.get("quiet_channels")
    if rules["quiet"] is not None and (quiet_channels is None or channel in quiet_channels):
        at = first_loud(at, person["zone"], *rules["quiet"])
    for cap in rules["caps"]:
        if cap["channel"] is not None and cap["channel"] != channel:
            continue
        if too_many(counted(cap, person["sent"]), at, cap["most"], cap["within_h"] * HOUR):
            return "cap_reached", cap["id"], at
    for sent in person["sent"]:
        near = abs(sent["at"] - at) < rules["distance_h"] * HOUR
        if sent["own"] and "minimum-distance" not in sent["exempt"] and near:
            return "too_soon", "minimum-distance", at
    return "", "", at


def midnight(day, zone):
    """The begin of a day, in microseconds."""
    return (
        int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp()) * 1_000_000
    )


def after(day):
    return day + timedelta(days=1)
