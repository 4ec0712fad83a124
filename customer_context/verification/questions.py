"""Questions that verify a caller, from what the record knows and a stranger does not. Pure.

The agent types what the caller says; only whether it is right is shown. A wrong answer counts for
the call, and for the customer over all calls, so that calling again does not help to guess. Oracle:
tests/oracles/verification.py.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Question(StrEnum):
    """Questions, the best first: what only the customer has at hand."""

    CONTRACT = "contract"
    METER = "meter"
    PLATE = "plate"
    POSTCODE = "postcode"
    EMAIL = "email"


ASKED = 2
"""Questions that are all answered right."""
MOST_WRONG = 3
"""Wrong tries of one call; then only a call back to the known number helps."""
MOST_WRONG_OF_CUSTOMER = 5
"""Wrong tries of one customer within `WINDOW_S`, over all calls."""
WINDOW_S = 3_600
SHORTEST = 4
"""A known value with fewer letters and digits is no secret."""

_POSTCODE = re.compile(r"\b\d{4,5}\b")


@dataclass(frozen=True, slots=True)
class Tries:
    """Wrong tries of a call, and of its customer within WINDOW_S."""

    of_call: int
    of_customer: int

    @property
    def left(self) -> int:
        """How many more are allowed."""
        return max(0, min(MOST_WRONG - self.of_call, MOST_WRONG_OF_CUSTOMER - self.of_customer))


def known(record: Mapping[Question, Sequence[str]]) -> dict[Question, frozenset[str]]:
    """Return what the record answers, in the form in which answers are compared.

    record : question → values of the record, such as several contracts; a postal address for
    POSTCODE.
    """
    found: dict[Question, frozenset[str]] = {}
    for question, values in record.items():
        texts = (
            [code for value in values for code in _POSTCODE.findall(value)]
            if question == Question.POSTCODE
            else values
        )
        plain = frozenset(p for text in texts if len(p := compared(text)) >= SHORTEST)
        if plain:
            found[question] = plain
    return found


def asked(answers: Mapping[Question, frozenset[str]], call_id: str) -> tuple[Question, ...]:
    """Return the questions of a call; empty where the record does not know enough.

    Which ones depends on the call, and stays the same in it: nobody reloads to get another one.
    """
    if len(answers) < ASKED:
        return ()

    def place(question: Question) -> bytes:
        return hashlib.sha256(f"{call_id} {question}".encode()).digest()

    chosen = sorted(answers, key=place)[:ASKED]
    return tuple(question for question in Question if question in chosen)


def right(
    answers: Mapping[Question, frozenset[str]],
    questions: Sequence[Question],
    said: Mapping[str, str],
) -> bool:
    """Return whether all questions are answered right."""
    return bool(questions) and all(
        compared(said.get(question, "")) in answers.get(question, frozenset())
        for question in questions
    )


def compared(text: str) -> str:
    """Return a text as it is compared: letters and digits alone, without case and accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in plain if sign.isalnum())
