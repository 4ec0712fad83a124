"""score.changed: after a trip, a driver's score is compared with the one last told."""

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.purposes import Purpose
from contracts.signals import ScoreChanged, signal_id
from customer_context.scoring.bands import band, worth_telling
from feature_kernels import driving
from store.people import customers
from store.postgres import roles
from store.postgres.pool import Connection
from store.postgres.times import to_us
from store.reads import scoring
from store.signals import outbox, playbooks

_TRIP = "trip.completed"


def follow(
    connection: Connection,
    signals: Sequence[Mapping[str, Any]],
    about: Mapping[str, str | None],
    now_us: int,
) -> int:
    """Say what has changed, in the caller's transaction; returns how many signals were put.

    Of each driver the last of these trips gives the occasion. Only with the consent to be scored.
    """
    last: dict[tuple[str, str], Mapping[str, Any]] = {}
    for signal in signals:
        customer = about[signal["id"]]
        if signal["type"] == _TRIP and customer is not None:
            last[signal["tenant"], customer] = signal
    granted = customers.granted_to(connection, list(last))
    drivers = {key: s for key, s in last.items() if Purpose.DRIVING_SCORE in granted[key]}
    told = playbooks.scores_told(connection, list(drivers))
    found = []
    for (tenant, customer), trip in drivers.items():
        roles.see(connection, (tenant,))
        rows = scoring.trips(connection, scoring.Which(tenant, customer))
        score = driving.score(rows, single_trip=False)
        before = told.get((tenant, customer))
        value = float(score.score)
        if value != value or not worth_telling(value, None if before is None else before[0]):
            continue
        data = ScoreChanged(
            score=value,
            band=band(value),  # type: ignore[arg-type]  # one of A to E
            previous_score=None if before is None else before[0],
            previous_band=None if before is None else before[1],  # type: ignore[arg-type]
            trusted=bool(score.trusted),
            algorithm_version=score.algorithm_version,
        )
        subject = f"customer:{customer}"
        episode = f"{trip['id']} {trip['revision']}"
        found.append(
            outbox.SignalRow(
                signal_id(tenant, subject, "score.changed", episode),
                tenant,
                None,
                "score.changed",
                subject,
                to_us(trip["time"]),
                data.model_dump(),
            )
        )
        playbooks.tell_score(connection, tenant, customer, value, data.band, now_us)
    outbox.put(connection, found, now_us)
    return len(found)
