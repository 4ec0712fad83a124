"""The snapshot of registry and consents that ingest decides by."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from customer_context.consent.state import ConsentState
from customer_context.identity.holders import FOREVER_US, Device, Span, holders
from ingest.feature_inputs import Grids
from store.people import consent, registry
from store.people.registry import Holding
from store.postgres.pool import Connection
from store.postgres.times import to_us


@dataclass(frozen=True, slots=True)
class Registry:
    """Registered devices and consents as of `version`.

    by_address : (dialect, address) → device.
    native : device id → tenant/device, the key of its sequence numbers.
    """

    version: int
    tenants: frozenset[str]
    by_address: Mapping[tuple[str, str], Device]
    by_id: Mapping[int, Device]
    consent: ConsentState
    grids: Grids
    native: Mapping[int, str]


class Registries:
    """The newest loaded snapshot, shared by the workers of all partitions of a process."""

    def __init__(self) -> None:
        self._newest: Registry | None = None
        self._loading = threading.Lock()

    def load(self, connection: Connection) -> Registry:
        """Return the registry as this connection sees it; read it only if it has changed."""
        with self._loading:
            version = registry.version(connection)
            if self._newest is None or self._newest.version != version:
                self._newest = load(connection)
            return self._newest


_UNKNOWN_METER = registry.MeterRow(None, 900, 6)


def load(connection: Connection) -> Registry:
    """Read the whole registry."""
    version = registry.version(connection)
    contracts = {
        subject: [_span(holding, customer) for customer, holding in rows]
        for subject, rows in registry.contracts(connection).items()
    }
    assignments = registry.assignments(connection)
    meters = registry.meters(connection)
    by_address: dict[tuple[str, str], Device] = {}
    for row in registry.devices(connection):
        spans = [_span(holding, holding.subject) for holding in assignments.get(row.device_id, [])]
        covering = {span.value: contracts.get((row.tenant, span.value), []) for span in spans}
        # The meter assigned last, which the device reads now, gives its grid and time zone.
        newest = max(spans, key=lambda span: span.from_us).value if spans else ""
        meter = meters.get((row.tenant, newest.removeprefix("meter:")), _UNKNOWN_METER)
        by_address[(row.dialect, row.address)] = Device(
            device_id=row.device_id,
            tenant=row.tenant,
            device=row.device,
            kind=row.kind,
            dialect=row.dialect,
            address=row.address,
            mapping=row.mapping,
            timezone=meter.timezone or row.timezone,
            interval_s=float(meter.interval_s),
            register_digits=meter.register_digits,
            holders=holders(spans, covering),
        )
    return Registry(
        version=version,
        tenants=frozenset(registry.tenants(connection)),
        by_address=by_address,
        by_id={device.device_id: device for device in by_address.values()},
        consent=ConsentState(consent.granted(connection)),
        grids=Grids.of(by_address.values()),
        native={
            device.device_id: f"{device.tenant}/{device.device}" for device in by_address.values()
        },
    )


def _span(holding: Holding, value: str) -> Span:
    end_us = FOREVER_US if holding.valid_to is None else to_us(holding.valid_to)
    return Span(to_us(holding.valid_from), end_us, value)
