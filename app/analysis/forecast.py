"""The answer's forecast of the next day by hour (customer_context/metering/day_forecast.py)."""

from typing import Any

from app.analysis.answer import number
from customer_context.metering.day_forecast import Floats


def as_answer(date: str, found: tuple[Floats, Floats, Floats]) -> dict[str, Any]:
    """Return the answer's `forecast`."""
    expected, low, high = found
    return {
        "date": date,
        "energy_kwh": number(float(expected.sum()), 4),
        "hours": [
            {
                "hour": hour,
                "energy_kwh": number(kwh, 4),
                "low": number(least, 4),
                "high": number(most, 4),
            }
            for hour, (kwh, least, most) in enumerate(
                zip(expected.tolist(), low.tolist(), high.tolist(), strict=True)
            )
        ],
    }
