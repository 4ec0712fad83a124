"""Consent: which decision is in force, and what the granted purposes cover. Pure; fails closed.

The rule. A question names a purpose, and may name a channel, a category of data and a recipient. A
decision is about the question where each of the three is the same or left open by the decision.
A decision takes effect when it was taken, but not before it was recorded where its date lies ahead
of that (the clock of its sender is fast). A grant that waits for its confirmation (`opt_in` is
`pending`) decides nothing: it neither permits nor ends what was permitted before. Of the other
decisions about the question whose time has come (`valid_from`), the newest one is in force. Of two
that take effect at one instant the one recorded later, and of those the withdrawal. It grants where
it is a grant that has not expired (`valid_to`). All else is not granted.

The same in SQL: `store.postgres.consent_order`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from contracts.channels import CHANNELS
from contracts.purposes import COVERING, DataCategory, recipient_of

GRANTED, WITHDRAWN = "granted", "withdrawn"
PENDING, CONFIRMED = "pending", "confirmed"


@dataclass(frozen=True, slots=True)
class Question:
    """What may be done? None = the decision must leave it open too."""

    purpose: str
    channel: str | None = None
    data_category: str | None = None
    recipient: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision of a customer about a purpose. consent_id : ascending in order of recording.

    channel, data_category, recipient : None = all. valid_from, valid_to : None = without bound.
    opt_in : double opt-in, `pending` or `confirmed`; None = none is needed.
    confirms : the decision that it confirms.
    """

    consent_id: int
    purpose: str
    state: str
    decided_at: datetime
    recorded_at: datetime
    channel: str | None = None
    data_category: str | None = None
    recipient: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    opt_in: str | None = None
    confirms: int | None = None

    @property
    def effective_at(self) -> datetime:
        """When it takes effect: as decided, but not after it was recorded."""
        return min(self.decided_at, self.recorded_at)

    @property
    def decides(self) -> bool:
        """Whether it decides anything: a grant that waits for its confirmation does not."""
        return self.opt_in != PENDING

    def is_about(self, question: Question) -> bool:
        """Return whether it answers this question."""
        return (
            self.purpose == question.purpose
            and self.channel in (None, question.channel)
            and self.data_category in (None, question.data_category)
            and self.recipient in (None, question.recipient)
        )

    def grants(self, at: datetime) -> bool:
        """Return whether it grants, where it is in force."""
        return (
            self.state == GRANTED and self.decides and (self.valid_to is None or at < self.valid_to)
        )


def read_question(purpose: str) -> Question:
    """Return the question of who shows features: to the purpose's recipient."""
    return Question(purpose, data_category=DataCategory.FEATURES, recipient=recipient_of(purpose))


def stream_question(purpose: str) -> Question:
    """Return the question of who stores telemetry."""
    return Question(purpose, data_category=DataCategory.TELEMETRY)


def contact_question(purpose: str, channel: str) -> Question:
    """Return the question of who sends a message: that of who shows it, by this channel."""
    return replace(read_question(purpose), channel=channel)


def decision_in_force(
    decisions: Iterable[Decision], question: Question, at: datetime
) -> Decision | None:
    """Return the decision that answers the question, of one customer's in any order."""
    found: Decision | None = None
    for decision in decisions:
        if (
            decision.decides
            and decision.is_about(question)
            and (decision.valid_from is None or decision.valid_from <= at)
            and (found is None or rank(decision) > rank(found))
        ):
            found = decision
    return found


def is_granted(decisions: Iterable[Decision], question: Question, at: datetime) -> bool:
    """Return whether what the question names may be done."""
    decision = decision_in_force(decisions, question, at)
    return decision is not None and decision.grants(at)


def in_force(decisions: Iterable[Decision], at: datetime) -> dict[str, Decision]:
    """Return purpose → the decision in force about showing it, of one customer's decisions."""
    all_ = list(decisions)
    found = {}
    for purpose in dict.fromkeys(decision.purpose for decision in all_):
        decision = decision_in_force(all_, read_question(purpose), at)
        if decision is not None:
            found[purpose] = decision
    return found


def channels_refused(decisions: Iterable[Decision], at: datetime) -> frozenset[tuple[str, str]]:
    """Return (purpose, channel) by which nothing of the purpose may be sent, of one customer's
    decisions."""
    all_ = list(decisions)
    return frozenset(
        (purpose, channel)
        for purpose in {decision.purpose for decision in all_}
        for channel in CHANNELS
        if not is_granted(all_, contact_question(purpose, channel), at)
    )


def newest(decisions: Iterable[Decision], purpose: str) -> Decision | None:
    """Return the last word about a purpose, whatever it is limited to and from when it counts."""
    about = [one for one in decisions if one.purpose == purpose and one.decides]
    return max(about, key=rank, default=None)


def rank(decision: Decision) -> tuple[datetime, datetime, bool, int]:
    """Return the key by which the newest of some decisions is the greatest."""
    return (
        decision.effective_at,
        decision.recorded_at,
        decision.state == WITHDRAWN,
        decision.consent_id,
    )


@dataclass(frozen=True, slots=True)
class ConsentState:
    """What may be stored: customer (tenant, id) → purposes granted for telemetry."""

    granted: Mapping[tuple[str, str], frozenset[str]]

    def covers(self, tenant: str, customer: str | None, device_kind: str) -> bool:
        """Return True where at least one granted purpose allows this customer's data of this kind.

        Returns False for no customer, an unknown one, and one without decisions.
        """
        if customer is None:
            return False
        purposes = self.granted.get((tenant, customer))
        return bool(purposes) and not COVERING[device_kind].isdisjoint(purposes or ())
