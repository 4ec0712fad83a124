"""Plots of a calibrated score: lift, Lorenz curve, calibration."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from app.analysis.palette import ACCENT, FAINT
from app.analysis.trip_plot import STYLE
from customer_context.scoring.calibration import Report
from runtime.errors import Usage


def plot_calibration(report: Report, path: Path) -> None:
    """Draw a report into a PNG file. Raises `Usage` where it cannot be written."""
    km = np.array([band.exposure_km for band in report.bands])
    claims = np.array([band.claims for band in report.bands])
    predicted = np.array([band.predicted for band in report.bands])
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(16, 5.5), dpi=100, layout="constrained")
        lift, lorenz, fit = figure.subplots(1, 3)
        tenth = np.arange(1, km.size + 1)
        lift.bar(tenth, 1e6 * claims / km, color=ACCENT, label="observed")
        lift.plot(tenth, 1e6 * predicted / km, color=FAINT, marker="o", label="predicted")
        lift.set(title=f"Lift {report.lift:.2f}", xlabel="tenth of the km, by predicted risk")
        lift.set_ylabel("claims per million km")
        lift.legend()
        share = np.concatenate([[0.0], np.cumsum(km) / km.sum()])
        of_claims = np.concatenate([[0.0], np.cumsum(claims) / claims.sum()])
        lorenz.plot(share, of_claims, color=ACCENT, marker="o")
        lorenz.plot([0, 1], [0, 1], color=FAINT)
        lorenz.set(
            title=f"Gini {report.gini:.3f} (before {report.gini_before:.3f})",
            xlabel="share of km", ylabel="share of claims",
        )  # fmt: skip
        fit.plot(predicted, claims, "o", color=ACCENT)
        top = float(max(predicted.max(), claims.max()))
        fit.plot([0, top], [0, top], color=FAINT)
        fit.set(
            title=f"Calibration, slope {report.slope:.2f}",
            xlabel="claims predicted", ylabel="claims observed",
        )  # fmt: skip
        try:
            figure.savefig(path, format="png")
        except OSError as error:
            raise Usage(f"{path}: {error}") from None
