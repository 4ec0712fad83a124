"""What is kept of messages that are not stored: the quotas of a device, of a tenant and of nobody.

The numbers come from the store and are counted on here. They are read again after a minute,
because retries, other partitions and expiry change them too.
"""

from collections import Counter
from dataclasses import dataclass

from runtime.settings import Settings
from store.pipeline import quarantine
from store.pipeline.quarantine import Usage
from store.postgres.pool import Connection

_READ_AGAIN_S = 60.0

_OF_AN_ADDRESS = 20
"""Most open dead letters of one unregistered address: they have no content, and look alike."""
_OF_NOBODY = 10_000
"""Most open dead letters of all unregistered addresses."""
_ADDRESSES = 1_000
"""Most unregistered addresses whose further messages are counted apart."""


@dataclass(slots=True)
class _Read:
    usage: Usage
    at_s: float


class KeptLetters:
    """Decides for each message that is not stored whether it is kept."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._of_device: dict[tuple[int, bool], _Read] = {}
        self._of_tenant: dict[str, _Read] = {}
        self._of_address: Counter[tuple[str, str]] = Counter()
        self._nobody: int | None = None
        self._counted: set[tuple[str, str]] = set()

    def give_back(self, device_id: int, tenant: str, size: int, *, deferred: bool) -> None:
        """Note that a message that was kept has been processed."""
        device, of_all = self._of_device.get((device_id, deferred)), self._of_tenant.get(tenant)
        if device is not None:
            device.usage.messages -= 1
            device.usage.bytes -= size
        if of_all is not None:
            of_all.usage.bytes -= size

    def take(
        self,
        connection: Connection,
        device_id: int,
        tenant: str,
        size: int,
        monotonic: float,
        *,
        deferred: bool,
    ) -> bool:
        """Return whether a message of `size` bytes is kept, and count it if so."""
        settings = self._settings
        device = self._of_device.get((device_id, deferred))
        if device is None or monotonic - device.at_s > _READ_AGAIN_S:
            found = quarantine.used_by_device(connection, device_id, deferred=deferred)
            device = self._of_device[(device_id, deferred)] = _Read(found, monotonic)
        messages, most = (
            (settings.deferred_device_messages, settings.deferred_device_bytes)
            if deferred
            else (settings.dead_letter_device_messages, settings.dead_letter_device_bytes)
        )
        if device.usage.messages >= messages or device.usage.bytes + size > most:
            return False
        of_all = self._of_tenant.get(tenant)
        if of_all is None or monotonic - of_all.at_s > _READ_AGAIN_S:
            of_all = _Read(quarantine.used_by_tenant(connection, tenant), monotonic)
            self._of_tenant[tenant] = of_all
        if of_all.usage.bytes + size > settings.dead_letter_tenant_bytes:
            return False
        device.usage.messages += 1
        device.usage.bytes += size
        of_all.usage.bytes += size
        return True

    def take_of_nobody(self, connection: Connection, address: tuple[str, str]) -> bool:
        """Return whether shape and size of a message of an unregistered (dialect, address) are
        kept, and count it if so."""
        if self._nobody is None:
            self._nobody = quarantine.kept_of_nobody(connection)
        if self._nobody >= _OF_NOBODY or self._of_address[address] >= _OF_AN_ADDRESS:
            return False
        self._nobody += 1
        self._of_address[address] += 1
        return True

    def counted_as(self, dialect: str, address: str) -> str:
        """Return the address under which a message that is not kept is counted; empty for those
        beyond `_ADDRESSES`, or longer than a line: somebody may invent them without end."""
        if len(address) > 200:
            return ""
        key = (dialect, address)
        if key not in self._counted:
            if len(self._counted) >= _ADDRESSES:
                return ""
            self._counted.add(key)
        return address
