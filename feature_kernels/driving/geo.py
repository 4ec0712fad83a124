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
