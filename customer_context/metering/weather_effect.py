"""What the weather of one period made a home use more than that of another. Pure.

A model of use and weather (weather_fit) is fitted to the home's past; its heating and cooling of
the two periods differ by what the weather did. The rest of the difference is the home's.
"""

from dataclasses import dataclass

import numpy as np

from customer_context.metering.use import quantiles
from customer_context.metering.weather_fit import LEAST_DAYS, LEAST_SPREAD_K, fit
from customer_context.metering.weather_model import Spans, Temperatures, columns_of, loads

Z_95 = 1.96


@dataclass(frozen=True, slots=True)
class Effect:
    """kwh : by how much the weather of `now` made the use higher than that of `before`.

    either_kwh : half of the range in which it lies with 95 %, by the doubt about the model
    """

    kwh: float
    either_kwh: float


def effect(past: Spans, weather: Temperatures, now: Spans, before: Spans) -> Effect | None:
    """Return the effect of the weather on `now` against `before`, spans of days.

    None where the past is too short, its days are equally warm, or a temperature is not known.
    """
    past = past.part(weather.known(past.start_us, past.end_us))
    known = [weather.known(part.start_us, part.end_us).all() for part in (now, before)]
    if not all(known) or past.days.sum() < LEAST_DAYS or spread(past, weather) < LEAST_SPREAD_K:
        return None
    model = fit(past, weather)
    sums, columns = [], []
    off = model.covariance.shape[0] > 1 + sum(
        at is not None for at in (model.heating_c, model.cooling_c)
    )
    for part in (now, before):
        _, heating, cooling = loads(model, part, weather)
        sums.append(float(heating.sum() + cooling.sum()))
        terms = columns_of(part, model.seen(weather), model.heating_c, model.cooling_c, off)
        columns.append(terms.sum(axis=0))
    change = columns[0] - columns[1]
    change[: 1 + off] = 0.0  # base and days off are no weather
    wider = (1.0 + model.lag) / (1.0 - model.lag)
    error = float(np.sqrt(max(wider * float(change @ model.covariance @ change), 0.0)))
    return Effect(sums[0] - sums[1], Z_95 * error)


def spread(spans: Spans, weather: Temperatures) -> float:
    """Return how far cold and warm spans (10 % and 90 %) lie apart, K."""
    shift = 100.0
    mean = weather.degrees_of(-shift, 1.0, spans.start_us, spans.end_us) / spans.days
    low, high = quantiles(mean, (0.1, 0.9))
    return high - low
