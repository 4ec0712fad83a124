"""What can be said of a household's own data, in plain words. Days: (day number, kWh or None)."""


def consumption(days, today):
    """days : {day number: (kwh, night share or None, base load or None)}; today : a day number."""
    facts = {}
    known = {n: d for n, d in days.items() if d[0] is not None and n <= today}
    if not known:
        return facts
    facts["consumption.observed_d"] = len(known)
    total = 0.0
    for n in sorted(known):
        total += known[n][0]
    if len(known) >= 28:
        facts["consumption.year_kwh"] = total / len(known) * 365
    if total > 0 and all(d[1] is not None for d in known.values()):
        night = 0.0
        for n in sorted(known):
            night += known[n][0] * known[n][1]
        facts["consumption.night_share"] = night / total
    for n in sorted(known, reverse=True):
        if known[n][2] is not None:
            facts["consumption.base_load_w"] = known[n][2]
            break
    week = [known[n][0] for n in sorted(known) if today - n <= 7]
    month = [known[n][0] for n in sorted(known) if 7 < today - n <= 35]
    if len(week) >= 5 and len(month) >= 20 and sum(month) > 0:
        facts["consumption.rise_pct"] = 100 * (
            (sum(week) / len(week)) / (sum(month) / len(month)) - 1
        )
    return facts


def charging(days, today):
    """days : {day number: (highest W, base load W, hour of the highest)}; returns facts."""
    last = [day for n, day in days.items() if 0 <= today - n < 30]
    if len(last) < 4:
        return {}
    nights = 0
    for highest, base, hour in last:
        if highest - base >= 3000 and (hour >= 22 or hour < 6):
            nights += 1
    facts = {"consumption.charger_nights": nights}
    if nights >= 4:
        facts["consumption.charger"] = True
    elif len(last) >= 20:
        facts["consumption.charger"] = False
    return facts


def saving(year_kwh, flat_ct, low_ct, high_ct, cheap_share):
    """Euro a year that a household would have saved."""
    paid = year_kwh * flat_ct / 100
    cheap = year_kwh * cheap_share * low_ct / 100
    dear = year_kwh * (1 - cheap_share) * high_ct / 100
    return paid - cheap - dear
