"""Rows of vectors turned between the file's frame and the car's."""

import math

import numpy as np

from feature_kernels.kernel import hot_kernel, kernel, lean_kernel


@kernel
def upwards(slow):
    """Direction of gravity of each row, float64[n, 3], and the mean of them."""
    n = slow.shape[0]
    up, mean = np.empty((n, 3)), np.zeros(3)
    for i in range(n):
        size = math.sqrt(slow[i, 0] ** 2 + slow[i, 1] ** 2 + slow[i, 2] ** 2)
        for k in range(3):
            up[i, k] = slow[i, k] / size
            mean[k] += up[i, k]
    return up, mean / max(n, 1)


@kernel
def level(up, axis):
    """Two horizontal axes: `axis` without its vertical part, and the one to the left of it."""
    n = up.shape[0]
    first, second = np.empty((n, 3)), np.empty((n, 3))
    for i in range(n):
        x, y, z = up[i, 0], up[i, 1], up[i, 2]
        along = x * axis[0] + y * axis[1] + z * axis[2]
        a, b, c = axis[0] - x * along, axis[1] - y * along, axis[2] - z * along
        size = math.sqrt(a * a + b * b + c * c)
        a, b, c = a / size, b / size, c / size
        first[i, 0], first[i, 1], first[i, 2] = a, b, c
        second[i, 0], second[i, 1], second[i, 2] = y * c - z * b, z * a - x * c, x * b - y * a
    return first, second


@hot_kernel
def _dot(a, b, i):
    return a[i, 0] * b[i, 0] + a[i, 1] * b[i, 1] + a[i, 2] * b[i, 2]


@kernel
def dots(a, b):
    """Inner product of each row, float64[n]."""
    out = np.empty(a.shape[0])
    for i in range(out.size):
        out[i] = _dot(a, b, i)
    return out


@kernel
def flat(vectors, first, second, turn):
    """Horizontal part of each row as a complex number, the heading `turn` undone."""
    out = np.empty(vectors.shape[0], np.complex128)
    for i in range(out.size):
        b = complex(_dot(vectors, first, i), _dot(vectors, second, i))
        if turn[i] != 0.0:
            b *= complex(math.cos(turn[i]), -math.sin(turn[i]))
        out[i] = b
    return out


@kernel
def to_car(ahead, turn, first, second, up):
    """Rotation of each row, float64[n, 3, 3]: the file's axes to forward, left, up.

    ahead : complex128[n], direction of forward beside the heading `turn`; 0 = not known.
    """
    n = ahead.size
    out = np.empty((n, 3, 3))
    for i in range(n):
        size = abs(ahead[i])
        toward = ahead[i] / size if size > 0.0 else 1.0 + 0.0j
        if turn[i] != 0.0:
            toward *= complex(math.cos(turn[i]), math.sin(turn[i]))
        a = toward.real * first[i, 0] + toward.imag * second[i, 0]
        b = toward.real * first[i, 1] + toward.imag * second[i, 1]
        c = toward.real * first[i, 2] + toward.imag * second[i, 2]
        x, y, z = up[i, 0], up[i, 1], up[i, 2]
        out[i, 0, 0], out[i, 0, 1], out[i, 0, 2] = a, b, c
        out[i, 1, 0], out[i, 1, 1], out[i, 1, 2] = y * c - z * b, z * a - x * c, x * b - y * a
        out[i, 2, 0], out[i, 2, 1], out[i, 2, 2] = x, y, z
    return out


@kernel
def along_axes(rotation, vectors):
    """Components of each row along the car's axes, float64[3, n]: forward, left, up."""
    n = vectors.shape[0]
    out = np.empty((3, n))
    for i in range(n):
        x, y, z = vectors[i, 0], vectors[i, 1], vectors[i, 2]
        for axis in range(3):
            out[axis, i] = (
                rotation[i, axis, 0] * x + rotation[i, axis, 1] * y + rotation[i, axis, 2] * z
            )
    return out


