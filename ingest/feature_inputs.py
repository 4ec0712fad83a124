"""The inputs of a device's features besides its samples: time zone, and a meter's grid."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from customer_context.identity.holders import Device

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Grids:
    """Time zones and grids of many devices, in arrays.

    ids : int64[n], ascending; zone, metering : int64[n], index into the tuples.
    meterings : (interval in seconds, digits of the register); the first is that of vehicles.
    """

    ids: Ints
    zone: Ints
    metering: Ints
    zones: tuple[str, ...]
    meterings: tuple[tuple[float, int], ...]

    @classmethod
    def of(cls, devices: Iterable[Device]) -> "Grids":
        """Collect them from registered devices."""
        ordered = sorted(devices, key=lambda device: device.device_id)
        zones: dict[str, int] = {}
        meterings: dict[tuple[float, int], int] = {(0.0, 0): 0}
        zone, metering = [], []
        for device in ordered:
            zone.append(zones.setdefault(device.timezone, len(zones)))
            grid = (device.interval_s, device.register_digits)
            metering.append(
                meterings.setdefault(grid, len(meterings)) if device.kind == "meter" else 0
            )
        return cls(
            np.array([device.device_id for device in ordered], np.int64),
            np.array(zone, np.int64),
            np.array(metering, np.int64),
            tuple(zones),
            tuple(meterings),
        )

    def replaced(self, devices: Iterable[Device]) -> "Grids":
        """Return these with some devices changed or added."""
        changed = Grids.of(devices)
        zones = {zone: n for n, zone in enumerate(self.zones)}
        meterings = {metering: n for n, metering in enumerate(self.meterings)}
        zone_of = np.array([zones.setdefault(z, len(zones)) for z in changed.zones], np.int64)
        metering_of = np.array(
            [meterings.setdefault(m, len(meterings)) for m in changed.meterings], np.int64
        )
        at = np.searchsorted(self.ids, changed.ids)
        known = at < self.ids.shape[0]
        known[known] = self.ids[at[known]] == changed.ids[known]
        zone, metering = self.zone.copy(), self.metering.copy()
        zone[at[known]] = zone_of[changed.zone[known]]
        metering[at[known]] = metering_of[changed.metering[known]]
        new = ~known
        return Grids(
            np.insert(self.ids, at[new], changed.ids[new]),
            np.insert(zone, at[new], zone_of[changed.zone[new]]),
            np.insert(metering, at[new], metering_of[changed.metering[new]]),
            tuple(zones),
            tuple(meterings),
        )

    def find(self, device_ids: Ints) -> Ints:
        """Find the positions of devices in `ids`. Raises KeyError if one is not registered."""
        if not device_ids.shape[0]:
            return np.empty(0, np.int64)
        at = np.searchsorted(self.ids, device_ids)
        if at.max() >= self.ids.shape[0] or (self.ids[at] != device_ids).any():
            raise KeyError("a device that is not registered")
        return at


def as_text(device: Device) -> str:
    """Format a device's time zone and grid as the store keeps it (pipeline.computed_with)."""
    return f"{device.timezone} {device.interval_s:g} {device.register_digits}"
