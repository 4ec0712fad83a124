"""What hours of weather say, in plain words. Hours count from a midnight, in UTC."""


def facts(hours, now):
    """hours : {hour: (°C or None, hail or None)}; now : an hour. Returns name → value."""
    found = {}
    past = [h for h in sorted(hours) if h <= now and hours[h][0] is not None]
    if past:
        found["weather.temperature_c"] = hours[past[-1]][0]
    ahead = [h for h in hours if now <= h < now + 24]
    cold = [hours[h][0] for h in ahead if hours[h][0] is not None]
    if cold:
        found["weather.frost_24h"] = min(cold) < 0
    hail = [hours[h][1] for h in ahead if hours[h][1] is not None]
    if hail:
        found["weather.hail_24h"] = True in hail
    days = {}
    for h in past:
        days.setdefault(h // 24, []).append(hours[h][0])
    today = now // 24
    for last in (today, today - 1):
        three = [days.get(day) for day in (last - 2, last - 1, last)]
        if None not in three:
            wave = min(max(day) for day in three) > 30
            found["weather.heat_wave"] = wave or found.get("weather.heat_wave", False)
    return found
