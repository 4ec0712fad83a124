"""Change windows of meters' days as the published attacks do, and rank them by `tamper_score`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.analysis.tamper import History
from app.analysis.tamper_windows import degrees_of_days
from customer_context.metering.day_forecast import hours_of
from proving.meters.attacks import ATTACKS
from proving.meters.homes import HOUR_US, Meter

Floats = NDArray[np.float64]

LENGTH_DAYS = 14
HISTORY_DAYS = 60


@dataclass(slots=True)
class Scored:
    """Scores of untouched windows, and of changed ones by attack."""

    clean: list[float] = field(default_factory=list)
    attacked: dict[str, list[float]] = field(
        default_factory=lambda: {attack: [] for attack in ATTACKS}
    )

    def auc(self, attack: str | None = None) -> float:
        """Return how often a changed window is above an untouched one; all attacks, or one."""
        kinds = self.attacked if attack is None else [attack]
        found = np.array([score for kind in kinds for score in self.attacked[kind]])
        return _auc(found, np.array(self.clean))


def _auc(above: Floats, below: Floats) -> float:
    if not above.size or not below.size:
        return float("nan")
    order = np.sort(below)
    less = np.searchsorted(order, above, side="left")
    same = np.searchsorted(order, above, side="right") - less
    return float(np.sum(less + 0.5 * same) / (above.size * below.size))


def prove(
    meters: Iterable[Meter], seed: int, windows: int, broken: bool = False, weather: bool = True
) -> Scored:
    """Change `windows` windows of each meter by each attack; the days before stay clean.

    broken : change nothing, so that the proof has to fail; weather : use it where it is known
    """
    found = Scored()
    for history, attack, first, changed in attempts(meters, seed, windows, weather):
        into = found.clean if attack is None else found.attacked[attack]
        _keep(into, history.score(first, None if broken else changed))
    return found


def attempts(
    meters: Iterable[Meter], seed: int, windows: int, weather: bool
) -> Iterator[tuple[History, str | None, int, Floats | None]]:
    """Yield history, attack, first day and changed days, W, of each window; None: untouched."""
    for number, meter in enumerate(meters):
        rng = np.random.default_rng((seed, number))
        per_hour = 2 if meter.step_us <= HOUR_US // 2 else 1
        lengths = np.full(meter.t_us.size, meter.step_us)
        local_us = meter.t_us + meter.offset_us
        days, kwh = hours_of(local_us, lengths, meter.kwh, per_hour)
        degrees = None
        if weather and meter.weather is not None:
            degrees = degrees_of_days(days, meter.t_us, local_us, meter.weather)
        starts = np.arange(HISTORY_DAYS, days.size - LENGTH_DAYS + 1, LENGTH_DAYS)
        watt_per_kwh = 1000.0 * per_hour
        history = History(kwh * watt_per_kwh, LENGTH_DAYS, degrees)
        for first in rng.permutation(starts)[:windows].tolist():
            yield history, None, first, None
            for attack, change in ATTACKS.items():
                window = kwh[first : first + LENGTH_DAYS]
                changed = change(window, rng)
                if not np.array_equal(changed, window, equal_nan=True):  # an empty home
                    yield history, attack, first, changed * watt_per_kwh


def _keep(into: list[float], score: float | None) -> None:
    if score is not None:
        into.append(score)
