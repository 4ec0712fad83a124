"""Dead letters as operators see them: the shape of a body, not what it says."""

import codecs
from typing import Any

MAX_SHOWN_BYTES = 4_096
"""Bytes from the beginning of a body that are looked at."""


def mask_digits(body: bytes) -> str | None:
    """Return a body as text with each digit replaced by 0; None if it is not displayable text.

    The structure shows the fault. The numbers may be positions or data without consent, so only
    `tachowatt dead-letter show` displays them. A character cut off at the end is dropped; invisible
    and direction-changing characters become U+FFFD.
    """
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(body)
    except UnicodeDecodeError:
        return None
    if any(ord(c) < 32 and c not in "\t\r\n" for c in text):
        return None
    return "".join(
        "0" if c.isdigit() else c if c.isprintable() or c in "\t\r\n" else "\ufffd" for c in text
    )


def shape_of(letter: dict[str, Any]) -> str | None:
    """Return the shape of a dead letter: that which was kept instead of the content, or the body
    with its digits masked; None if it is not displayable text."""
    if letter["shape"] is not None:
        return str(letter["shape"])
    return mask_digits(letter["body"])
