"""The snapshot of registry and consents that ingest decides by; it follows what changes."""

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from customer_context.consent.state import ConsentState
from customer_context.identity.holders import FOREVER_US, Device, Span, holders
from ingest.feature_inputs import Grids
from store.people import changes, consent, merges, registry
from store.people.changes import Change
from store.people.registry import Holding
from store.postgres.pool import Connection
from store.postgres.times import from_us, to_us

MOST_CHANGES = 20_000
"""More changes at once are read with everything else, which is faster then."""

_STEPS = 256
"""Followed versions whose devices are remembered, for partitions that are behind."""


@dataclass(frozen=True, slots=True)
class Registry:
    """Registered devices and consents as of `version`.

    by_address : (dialect, address) → device.
    changes_at_us : when a consent begins or ends by its own date next; true until then.
    native : device id → tenant/device, the key of its sequence numbers.
    seen : the transactions that it has; others are changes (store.people.changes).
    """

    version: int
    tenants: frozenset[str]
    by_address: Mapping[tuple[str, str], Device]
    by_id: Mapping[int, Device]
    consent: ConsentState
    changes_at_us: int
    grids: Grids
    native: Mapping[int, str]
    seen: str = ""


@dataclass(frozen=True, slots=True)
class _Step:
    """From one version to the next; devices : those that may differ, None = all."""

    before: int
    after: int
    devices: frozenset[int] | None


class Registries:
    """The newest loaded snapshot, shared by the workers of all partitions of a process."""

    def __init__(self) -> None:
        self._newest: Registry | None = None
        self._steps: deque[_Step] = deque(maxlen=_STEPS)
        self._loading = threading.Lock()

    def load(self, connection: Connection, now_us: int) -> Registry:
        """Return the registry as this connection sees it; read only what has changed."""
        with self._loading:
            before = self._newest
            if before is not None and registry.version(connection) == before.version:
                self._newest = _at_its_date(connection, before, now_us)
                return self._newest
            followed = None if before is None else follow(connection, before, now_us)
            if followed is None:
                self._newest, devices = load(connection, now_us), None
            else:
                self._newest, devices = followed
            self._newest = _at_its_date(connection, self._newest, now_us)
            if before is not None:
                self._steps.append(_Step(before.version, self._newest.version, devices))
            return self._newest

    def changed_since(self, before: int, after: int) -> frozenset[int] | None:
        """Return the devices that may differ between two loaded versions; None = all may."""
        found: set[int] = set()
        with self._loading:
            for step in reversed(self._steps):
                if step.after > after:
                    continue
                if step.devices is None:
                    return None
                found |= step.devices
                if step.before <= before:
                    return frozenset(found)
        return None


_UNKNOWN_METER = registry.MeterRow(None, 900, 6)


def load(connection: Connection, now_us: int | None = None) -> Registry:
    """Read the whole registry, with the consents of a time; None = now by the database's clock."""
    seen = changes.snapshot(connection)  # first: what commits from now on is read again
    version = registry.version(connection)
    devices = _devices(connection, None)
    return Registry(
        version=version,
        tenants=frozenset(registry.tenants(connection)),
        by_address={(device.dialect, device.address): device for device in devices},
        by_id={device.device_id: device for device in devices},
        consent=_consent(connection, now_us),
        changes_at_us=_changes_at_us(connection, now_us),
        grids=Grids.of(devices),
        native={device.device_id: _native(device) for device in devices},
        seen=seen,
    )


def _consent(connection: Connection, now_us: int | None) -> ConsentState:
    return ConsentState(consent.granted(connection, at=_time(now_us)))


def _time(now_us: int | None) -> datetime | None:
    return None if now_us is None else from_us(now_us)


def _changes_at_us(connection: Connection, now_us: int | None) -> int:
    changes_at = consent.next_change(connection, _time(now_us))
    return FOREVER_US if changes_at is None else to_us(changes_at)


def _at_its_date(connection: Connection, before: Registry, now_us: int) -> Registry:
    """Return the registry, with consents read again where one has begun or ended by its date."""
    if now_us < before.changes_at_us:
        return before
    return replace(
        before,
        consent=_consent(connection, now_us),
        changes_at_us=_changes_at_us(connection, now_us),
    )


