"""Matters: what a customer can choose a channel for, by the purpose that a message rests on."""

from enum import StrEnum

from contracts.purposes import side_of


class Matter(StrEnum):
    """A matter of a customer."""

    MOTOR = "motor"
    ELECTRICITY = "electricity"
    CONTRACT = "contract"


_OF_SIDE = {"insurer": Matter.MOTOR, "utility": Matter.ELECTRICITY}


def matter_of(purpose: str | None) -> Matter:
    """Return the matter of a message. purpose : that it rests on; None = the contract."""
    side = side_of(purpose)
    return Matter.CONTRACT if side is None else _OF_SIDE[side]
