"""The band of a plot: what the days before let expect of each day, without a look-ahead."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from app.analysis.expected_days import expected_days
from app.cli import cli

FIRST = date(2026, 1, 5)


def days(kwh: list[float], incomplete: int | None = None) -> list[dict[str, Any]]:
    return [
        {"date": (FIRST + timedelta(days=at)).isoformat(), "energy_kwh": value, "expected": 24,
         "present": 20 if at == incomplete else 24}
        for at, value in enumerate(kwh)
    ]  # fmt: skip


@given(st.lists(st.floats(1.0, 30.0), min_size=12, max_size=40), st.integers(8, 11))
def test_a_day_is_expected_from_the_days_before_it(kwh: list[float], at: int) -> None:
    found = expected_days(days(kwh))
    assert found.shape == (len(kwh) + 1, 3) and np.isnan(found[0]).all()
    later = [*kwh[:at], *(50.0 for _ in kwh[at:])]
    np.testing.assert_array_equal(expected_days(days(later))[: at + 1], found[: at + 1])
    known = found[np.isfinite(found[:, 0])]
    assert (known[:, 1] <= known[:, 0]).all() and (known[:, 0] <= known[:, 2]).all()


def test_days_of_anomalies_and_incomplete_ones_do_not_count() -> None:
    even = [10.0] * 20
    odd = [*even[:12], 90.0, *even[13:]]
    anomaly = {"start": f"{FIRST + timedelta(days=12)}T00:00:00Z", "end": None}
    anomaly["end"] = f"{FIRST + timedelta(days=12)}T23:00:00Z"
    plain = expected_days(days(even))[-1]
    np.testing.assert_allclose(expected_days(days(odd), [anomaly])[-1], plain)
    np.testing.assert_allclose(expected_days(days(odd, incomplete=12))[-1], plain)
    assert expected_days(days(odd))[-1][2] > plain[2]


def test_the_plot_has_the_band_and_the_next_day(tmp_path: Path, monkeypatch: Any) -> None:
    from matplotlib.axes import Axes

    labels: list[str] = []
    draw = Axes.legend

    def legend(axes: Axes, *args: Any, **kwargs: Any) -> Any:
        labels.extend(axes.get_legend_handles_labels()[1])
        return draw(axes, *args, **kwargs)

    monkeypatch.setattr(Axes, "legend", legend)
    rng = np.random.default_rng(1)
    at = [f"{FIRST + timedelta(days=d)}T{h:02d}:00:00Z" for d in range(30) for h in range(24)]
    rows = [f"{t},{e:.3f}" for t, e in zip(at, rng.gamma(2.0, 0.2, len(at)), strict=True)]
    (tmp_path / "home.csv").write_text("\n".join(["start,energy_kwh", *rows]) + "\n")
    command = ["analyse-meter", str(tmp_path / "home.csv"), "--plot", str(tmp_path / "home.png")]
    assert CliRunner().invoke(cli, command).exit_code == 0
    assert {"expected range", "next day", "forecast 2026-02-04"} <= set(labels)
