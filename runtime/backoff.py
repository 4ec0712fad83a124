"""Pauses before what has failed is tried again."""

_PAUSES_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


def pause_after(failures: int) -> float:
    """Return the pause after so many failures in a row (0 = the first one), in seconds."""
    return _PAUSES_S[min(failures, len(_PAUSES_S) - 1)]
