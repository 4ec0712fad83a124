"""Consumption: intervals, days and anomalies of electricity meters (docs/kernel-interface.md)."""

from feature_kernels.consumption.carry import CARRY_VERSION, CARRY_WIDTH, initial_carry
from feature_kernels.consumption.loop import COLUMNS, ConsumeResult, consume, finish
from feature_kernels.consumption.parameters import DEFAULTS, Parameters
from feature_kernels.consumption.profile import base_load, load_profile, sums_by_reason
from feature_kernels.consumption.rows import (
    ANOMALY_DTYPE,
    ANOMALY_KINDS,
    DAY_DTYPE,
    INTERVAL_DTYPE,
)

__all__ = [
    "ANOMALY_DTYPE",
    "ANOMALY_KINDS",
    "CARRY_VERSION",
    "CARRY_WIDTH",
    "COLUMNS",
    "DAY_DTYPE",
    "DEFAULTS",
    "INTERVAL_DTYPE",
    "ConsumeResult",
    "Parameters",
    "base_load",
    "consume",
    "finish",
    "initial_carry",
    "load_profile",
    "sums_by_reason",
]
