"""What happened, in words: crashes for those who call."""

from collections.abc import Mapping
from typing import Any

from api.http.answers import finite
from api.pages.frame.formats import Formats
from api.pages.frame.texts import Texts

_STANDSTILL_KMH = 5.0
"""A speed after the impact that is below it is a standstill: GNSS does not show less."""


def crash(data: Mapping[str, Any], t: Texts, f: Formats) -> str:
    """Say what a crash signal found: the speed before and after, else the strength of the impact.

    data : of vehicle.crash (contracts.signals); speed_kmh before it, delta_v_kmh its change.
    """
    before, change = finite(data.get("speed_kmh")), finite(data.get("delta_v_kmh"))
    peak = finite(data.get("peak_mps2"))
    if before is not None and before >= _STANDSTILL_KMH and change is not None:
        after = max(0.0, before - abs(change))
        speed = f.with_unit(before, "km/h")
        if after < _STANDSTILL_KMH:
            return t("crash.to_standstill", speed=speed)
        return t("crash.from_to", speed=speed, after=f.with_unit(after, "km/h"))
    if before is not None and before < _STANDSTILL_KMH:
        return t("crash.while_standing", peak=f.strength(peak, "m/s²"))
    if change is not None:
        return t("crash.change", dv=f.strength(change, "km/h"))
    return t("crash.impact", peak=f.strength(peak, "m/s²"))
