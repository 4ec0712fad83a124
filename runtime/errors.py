"""Error classes. Each says how to react.

TachowattError
├── Retry        wait and try again: a server is unavailable, a lock is taken
│   └── Owned    another process owns the partition
├── DeadLetter   this message can never be used unchanged: store it with its reason, continue
├── Stop         continuing would do harm: report why and end
│   ├── Usage    the user's input is wrong: report what and how to fix it (exit code 2)
│   └── Fenced   another process owns this partition now: drop uncommitted work
├── NotFound     it does not exist: answer that
├── Stale        it has changed since the caller read it: read again
└── NotAllowed   its state does not allow this: report what would
    └── Invalid  a value does not fit: report the field and what was expected
"""

from enum import StrEnum


class TachowattError(Exception):
    """Base of all errors that this project raises on purpose."""


class Retry(TachowattError):
    """A temporary failure; the same call may succeed later."""


class Owned(Retry):
    """Another process owns this partition."""


class Reason(StrEnum):
    """Why a message went to the dead letter. The codes are stable: users filter by them."""

    UNKNOWN_TOPIC = "unknown_topic"
    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    NOT_CBOR = "not_cbor"
    TRUNCATED_CBOR = "truncated_cbor"
    TOO_DEEP = "too_deep"
    NOT_AN_OBJECT = "not_an_object"
    UNSUPPORTED_VERSION = "unsupported_version"
    UNSUPPORTED_TYPE = "unsupported_type"
    ENCRYPTED = "encrypted"
    MISSING_FIELD = "missing_field"
    AMBIGUOUS = "ambiguous"
    UNKNOWN_FIELD = "unknown_field"
    WRONG_TYPE = "wrong_type"
    UNEQUAL_LENGTH = "unequal_length"
    TOO_MANY_SAMPLES = "too_many_samples"
    EMPTY = "empty"
    NOT_FINITE = "not_finite"
    OUT_OF_RANGE = "out_of_range"
    BAD_TIME = "bad_time"
    TIME_WITHOUT_OFFSET = "time_without_offset"
    CLOCK_AHEAD = "clock_ahead"
    CLOCK_BEFORE_2000 = "clock_before_2000"
    CLOCK_BEHIND = "clock_behind"
    TOO_OLD = "too_old"
    WRONG_PARTITION = "wrong_partition"
    UNKNOWN_DEVICE = "unknown_device"
    DEVICE_MISMATCH = "device_mismatch"
    WRONG_KIND = "wrong_kind"
    DECODER_ERROR = "decoder_error"
    PROCESSING_ERROR = "processing_error"
    OVER_LIMIT = "over_limit"
    SOURCE_STOPPED = "source_stopped"
    ENTERED = "entered"


DEFERRED = frozenset({Reason.OVER_LIMIT, Reason.SOURCE_STOPPED, Reason.ENTERED})
"""Reasons that are not about the message: it waits, and is processed by itself later.
`entered`: somebody entered a reading, and ingest takes it at once."""

UNREGISTERED = frozenset({Reason.UNKNOWN_TOPIC, Reason.UNKNOWN_DEVICE})
"""Reasons of messages that are nobody's: their content is not kept."""


class DeadLetter(TachowattError):
    """This message cannot be used unchanged.

    reason : a stable code.
    detail : found and expected values, for people.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail[:2000]


class Stop(TachowattError):
    """Continuing would do harm."""


class Usage(Stop):
    """The user's input is wrong; the message says what, where, and what was expected."""


class Fenced(Stop):
    """Another process has taken over this partition."""


class NotFound(TachowattError):
    """It does not exist in this tenant; the message names it."""


class Stale(TachowattError):
    """The object has changed since the caller read it.

    version : its version now.
    """

    def __init__(self, what: str, version: int) -> None:
        super().__init__(f"{what} has changed in the meantime; it is at version {version} now")
        self.version = version


class NotAllowed(TachowattError):
    """The state of the object does not allow this; the message says what would."""


class Invalid(NotAllowed):
    """A value does not fit what is expected."""
