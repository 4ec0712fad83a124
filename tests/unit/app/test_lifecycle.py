"""What processes of the service do to the interpreter at their start."""

import gc

from app.processes.lifecycle import collector_spared


def test_the_collector_is_spared_for_a_measurement_only() -> None:
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    with collector_spared():
        assert gc.get_threshold() > before and gc.get_freeze_count() > frozen
    assert gc.get_threshold() == before and gc.get_freeze_count() == 0
