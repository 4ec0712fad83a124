"""What the judge of contacts compares: signals, contacts, arrivals, and what customers allow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.demo.receiver import Delivery, Mail


@dataclass(frozen=True, slots=True)
class SignalRecord:
    """A signal in its newest revision. at_us : when it happened; known_s : the clock's monotonic
    seconds at which the last sample that it rests on was published (None where that is unknown).
    """

    signal_id: str
    type: str
    device: str
    subject: str
    at_us: int
    known_s: float | None = None
    retracted: bool = False


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact as the store has it. customer : to or about whom it claims to be."""

    contact_id: str
    signal_id: str
    channel: str
    customer: str | None
    state: str


@dataclass(slots=True)
class Evidence:
    """All that is compared.

    owner : subject → customer, by the simulators' register; consents : customer → purposes in
    force; crashes : (device, at_us) of the true ones that were found; refused : how many contacts
    were not made or not sent for want of consent.
    """

    owner: Mapping[str, str]
    consents: Mapping[str, Sequence[str]]
    crashes: Sequence[tuple[str, int]]
    signals: Sequence[SignalRecord]
    contacts: Sequence[Contact]
    webhooks: Sequence[Delivery]
    mails: Sequence[Mail]
    refused: int = 0
