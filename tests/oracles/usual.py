"""Usual power of a meter's hours and ratios of use to it, plainly; imports nothing of the product.

Lists of intervals: start in µs, energy in kWh, length in h, slot 0 to 47 (24 and more: days off).
"""

SLOTS = 48


def usual(energy, length, slot, first, last, least_h):
    """Return the mean power of each slot, None where none is known; None if too little is."""
    rows = range(first, last)
    if sum(length[i] for i in rows) < least_h:
        return None

    def mean(s):
        hours = sum(length[i] for i in rows if slot[i] == s)
        return sum(energy[i] for i in rows if slot[i] == s) / hours if hours > 0.0 else None

    return [mean(s) if mean(s) is not None else mean((s + 24) % SLOTS) for s in range(SLOTS)]


def ratios(start, energy, length, slot, before, size, step, past_us, least_h):
    """Return use over usual use of spans that end in `before`, the last one first."""
    found = []
    last = before[1]
    while last >= max(before[0], size):
        span = range(last - size, last)
        since = start[span[0]] - past_us
        first = next((i for i in range(span[0]) if start[i] >= since), span[0])
        power = usual(energy, length, slot, first, span[0], least_h)
        if power is None:
            break
        if all(power[slot[i]] is not None for i in span):
            expected = sum(power[slot[i]] * length[i] for i in span)
            if expected > 0.0:
                found.append(sum(energy[i] for i in span) / expected)
        last -= step
    return found
