"""What a meter's recording says that cannot be use: what was done with it, and why."""

from math import fsum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.analysis.answer import iso, number
from app.recordings.guesses import Guess
from app.recordings.meter_grid import Grid
from app.recordings.read import Table
from contracts.quality import Quality, Reason
from feature_kernels.consumption import Parameters, sums_by_reason
from feature_kernels.consumption import carry as layout

MOST_LISTED = 200
HOUR_S = 3_600.0
# Three phases at 230 V, with the tolerances of Parameters.highest_power_kw.
KW_PER_A = 3 * 0.23 * 1.1 * 1.2
# A larger connection shows in so many different values, and this share of all. Own.
LEAST_VALUES, LEAST_SHARE = 5, 0.02
SAME_KIND = 10.0  # times the median of the large values: more is an error even there


def refused_us(intervals: NDArray[Any]) -> NDArray[np.int64]:
    """Return the starts of intervals whose value was refused."""
    return np.asarray(intervals["start_us"][intervals["reason"] == Reason.IMPLAUSIBLE], np.int64)


def connection(table: Table, grid: Grid, parameters: Parameters) -> tuple[Parameters, Guess | None]:
    """Raise the limit of the connection where many values of the file show a larger one."""
    energy = table.columns.get("energy_kwh")
    if energy is None:
        return parameters, None
    size, length_s = np.abs(energy), grid.interval_s if grid.lengths_s is None else grid.lengths_s
    if grid.lengths_s is None and not (
        np.fmax.reduce(size) * HOUR_S / length_s > parameters.highest_power_kw
    ):
        return parameters, None
    kw = size * HOUR_S / length_s
    above = kw > parameters.highest_power_kw
    if not above.any():
        return parameters, None
    fine = np.isfinite(kw)
    large = np.unique(kw[above & fine])
    if large.size < max(LEAST_VALUES, LEAST_SHARE * np.count_nonzero(fine)):
        return parameters, None
    highest = float(np.max(large[large <= SAME_KIND * np.median(large)]))
    guess = Guess(
        "fuse",
        "energy_kwh",
        f"a connection of {highest:.3g} kW",
        f"{large.size} different values are above {parameters.highest_power_kw:.3g} kW, more than "
        "3 × 63 A carry (or are the values Wh?)",
        "--fuse-a",
    )
    return parameters._replace(highest_power_kw=1.05 * highest), guess


def estimated_kwh(table: Table, ours: NDArray[Any]) -> float:
    """Return the energy that was estimated by us and is no part of the file's total, kWh.

    ours : the intervals `estimated_by_us`
    """
    if "register_kwh" in table.columns:
        return 0.0  # a register's difference is measured, even if spread
    return fsum(ours["energy_kwh"].tolist())


def estimated_by_us(intervals: NDArray[Any]) -> NDArray[Any]:
    """Return the intervals whose energy was estimated by us; such a one has a reason, always."""
    ours = intervals[intervals["estimated"] == 1]
    return np.asarray(ours[np.isfinite(ours["energy_kwh"])])


def doubted_intervals(table: Table, grid: Grid, unlike: NDArray[Any]) -> list[dict[str, Any]]:
    """List the intervals that are not as read for another reason than a hole.

    unlike : the intervals that are not as read
    """
    rows = unlike[unlike["reason"] > Reason.HOLE]
    value = table.columns.get("energy_kwh")
    listed: list[dict[str, Any]] = []
    for row in rows[:MOST_LISTED]:
        start = int(row["start_us"])
        at = int(np.searchsorted(grid.t_us, start))
        given = None if value is None or at >= value.size else number(value[at])
        start_utc, end_utc = grid.to_utc(np.array([start, int(row["end_us"])], np.int64)).tolist()
        listed.append(
            {
                "start": iso(table, start_utc),
                "end": iso(table, end_utc),
                "reason": Reason(int(row["reason"])).name,
                "status": Quality(int(row["status"])).name,
                "given_kwh": given,
                "used_kwh": number(row["energy_kwh"]),
            }
        )
    return listed


def why_not(
    table: Table,
    grid: Grid,
    unlike: NDArray[Any],
    carry: NDArray[np.float64],
    parameters: Parameters,
) -> list[str]:
    """Say what was not counted, and why; unlike : the intervals that are not as read."""
    notes: list[str] = []
    counts = np.bincount(unlike["reason"], minlength=len(Reason)).tolist()
    if n := counts[Reason.IMPLAUSIBLE]:
        notes.append(
            f"{n} intervals are not counted but estimated: more than the connection carries "
            f"({parameters.highest_power_kw:.3g} kW; --fuse-a sets the fuse), or the code of an "
            "error"
        )
    if n := counts[Reason.WRONG_READING]:
        notes.append(f"{n} intervals are estimated: a reading between was wrong and left out")
    if n := counts[Reason.CORRECTED]:
        notes.append(f"{n} intervals take back what a wrong reading before had counted")
    for row in unlike[unlike["reason"] == Reason.UNKNOWN_USE]:
        start, end = int(row["start_us"]), int(row["end_us"])
        notes.append(_question(table, grid, start, end))
    if carry[0, layout.HELD_T] > 0.0:
        at_us = int(grid.to_utc(np.array([int(carry[0, layout.HELD_T])], np.int64))[0])
        notes.append(
            f"the reading at {iso(table, at_us)} ({carry[0, layout.HELD_KWH]:g} kWh, after "
            f"{carry[0, layout.REG_KWH]:g}) is not counted: more than this home has used, and no "
            "later reading confirms it"
        )
    return notes


def _question(table: Table, grid: Grid, start_us: int, end_us: int) -> str:
    register = table.columns["register_kwh"]
    known = ~np.isnan(register)
    t_us, kwh = grid.t_us[known], register[known]
    first = max(int(np.searchsorted(t_us, end_us)) - 1, 0)
    last = min(first + 1, kwh.size - 1)
    from_at, to_at = grid.to_utc(np.array([start_us, end_us], np.int64)).tolist()
    return (
        f"the use from {iso(table, from_at)} to {iso(table, to_at)} is not known: the register "
        f"went from {kwh[first]:g} to {kwh[last]:g} kWh, which this home cannot have used; was "
        "the meter exchanged? (meter_number says so)"
    )


def interval_summary(intervals: NDArray[Any]) -> list[dict[str, Any]]:
    """Count the intervals, and add their energy up, by status and reason."""
    count, energy = sums_by_reason(intervals, max(Quality) + 1, max(Reason) + 1)
    return [
        {
            "status": Quality(status).name,
            "reason": Reason(reason).name,
            "count": int(count[status, reason]),
            "energy_kwh": number(float(energy[status, reason])),
        }
        for status, reason in np.argwhere(count).tolist()
    ]
