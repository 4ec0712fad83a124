"""The marks of a trip: one table for the kernel's bits, the pages and the files' answers."""

from contracts.trip_quality import NOT_SCORED, TRIP_QUALITY, TripQuality, marks
from feature_kernels import driving
from feature_kernels.driving import QUALITY_FLAGS


def test_every_bit_of_the_kernel_has_its_facts() -> None:
    assert {str(mark): facts.bit for mark, facts in TRIP_QUALITY.items()} == QUALITY_FLAGS
    assert set(TRIP_QUALITY) == set(TripQuality)
    assert NOT_SCORED == driving.NOT_SCORED
    for facts in TRIP_QUALITY.values():
        assert facts.missing and facts.name.de and facts.text.en


def test_marks_of_a_sum_of_bits() -> None:
    assert marks(0) == []
    assert marks(3) == [TripQuality.SPARSE, TripQuality.RATE_TOO_LOW]
    assert marks(511) == list(TRIP_QUALITY)
