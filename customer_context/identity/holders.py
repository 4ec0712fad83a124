"""Identity, valid in time: device → vehicle or meter → contract → customer. Pure.

History stays with its holder: a sample belongs to the customer whose contract covered the device's
vehicle or meter when the sample was *observed*, not when it arrived.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

FOREVER_US = 2**62


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open span of time [from_us, to_us) and the value that is valid in it."""

    from_us: int
    to_us: int
    value: str


@dataclass(frozen=True, slots=True)
class Holder:
    """The customer to whom a device's data belong in [from_us, to_us).

    subject : the vehicle or meter; customer : None where no contract covers it.
    """

    from_us: int
    to_us: int
    subject: str
    customer: str | None


@dataclass(frozen=True, slots=True)
class Device:
    """A registered device with its history of holders, ascending and without overlap.

    mapping : which names of its bodies are meant, by `Dialect.mapping`.
    """

    device_id: int
    tenant: str
    device: str
    kind: str
    dialect: str
    timezone: str
    interval_s: float = 900.0
    register_digits: int = 6
    holders: Sequence[Holder] = field(default_factory=tuple)
    address: str = ""
    mapping: Mapping[str, str] = field(default_factory=dict, hash=False)

    def holder_at(self, us: int) -> Holder | None:
        """Return the holder at an instant; None where the device was not assigned."""
        for holder in self.holders:
            if holder.from_us <= us < holder.to_us:
                return holder
        return None


def holders(
    assignments: Sequence[Span], contracts: Mapping[str, Sequence[Span]]
) -> tuple[Holder, ...]:
    """Intersect assignments with contracts.

    assignments : spans of the device in a vehicle or meter (value).
    contracts : vehicle or meter → spans of contracts of a customer (value).

    The customer is None for an assignment's time that no contract covers. Where contracts overlap,
    the one that began last counts.
    """
    found: list[Holder] = []
    for assignment in sorted(assignments, key=lambda span: span.from_us):
        covering = [
            span
            for span in contracts.get(assignment.value, ())
            if span.from_us < assignment.to_us and span.to_us > assignment.from_us
        ]
        cuts = sorted(
            {assignment.from_us, assignment.to_us}
            | {max(span.from_us, assignment.from_us) for span in covering}
            | {min(span.to_us, assignment.to_us) for span in covering}
        )
        for start, end in pairwise(cuts):
            current = [span for span in covering if span.from_us <= start < span.to_us]
            customer = max(current, key=lambda span: span.from_us).value if current else None
            last = found[-1] if found else None
            if (
                last
                and last.to_us == start
                and (last.subject, last.customer) == (assignment.value, customer)
            ):
                found[-1] = Holder(last.from_us, end, last.subject, customer)
            else:
                found.append(Holder(start, end, assignment.value, customer))
    return tuple(found)