@lean_kernel
def complete(means, known, along, plain, added, axis):
    """Add to the accelerations along an axis what is slow in what is said and not in what is felt.

    means : float64[n, 2], of said and felt. along : float64[n], changed. added : float64[n, 2],
    column `axis` gets what they have beyond `plain`.
    """
    for i in range(along.shape[0]):
        along[i] += means[i, 0] - means[i, 1] if known[i] > 0.0 else 0.0
        added[i, axis] = along[i] - plain[i]


@kernel
def tilting(gyro, up):
    """Rate about the horizontal axes, rad/s."""
    out = np.empty(gyro.shape[0])
    for i in range(out.size):
        about = _dot(gyro, up, i)
        out[i] = math.sqrt(max(_dot(gyro, gyro, i) - about * about, 0.0))
    return out


@kernel
def beside(said, felt):
    """Pairs of what is said and felt, float64[n, 2], and where something is said, 1.0 or 0.0."""
    n = said.size
    pairs, known = np.zeros((n, 2)), np.zeros(n)
    for i in range(n):
        pairs[i, 1] = felt[i]
        if not math.isnan(said[i]):
            pairs[i, 0] = said[i]
            known[i] = 1.0
    return pairs, known


@kernel
def turned_furthest(accel, width):
    """Cosine between the sums of the `width` rows before and after each row, float64[n].

    1 where fewer rows are on one side.
    """
    n = accel.shape[0]
    total = np.zeros((n + 1, 3))
    for i in range(n):
        for k in range(3):
            total[i + 1, k] = total[i, k] + accel[i, k]
    out = np.ones(n)
    for i in range(width, n - width):
        ab, aa, bb = 0.0, 0.0, 0.0
        for k in range(3):
            a, b = total[i, k] - total[i - width, k], total[i + width, k] - total[i, k]
            ab, aa, bb = ab + a * b, aa + a * a, bb + b * b
        size = math.sqrt(aa) * math.sqrt(bb)
        out[i] = ab / size if size > 0.0 else 0.0
    return out


@lean_kernel
def onto_rows(
    t_us, x, y, z, sign, origin, step, car, rotation, slow, added, confident, first, last, done,
    smooth, raw,
):  # fmt: skip
    """Bring a stretch's accelerations from its grid to the rows [first, last) of the file.

    x, y, z : the file's acceleration, NaN = not measured. car : float64[3, k], on the grid.
    done : so many rows are written already; rows from there on of which nothing is known get NaN.
    smooth : float64[3, n], written, interpolated. raw : float64[2, n], written if `confident`: each
    row's own acceleration forward and left, turned as at the nearest point of the grid.
    """
    points = car.shape[1]
    g, begins = 0, origin
    for k in range(3):
        for i in range(done, first):
            smooth[k, i] = np.nan
    for k in range(2):
        for i in range(done, first if confident else last):
            raw[k, i] = np.nan
    for i in range(first, last):
        if math.isnan(x[i]) or math.isnan(y[i]) or math.isnan(z[i]):
            if i >= done:
                smooth[0, i], smooth[1, i], smooth[2, i] = np.nan, np.nan, np.nan
                raw[0, i], raw[1, i] = np.nan, np.nan
            continue
        while g + 1 < points and t_us[i] >= begins + step:
            g += 1
            begins += step
        after = t_us[i] - begins
        near = g
        if after >= 0 and g + 1 < points:
            share = after / step
            for k in range(3):
                smooth[k, i] = (car[k, g + 1] - car[k, g]) * share + car[k, g]
            if 2 * after > step or (2 * after == step and g % 2 == 1):
                near = g + 1  # halfway to the even one
        else:
            for k in range(3):
                smooth[k, i] = car[k, g]
        if confident:
            a = x[i] * sign - slow[near, 0]
            b = y[i] * sign - slow[near, 1]
            c = z[i] * sign - slow[near, 2]
            for k in range(2):
                raw[k, i] = (
                    rotation[near, k, 0] * a + rotation[near, k, 1] * b + rotation[near, k, 2] * c
                ) + added[near, k]
