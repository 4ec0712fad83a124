"""Bands of the driving score: what people call a score, and when it is worth a word."""

BAND_POINTS = 15.0
"""Width of the bands B to D. A score that moved by more than this since it was last spoken of has
changed by more than a band; one that only crossed a border has not."""

_BANDS = ((85.0, "A"), (70.0, "B"), (55.0, "C"), (40.0, "D"))


def band(score: float) -> str:
    """A (best) to E of a score from 0 to 100. Own division; the borders are part of the answer's
    documentation, not of the score."""
    for lowest, name in _BANDS:
        if score >= lowest:
            return name
    return "E"


def worth_announcing(score: float, announced: float | None) -> bool:
    """True for a first score, and for one more than a band away from the score last told."""
    return announced is None or abs(score - announced) > BAND_POINTS
