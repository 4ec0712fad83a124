"""Contacts: the bodies of webhooks (Standard Webhooks).

The headers are `webhook-id` (the same whenever a contact is sent again: receivers drop duplicates),
`webhook-timestamp` and `webhook-signature`. Bodies are thin: ids and times, no names and no
positions. A receiver that needs more reads it from the API, which logs the read.
Source: Standard Webhooks 1.0.0, payload structure and signature scheme.
"""

import hashlib
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.kinds import Anomaly, LikelierCause, SignalType
from contracts.open_schema import leave_open
from contracts.signals import Severity

Id = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
Time = Annotated[str, Field(description="ISO 8601 with offset")]


class Body(BaseModel):
    """Base of every webhook's body and data."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=leave_open)


class CrashDetectedData(Body):
    """A crash, and the case that was opened for it. subject : vehicle:<id>."""

    signal_id: Id
    revision: int = Field(ge=0)
    subject: str
    customer: str
    happened_at: Time
    severity: Severity
    case_id: Id | None
    call_back_until: Time | None


class CrashDetected(Body):
    """A vehicle crashed: call its driver. timestamp : when it happened."""

    type: Literal["crash.detected"]
    timestamp: Time
    data: CrashDetectedData


class SimilarDay(Body):
    """What a day of the same kind before used."""

    date: str
    energy_kwh: float | None


class AlertFigures(Body):
    """Energy of an anomaly: expected with the range of nine in ten, used, in excess.

    excess_cost : gross, at the tariff named by price_source; None = no tariff of the contract is
    known. known_until : what was measured later is not in it.
    """

    expected_kwh: float
    low_kwh: float | None
    high_kwh: float | None
    observed_kwh: float
    excess_kwh: float
    excess_cost: float | None
    price_source: str | None
    similar_days: list[SimilarDay]
    likelier_cause: LikelierCause | None
    known_until: Time


class AlertRaisedData(Body):
    """An anomaly of a meter. subject : meter:<id>; observed, expected, threshold are in `unit`.

    evidence : None where there are no figures, or not yet; the alert has them then.
    """

    alert_id: Id
    revision: int = Field(ge=0)
    subject: str
    kind: Anomaly
    severity: Severity
    happened_at: Time
    observed: float | None
    expected: float | None
    threshold: float | None
    unit: str
    case_id: Id | None
    evidence: AlertFigures | None = None


class AlertRaised(Body):
    """An alert was raised: GET /v1/alerts/{alert_id} explains it. timestamp : of the signal."""

    type: Literal["alert.raised"]
    timestamp: Time
    data: AlertRaisedData


class ClaimFiledData(Body):
    """A claim that was handed over. sha256 : of the signed claim."""

    case_id: Id
    customer: str | None
    subject: str | None
    signed_at: Time
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class ClaimFiled(Body):
    """A claim is complete: GET /v1/cases/{case_id}/claim has it, signed. timestamp : of signing."""

    type: Literal["claim.filed"]
    timestamp: Time
    data: ClaimFiledData


class CaseStepDueData(Body):
    """An automatic step of a case, and what it asks for. subject : vehicle:<id> or meter:<id>."""

    case_id: Id
    case_type: str
    step: str
    times: int = Field(ge=1)
    action: str
    customer: str | None
    subject: str | None


class CaseStepDue(Body):
    """An order to your systems: GET /v1/cases/{case_id}/steps has its data; answer by POST to
    …/steps/{step}: `complete`, or `fail` with the reason. timestamp : when the step began."""

    type: Literal["case.step.due"]
    timestamp: Time
    data: CaseStepDueData


class ReadingAcceptedData(Body):
    """A reading that counts. status : Messwertstatus; replaces : the reading that it corrects."""

    reading_id: Id
    version: int = Field(ge=1)
    meter: str
    contract: str | None
    read_at: Time
    kwh: float
    status: str
    source: str
    replaces: Id | None


class ReadingAccepted(Body):
    """A reading of a meter was accepted, or corrected. Any 2xx acknowledges it."""

    type: Literal["reading.accepted"]
    timestamp: Time
    data: ReadingAcceptedData


class ByTariff(Body):
    """Registers, or use, of two tariffs (OBIS 1.8.1 and 1.8.2), kWh."""

    t1: float
    t2: float


class BillingRead(Body):
    """The read at an end of a period. reading : None = sent by the meter."""

    at: Time
    kwh: float
    status: str
    source: str
    reading: Id | None
    tariffs: ByTariff | None = None


class BillingValueData(Body):
    """The use of a contract in a period. end_on : the day after the last."""

    contract: str
    meter: str
    start_on: str
    end_on: str
    version: int = Field(ge=1)
    kwh: float
    start: BillingRead
    end: BillingRead
    tariffs: ByTariff | None = None


class BillingValueReleased(Body):
    """A value is released for billing; a later version replaces it. Any 2xx acknowledges it."""

    type: Literal["billing.value.released"]
    timestamp: Time
    data: BillingValueData


class ReceiverTestData(Body):
    """The receiver that the test is meant for."""

    receiver: str


class ReceiverTest(Body):
    """An operator tries whether you receive webhooks: respond with any 2xx, and do nothing."""

    type: Literal["test"]
    timestamp: Time
    data: ReceiverTestData


WEBHOOKS: dict[str, type[Body]] = {
    "crash.detected": CrashDetected,
    "alert.raised": AlertRaised,
    "claim.filed": ClaimFiled,
    "case.step.due": CaseStepDue,
    "reading.accepted": ReadingAccepted,
    "billing.value.released": BillingValueReleased,
    "test": ReceiverTest,
}

ABOUT: dict[str, str] = {
    "crash.detected": SignalType.VEHICLE_CRASH,
    "alert.raised": SignalType.ANOMALY_RAISED,
}
"""Type of webhook → the type of signal that its body is about."""


def contact_id(signal_id: str, playbook: str, treatment: str, receiver_id: int | None) -> str:
    """Return the id for a signal, playbook, treatment and receiver; the same for all revisions."""
    receiver = "" if receiver_id is None else str(receiver_id)
    text = "\0".join((signal_id, playbook, treatment, receiver))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def case_id(signal_id: str, playbook: str) -> str:
    """Return the id for a signal and playbook; the same for all revisions."""
    return contact_id(signal_id, playbook, "case", None)
