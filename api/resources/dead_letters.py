"""Dead letters as operators see them: the shape of a body, not what it says."""

MAX_SHOWN_BYTES = 4_096
"""Bytes from the beginning of a body that its shape is of (pipeline.shape_of, migration 0025)."""


def printable(shape: str | None) -> str | None:
    """Return a shape without invisible and direction-changing characters: each becomes U+FFFD."""
    if shape is None:
        return None
    return "".join(c if c.isprintable() or c in "\t\r\n" else "\ufffd" for c in shape)
