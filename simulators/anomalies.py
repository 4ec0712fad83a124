"""Anomalies in a meter's data: where they may lie, what they do, and the truth about them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from simulators.household import STEP_US, STEPS_PER_DAY

KINDS = {
    "interval": ("spike", "zero", "stuck", "base_load_rise", "gap"),
    "register": ("spike", "zero", "stuck", "base_load_rise", "register_backwards", "gap"),
    "tasmota": ("spike", "zero", "stuck", "base_load_rise", "register_backwards", "gap"),
}

CLEAN_SHARE = 10.0 / 14.0
"""The first ten of fourteen days stay clean: an anomaly needs a past to stand out from."""
MARGIN_DAYS = 0.25
"""Nothing but a lasting rise is left open in the last hours."""

SPIKE_KWH = (7.0, 20.0)
"""Above the home's own highest interval; in 15 minutes some are more than 63 A carry."""

_DURATION_DAYS = {"zero": (1.0, 2.5), "stuck": (1.0, 2.0), "gap": (0.25, 2.0)}
_RISE_DAYS = 3.5


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One injected anomaly, in steps of the calendar.

    amount : kWh for a spike and a register's fall, W for a rise, else 0; catches_up : whether a
    stuck register shows afterwards what was used meanwhile.
    """

    kind: str
    first: int
    end: int
    amount: float = 0.0
    catches_up: bool = False


def needs_plain_home(kind: str | None) -> bool:
    """Whether the home must do without heat pump, electric car and PV.

    Those make a rise of some hundred watts, or an hour of nothing, a matter of opinion.
    """
    return kind in ("zero", "stuck", "base_load_rise")


def place(
    kind: str,
    rng: np.random.Generator,
    history_steps: int,
    steps_per_interval: int,
    base_w: float,
    live_steps: tuple[int, int] | None = None,
) -> Anomaly:
    """Choose where and how strong.

    Parameters
    ----------
    history_steps : steps of five minutes from the calendar's start to the live begin
    live_steps : put it (a spike) between these steps instead of into the history
    """
    clean = int(history_steps * CLEAN_SHARE)
    margin = int(MARGIN_DAYS * STEPS_PER_DAY)

    def aligned(step: float) -> int:
        return int(step) // steps_per_interval * steps_per_interval

    if live_steps is not None:
        first = aligned(rng.uniform(*live_steps))
        return Anomaly("spike", first, first + steps_per_interval, float(rng.uniform(*SPIKE_KWH)))
    if kind == "base_load_rise":
        latest = max(history_steps - _RISE_DAYS * STEPS_PER_DAY, clean + 1)
        first = aligned(rng.uniform(clean, latest))
        least = max(180.0, 1.1 * base_w + 60.0)  # shows within three days
        watts = rng.uniform(least, least + 150.0)
        return Anomaly(kind, first, 2**31, float(watts))
    if kind in _DURATION_DAYS:
        shortest, longest = _DURATION_DAYS[kind]
        room = (history_steps - margin - clean) / STEPS_PER_DAY
        days = rng.uniform(min(shortest, 0.8 * room), min(longest, 0.95 * room))
        first = aligned(rng.uniform(clean, history_steps - margin - days * STEPS_PER_DAY))
        end = first + max(aligned(days * STEPS_PER_DAY), steps_per_interval)
        return Anomaly(kind, first, end, 0.0, bool(rng.random() < 0.5))
    first = aligned(rng.uniform(clean, history_steps - margin))
    strength = rng.uniform(*SPIKE_KWH) if kind == "spike" else rng.uniform(50.0, 300.0)
    return Anomaly(kind, first, first + steps_per_interval, float(strength))


def change_load(anomaly: Anomaly | None, power_w: np.ndarray, steps_per_interval: int) -> None:
    """Apply, in place, what happens in the home: supply off, a rise, a spike."""
    if anomaly is None:
        return
    part = slice(anomaly.first, min(anomaly.end, len(power_w)))
    if anomaly.kind == "zero":
        power_w[part] = 0.0
    elif anomaly.kind == "base_load_rise":
        power_w[part] += anomaly.amount
    elif anomaly.kind == "spike":
        whole = len(power_w) // steps_per_interval * steps_per_interval
        peak_kwh = power_w[:whole].reshape(-1, steps_per_interval).sum(axis=1).max() / 12_000.0
        power_w[part] += (peak_kwh + anomaly.amount) * 12_000.0 / steps_per_interval


def change_register(anomaly: Anomaly | None, t_us: np.ndarray, kwh: np.ndarray, t0: int) -> None:
    """Apply, in place, what happens in a counting meter: it hangs, or falls back."""
    if anomaly is None or anomaly.kind not in ("stuck", "register_backwards"):
        return
    step = (t_us - t0) // STEP_US
    inside = np.flatnonzero((step >= anomaly.first) & (step < anomaly.end))
    if not len(inside):
        return
    first, last = int(inside[0]), int(inside[-1])
    if anomaly.kind == "register_backwards":
        kwh[first:] -= min(anomaly.amount, kwh[first] - 1.0)
        return
    held = kwh[first]
    if not anomaly.catches_up and last + 1 < len(kwh):
        kwh[last + 1 :] -= kwh[last] - held
    kwh[first : last + 1] = held


def change_intervals(anomaly: Anomaly | None, t_us: np.ndarray, kwh: np.ndarray, t0: int) -> None:
    """Apply, in place, what happens in an interval meter: it repeats one value."""
    if anomaly is None or anomaly.kind != "stuck":
        return
    step = (t_us - t0) // STEP_US
    inside = np.flatnonzero((step >= anomaly.first) & (step < anomaly.end))
    if len(inside):
        held = max(float(kwh[inside[0]]), 0.02)
        missed = float(kwh[inside].sum()) - held * len(inside)
        kwh[inside] = round(held, 3)
        if anomaly.catches_up and missed > 0.0 and inside[-1] + 1 < len(kwh):
            kwh[inside[-1] + 1] += round(missed, 3)


def kept(anomaly: Anomaly | None, t_us: np.ndarray, t0: int) -> np.ndarray:
    """bool[n]: which readings were recorded at all."""
    if anomaly is None or anomaly.kind != "gap":
        return np.ones(len(t_us), dtype=bool)
    step = (t_us - t0) // STEP_US
    return (step < anomaly.first) | (step >= anomaly.end)


def truth(anomaly: Anomaly, meter_kind: str, t0: int, end_us: int) -> dict[str, Any]:
    """What is true of an anomaly.

    Returns
    -------
    dict
        kind, start_us, end_us, amount, `accept` (kinds that count as found: a register that does
        not move looks the same whether the supply is off or the meter hangs) and `tolerate`
        (kinds that may follow from it within a day and are no false alarms).
    """
    counts = meter_kind in ("register", "tasmota")
    accept = [anomaly.kind]
    tolerate: list[str] = []
    if counts and anomaly.kind in ("zero", "stuck"):
        accept = ["zero", "stuck"]
    if anomaly.kind == "zero":
        tolerate = ["stuck"]
    if anomaly.kind == "stuck" or (counts and anomaly.kind == "gap"):
        tolerate = ["spike"]
    return {
        "kind": anomaly.kind,
        "start_us": t0 + anomaly.first * STEP_US,
        "end_us": min(t0 + anomaly.end * STEP_US, end_us),
        "amount": round(anomaly.amount, 3),
        "catches_up": anomaly.catches_up,
        "accept": accept,
        "tolerate": tolerate,
    }
