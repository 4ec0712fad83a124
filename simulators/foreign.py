"""Recordings as the messages of foreign dialects, where there is an encoder."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.encode import Message, owntracks_messages, tasmota_messages
from simulators.sensors import Series

_OWNTRACKS = ("lat_deg", "lon_deg", "accuracy_m", "altitude_m", "heading_deg", "speed_kmh")
_TASMOTA = ("register_kwh", "register_export_kwh", "power_w")

Encode = Callable[[Series, NDArray[np.int64], str, str, str], list[Message]]


@dataclass(frozen=True, slots=True)
class Encoder:
    """How a recording becomes messages.

    needs : columns without which there is nothing to send; says : that, for people.
    encode : samples, local time's offset from UTC (int64[n], µs), tenant, device and address.
    """

    needs: tuple[str, ...]
    says: str
    encode: Encode


def _owntracks(
    series: Series, _: NDArray[np.int64], tenant: str, device: str, address: str
) -> list[Message]:
    whole = np.isfinite(series.columns["lat_deg"]) & np.isfinite(series.columns["lon_deg"])
    columns = {name: values[whole] for name, values in _filled(series, _OWNTRACKS).items()}
    return owntracks_messages(Series(series.t_us[whole], columns), tenant, device, address)


def _tasmota(
    series: Series, offset_us: NDArray[np.int64], tenant: str, device: str, address: str
) -> list[Message]:
    filled = Series(series.t_us, _filled(series, _TASMOTA))
    return tasmota_messages(filled, offset_us, tenant, device, address, "")


def _filled(series: Series, names: tuple[str, ...]) -> dict[str, NDArray[np.float64]]:
    """These columns; what is not measured is 0, as such devices send it."""
    missing = np.zeros(len(series.t_us))
    return {name: np.nan_to_num(series.columns.get(name, missing)) for name in names}


ENCODERS: dict[str, Encoder] = {
    "owntracks": Encoder(
        ("lat_deg", "lon_deg"),
        "OwnTracks sends positions; the file needs lat_deg and lon_deg",
        _owntracks,
    ),
    "tasmota": Encoder(
        ("register_kwh",), "a Tasmota sends registers; the file needs register_kwh", _tasmota
    ),
}
