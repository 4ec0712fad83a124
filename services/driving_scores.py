"""Driving scores of drivers, from the stored trips and only with their consent."""

from dataclasses import dataclass
from typing import Any

from contracts.purposes import Purpose
from feature_kernels import driving
from ingest.registry import load as load_registry
from store.pipeline import features
from store.pipeline.feature_tables import TRIP
from store.postgres.pool import Connection
from store.reads.scoring import kernel_rows


@dataclass(frozen=True, slots=True)
class DriverScore:
    """A driver is the customer whose contract covered the car when the trip began."""

    tenant: str
    customer: str
    score: driving.Score


def driver_scores(connection: Connection) -> list[DriverScore]:
    """Scores of all drivers who have trips and agree to be scored, by tenant and customer."""
    registry = load_registry(connection)
    trips = features.select(connection, TRIP)
    by_driver: dict[tuple[str, str], list[int]] = {}
    for i, (device_id, start_us) in enumerate(
        zip(trips["device_id"].tolist(), trips["start_us"].tolist(), strict=True)
    ):
        device = registry.by_id[device_id]
        holder = device.holder_at(start_us)
        if holder is None or holder.customer is None:
            continue
        key = (device.tenant, holder.customer)
        if Purpose.DRIVING_SCORE in registry.consent.granted.get(key, frozenset()):
            by_driver.setdefault(key, []).append(i)
    return [
        DriverScore(tenant, customer, driving.score(kernel_rows(trips[index])))
        for (tenant, customer), index in sorted(by_driver.items())
    ]


def as_json(found: DriverScore) -> dict[str, Any]:
    """One driver's score, explained; null where too little was driven."""
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
