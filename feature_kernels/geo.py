"""Distance on the Earth."""

import math

from feature_kernels.kernel import hot_kernel

EARTH_M = 6_371_008.8  # mean radius, IUGG


@hot_kernel
def haversine_m(lat1, lon1, lat2, lon2):
    """Great-circle distance in m between two places in degrees (haversine)."""
    rad = math.pi / 180.0
    s1 = math.sin((lat2 - lat1) * rad * 0.5)
    s2 = math.sin((lon2 - lon1) * rad * 0.5)
    h = s1 * s1 + math.cos(lat1 * rad) * math.cos(lat2 * rad) * s2 * s2
    if h > 1.0:
        h = 1.0
    return 2.0 * EARTH_M * math.asin(math.sqrt(h))


@hot_kernel
def farther_than(lat1, lon1, lat2, lon2, metres):
    """Whether `haversine_m` is more than that; mostly told without a sine, by an upper bound: a
    straight line on the map, with degrees of longitude as long as at the equator. The margin is
    far more than both are rounded by."""
    rad = math.pi / 180.0
    y = (lat2 - lat1) * rad
    x = (lon2 - lon1) * rad
    if EARTH_M * math.sqrt(x * x + y * y) * (1.0 + 1e-9) <= metres:
        return False
    return haversine_m(lat1, lon1, lat2, lon2) > metres
