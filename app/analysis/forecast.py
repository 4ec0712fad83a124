"""The answer's forecast of the next day by hour (customer_context/metering/day_forecast.py)."""

from typing import Any

from app.analysis.answer import number
from customer_context.metering.day_forecast import HOURS, Floats


def as_answer(date: str, found: tuple[Floats, Floats, Floats]) -> dict[str, Any]:
    """Return the answer's `forecast`."""
    expected, low, high = found
    return {
        "date": date,
        "energy_kwh": number(float(expected.sum()), 4),
        "hours": [
            {
                "hour": hour,
                "energy_kwh": number(expected[hour], 4),
                "low": number(low[hour], 4),
                "high": number(high[hour], 4),
            }
            for hour in range(HOURS)
        ],
    }
