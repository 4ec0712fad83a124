"""Stored features as `tachowatt show` prints them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from customer_context.identity.holders import Device
from feature_kernels import driving
from ingest.registry import Registry
from ingest.registry import load as load_registry
from runtime.errors import Usage
from services import driving_scores
from services.driving_scores import DriverScore
from store.pipeline import features
from store.pipeline.feature_tables import (
    ANOMALY,
    ANOMALY_NAMES,
    DAY,
    DRIVING_EVENT,
    EVENT_NAMES,
    INTERVAL,
    TRIP,
)
from store.postgres.pool import Connection
from store.postgres.times import from_us

_TABLES: Mapping[str, features.FeatureTable] = {
    "trips": TRIP,
    "events": DRIVING_EVENT,
    "intervals": INTERVAL,
    "days": DAY,
    "anomalies": ANOMALY,
}

_CODES: dict[str, dict[str, dict[int, str]]] = {
    DRIVING_EVENT.name: {"kind": EVENT_NAMES},
    TRIP.name: {"end_reason": {code: name for name, code in driving.END_REASONS.items()}},
    ANOMALY.name: {
        "kind": ANOMALY_NAMES,
        "phase": {0: "raised", 1: "cleared"},
    },
}


def rows_of(
    connection: Connection, what: str, device: str | None, last: int
) -> list[dict[str, Any]]:
    """Return the newest `last` rows of a kind of features, for one device (tenant/device) or all.

    what : trips, events, scores, intervals, days or anomalies; scores are of all drivers.
    Raises `Usage` if the device does not exist.
    """
    if what == "scores":
        return [_score_row(score) for score in driving_scores.of_drivers(connection)]
    table = _TABLES[what]
    registry = load_registry(connection)
    ids = None if device is None else [_find(registry, device).device_id]
    rows = features.select(connection, table, ids)
    rows = rows[np.argsort(rows["start_us"], kind="stable")][-last:]
    return [_row(table, row, registry) for row in rows]


def _find(registry: Registry, name: str) -> Device:
    for device in registry.by_id.values():
        if f"{device.tenant}/{device.device}" == name:
            return device
    raise Usage(f"there is no device {name!r}; expected tenant/device")


def _row(table: features.FeatureTable, row: Any, registry: Registry) -> dict[str, Any]:
    device = registry.by_id[int(row["device_id"])]
    found: dict[str, Any] = {"device": f"{device.tenant}/{device.device}"}
    codes = _CODES.get(table.name, {})
    for name in table.fields:
        value = row[name]
        if name == "decided_us":
            found["open"] = int(value) == features.PROVISIONAL_US
            found["decided"] = None if found["open"] else from_us(int(value)).isoformat()
        elif name.endswith("_us"):
            found[name[:-3]] = from_us(int(value)).isoformat() if value > 0 else None
        elif name == "day":
            found["date"] = from_us(int(value) * 86_400_000_000).date().isoformat()
        elif name in codes:
            found[name] = codes[name].get(int(value), int(value))
        elif np.ndim(value):
            found[name] = value.tolist()
        elif isinstance(value, np.floating):
            found[name] = None if np.isnan(value) else float(value)
        else:
            found[name] = int(value)
    return found


def _score_row(found: DriverScore) -> dict[str, Any]:
    """Return a driver's score with its explanation; null if exposure is too low."""
    score = found.score
    return {
        "tenant": found.tenant,
        "customer": found.customer,
        "score": None if score.score is None or score.score != score.score else score.score,
        "trusted": bool(score.trusted),
        "components": [
            {
                "factor": component.factor,
                "value": None if component.value != component.value else component.value,
                "unit": component.unit,
                "share": None if component.share != component.share else component.share,
            }
            for component in score.components
        ],
        "algorithm_version": score.algorithm_version,
    }
