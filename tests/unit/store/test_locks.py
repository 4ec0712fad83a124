"""Advisory locks of PostgreSQL: who takes one by two numbers must have the first to itself."""

from store.casework import alerts, delivery
from store.pipeline import offsets
from store.signals import publications, signal_queue


def test_no_two_parts_lock_the_same() -> None:
    first = (
        *offsets._LOCKS,
        alerts._CHANGES_LOCK,
        delivery._WORKERS,
        publications._LOCK,
        signal_queue._NAMES_LOCK,
    )
    assert len(set(first)) == len(first)
