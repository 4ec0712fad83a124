"""Fit the weights of a driving score to an insurer's claims.

Claims of a driver over E km are Poisson with the mean E · exp(b + sum of beta_f · g_f), where g_f
is the part of its weight that a factor takes, from 0 to 1 (feature_kernels.driving.score.rates_of),
and beta_f >= 0: more of a factor is never less risk. A penalty pulls each beta towards the one of
the version that is calibrated, so that few claims change little (credibility). Its strength is
chosen by cross-validation over drivers, as are the figures of the report.

Source: McCullagh and Nelder, Generalized Linear Models (1989), chapter 6, for the likelihood;
Frees, Meyers and Cummings, JASA 106 (2011) 1085-1098, for the Gini index of ordered Lorenz curves.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
"""Penalties that are tried: in expected claims at which data and prior weigh about the same."""
FOLDS = 5
LEAST_CLAIMS = 50
"""Below, nothing is fitted: with ten times as many claims as there are free weights the maximum of
the likelihood is usable (Peduzzi and others 1996), the penalty makes it usable with half."""
_ROUNDS, _ENOUGH = 50, 1e-7


class Fit(NamedTuple):
    """intercept : logarithm of claims per km at 100 points. betas : float64[factors], >= 0."""

    intercept: float
    betas: Floats


class Band(NamedTuple):
    """A tenth of the drivers' km, from the least to the most risk that was predicted."""

    exposure_km: float
    claims: float
    predicted: float


class Report(NamedTuple):
    """How good the fit is on drivers that it has not seen.

    gini, gini_before : of the new weights and of the old ones. slope : of the logarithm of claims
    on the predicted one; 1 = calibrated. lift : claims per km, last band over the first.
    deviance, deviance_before : Poisson, per driver.
    """

    strength: float
    gini: float
    gini_before: float
    slope: float
    lift: float
    deviance: float
    deviance_before: float
    bands: tuple[Band, ...]


def fit(
    saturated: Floats, exposure_km: Floats, claims: Floats, prior: Floats, strength: float
) -> Fit:
    """Maximise the penalised likelihood under beta >= 0, by Newton's method.

    saturated : float64[n, factors], 0 to 1. exposure_km > 0, claims >= 0 : float64[n].
    prior : float64[factors]. strength > 0.

    Each step solves its quadratic form under the bounds; it is halved while the likelihood falls.
    Complexity: O(n · factors²) a step, about ten steps.
    """
    x = np.column_stack([np.ones(claims.size), saturated])
    start = np.concatenate([[0.0], prior])
    start[0] = np.log(claims.sum() / np.sum(exposure_km * np.exp(saturated @ prior)))
    penalty = np.full(start.size, strength)
    penalty[0] = 0.0
    found, centre = start.copy(), start.copy()

    def value(at: Floats) -> float:
        line = x @ at
        likelihood = float(claims @ line - exposure_km @ np.exp(line))
        return likelihood - 0.5 * float(penalty @ (at - centre) ** 2)

    best = value(found)
    for _ in range(_ROUNDS):
        mean = exposure_km * np.exp(x @ found)
        slope = x.T @ (claims - mean) - penalty * (found - centre)
        curve = (x * mean[:, np.newaxis]).T @ x + np.diag(penalty)
        step = _bounded(curve, slope, found) - found
        while value(found + step) < best and np.max(np.abs(step)) > _ENOUGH:
            step = 0.5 * step
        found = found + step
        best = value(found)
        if np.max(np.abs(step)) < _ENOUGH:
            break
    return Fit(float(found[0]), np.maximum(found[1:], 0.0))


def _bounded(curve: Floats, slope: Floats, at: Floats) -> Floats:
    """Maximise slope · (b - at) - (b - at)' curve (b - at) / 2 under b >= 0 but for the first."""
    b = at.copy()
    for _ in range(1_000):
        most = 0.0
        for f in range(b.size):
            wanted = b[f] + (slope[f] - curve[f] @ (b - at)) / curve[f, f]
            wanted = wanted if f == 0 else max(wanted, 0.0)
            most = max(most, abs(wanted - b[f]))
            b[f] = wanted
        if most < 0.1 * _ENOUGH:
            break
    return b


