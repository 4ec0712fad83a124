"""What the store answers when a wish cannot be granted; the API turns each into a problem."""

from runtime.errors import TachowattError


class NotFound(TachowattError):
    """There is no such thing in this tenant; the message says what was looked for."""


class Stale(TachowattError):
    """The thing has changed since the caller read it.

    version : its version now.
    """

    def __init__(self, what: str, version: int) -> None:
        super().__init__(f"{what} has changed in the meantime; it is at version {version} now")
        self.version = version


class NotAllowed(TachowattError):
    """The state the thing is in does not allow this; the message says what would."""
