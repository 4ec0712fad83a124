"""Estimation by like days and the check of sums, written down plainly: imports nothing of ours."""

import math
from fractions import Fraction

DAY = 86_400_000_000
HOUR = 3_600_000_000


def like_days(rows, wanted, days, step):
    """rows : (start, end, local, kWh, given); wanted : their indices; days : {day: (off, °C)}.

    Return {index: kWh or None}.
    """
    seen = {}
    for start, end, local, kwh, given in rows:
        if given:
            place = (local // DAY, local % DAY // step)
            energy, hours = seen.get(place, (0.0, 0.0))
            seen[place] = energy + kwh, hours + (end - start) / HOUR
    first = min(days)
    found = {}
    for index in wanted:
        start, end, local, _, _ = rows[index]
        target, slot = local // DAY, local % DAY // step
        total = weights = 0.0
        for day in range(max(first, target - 56), target):
            if (day, slot) not in seen:
                continue
            weight = 0.5 ** ((target - day) / 14.0)
            if days[day][0] != days[target][0]:
                weight *= 0.2
            warm, here = days[day][1], days[target][1]
            if warm is not None and here is not None:
                weight *= math.exp(-0.5 * min(((warm - here) / 2.0) ** 2, 50.0))
            energy, hours = seen[day, slot]
            total += weight * energy / hours
            weights += weight
        found[index] = total / weights * (end - start) / HOUR if weights else None
    return found


def share_out(total, weights):
    """Whole parts of a whole number, by the largest remainder; ties go to the first."""
    exact_weights = [Fraction(w) for w in weights]
    whole = sum(exact_weights)
    exact = [total * w / whole if whole else Fraction(total, len(weights)) for w in exact_weights]
    parts = [int(e) for e in exact]
    order = sorted(range(len(weights)), key=lambda i: (parts[i] - exact[i], i))
    for i in order[: total - sum(parts)]:
        parts[i] += 1
    return parts


def step_of(values):
    """The largest power of ten, down to a millionth, that all values are multiples of."""
    for decimals in range(6):
        if all(abs(v * 10**decimals - round(v * 10**decimals)) < 1e-4 for v in values):
            return 10.0**-decimals
    return 1e-6


def segments(reads, most_kw):
    """reads : (t, kWh, key or None). Number the segments between exchanges and resets."""
    found = []
    step = step_of([kwh for _, kwh, _ in reads])
    for i, (t, kwh, key) in enumerate(reads):
        if i == 0:
            found.append(0)
            continue
        before_t, before, before_key = reads[i - 1]
        other = key is not None and before_key is not None and key != before_key
        steep = kwh - before > most_kw * (t - before_t) / HOUR + step
        found.append(found[-1] + (other or kwh < before or steep))
    return found


def sums(rows, reads, most_kw):
    """Judge each pair of reads at the edges of rows.

    rows : (start, end, local, kWh or None, given)

    Return [(verdict, rest mWh, indices of what was estimated)] by pair; verdict : other, uncovered,
    differs, fits.
    """
    found = []
    number = segments(reads, most_kw)
    register_step = step_of([kwh for _, kwh, _ in reads])
    step = step_of([kwh for _, _, _, kwh, given in rows if given])
    for i in range(len(reads) - 1):
        (begin, low, _), (end, high, _) = reads[i], reads[i + 1]
        if number[i] != number[i + 1]:
            found.append(("other", 0, []))
            continue
        mine = [j for j, row in enumerate(rows) if row[0] >= begin and row[1] <= end]
        if sum(rows[j][1] - rows[j][0] for j in mine) != end - begin:
            found.append(("uncovered", 0, []))
            continue
        given = [j for j in mine if rows[j][4]]
        ours = [j for j in mine if not rows[j][4]]
        sent = math.fsum(rows[j][3] for j in given)
        rest = round((high - low) * 1_000_000) - round(sent * 1_000_000)
        fine = register_step + 4.0 * 0.29 * step * math.sqrt(len(given))
        empty = sum(rows[j][1] - rows[j][0] for j in ours) / HOUR
        if rest < -fine * 1_000_000 or rest > (most_kw * empty + fine) * 1_000_000:
            found.append(("differs", rest, ours))
        else:
            found.append(("fits", rest, ours))
    return found
