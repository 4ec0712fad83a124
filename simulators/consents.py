"""What the customers of a simulated fleet agree to, and what of it is in force."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

MOTOR_PURPOSES = ("driving_score", "claims_assistance")
METER_PURPOSES = ("energy_insight",)
EMAIL = "channel_email"

_SCORE_ONLY = 0.1
"""Of those with a car: a score, but nobody is to call after a crash."""
_EMAIL = 0.6
_EMAIL_WITHDRAWN = 0.05
"""Of all: agreed to e-mail once, and took it back."""
_GRANTED_DAYS, _EMAIL_DAYS = -399.0, -300.0
_WITHDRAWN_DAYS, _EMAIL_WITHDRAWN_DAYS = -40.0, -10.0

Decision = tuple[str, str, float]
"""Purpose, granted or withdrawn, and when: days after the live begin (so all are below 0)."""


def decisions(
    has_car: bool, has_meter: bool, withdrawn: bool, needs_claims: bool, rng: np.random.Generator
) -> list[Decision]:
    """What one customer decided, oldest first.

    Parameters
    ----------
    withdrawn : took back all that lets data be stored; the channel stays, and is of no use alone
    needs_claims : keeps claims assistance whatever is drawn (the owner of a car that crashes)
    rng : the customer's own stream
    """
    score_only, email = rng.random(), rng.random()
    purposes: tuple[str, ...] = MOTOR_PURPOSES if has_car else ()
    if score_only < _SCORE_ONLY and not needs_claims:
        purposes = purposes[:1]
    purposes += METER_PURPOSES if has_meter else ()
    made: list[Decision] = []
    for purpose in purposes:
        made.append((purpose, "granted", _GRANTED_DAYS))
        if withdrawn:
            made.append((purpose, "withdrawn", _WITHDRAWN_DAYS))
    if email < _EMAIL + _EMAIL_WITHDRAWN:
        made.append((EMAIL, "granted", _EMAIL_DAYS))
    if _EMAIL <= email < _EMAIL + _EMAIL_WITHDRAWN:
        made.append((EMAIL, "withdrawn", _EMAIL_WITHDRAWN_DAYS))
    return made


def in_force(
    customers: Iterable[str], consents: Iterable[Mapping[str, Any]]
) -> dict[str, list[str]]:
    """Customer → purposes granted at the live begin and ever after; [] = none.

    consents : the registry's rows, a customer's in the order in which they were decided
    """
    last: dict[str, dict[str, str]] = defaultdict(dict)
    for row in consents:
        last[row["customer"]][row["purpose"]] = row["state"]
    return {
        customer: sorted(purpose for purpose, state in last[customer].items() if state == "granted")
        for customer in customers
    }
