"""The tables of features, and the meaning of their codes.

The kernels' structured dtypes name the columns (feature_kernels/*/rows.py), so each field has one
definition.
"""

from feature_kernels import consumption, driving
from store.pipeline.features import FeatureTable

TRIP = FeatureTable.of("features.trip", driving.TRIP_DTYPE, ("start_us",))
SHOWN_TRIP = FeatureTable.of(
    "shown.trip",
    driving.TRIP_DTYPE,
    ("start_us",),
    omit=("start_lat_deg", "start_lon_deg", "end_lat_deg", "end_lon_deg"),
)
"""Trips for readers without access to positions: the view of migration 0006."""

DRIVING_EVENT = FeatureTable.of(
    "features.driving_event", driving.EVENT_DTYPE, ("start_us", "kind", "end_us")
)
INTERVAL = FeatureTable.of(
    "features.meter_interval",
    consumption.INTERVAL_DTYPE,
    ("start_us",),
    omit=("local_us",),
    past="features.meter_interval_past",
)
DAY = FeatureTable.of("features.meter_day", consumption.DAY_DTYPE, ("day",))
ANOMALY = FeatureTable.of(
    "features.meter_anomaly", consumption.ANOMALY_DTYPE, ("start_us", "kind", "phase")
)

EVENT_NAMES = {code: name for name, code in driving.EVENT_KINDS.items()}
ANOMALY_NAMES = {code: name for name, code in consumption.ANOMALY_KINDS.items()}
"""Code in the rows' `kind` → name."""