def follow(
    connection: Connection, before: Registry, now_us: int | None = None
) -> tuple[Registry, frozenset[int]] | None:
    """Read what has changed since a snapshot; return the new one and the devices that may differ.

    now_us : of consents, as in `load`.

    None where everything has to be read: too much has changed, or a device was removed.
    """
    seen = changes.snapshot(connection)
    version = registry.version(connection)
    changed = changes.not_seen(connection, before.seen, MOST_CHANGES)
    if changed is None or any(_everything(change) for change in changed):
        return None
    # A restriction of one id is a restriction of all that are merged with it.
    customers = merges.touched(
        connection,
        {(c.tenant, c.object) for c in changed if c.kind in ("consent", "merge")},
    )
    state, changes_at_us = before.consent, before.changes_at_us
    if customers:
        now = consent.granted(connection, customers, _time(now_us))
        state = ConsentState(
            {**state.granted, **{key: now.get(key, frozenset()) for key in customers}}
        )
        # A date that has come in the meantime stays: `load` reads everybody's consents then.
        changes_at_us = min(changes_at_us, _changes_at_us(connection, now_us))
    tenants = before.tenants
    if any(change.kind == "tenant" for change in changed):
        tenants = frozenset(registry.tenants(connection))
    devices = _devices(connection, changes.devices_of(connection, changed))
    followed = replace(
        before,
        version=version,
        tenants=tenants,
        consent=state,
        changes_at_us=changes_at_us,
        seen=seen,
    )
    return _with(followed, devices), frozenset(device.device_id for device in devices)


def _everything(change: Change) -> bool:
    """Return whether a change needs everything to be read: of a tenant's time zone, which is part
    of its devices, or of a device that is gone."""
    return (change.kind, change.operation) in (
        ("tenant", "updated"),
        ("tenant", "deleted"),
        ("device", "deleted"),
    )


def _with(before: Registry, devices: Sequence[Device]) -> Registry:
    """Return a registry with some devices changed or added."""
    if not devices:
        return before
    # Copies of dictionaries, which take milliseconds for a million; their loops take a second.
    by_address, by_id = dict(before.by_address), dict(before.by_id)
    for device in devices:
        old = by_id.get(device.device_id)
        if old is not None and (old.dialect, old.address) != (device.dialect, device.address):
            by_address.pop((old.dialect, old.address), None)
    for device in devices:
        by_address[(device.dialect, device.address)] = by_id[device.device_id] = device
    native = {device.device_id: _native(device) for device in devices}
    same = all(before.native.get(device_id) == name for device_id, name in native.items())
    return replace(
        before,
        by_address=by_address,
        by_id=by_id,
        grids=before.grids.replaced(devices),
        native=before.native if same else {**before.native, **native},
    )


def _native(device: Device) -> str:
    return f"{device.tenant}/{device.device}"


def _devices(connection: Connection, device_ids: Sequence[int] | None) -> list[Device]:
    """Read devices with their history of holders; None = all."""
    if device_ids is not None and not device_ids:
        return []
    contracts = {
        subject: [_span(holding, customer) for customer, holding in rows]
        for subject, rows in registry.contracts(connection, device_ids).items()
    }
    assignments = registry.assignments(connection, device_ids)
    meters = registry.meters(connection, device_ids)
    found: list[Device] = []
    for row in registry.devices(connection, device_ids):
        spans = [_span(holding, holding.subject) for holding in assignments.get(row.device_id, [])]
        covering = {span.value: contracts.get((row.tenant, span.value), []) for span in spans}
        # The meter assigned last, which the device reads now, gives its grid and time zone.
        newest = max(spans, key=lambda span: span.from_us).value if spans else ""
        meter = meters.get((row.tenant, newest.removeprefix("meter:")), _UNKNOWN_METER)
        found.append(
            Device(
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
        )
    return found


def _span(holding: Holding, value: str) -> Span:
    end_us = FOREVER_US if holding.valid_to is None else to_us(holding.valid_to)
    return Span(to_us(holding.valid_from), end_us, value)
