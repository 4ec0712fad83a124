"""Consent: who may be computed on, for which purpose. Pure decisions; fails closed."""

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.purposes import COVERING


@dataclass(frozen=True, slots=True)
class ConsentState:
    """The decisions in force: customer (tenant, id) → purposes granted."""

    granted: Mapping[tuple[str, str], frozenset[str]]

    def covers(self, tenant: str, customer: str | None, device_kind: str) -> bool:
        """True where at least one purpose allows this customer's data of this kind.

        No customer, an unknown one, and one who decided nothing: False.
        """
        if customer is None:
            return False
        purposes = self.granted.get((tenant, customer))
        return bool(purposes) and not COVERING[device_kind].isdisjoint(purposes or ())
