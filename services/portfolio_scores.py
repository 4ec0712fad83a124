"""The scores and mileage of a whole portfolio as of a date, for a renewal."""

from datetime import datetime
from typing import Any

import numpy as np

from customer_context.scoring.bands import band
from feature_kernels import driving
from services import score_versions
from store.postgres.pool import Connection
from store.reads import scoring


def of_portfolio(
    connection: Connection, tenant: str, as_of: datetime, version: str | None = None
) -> list[dict[str, Any]]:
    """Return a row for each driver and contract, by driver and begin of the contract.

    The score is the driver's over all trips that were decided by `as_of`; distance and time are
    those of the trips that began under the contract, its policy period, until then. Only drivers
    who agree to be scored. Raises `Usage` for a version nobody knows.
    """
    model = score_versions.model(connection, tenant, version)
    rows: list[dict[str, Any]] = []
    for portion in score_versions.portions(connection, tenant, as_of):
        found = driving.score_many(portion.trips, portion.starts, model=model)
        everybody = [one for ids in portion.ids for one in ids]
        periods = scoring.mileage_by_contract(connection, tenant, everybody, as_of)
        for i, customer in enumerate(portion.customers):
            score = float(found.score[i])
            known = not np.isnan(score)
            shares = {
                f"share_{factor.name}": float(share) if known else None
                for factor, share in zip(model.factors, found.shares[i], strict=True)
            }
            of_driver = {
                "score": score if known else None,
                "band": band(score) if known else None,
                "trusted": bool(found.trusted[i]),
                **shares,
                "algorithm_version": model.version,
                "as_of": as_of.isoformat(),
            }
            rows += [
                {"driver": customer, **period, **of_driver}
                for one in portion.ids[i]
                for period in periods.get(one, ())
            ]
    return rows
