"""Rights of a customer under the GDPR, the states of a request, and the limits that rights set."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from contracts.kinds import Text


class Right(StrEnum):
    """What a customer can ask for."""

    ACCESS = "access"
    RECTIFICATION = "rectification"
    ERASURE = "erasure"
    RESTRICTION = "restriction"
    PORTABILITY = "portability"
    OBJECTION = "objection"


@dataclass(frozen=True, slots=True)
class RightFacts:
    """article : of the GDPR. by_program : the program fulfils it once the identity is clear."""

    article: str
    name: Text
    by_program: bool


RIGHTS: Mapping[Right, RightFacts] = {
    Right.ACCESS: RightFacts("15", Text("Auskunft", "Access"), True),
    Right.RECTIFICATION: RightFacts("16", Text("Berichtigung", "Rectification"), False),
    Right.ERASURE: RightFacts("17", Text("Löschung", "Erasure"), True),
    Right.RESTRICTION: RightFacts("18", Text("Einschränkung", "Restriction"), True),
    Right.PORTABILITY: RightFacts("20", Text("Datenübertragbarkeit", "Portability"), True),
    Right.OBJECTION: RightFacts("21, 22", Text("Widerspruch", "Objection"), False),
}

EXPORTS = (Right.ACCESS, Right.PORTABILITY)
"""Rights that a copy of the data fulfils."""


class RequestState(StrEnum):
    """The state of a request."""

    OPEN = "open"
    """People work on it."""
    EXECUTING = "executing"
    """The program does it within a minute."""
    EXECUTED = "executed"
    """It is done, and not answered yet."""
    ANSWERED = "answered"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    """The customer has taken it back."""


CLOSED = (RequestState.ANSWERED, RequestState.REFUSED, RequestState.WITHDRAWN)


class AskedBy(StrEnum):
    """How a request came in."""

    PAGE = "page"
    API = "api"
    COMMAND = "command"
    DESK = "desk"
    """An agent recorded it, such as from a letter or a call."""


class LimitKind(StrEnum):
    """What a right keeps the program from doing with a customer's data."""

    PROCESSING = "processing"
    """Restriction (Art. 18): nothing new is stored, computed, sent or shown."""
    AUTOMATED_DECISIONS = "automated_decisions"
    """Objection (Art. 21, 22): no score and no message without a person."""
