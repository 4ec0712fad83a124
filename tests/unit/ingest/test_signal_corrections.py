"""Corrections of signals: one signal is said once in a correction, whatever became of its rows."""

import numpy as np
import pytest

from customer_context.identity.holders import Device
from feature_kernels import driving
from ingest.batch.signals import corrections
from store.pipeline.feature_tables import DRIVING_EVENT
from store.pipeline.features import Change

DEVICES = {1: Device(1, "acme", "car-1", "vehicle", "native", "UTC")}


def event(end_us: int, kind: str = "harsh_braking", start_us: int = 1_000_000) -> np.void:
    row: np.void = np.zeros(1, DRIVING_EVENT.dtype)[0]
    row["device_id"], row["kind"] = 1, driving.EVENT_KINDS[kind]
    row["severity"] = 1
    row["start_us"], row["end_us"], row["decided_us"] = start_us, end_us, end_us
    return row


def change(old: np.void | None, new: np.void | None) -> Change:
    row = old if new is None else new
    assert row is not None
    key = tuple(row[name].item() for name in DRIVING_EVENT.key)
    return Change(DRIVING_EVENT.name, key, old, new)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("kind", ["harsh_braking", "crash"])
def test_an_event_that_ends_elsewhere_is_corrected_and_not_taken_back(
    turned: bool, kind: str
) -> None:
    changes = [change(None, event(4_000_000, kind)), change(event(3_000_000, kind), None)]
    found = corrections(changes[::-1] if turned else changes, DEVICES)
    assert len(found) == 1 and not found[0].data["retracted"]


def test_an_event_that_is_gone_is_taken_back() -> None:
    found = corrections([change(event(3_000_000), None)], DEVICES)
    assert len(found) == 1 and found[0].data["retracted"]
