"""Change windows of meters' days as the published attacks do, and rank them by `tamper_score`."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.analysis.tamper import History
from customer_context.metering.day_forecast import hours_of
from proving.meters.attacks import ATTACKS
from proving.meters.homes import HOUR_US, Meter

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


def _auc(above: NDArray[np.float64], below: NDArray[np.float64]) -> float:
    if not above.size or not below.size:
        return float("nan")
    order = np.sort(below)
    less = np.searchsorted(order, above, side="left")
    same = np.searchsorted(order, above, side="right") - less
    return float(np.sum(less + 0.5 * same) / (above.size * below.size))


def prove(meters: Iterable[Meter], seed: int, windows: int, broken: bool = False) -> Scored:
    """Change `windows` windows of each meter by each attack; the days before stay clean.

    broken : change nothing, so that the proof has to fail
    """
    found = Scored()
    for number, meter in enumerate(meters):
        rng = np.random.default_rng((seed, number))
        per_hour = 2 if meter.step_us <= HOUR_US // 2 else 1
        lengths = np.full(meter.t_us.size, meter.step_us)
        days, kwh = hours_of(meter.t_us + meter.offset_us, lengths, meter.kwh, per_hour)
        starts = np.arange(HISTORY_DAYS, days.size - LENGTH_DAYS + 1, LENGTH_DAYS)
        history = History(kwh * 1000.0 * per_hour, LENGTH_DAYS)
        for first in rng.permutation(starts)[:windows].tolist():
            window = kwh[first : first + LENGTH_DAYS]
            _keep(found.clean, history.score(first))
            for attack, change in ATTACKS.items():
                changed = window if broken else change(window, rng)
                score = history.score(first, changed * 1000.0 * per_hour)
                _keep(found.attacked[attack], score)
    return found


def _keep(into: list[float], score: float | None) -> None:
    if score is not None:
        into.append(score)
