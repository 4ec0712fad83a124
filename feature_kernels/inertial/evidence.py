"""How well what the phone feels agrees with what speed and course say, at each lag."""

import math

import numpy as np

from feature_kernels.inertial.parameters import Parameters
from feature_kernels.kernel import kernel, lean_kernel

_THIN = 4
"""Rows that are one in the first look at all lags: the signals are smooth over 0.7 s."""


@kernel
def _padded(accel, speed, yaw, pad):
    """Known, change of speed, speed, yaw; 0 = not known and for `pad` rows before and after."""
    n = accel.size
    out = np.zeros((n + 2 * pad, 4))
    for i in range(n):
        if not math.isnan(accel[i]):
            out[i + pad, 0] = 1.0
            out[i + pad, 1] = accel[i]
        if not math.isnan(speed[i]):
            out[i + pad, 2] = speed[i]
        if not math.isnan(yaw[i]):
            out[i + pad, 3] = yaw[i]
    return out


@kernel
def _thinned(said, heard, pad, times, few):
    """The same with a mean of `times` rows each and `few` rows before and after; and heard."""
    n = heard.size // times
    out, felt = np.zeros((n + 2 * few, 4)), np.zeros(n, np.complex128)
    for i in range(n):
        known = 1.0
        for j in range(i * times, (i + 1) * times):
            known = min(known, said[j + pad, 0])
            for k in range(1, 4):
                out[i + few, k] += said[j + pad, k] / times
            felt[i] += heard[j] / times
        out[i + few, 0] = known
        if known == 0.0:
            out[i + few, 1] = 0.0
    return out, felt


