"""Versions of the driving score: factors, weights, and what an ordinary driver does.

For a factor with weight w, half point h and order o (1, 2 or 4):

    share = w · r^o / (r^o + h^o),   r = (E · x + K · m) / (E + K)

x is what was observed over the exposure E (km for what is counted per distance, hours of driving
for the rest), m the portfolio's mean and K the exposure at which the subject's own driving weighs
as much as the portfolio. The weights sum to 100.

The score is a scale of the logarithm of risk: a subject's claims per km are those of a driver with
100 points times exp(span · (100 - score) / 100), and a factor's share, times span / 100, is its
term of that exponent. `span` is an assumption until an insurer's claims have been fitted.

Versions with `by_observed` take for E what could be seen of the factor itself, and not all driving.
For a factor of which nothing was seen they take for r what is expected beside what was: the
portfolio's mean, times its `power` of how the subject's strength of acceleration stands to the
portfolio's, (r / m) of `acceleration_for_road` (a common factor of all rates of a driver, as in
multivariate credibility: Bühlmann and Gisler, A Course in Credibility Theory, 2005, chapter 7).

A published version never changes; other numbers are another version. docs/score.md is its model
card, with the source of each number.
"""

from typing import NamedTuple


class Factor(NamedTuple):
    """One reason to lose points.

    prior : K, km where per_distance, else hours of driving. power : of the subject's strength of
    acceleration, where nothing of the factor itself was observed (Model.by_observed).
    """

    name: str
    unit: str
    weight: float
    half: float
    order: int
    mean: float
    prior: float
    per_distance: bool
    power: int = 0


class Model(NamedTuple):
    """A version of the score. span : logarithm of the risk at 0 points over that at 100.

    horizon_days : a subject's trips count that began within so many days before its newest one;
    0 = all of them. Published horizons go from two weeks (Damoov) over 30 days (Tesla) to a policy
    year; the longest has the least chance in it, and is the period that a premium is for.
    by_observed : the exposure of a factor is that in which it could be observed.
    """

    version: str
    factors: tuple[Factor, ...]
    span: float
    horizon_days: int = 0
    by_observed: bool = False


PER_100_KM, OF_TIME, OF_LIMIT = "per 100 km", "share of time", "of limit"

_SECOND = Model(
    "driving-score/2",
    (
        Factor("harsh_braking", PER_100_KM, 20.0, 15.0, 1, 5.0, 10.0, True),
        Factor("harsh_acceleration", PER_100_KM, 12.0, 15.0, 1, 4.0, 10.0, True),
        Factor("harsh_cornering", PER_100_KM, 12.0, 15.0, 1, 5.0, 10.0, True),
        Factor("speeding", OF_TIME, 18.0, 0.2, 1, 0.05, 0.2, False),
        Factor("night", OF_TIME, 4.0, 0.5, 1, 0.08, 0.2, False),
        Factor("acceleration_p95", "m/s²", 18.0, 1.5, 4, 1.2, 0.1, False),
        Factor("speed_p95", "of limit or 130 km/h", 16.0, 1.1, 4, 0.85, 0.1, False),
    ),
    1.5,
)

_THIRD = Model(
    "driving-score/3",
    (
        Factor("harsh_braking", PER_100_KM, 12.0, 15.0, 1, 5.0, 10.0, True),
        Factor("harsh_acceleration", PER_100_KM, 6.0, 15.0, 1, 4.0, 10.0, True),
        Factor("harsh_cornering", PER_100_KM, 6.0, 15.0, 1, 5.0, 10.0, True),
        Factor("speeding", OF_TIME, 10.0, 0.2, 1, 0.05, 0.2, False),
        Factor("speeding_excess", OF_LIMIT, 6.0, 0.03, 1, 0.005, 0.2, False),
        Factor("speed_p95", "of limit or 130 km/h", 12.0, 1.1, 4, 0.85, 0.1, False),
        Factor("acceleration_p95", "m/s²", 14.0, 1.5, 4, 1.2, 0.1, False),
        Factor("acceleration_for_speed_p95", "of comfortable", 14.0, 0.8, 4, 0.5, 0.1, False),
        Factor("jerk_p95", "m/s³", 12.0, 0.9, 2, 0.5, 0.1, False),
        Factor("night", OF_TIME, 3.0, 0.5, 1, 0.08, 0.2, False),
        Factor("phone", OF_TIME, 3.0, 0.05, 1, 0.02, 0.5, False),
        Factor("fatigue", OF_TIME, 2.0, 0.2, 1, 0.02, 1.0, False),
    ),
    1.5,
    365,
)

_FOURTH = Model(
    "driving-score/4",
    (
        Factor("harsh_braking", PER_100_KM, 12.0, 15.0, 1, 5.0, 10.0, True, 2),
        Factor("harsh_acceleration", PER_100_KM, 6.0, 15.0, 1, 4.0, 10.0, True, 2),
        Factor("harsh_cornering", PER_100_KM, 4.0, 15.0, 1, 5.0, 10.0, True, 2),
        Factor("speeding", OF_TIME, 10.0, 0.2, 1, 0.05, 0.2, False),
        Factor("speeding_excess", OF_LIMIT, 10.0, 0.03, 1, 0.005, 0.2, False),
        Factor("speed_p95", "of limit or 130 km/h", 12.0, 1.1, 4, 0.85, 0.1, False),
        Factor("acceleration_for_road", "m/s²", 14.0, 1.5, 4, 1.2, 0.1, False),
        Factor("longitudinal_for_speed_p95", "of comfortable", 12.0, 0.57, 4, 0.35, 0.1, False, 1),
        Factor("jerk_for_road", "m/s³", 12.0, 0.9, 2, 0.5, 0.1, False, 1),
        Factor("night", OF_TIME, 3.0, 0.5, 1, 0.08, 0.2, False),
        Factor("phone", OF_TIME, 3.0, 0.05, 1, 0.02, 0.5, False),
        Factor("fatigue", OF_TIME, 2.0, 0.2, 1, 0.02, 1.0, False),
    ),
    1.5,
    365,
    True,
)

MODELS = {model.version: model for model in (_SECOND, _THIRD, _FOURTH)}
"""Versions that come with the program, oldest first. Insurers' own ones are rows of the store."""

ALGORITHM_VERSION = _FOURTH.version
CURRENT = _FOURTH


def check(model: Model) -> None:
    """Raise ValueError where the numbers give no falling score from 0 to 100."""
    if abs(sum(factor.weight for factor in model.factors) - 100.0) > 1e-9:
        raise ValueError("the weights must sum to 100")
    for factor in model.factors:
        if factor.weight < 0.0 or factor.mean < 0.0 or factor.prior <= 0.0 or factor.half <= 0.0:
            raise ValueError(f"{factor.name}: weight and mean >= 0, prior and half point > 0")
        if factor.order not in (1, 2, 4):
            raise ValueError(f"{factor.name}: the order must be 1, 2 or 4")
        if factor.power < 0:
            raise ValueError(f"{factor.name}: the power must not be negative")
    if model.horizon_days < 0:
        raise ValueError("the horizon must not be negative; 0 = all trips")
    if not model.span >= 0.0:
        raise ValueError("span must not be negative: more of a factor is more risk")
