"""The scores and mileage of a whole portfolio as of a date, for a renewal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from customer_context.scoring.bands import band
from customer_context.scoring.policy_period import policy_period
from feature_kernels import driving
from services import score_versions
from store.postgres.pool import Connection
from store.reads import pages, scoring


@dataclass(frozen=True, slots=True)
class Portfolio:
    """What a file of a portfolio is computed from; its drivers come in portions."""

    tenant: str
    as_of: datetime
    model: driving.Model
    frozen_for: str | None
    zone: ZoneInfo
    portions: list[score_versions.Drivers]


def of_tenant(
    connection: Connection, tenant: str, as_of: datetime, version: str | None = None
) -> Portfolio:
    """Return the portfolio of all drivers who agree to be scored, without their trips.

    version : a version, or the name of a tariff year. Raises `Usage` for one that nobody knows, or
    that has changed since it was frozen.
    """
    model = score_versions.model(connection, tenant, version)
    return Portfolio(
        tenant,
        as_of,
        model,
        version if version not in (None, model.version) else None,
        ZoneInfo(pages.tenant(connection, tenant)[1]),
        score_versions.drivers(connection, tenant),
    )


def rows_of(
    connection: Connection, portfolio: Portfolio, some: score_versions.Drivers
) -> list[dict[str, Any]]:
    """Return a row for each policy of some drivers, by driver and begin of the contract.

    The score is the driver's over all trips that were decided by `as_of`. trips, distance_m and
    driving_s are those under the contract until then, and with `period_` those of its year of
    insurance that ends at `as_of` or is running (customer_context/scoring/policy_period.py).
    """
    tenant, as_of, model = portfolio.tenant, portfolio.as_of, portfolio.model
    portion = score_versions.portion(connection, tenant, some, as_of)
    found = driving.score_many(portion.trips, portion.starts, model=model)
    everybody = [one for ids in portion.ids for one in ids]
    contracts = scoring.mileage_by_contract(connection, tenant, everybody, as_of)
    every = [one for those in contracts.values() for one in those]
    periods = _periods(connection, tenant, every, as_of, portfolio.zone)
    rows: list[dict[str, Any]] = []
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
            "frozen_for": portfolio.frozen_for,
            "as_of": as_of,
        }
        rows += [
            {"driver": customer, **contract, **periods[contract["contract"]], **of_driver}
            for one in portion.ids[i]
            for contract in contracts.get(one, ())
        ]
    return rows


def columns(portfolio: Portfolio) -> dict[str, type]:
    """Return the name and type of each column of the rows, in their order."""
    return {
        **dict.fromkeys(("driver", "contract", "vehicle"), str),
        **dict.fromkeys(("valid_from", "valid_to"), datetime),
        "trips": int,
        "distance_m": float,
        "driving_s": float,
        **dict.fromkeys(("period_from", "period_to"), datetime),
        "period_trips": int,
        "period_distance_m": float,
        "period_driving_s": float,
        "score": float,
        "band": str,
        "trusted": bool,
        **{f"share_{factor.name}": float for factor in portfolio.model.factors},
        "algorithm_version": str,
        "frozen_for": str,
        "as_of": datetime,
    }


def _periods(
    connection: Connection,
    tenant: str,
    contracts: Sequence[Mapping[str, Any]],
    as_of: datetime,
    zone: ZoneInfo,
) -> dict[str, dict[str, Any]]:
    """Return contract → its period and what was driven in it."""
    years = {
        one["contract"]: policy_period(one["valid_from"], one["valid_to"], as_of, zone)
        for one in contracts
    }
    given = [(contract, *period) for contract, period in years.items()]
    found = scoring.mileage_in(connection, tenant, given, as_of)
    return {
        contract: dict(
            zip(
                ("period_from", "period_to", "period_trips", "period_distance_m",
                 "period_driving_s"),
                (*period, *found.get(contract, (0, 0.0, 0.0))),
                strict=True,
            )
        )
        for contract, period in years.items()
    }  # fmt: skip