@lean_kernel
def _fit(heard, said, lag, pad, of_course, keep, width, past, evidence):
    """Agreement at one lag; `evidence` gets heard x conj(expected), 0 where nothing is known.

    Expected is taken without what is slower than the band: less its mean weighted both ways.
    past : float64[n, 3], room.
    """
    n, aside = heard.size, 0 if of_course else -lag
    w, a, b = 0.0, 0.0, 0.0
    for i in range(n):
        j = i + pad + lag
        known = said[j, 0]
        w = w * keep + known
        a = a * keep + said[j, 1]
        b = b * keep + said[j, 2] * said[j + aside, 3] * known
        past[i, 0], past[i, 1], past[i, 2] = w, a, b
    w, a, b = 0.0, 0.0, 0.0
    size, power, felt = 0.0, 0.0, 0.0
    for block in range((n - 1) // width, -1, -1):
        re, im = 0.0, 0.0
        for i in range(min(n, (block + 1) * width) - 1, block * width - 1, -1):
            j = i + pad + lag
            known = said[j, 0]
            ahead, across = said[j, 1], said[j, 2] * said[j + aside, 3] * known
            c_re, c_im = 0.0, 0.0
            if known > 0.0:
                x, y = heard[i].real, heard[i].imag
                share = 1.0 / (past[i, 0] + w * keep)
                p = ahead - (past[i, 1] + a * keep) * share
                q = across - (past[i, 2] + b * keep) * share
                c_re, c_im = x * p + y * q, y * p - x * q
                re += c_re
                im += c_im
                power += p * p + q * q
                felt += x * x + y * y
            evidence[i] = complex(c_re, c_im)
            w = w * keep + known
            a = a * keep + ahead
            b = b * keep + across
        size += math.hypot(re, im)
    return size / (math.sqrt(power * felt) + 1e-30)


def best_lag(heard, motion, yaw, p: Parameters):
    """The lag at which the two agree most: the agreement, s, and the evidence at that lag.

    heard : complex128[n], horizontal acceleration that was felt. yaw : float64[n], rad/s.
    A course has the lag of the speed, a gyroscope has none.
    Complexity: O(n) for each lag. Oracle: `tests/oracles/inertial_grid.py`.
    """
    tried = _Lags(heard, motion, yaw, p)
    near = _THIN * tried.thinned(p)
    first = near - _THIN + 1
    best, rows, found = tried.fit(first), first, tried.room
    tried.room = np.empty_like(found)
    for lag in range(first + 1, near + _THIN):
        fit = tried.fit(lag)
        if fit > best or (math.isnan(fit) and not math.isnan(best)):  # as np.argmax
            best, rows = fit, lag
            found, tried.room = tried.room, found
    return best, rows * p.grid_s, found


def evidence_at(heard, motion, yaw, lag_s, p: Parameters):
    """Heard x conj(expected) at one lag, complex128[n]; 0 where nothing is known."""
    return _Lags(heard, motion, yaw, p).evidence(round(lag_s / p.grid_s))


class _Lags:
    """The two signals, shifted by lags. One buffer serves all of them."""

    def __init__(self, heard, motion, yaw, p):
        self.heard, self.of_course = np.ascontiguousarray(heard), yaw is motion.yaw
        self.pad = round(max(abs(p.lag_least_s), abs(p.lag_most_s)) / p.grid_s) + _THIN
        self.said = _padded(motion.accel, motion.speed, yaw, self.pad)
        self.past = np.empty((heard.size, 3))
        self.room = np.empty(heard.size, np.complex128)
        self.keep = math.exp(-p.grid_s / (2.0 * p.band_s))
        self.width = round(p.lag_block_s / p.grid_s)

    def fit(self, rows):
        return _fit(
            self.heard, self.said, rows, self.pad, self.of_course, self.keep, self.width,
            self.past, self.room,
        )  # fmt: skip

    def evidence(self, rows):
        self.fit(rows)
        return self.room

    def thinned(self, p):
        """Best lag in thinned rows."""
        least, most = (round(s / p.grid_s / _THIN) for s in (p.lag_least_s, p.lag_most_s))
        few = max(abs(least), abs(most)) + 1
        said, heard = _thinned(self.said, self.heard, self.pad, _THIN, few)
        fits = [
            _fit(
                heard, said, lag, few, self.of_course, self.keep**_THIN, self.width // _THIN,
                self.past, self.room,
            )
            for lag in range(least, most + 1)
        ]  # fmt: skip
        return least + int(np.argmax(fits))


@kernel
def _agreement(c, width, keep):
    blocks = -(-c.size // width)
    sums, others = np.zeros(blocks, np.complex128), np.zeros(blocks, np.complex128)
    for i in range(c.size):
        sums[i // width] += c[i]
    for order in range(2):
        past, last = 0j, 0j
        for at in range(blocks):  # without the block itself and its neighbour
            k = at if order == 0 else blocks - 1 - at
            past = past * keep
            others[k] += past * keep
            past += last
            last = sums[k]
    whole, agreed = 0.0, 0.0
    for k in range(blocks):
        size = abs(others[k])
        if size > 0.0:
            whole += abs(sums[k])
            agreed += (sums[k].real * others[k].real + sums[k].imag * others[k].imag) / size
    return agreed / whole if whole > 0.0 else 0.0


def agreement(c, p: Parameters) -> float:
    """How far each block's evidence agrees with that of the other blocks around: -1..1.

    c : complex128[n]. Complexity: O(n). Oracle: `tests/oracles/inertial_grid.py`.
    """
    width = max(1, round(p.block_s / p.grid_s))
    return float(_agreement(np.ascontiguousarray(c), width, math.exp(-p.block_s / p.heading_s)))


@lean_kernel
def _products(a, b, lag):
    """Sums of a x b, a x a and b x b where both are known, b `lag` rows later; and how many."""
    ab, aa, bb, n = 0.0, 0.0, 0.0, 0
    for i in range(max(0, -lag), min(a.size, a.size - lag)):
        x, y = a[i], b[i + lag]
        if not (math.isnan(x) or math.isnan(y)):
            ab, aa, bb, n = ab + x * y, aa + x * x, bb + y * y, n + 1
    return ab, aa, bb, n


def same_way(yaw, course, lag_s, p: Parameters) -> float:
    """Correlation of a yaw rate with the course's; 1 where nothing contradicts."""
    if yaw is course:
        return 1.0
    ab, aa, bb, n = _products(np.ascontiguousarray(yaw), course, round(lag_s / p.grid_s))
    return ab / math.sqrt(aa * bb + 1e-30) if n else 1.0
