"""Fit the baseline of homes with known truth, beside a fit that knows the balance points."""

import json
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from app.analysis.baseline import describe, whole_days
from customer_context.metering.weather_model import Floats, Spans
from proving.meters.known_homes import KnownHome
from runtime.errors import Stop

LOAD_PERCENT, BALANCE_K, SAVING_POINTS = 10.0, 1.5, 1.5
LEAST_SHARE = 0.9  # of homes, for each load
LEAST_BALANCE = 0.95
LEAST_SAVING = 0.9
MISSING = 99.0  # the error of a part that was not found
PEER = Path(__file__).parents[1] / "peers" / "opendsm_fit.py"
LOADS = ("base", "heating", "cooling")
POINTS = ("heating_balance", "cooling_balance")


@dataclass(slots=True)
class Found:
    """Errors of each home: loads in per cent, balance points in K, savings in points."""

    ours: dict[str, list[float]] = field(default_factory=dict)
    oracle: dict[str, list[float]] = field(default_factory=dict)
    homes: int = 0

    def within(self, what: str, oracle: bool = False) -> float:
        """Return the share of homes whose error is within what is asked for."""
        errors = np.abs((self.oracle if oracle else self.ours).get(what, []))
        limit = LOAD_PERCENT if what in LOADS else BALANCE_K if what in POINTS else SAVING_POINTS
        return float(np.mean(errors <= limit)) if errors.size else 1.0

    def table(self, oracle: bool = False) -> dict[str, dict[str, float]]:
        """Return the distribution of errors of each quantity."""
        return {
            what: {
                "homes": len(errors),
                "within": round(self.within(what, oracle), 4),
                "mean": round(float(np.mean(errors)), 3),
                "median_abs": round(float(np.median(np.abs(errors))), 3),
                "p90_abs": round(float(np.quantile(np.abs(errors), 0.9)), 3),
            }
            for what, errors in (self.oracle if oracle else self.ours).items()
        }


def _terms(home: KnownHome, spans: Spans) -> Floats:
    columns = [spans.days]
    for balance, sign in ((home.heating_c, -1.0), (home.cooling_c, 1.0)):
        if balance is not None:
            end = home.weather.degree_days(balance, sign, spans.end_us)
            columns.append(end - home.weather.degree_days(balance, sign, spans.start_us))
    return np.column_stack(columns)


def oracle(home: KnownHome) -> tuple[list[float], float]:
    """Fit degree hours at the true balance points by plain least squares: loads kWh, saving %."""
    spans = whole_days(home.use)
    first = spans.end_us <= home.until_us
    before, after = spans.part(first), spans.part(~first)
    found = np.linalg.lstsq(_terms(home, before), before.energy_kwh, rcond=None)[0]
    values = iter((_terms(home, before).sum(axis=0) * found).tolist())
    loads = [next(values)]
    loads += [next(values) if at is not None else 0.0 for at in (home.heating_c, home.cooling_c)]
    expected = float((_terms(home, after) @ found).sum())
    return loads, 100.0 * (1.0 - float(after.energy_kwh.sum()) / expected)


def prove(homes: Iterable[KnownHome], broken: bool = False) -> Found:
    """Compare `describe` with the truth and with the oracle.

    broken : without weather, so that the proof has to fail
    """
    found = Found()
    for home in homes:
        found.homes += 1
        weather = None if broken else home.weather
        baseline, savings, notes = describe(home.use, weather, home.until_us, home.until_us)
        assert baseline is not None and savings is not None, notes
        loads, saved = oracle(home)
        truth = (home.base_kwh, home.heating_kwh, home.cooling_kwh)
        for name, right, theirs in zip(LOADS, truth, loads, strict=True):
            if right > 0.0:
                ours = float(baseline[f"{name}_kwh"])
                found.ours.setdefault(name, []).append(100.0 * (ours / right - 1.0))
                found.oracle.setdefault(name, []).append(100.0 * (theirs / right - 1.0))
        for name, point in (("heating", home.heating_c), ("cooling", home.cooling_c)):
            if point is not None:
                at: Any = baseline[f"{name}_balance_c"]
                error = MISSING if at is None else float(at) - point
                found.ours.setdefault(f"{name}_balance", []).append(error)
        # where the data themselves miss more than is asked for, the oracle is the measure
        missed = abs(saved - home.saved_percent) > SAVING_POINTS
        ours = float(savings["saved_percent"])
        near = min((home.saved_percent, saved) if missed else (home.saved_percent,),
                   key=lambda right: abs(ours - right))  # fmt: skip
        found.ours.setdefault("saving", []).append(ours - near)
        found.oracle.setdefault("saving", []).append(saved - home.saved_percent)
    return found


def beside(
    homes: Sequence[KnownHome], python: Path, script: Path = PEER
) -> tuple[dict[str, dict[str, float]], float]:
    """Fit homes by a peer in another interpreter; return its errors, and seconds of CPU a fit.

    The script's first home is left out of the time: it compiles. Raises Stop where it fails.
    """
    with TemporaryDirectory(prefix="tachowatt-peer-") as folder:
        for at, home in enumerate(homes):
            _write(Path(folder) / f"{at:05d}.csv", home)
        ran = subprocess.run(
            [str(python), str(script), folder], capture_output=True, text=True, check=False
        )
    answers = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    if ran.returncode or len(answers) != len(homes):
        raise Stop(f"{python} {script.name}: {ran.stderr.strip()[-500:] or 'too few answers'}")
    found = Found()
    for home, theirs in zip(homes, answers, strict=True):
        truth = (home.base_kwh, home.heating_kwh, home.cooling_kwh)
        for name, right in zip(LOADS, truth, strict=True):
            if right > 0.0:
                error = 100.0 * (theirs[f"{name}_kwh"] / right - 1.0)
                found.ours.setdefault(name, []).append(error)
        found.ours.setdefault("saving", []).append(theirs["saved_percent"] - home.saved_percent)
    later = [float(one["cpu_s"]) for one in answers[1:]] or [float(answers[0]["cpu_s"])]
    return found.table(), float(np.mean(later))


def _write(path: Path, home: KnownHome) -> None:
    """Write a home as `proving/peers` read it: hours with use and temperature."""
    at = home.use.start_us // 1_000_000
    rows = zip(at.tolist(), home.use.energy_kwh.tolist(), home.weather.celsius.tolist(),
               strict=True)  # fmt: skip
    lines = [str(home.until_us // 1_000_000), *(f"{t},{k},{c:.4f}" for t, k, c in rows)]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def problems(found: Found) -> Iterator[str]:
    """Say what is less than asked for."""
    for what in found.ours:
        least = LEAST_SHARE if what in LOADS else LEAST_BALANCE if what in POINTS else LEAST_SAVING
        if found.within(what) < least:
            yield f"{what}: {100 * found.within(what):.0f} % of homes within what is asked for"
