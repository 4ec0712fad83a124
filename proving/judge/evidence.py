"""Evidence for the judge of contacts: signals, contacts, arrivals, and consents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.demo.receiver import Delivery, Mail


@dataclass(frozen=True, slots=True)
class SignalRecord:
    """A signal in its newest revision. at_us : when it happened; known_s : the clock's monotonic
    seconds at which its last sample was published (None if unknown); age_s : seconds from `at_us`
    until the signal was made.
    """

    signal_id: str
    type: str
    device: str
    subject: str
    at_us: int
    known_s: float | None = None
    retracted: bool = False
    age_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact of the store. customer : whom it claims to be about."""

    contact_id: str
    signal_id: str
    channel: str
    customer: str | None
    state: str


@dataclass(slots=True)
class Evidence:
    """All evidence.

    owner : subject → customer, by the simulators' registry; consents : customer → purposes in
    force; crashes : (device, at_us) of true crashes that were found; refused : contacts not made
    or not sent for lack of consent.
    """

    owner: Mapping[str, str]
    consents: Mapping[str, Sequence[str]]
    crashes: Sequence[tuple[str, int]]
    signals: Sequence[SignalRecord]
    contacts: Sequence[Contact]
    webhooks: Sequence[Delivery]
    mails: Sequence[Mail]
    refused: int = 0
