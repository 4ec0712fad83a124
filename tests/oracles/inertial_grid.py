"""Slow, plain twins of the kernels that align a phone. Nothing of ours is imported."""

import cmath
import itertools
import math

US = 1_000_000


def known(row):
    return not any(math.isnan(x) for x in row)


def pieces(t_us, rows, gap_us):
    """First and last measured row between gaps."""
    found = []
    for i in [i for i, row in enumerate(rows) if known(row)]:
        if found and t_us[i] - t_us[found[-1][1]] <= gap_us:
            found[-1][1] = i
        else:
            found.append([i, i])
    return found


def straight(at, points):
    """Value at a time between points (time, value), that of the end one outside."""
    if at <= points[0][0]:
        return points[0][1]
    for (a, u), (b, v) in itertools.pairwise(points):
        if a <= at < b:
            return u + (v - u) * (at - a) / (b - a)
    return points[-1][1]


def cells(t_us, rows, grid, step):
    """Mean of the values in each cell, interpolated between the mean times of those with any."""
    inside = {}
    for t, row in zip(t_us, rows, strict=True):
        if known(row):
            cell = (t - (grid[0] - step // 2)) // step
            inside.setdefault(min(max(cell, 0), len(grid) - 1), []).append((t - grid[0], row))
    columns = []
    for k in range(3):
        points = [
            (
                sum(t for t, _ in inside[cell]) / len(inside[cell]),
                sum(row[k] for _, row in inside[cell]) / len(inside[cell]),
            )
            for cell in sorted(inside)
        ]
        columns.append([straight(at - grid[0], points) for at in grid])
    return list(zip(*columns, strict=True))


def vibration(t_us, rows, grid):
    """Root mean square about the mean of each second, between the middles of the seconds."""
    measured = [(t, row) for t, row in zip(t_us, rows, strict=True) if known(row)]
    begin = measured[0][0]
    points = []
    for second in range((measured[-1][0] - begin) // US + 1):
        of = [row for t, row in measured if (t - begin) // US == second]
        square = 0.0
        for k in range(3):
            mean = sum(row[k] for row in of) / max(len(of), 1)
            square += sum((row[k] - mean) ** 2 for row in of) / max(len(of), 1)
        points.append((second * US + US // 2, math.sqrt(square)))
    return [straight(at - begin, points) for at in grid]


def fit(heard, accel, speed, yaw, lag, of_course, keep, width):
    """Agreement of heard and expected acceleration, and heard x conj(expected)."""
    n = len(heard)

    def later(values, i):
        return values[i + lag] if 0 <= i + lag < n else math.nan

    r = []
    for i in range(n):
        ahead = later(accel, i)
        across = later(speed, i) * (later(yaw, i) if of_course else yaw[i])
        r.append(None if math.isnan(ahead) else complex(ahead, 0.0 if across != across else across))
    c, power, felt = [0j] * n, 0.0, 0.0
    for i in range(n):
        if r[i] is None:
            continue
        weights = [0.0 if r[j] is None else keep ** abs(i - j) for j in range(n)]
        mean = sum(w * r[j] for j, w in enumerate(weights) if w > 0.0) / sum(weights)
        c[i] = heard[i] * (r[i] - mean).conjugate()
        power += abs(r[i] - mean) ** 2
        felt += abs(heard[i]) ** 2
    size = sum(abs(sum(c[k : k + width])) for k in range(0, n, width))
    return size / (math.sqrt(power * felt) + 1e-30), c


def agreement(c, width, keep):
    """Share of the evidence of all blocks that points as the others' does, without neighbours'."""
    sums = [sum(c[k : k + width]) for k in range(0, len(c), width)]
    whole = agreed = 0.0
    for i, own in enumerate(sums):
        others = sum(s * keep ** abs(i - j) for j, s in enumerate(sums) if abs(i - j) >= 2)
        if others != 0:
            whole += abs(own)
            agreed += (own * cmath.exp(-1j * cmath.phase(others))).real
    return agreed / whole if whole > 0.0 else 0.0
