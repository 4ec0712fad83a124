"""Score bands, and the change that triggers a signal (`score.changed`)."""

BAND_POINTS = 15.0
"""Width of the bands B to D. A score that moved by more than this since it was last announced has
changed by more than a band; one that only crossed a border has not."""

_BANDS = ((85.0, "A"), (70.0, "B"), (55.0, "C"), (40.0, "D"))


def band(score: float) -> str:
    """Return the band, A (best) to E, of a score from 0 to 100.

    The division is ours; its borders belong to the documentation of answers, not to the score.
    """
    for lowest, name in _BANDS:
        if score >= lowest:
            return name
    return "E"


def worth_announcing(score: float, announced: float | None) -> bool:
    """Return True for a first score, and for one more than a band from the last announced one."""
    return announced is None or abs(score - announced) > BAND_POINTS
