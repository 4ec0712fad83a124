"""Text of messages, in a form that PostgreSQL stores."""


def storable(value: str) -> str:
    """Return text that PostgreSQL accepts: NUL and lone surrogates are escaped."""
    return value.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")