def choose_and_report(
    saturated: Floats, exposure_km: Floats, claims: Floats, prior: Floats, seed: int = 0
) -> tuple[Fit, Report]:
    """Fit with the strength that predicts drivers left out best.

    Raises ValueError where there are too few claims to fit anything.
    """
    if claims.sum() < LEAST_CLAIMS:
        raise ValueError(f"{claims.sum():.0f} claims: at least {LEAST_CLAIMS} are needed")
    fold = np.random.default_rng(seed).permutation(claims.size) % FOLDS
    best: tuple[float, float, Floats] | None = None
    for strength in STRENGTHS:
        predicted = _left_out(saturated, exposure_km, claims, prior, strength, fold)
        loss = deviance(claims, predicted)
        if best is None or loss < best[0]:
            best = loss, strength, predicted
    assert best is not None
    loss, strength, predicted = best
    before = _left_out(saturated, exposure_km, claims, prior, 1e12, fold)
    bands = _bands(predicted, exposure_km, claims)
    report = Report(
        strength, gini(predicted, exposure_km, claims), gini(before, exposure_km, claims),
        _slope(predicted, claims), _lift(bands), loss, deviance(claims, before), bands,
    )  # fmt: skip
    return fit(saturated, exposure_km, claims, prior, strength), report


def deviance(claims: Floats, predicted: Floats) -> float:
    """Mean Poisson deviance."""
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(claims > 0.0, claims * np.log(claims / predicted), 0.0)
    return float(2.0 * np.mean(part - (claims - predicted)))


def gini(predicted: Floats, exposure_km: Floats, claims: Floats) -> float:
    """Twice the area between equality and the Lorenz curve of claims over km, by predicted risk."""
    order = np.argsort(predicted / exposure_km, kind="stable")
    km = np.concatenate([[0.0], np.cumsum(exposure_km[order])]) / exposure_km.sum()
    share = np.concatenate([[0.0], np.cumsum(claims[order])]) / claims.sum()
    return float(1.0 - np.sum(np.diff(km) * (share[1:] + share[:-1])))


def _left_out(
    saturated: Floats, exposure_km: Floats, claims: Floats, prior: Floats, strength: float,
    fold: NDArray[np.int64],
) -> Floats:  # fmt: skip
    """Predict the claims of each fold by a fit to the others."""
    predicted = np.empty(claims.size)
    for k in range(FOLDS):
        out = fold == k
        found = fit(saturated[~out], exposure_km[~out], claims[~out], prior, strength)
        line = found.intercept + saturated[out] @ found.betas
        predicted[out] = exposure_km[out] * np.exp(line)
    return predicted


def _bands(
    predicted: Floats, exposure_km: Floats, claims: Floats, many: int = 10
) -> tuple[Band, ...]:
    order = np.argsort(predicted / exposure_km, kind="stable")
    share = np.cumsum(exposure_km[order]) / exposure_km.sum()
    band = np.minimum((share * many - 1e-9).astype(np.int64), many - 1)
    return tuple(
        Band(
            float(exposure_km[order][band == k].sum()),
            float(claims[order][band == k].sum()),
            float(predicted[order][band == k].sum()),
        )
        for k in range(many)
        if (band == k).any()
    )


def _slope(predicted: Floats, claims: Floats) -> float:
    """The power of the predicted claims that fits the observed ones best (Poisson)."""
    line = np.log(predicted)
    line = line - np.average(line, weights=predicted)
    slope = 1.0
    for _ in range(50):
        mean = np.exp(slope * line)
        mean *= claims.sum() / mean.sum()
        centred = line - np.average(line, weights=mean)
        step = float(centred @ (claims - mean)) / float((centred * centred) @ mean)
        slope += float(np.clip(step, -1.0, 1.0))
        if abs(step) < 1e-9:
            break
    return slope


def _lift(bands: tuple[Band, ...]) -> float:
    first, last = bands[0], bands[-1]
    if first.claims == 0.0:
        return float("inf")
    return (last.claims / last.exposure_km) / (first.claims / first.exposure_km)
