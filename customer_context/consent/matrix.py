"""Consents as a matrix: what each purpose permits, use by use, and how it came to that. Pure.

The uses of a purpose are to store what devices measure, to show what was computed to the purpose's
recipient, and to write about it by each channel. A channel's own purpose has one use: to send at
all. Each cell asks the rule of `state` one question.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from contracts.channels import CHANNELS, PURPOSES, TO_CUSTOMER
from contracts.purposes import Purpose, Training
from customer_context.consent.state import (
    GRANTED,
    Decision,
    Question,
    contact_question,
    decision_in_force,
    is_granted,
    rank,
    read_question,
    stream_question,
)

STORE, SHOW, SEND, TRAIN = "store", "show", "send", "train"


class CellState(StrEnum):
    """What holds now."""

    GRANTED = "granted"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"
    WAITS = "waits"
    """It was asked for, and waits for its confirmation."""
    LATER = "later"
    """It was granted, and begins later."""
    NO_CHANNEL = "no_channel"
    """Granted, but nothing may be sent by this channel at all."""
    NONE = "none"
    """Nobody has decided."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One use of a purpose.

    use : STORE, SHOW, SEND, TRAIN or a channel. decision : in force, or the one that waits or
    begins later. history : all decisions about it, the newest first.
    """

    use: str
    state: CellState
    decision: Decision | None
    history: tuple[Decision, ...]


def matrix_of(ledger: Sequence[Decision], at: datetime) -> dict[str, list[Cell]]:
    """Return purpose → its cells, of one customer's decisions in any order."""
    return {
        purpose: [_cell(ledger, use, question, at) for use, question in _questions(purpose)]
        for purpose in PURPOSES
    }


def _questions(purpose: str) -> list[tuple[str, Question]]:
    if purpose in tuple(Training):
        return [(TRAIN, read_question(purpose))]
    if purpose not in tuple(Purpose):
        return [(SEND, read_question(purpose))]
    return [
        (STORE, stream_question(purpose)),
        (SHOW, read_question(purpose)),
        *((channel, contact_question(purpose, channel)) for channel in TO_CUSTOMER),
    ]


def _cell(ledger: Sequence[Decision], use: str, question: Question, at: datetime) -> Cell:
    about = [one for one in ledger if one.is_about(question)]
    history = tuple(sorted(about, key=rank, reverse=True))
    now = decision_in_force(about, question, at)
    if now is not None and now.grants(at):
        needed = CHANNELS[use].purpose if use in CHANNELS else None
        if needed is not None and not is_granted(ledger, read_question(needed), at):
            return Cell(use, CellState.NO_CHANNEL, now, history)
        return Cell(use, CellState.GRANTED, now, history)
    newer = next(
        (one for one in history if one.state == GRANTED and (now is None or rank(one) > rank(now))),
        None,
    )
    if newer is not None:
        state = CellState.LATER if newer.decides else CellState.WAITS
        return Cell(use, state, newer, history)
    if now is None:
        return Cell(use, CellState.NONE, None, history)
    return Cell(use, CellState.ENDED if now.state == GRANTED else CellState.WITHDRAWN, now, history)
