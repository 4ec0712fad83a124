"""Analyse the meters of a place, a process for each core: their weather is read and prepared once.

A worker keeps the tables of the place's temperatures (`customer_context.metering.climate`), so that
a home costs what is its own.
"""

import csv
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from app.analysis import insight
from app.analysis.answer import number
from app.analysis.meter import analyse
from app.recordings.read import read_meter_table
from customer_context.metering.weather_model import Temperatures
from runtime.errors import Usage

_BLAS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
PORTION = 8


@dataclass(frozen=True, slots=True)
class Plan:
    """How the files are read and what is computed of each."""

    wishes: insight.Wishes
    mapping: tuple[str, ...] = ()


Row = Callable[[Path, Plan, Temperatures | None], dict[str, Any]]
"""Makes a row of a file; raises Usage."""


@dataclass(slots=True)
class _Worker:
    plan: Plan
    weather: Temperatures | None


_worker: _Worker | None = None


def _begin(plan: Plan) -> None:
    global _worker  # of this process, which does nothing else
    _worker = _Worker(plan, insight.weather_of(plan.wishes)[0])


def _one(row: Row, path: Path) -> dict[str, Any]:
    assert _worker is not None
    try:
        return row(path, _worker.plan, _worker.weather)
    except Usage as error:
        return {"file": path.name, "refused": str(error)}


def row_of(path: Path, plan: Plan, weather: Temperatures | None) -> dict[str, Any]:
    """Analyse a file; return the figures of a meter in one row. Raises Usage."""
    analysis = analyse(read_meter_table(path, plan.wishes.tz, plan.mapping))
    insight.add(analysis, plan.wishes, weather)
    answer = analysis.answer
    baseline: dict[str, Any] = answer["baseline"] or {}
    forecast: dict[str, Any] = answer["forecast"] or {}
    return {
        "file": path.name,
        "start": answer["start"],
        "end": answer["end"],
        "expected": answer["quality"]["expected"],
        "missing": answer["quality"]["missing"],
        "estimated": answer["quality"]["estimated"],
        "energy_kwh": number(answer["energy_kwh"], 3),
        "base_load_w": answer["base_load_w"],
        **{
            name: baseline.get(name)
            for name in (
                "model", "base_kwh", "heating_kwh", "heating_balance_c", "cooling_kwh",
                "cooling_balance_c", "cv_rmse",
            )
        },
        "next_day_kwh": forecast.get("energy_kwh"),
        "anomalies": [
            {name: one[name] for name in ("kind", "start", "end", "severity")}
            for one in answer["anomalies"]
        ],
    }  # fmt: skip


def rank_of(path: Path, plan: Plan, weather: Temperatures | None) -> dict[str, Any]:
    """Return the window of a file that looks most tampered with, and its score. Raises Usage."""
    analysis = analyse(read_meter_table(path, plan.wishes.tz, plan.mapping))
    wishes = plan.wishes
    scores = insight.tamper_scores(analysis, wishes.window_days or 14, wishes.window_start, weather)
    known = [window for window in scores if window["score"] is not None]
    worst = max(known, key=lambda window: float(window["score"]), default=None)
    return {"file": path.name, "score": worst and worst["score"], "window": worst}


def analyse_files(
    files: Sequence[Path], plan: Plan, workers: int | None = None, row: Row = row_of
) -> Iterator[dict[str, Any]]:
    """Yield a row for each file, in their order; a file that does not fit has `refused`.

    workers : processes; None = one for each core, fewer for few files

    Raises Usage for a file of temperatures that does not fit.
    """
    insight.weather_of(plan.wishes)  # a wrong file is reported once, not by each worker
    most = min(os.cpu_count() or 1, -(-len(files) // PORTION))
    count = min(workers or most, len(files))
    if count <= 1:
        _begin(plan)
        yield from map(partial(_one, row), files)
        return
    with (
        one_thread_of_blas(),
        ProcessPoolExecutor(
            count, get_context("spawn"), initializer=_begin, initargs=(plan,)
        ) as pool,
    ):
        yield from pool.map(partial(_one, row), files, chunksize=PORTION)


@contextmanager
def one_thread_of_blas() -> Iterator[None]:
    """Let processes that are started meanwhile use one thread of BLAS each: their matrices are
    small, and more threads would only wait."""
    kept = {name: os.environ.get(name) for name in _BLAS}
    os.environ |= dict.fromkeys(_BLAS, "1")
    try:
        yield
    finally:
        for name, value in kept.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def write_table(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write the rows as CSV, with the number of anomalies. Raises Usage."""
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            names = [name for name in rows[0] if name != "anomalies"] if rows else ["file"]
            table = csv.writer(file, lineterminator="\n")
            table.writerow([*names, "anomalies"])
            table.writerows([*(row[name] for name in names), len(row["anomalies"])] for row in rows)
    except OSError as error:
        raise Usage(f"--out: {path}: {error.strerror or error}") from error


def write_json(path: Path, answer: dict[str, Any]) -> None:
    """Write the answer. Raises Usage."""
    try:
        path.write_text(json.dumps(answer, indent=2, ensure_ascii=False) + "\n", "utf-8")
    except OSError as error:
        raise Usage(f"--out: {path}: {error.strerror or error}") from error
