"""Calibration of a score: what a simulated portfolio with a known truth gives back."""

import numpy as np
import pytest

from customer_context.scoring import calibration
from customer_context.scoring.calibration import choose_and_report, deviance, fit, gini

TRUTH = np.array([1.5, 0.8, 0.0, 0.4, 0.2, 0.0])
PRIOR = np.full(TRUTH.size, 0.25)


def portfolio(drivers, seed=1, per_km=1.67e-5):
    """Drivers' saturated factors, km and claims; a mean of about 0.4 claims each."""
    rng = np.random.default_rng(seed)
    parts = rng.beta(2.0, 5.0, (drivers, TRUTH.size))
    km = rng.uniform(2_000.0, 20_000.0, drivers)
    return parts, km, rng.poisson(km * per_km * np.exp(parts @ TRUTH)).astype(float)


def test_many_claims_give_the_truth_back():
    parts, km, claims = portfolio(20_000)
    found, report = choose_and_report(parts, km, claims, PRIOR)
    # the standard error of a term is about 1 / sqrt(claims x variance of its factor) = 0.07
    assert np.abs(found.betas - TRUTH).max() < 0.25
    assert found.intercept == pytest.approx(-11.0, abs=0.15)
    assert report.gini > report.gini_before > 0.0
    assert report.deviance < report.deviance_before
    assert report.slope == pytest.approx(1.0, abs=0.1) and report.lift > 1.8
    assert sum(band.claims for band in report.bands) == claims.sum()
    assert sum(band.exposure_km for band in report.bands) == pytest.approx(km.sum())


def test_claims_without_any_pattern_leave_the_weights_near_the_prior():
    parts, km, _ = portfolio(1_000)
    claims = np.random.default_rng(3).poisson(km * 1e-5).astype(float)
    found = fit(parts, km, claims, PRIOR, 1e6)
    assert np.abs(found.betas - PRIOR).max() < 1e-3
    assert km @ np.exp(found.intercept + parts @ found.betas) == pytest.approx(
        claims.sum(), rel=1e-6
    )


def test_no_weight_is_negative_though_the_data_say_so():
    parts, km, _ = portfolio(5_000)
    claims = np.random.default_rng(4).poisson(km * np.exp(-10.0 - 2.0 * parts[:, 0])).astype(float)
    found, _ = choose_and_report(parts, km, claims, PRIOR)
    assert (found.betas >= 0.0).all() and found.betas[0] == 0.0


def test_a_stronger_penalty_stays_nearer_to_the_prior():
    parts, km, claims = portfolio(2_000)
    away = [
        float(np.sum((fit(parts, km, claims, PRIOR, strength).betas - PRIOR) ** 2))
        for strength in calibration.STRENGTHS
    ]
    assert away == sorted(away, reverse=True)


def test_the_fit_is_the_maximum():
    """No step in any allowed direction is better."""
    parts, km, claims = portfolio(500)
    strength = 2.0
    found = fit(parts, km, claims, PRIOR, strength)

    def value(intercept, betas):
        line = intercept + parts @ betas
        loss = 0.5 * strength * np.sum((betas - PRIOR) ** 2)
        return claims @ line - km @ np.exp(line) - loss

    best = value(found.intercept, found.betas)
    for f in range(TRUTH.size):
        for step in (-1e-3, 1e-3):
            moved = found.betas.copy()
            moved[f] = max(moved[f] + step, 0.0)
            assert value(found.intercept, moved) <= best + 1e-9
    for step in (-1e-3, 1e-3):
        assert value(found.intercept + step, found.betas) <= best


def test_few_claims_are_refused():
    parts, km, claims = portfolio(60, per_km=1e-6)
    with pytest.raises(ValueError, match="at least"):
        choose_and_report(parts, km, claims, PRIOR)


def test_gini_of_a_perfect_order_and_of_none():
    km, claims = np.ones(100), np.zeros(100)
    claims[-10:] = 1.0
    assert gini(np.arange(100.0), km, claims) == pytest.approx(0.9)
    assert gini(-np.arange(100.0) + 1e3, km, claims) == pytest.approx(-0.9)
    assert deviance(claims + 1.0, claims + 1.0) == pytest.approx(0.0)
