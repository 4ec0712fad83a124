"""What drivers find comfortable at a speed."""

from feature_kernels.kernel import hot_kernel


@hot_kernel
def comfortable_mps2(v):
    """The acceleration, along and across together, that drivers use at most at v km/h.

    Source: Eboli, Mazzulla and Pungillo, Transportation Research Part C 68 (2016) 113-125; beyond
    its least value, near 150 km/h, it is held.
    """
    x = min(v, 149.5) / 100.0
    return 9.80665 * (0.198 * x * x - 0.592 * x + 0.569)
