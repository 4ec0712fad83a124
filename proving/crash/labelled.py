"""The present kernel on recordings of noticed crashes, judged by what people said of them.

The kernel runs over the stored samples around each impact, as if they came now. So a change of its
parameters shows which false alarms it would not raise any more, and which crashes it would miss.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from customer_context.cases.labels import CRASH as IS_CRASH
from feature_kernels import driving
from proving.crash.prove import BROKEN, CRASH, NEAR_S
from services import crash_labels
from store.pipeline import telemetry
from store.postgres.pool import Connection
from store.postgres.times import to_us


@dataclass(slots=True)
class Judged:
    """Numbers of recordings. missed : cases of crashes that the kernel does not find.

    raised : false alarms that it raises still; without : labels whose samples are not kept.
    """

    crashes: int = 0
    false_alarms: int = 0
    raised: int = 0
    without: int = 0
    missed: list[str] = field(default_factory=list)


def judge(connection: Connection, tenant: str, broken: str | None = None) -> Judged:
    """Run the kernel over the recordings of a tenant's labels. broken : of `BROKEN`."""
    parameters = driving.DEFAULTS._replace(**(BROKEN[broken] if broken else {}))
    found = Judged()
    for row in crash_labels.consented(connection, tenant):
        samples = telemetry.read(
            connection, telemetry.VEHICLE, [row["device_id"]],
            to_us(row["recorded_from"]), to_us(row["recorded_until"]),
        )  # fmt: skip
        if not len(samples):
            found.without += 1
            continue
        noticed = _noticed(samples, to_us(row["at"]), parameters)
        if row["label"] == IS_CRASH:
            found.crashes += 1
            if not noticed:
                found.missed.append(row["case_id"])
        else:
            found.false_alarms += 1
            found.raised += noticed
    return found


def _noticed(samples: telemetry.Samples, at_us: int, parameters: driving.Parameters) -> bool:
    """Return whether the kernel finds a crash near this instant."""
    t_us = samples.observed_us
    columns = {
        name: np.ascontiguousarray(samples.values[:, i])
        for i, name in enumerate(telemetry.VEHICLE.names)
        if name in driving.COLUMNS
    }
    starts = np.array([0, t_us.size], np.int64)
    run = driving.drive(columns, t_us, t_us, starts, driving.initial_carry(1), parameters)
    rest = driving.finish(run.carry, parameters)
    events = np.concatenate((run.events, rest.events))
    near = np.abs(events["start_us"] - at_us) < NEAR_S * 1e6
    return bool(np.any(near & (events["kind"] == CRASH)))


def as_json(found: Judged) -> dict[str, Any]:
    """Return the figures."""
    return {
        "crashes": found.crashes,
        "missed": found.missed,
        "false_alarms": found.false_alarms,
        "raised_still": found.raised,
        "without_recording": found.without,
    }
