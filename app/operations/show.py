"""Stored features as `tachowatt show` prints them."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from contracts.kinds import EVENTS
from contracts.purposes import Purpose
from customer_context.identity.holders import Device
from feature_kernels import driving
from ingest.registry import Registry
from ingest.registry import load as load_registry
from runtime.errors import Usage
from services import driving_scores
from services.driving_scores import DriverScore
from store.people import consent
from store.people.read_log import ObjectRead, of_customers, of_subject
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


@dataclass(slots=True)
class Shown:
    """Rows to show. reads : tenant → what of whom, for the log of reads."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    reads: dict[str, list[ObjectRead]] = field(default_factory=lambda: defaultdict(list))


def rows_of(connection: Connection, what: str, device: str | None, last: int) -> Shown:
    """Return the newest `last` rows of a kind of features, for one device (tenant/device) or all.

    what : trips, events, scores, intervals, days or anomalies; scores are all drivers'. Rows whose
    customer does not grant their purpose now are left out. Raises `Usage` where there is no such
    device.
    """
    found = Shown()
    if what == "scores":
        for score in driving_scores.of_drivers(connection):
            found.rows.append(_score_row(score))
            found.reads[score.tenant] += of_customers([score.customer])
        return found
    table = _TABLES[what]
    registry = load_registry(connection)
    readable = consent.readable(connection)
    ids = None if device is None else [_find(registry, device).device_id]
    rows = features.select(connection, table, ids)
    for row in rows[np.argsort(rows["start_us"], kind="stable")][::-1]:
        named = registry.by_id[int(row["device_id"])]
        holder = named.holder_at(int(row["start_us"]))
        shown = _row(table, row, registry)
        if holder is None or holder.customer is None:
            continue
        if _purpose(table, shown) in readable.get((named.tenant, holder.customer), frozenset()):
            found.rows.append(shown)
            found.reads[named.tenant] += of_subject(holder.customer, holder.subject)
        if len(found.rows) == last:
            break
    found.rows.reverse()
    return found


def _purpose(table: features.FeatureTable, row: Mapping[str, Any]) -> str:
    if table.name == DRIVING_EVENT.name:
        return EVENTS[row["kind"]].purpose
    return Purpose.DRIVING_SCORE if table.name == TRIP.name else Purpose.ENERGY_INSIGHT


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
