"""What a meter is expected to use: its usual hours (docs/kernel-interface.md)."""

from feature_kernels.baseline.measured import measured
from feature_kernels.baseline.usual import ratios_before, usual_power

__all__ = ["measured", "ratios_before", "usual_power"]
