"""Balance points of the fit, and what is known of them before any data."""

import numpy as np

# Balance points in °C, from those of CalTRACK (30 to 90 °F) what is usual in homes.
HEATING_C = np.arange(6.0, 23.1, 0.5)
COOLING_C = np.arange(12.0, 28.1, 0.5)
GRID_C = np.concatenate((HEATING_C, COOLING_C))
HEATS = HEATING_C.size
COOLS = COOLING_C.size
# Where nothing else is known: 60 and 69 °F, the usual balance points of fits of homes, ± 3 K.
USUAL_C = np.where(np.arange(GRID_C.size) < HEATS, 15.5, 20.5)
USUAL_SPREAD_K = 3.0
USUAL_PENALTY = ((GRID_C - USUAL_C) / USUAL_SPREAD_K) ** 2
FIRST_COOL = np.searchsorted(COOLING_C, HEATING_C)
"""int64[HEATS]: from which cooling on heating begins no higher than cooling."""
HOURS = 24
