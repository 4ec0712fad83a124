"""Text from outside made safe to print: no character that controls a terminal or hides text."""

import re

_C0 = r"\x00-\x1f"
_HIDDEN = (
    r"\x7f-\x9f"  # delete, and C1: some terminals take them for escape sequences
    r"\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff"  # other direction, line ends, no width
    r"\ud800-\udfff"  # halves of a pair, which no stream can encode
)
_IN_TEXT = re.compile(f"(?![\n\t])[{_C0}{_HIDDEN}]")
_IN_LINE = re.compile(f"[{_C0}{_HIDDEN}]")
_IN_JSON = re.compile(f"[{_HIDDEN}]")


def text(value: str) -> str:
    """Return text for people with control characters escaped, except line ends and tabs."""
    return _IN_TEXT.sub(_escape, value)


def line(value: str) -> str:
    """Return text for people, in one line: a cell of a table."""
    return _IN_LINE.sub(_escape, value)


def json(value: str) -> str:
    """Return the same JSON with escapes for what JSON allows and a terminal obeys."""
    return _IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", value)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
