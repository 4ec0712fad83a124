"""Do the intervals of a meter add up to its registers, and its tariffs to the total? Pure.

Between two reads of a register the intervals must add up to their difference. Where intervals are
estimated the rest is shared out over them; where all were sent, or more was sent than the register
has counted, the sum differs, and the intervals are provisional (VORLAEUFIGERWERT) until it is clear
why. Reads are compared within a segment only: an exchange or a reset begins another.

Source: docs/field/consumption.md (VEE: sum check).
Oracle: tests/oracles/validation.py
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from customer_context.metering.estimation import (
    DAY_US,
    HOUR_US,
    MWH_PER_KWH,
    Floats,
    Int64s,
    Series,
    share_out,
)

MOST_KW = 57.4  # feature_kernels.consumption.Parameters.highest_power_kw
SCATTER_OF_STEP = 0.29  # standard deviation of a rounding error, in steps
MANY_SIGMA = 4.0
FINEST = 6  # decimals that a resolution is looked for


class Rule(StrEnum):
    """A rule of validation."""

    SUM_OF_INTERVALS = "sum_of_intervals"
    TARIFF_SUM = "tariff_sum"


@dataclass(frozen=True, slots=True)
class Reads:
    """Reads of a register, ascending. t_us : int64[n]; kwh : float64[n];
    key : float64[n], another one = another meter, NaN = not known."""

    t_us: Int64s
    kwh: Floats
    key: Floats


@dataclass(frozen=True, slots=True)
class Finding:
    """A sum that does not fit, from start_us to end_us.

    found_kwh : of the intervals or tariffs; register_kwh : what the register counted, or shows
    """

    rule: Rule
    start_us: int
    end_us: int
    found_kwh: float
    register_kwh: float
    tolerance_kwh: float


@dataclass(frozen=True, slots=True)
class Settled:
    """Energies after the sums are known.

    energy_kwh : float64[n]; scaled : bool[n], estimates that were scaled; segments : of the reads
    checked, uncovered : pairs of reads that were compared, and that intervals do not cover
    """

    energy_kwh: Floats
    scaled: np.ndarray
    findings: tuple[Finding, ...]
    segments: int
    checked: int
    uncovered: int


def resolution(values: Floats) -> float:
    """Return the step of a register or of energies, kWh: the largest power of ten that fits all."""
    known = values[np.isfinite(values)]
    for decimals in range(FINEST):
        figure = known * 10.0**decimals
        if np.all(np.abs(figure - np.rint(figure)) < 1e-4):
            return float(10.0**-decimals)
    return float(10.0**-FINEST)


def segments(reads: Reads, most_kw: float = MOST_KW) -> Int64s:
    """Number the segments between exchanges, resets and impossible steps: int64[n], from 0.

    A fall, another meter, or more than the connection carries begins another.
    """
    if not reads.t_us.size:
        return np.zeros(0, np.int64)
    hours = np.diff(reads.t_us) / HOUR_US
    use = np.diff(reads.kwh)
    other = np.diff(reads.key)
    breaks = (use < 0.0) | (use > most_kw * hours + resolution(reads.kwh))
    breaks |= np.isfinite(other) & (other != 0.0)
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(breaks)))


def that_matter(reads: Reads, series: Series) -> Reads:
    """Return the first read of each day, those in and beside holes, exchanges and resets.

    A meter may send its register with every interval: what lies between says nothing more.
    """
    count = reads.t_us.size
    if not count:
        return reads
    keep = np.zeros(count, np.bool_)
    keep[[0, -1]] = True
    keep[1:] |= np.diff(reads.t_us // DAY_US) > 0
    breaks = np.flatnonzero(np.diff(segments(reads)))
    keep[breaks] = keep[breaks + 1] = True
    missing = ~series.given
    begins = series.start_us[missing & ~np.concatenate(([False], missing[:-1]))]
    ends = series.end_us[missing & ~np.concatenate((missing[1:], [False]))]
    first = np.maximum(np.searchsorted(reads.t_us, begins, side="right") - 1, 0)
    last = np.minimum(np.searchsorted(reads.t_us, ends), count - 1)
    inside = np.zeros(count + 1, np.int64)
    np.add.at(inside, first, 1)
    np.add.at(inside, last + 1, -1)
    keep |= np.cumsum(inside)[:-1] > 0
    return Reads(reads.t_us[keep], reads.kwh[keep], reads.key[keep])


def tolerance(reads_step: float, step: float, given: int) -> float:
    """Return by how much the sum of `given` energies may differ from two reads by rounding, kWh."""
    return float(reads_step + MANY_SIGMA * SCATTER_OF_STEP * step * given**0.5)


def settle(series: Series, reads: Reads, most_kw: float = MOST_KW) -> Settled:
    """Check each pair of neighbouring reads; scale what was estimated between them.

    A read within an interval takes the interval's use as even.
    """
    number = segments(reads, most_kw)
    whole = np.zeros(series.start_us.size)  # mWh of estimates, by the pairs
    inside = np.zeros(series.start_us.size)  # share of the row within pairs that were scaled
    findings: list[Finding] = []
    checked = uncovered = 0
    steps = resolution(reads.kwh), resolution(series.energy_kwh[series.given])
    for at in np.flatnonzero(number[1:] == number[:-1]).tolist():
        begin, end = int(reads.t_us[at]), int(reads.t_us[at + 1])
        first = int(np.searchsorted(series.end_us, begin, side="right"))
        last = int(np.searchsorted(series.start_us, end, side="left"))
        rows = slice(first, last)
        overlap = np.minimum(series.end_us[rows], end) - np.maximum(series.start_us[rows], begin)
        if int(overlap.sum()) != end - begin:
            uncovered += 1
            continue
        checked += 1
        share = overlap / (series.end_us[rows] - series.start_us[rows])
        given = series.given[rows]
        sent = float((series.energy_kwh[rows] * share)[given].sum())
        counted = float(reads.kwh[at + 1] - reads.kwh[at])
        fine = tolerance(*steps, int(given.sum()))
        rest = round(counted * MWH_PER_KWH) - round(sent * MWH_PER_KWH)
        empty_h = float(overlap[~given].sum()) / HOUR_US
        allowed = most_kw * empty_h + fine
        if not -fine * MWH_PER_KWH <= rest <= allowed * MWH_PER_KWH:
            findings.append(
                Finding(Rule.SUM_OF_INTERVALS, begin, end, sent, counted, round(fine, 6))
            )
            continue
        mine = first + np.flatnonzero(~given)
        if not mine.size:
            continue
        weights = (series.energy_kwh[rows] * share)[~given]
        if np.isnan(weights).any() or (weights < 0.0).any():
            weights = overlap[~given].astype(np.float64)
        whole[mine] += share_out(max(rest, 0), weights)
        inside[mine] += share[~given]
    scaled = inside > 0.0
    beyond = np.where(inside < 1.0, series.energy_kwh * (1.0 - inside), 0.0)
    energy = np.where(scaled, whole / MWH_PER_KWH + beyond, series.energy_kwh)
    segments_ = int(number[-1]) + 1 if number.size else 0
    return Settled(energy, scaled, tuple(findings), segments_, checked, uncovered)


def tariff_sum(t_us: Int64s, total_kwh: Floats, tariffs_kwh: Floats) -> tuple[Finding, ...]:
    """Compare the total register with the sum of the tariffs' at each read.

    tariffs_kwh : float64[tariffs, n]. Neighbouring reads that differ are one finding; its figures
    are those of its first read.
    """
    total = tariffs_kwh.sum(axis=0)
    known = np.flatnonzero(np.isfinite(total_kwh) & np.isfinite(total))
    fine = resolution(total_kwh) + sum(resolution(row) for row in tariffs_kwh)
    wrong = np.abs(total_kwh[known] - total[known]) > fine
    findings = []
    edges = np.flatnonzero(np.diff(np.concatenate(([0], wrong.astype(np.int8), [0]))))
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        at, until = int(known[first]), int(known[last - 1])
        findings.append(
            Finding(
                Rule.TARIFF_SUM, int(t_us[at]), int(t_us[until]), float(total[at]),
                float(total_kwh[at]), round(float(fine), 6),
            )
        )  # fmt: skip
    return tuple(findings)
