"""Consent: which customers' data may be processed, for which purpose. Pure; fails closed."""

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.purposes import COVERING


@dataclass(frozen=True, slots=True)
class ConsentState:
    """The decisions in force: customer (tenant, id) → purposes granted."""

    granted: Mapping[tuple[str, str], frozenset[str]]

    def covers(self, tenant: str, customer: str | None, device_kind: str) -> bool:
        """Return True where at least one granted purpose allows this customer's data of this kind.

        Returns False for no customer, an unknown one, and one without decisions.
        """
        if customer is None:
            return False
        purposes = self.granted.get((tenant, customer))
        return bool(purposes) and not COVERING[device_kind].isdisjoint(purposes or ())
