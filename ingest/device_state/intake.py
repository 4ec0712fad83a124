"""What a partition knows of its senders: rates, quarantine, stopped sources, quotas."""

from dataclasses import dataclass, field

from ingest.device_state.kept import KeptLetters
from ingest.device_state.rates import Limit, Rates
from runtime.settings import Settings
from store.pipeline.stopped_sources import Source, Stopped


@dataclass(slots=True)
class Intake:
    """State of the limits; like the whole cache it is dropped after an error.

    devices, tenants : their rates. tenant_ids : tenant → its number in `tenants`.
    spoilt : device id → its messages in a row that could not be used.
    quarantined : (device id, reason) of devices in quarantine → arrival of the newest message that
    the store has, 0 = not known here. stopped : sources that have stopped.
    """

    devices: Rates
    tenants: Rates
    kept: KeptLetters
    tenant_ids: dict[str, int] = field(default_factory=dict)
    spoilt: dict[int, int] = field(default_factory=dict)
    quarantined: dict[tuple[int, str], int] = field(default_factory=dict)
    stopped: dict[Source, Stopped] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings) -> "Intake":
        """Make the state of a partition that has just been taken."""
        kept = (float(settings.deferred_device_messages), float(settings.deferred_device_bytes))
        devices = Limit.of(
            (settings.device_messages_per_s, settings.device_bytes_per_s),
            (settings.device_burst_messages, settings.device_burst_bytes),
            kept,
        )
        per_s = (settings.tenant_messages_per_s, settings.tenant_bytes_per_s)
        burst = (per_s[0] * settings.tenant_burst_s, per_s[1] * settings.tenant_burst_s)
        return cls(Rates(devices), Rates(Limit.of(per_s, burst, kept)), KeptLetters(settings))
