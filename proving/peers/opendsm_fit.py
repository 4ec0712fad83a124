"""Fit homes by the daily model of opendsm: a script for an interpreter that has it, not for ours.

    uv venv peer && uv pip install --python peer/bin/python opendsm "multimethod<2"
    tachowatt prove baseline --homes 20 --peer peer/bin/python

Reads a folder with homes as .csv (hour in epoch seconds, kWh, °C) and `until` in epoch seconds in
the first line; writes one JSON object a home: loads of the baseline's year, kWh, and the saving of
what follows, per cent, and seconds of CPU.
"""

import json
import logging
import sys
import time
import warnings
from pathlib import Path


def fit(path: Path) -> dict[str, float]:
    import pandas as pd
    from opendsm.eemeter import (  # type: ignore[import-not-found]
        DailyBaselineData,
        DailyModel,
        DailyReportingData,
    )

    with path.open() as file:
        until = pd.Timestamp(int(file.readline()), unit="s", tz="UTC")
        rows = pd.read_csv(file, names=["at", "kwh", "celsius"])
    rows.index = pd.to_datetime(rows.pop("at"), unit="s", utc=True)
    rows["fahrenheit"] = rows.pop("celsius") * 1.8 + 32.0
    before, after = rows[rows.index < until], rows[rows.index >= until]
    began = time.process_time()
    data = DailyBaselineData.from_series(before["kwh"], before["fahrenheit"], True)
    model = DailyModel().fit(data, ignore_disqualification=True)
    own = model.predict(data, ignore_disqualification=True)
    took = time.process_time() - began
    report = DailyReportingData.from_series(after["kwh"], after["fahrenheit"], True)
    later = model.predict(report, ignore_disqualification=True)
    heating, cooling = float(own["heating_load"].sum()), float(own["cooling_load"].sum())
    return {
        "base_kwh": float(own["predicted"].sum()) - heating - cooling,
        "heating_kwh": heating,
        "cooling_kwh": cooling,
        "saved_percent": 100.0 * (1.0 - float(after["kwh"].sum() / later["predicted"].sum())),
        "cpu_s": took,
    }


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    for one in sorted(Path(sys.argv[1]).glob("*.csv")):
        print(json.dumps({"home": one.stem, **fit(one)}), flush=True)
