"""A fleet as files: samples per device class, the register, and the truth."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from simulators.fleet import Fleet

TIME_COLUMN = {"interval": "start", "register": "read_at", "tasmota": "read_at"}
"""Vehicles have `observed_at`; meters as `tachowatt analyse-meter` wants them."""


def write(fleet: "Fleet", directory: Path) -> list[Path]:
    """Write `<profile>.parquet` for each device class, registry.json and truth.json.

    Columns: device, the time (UTC, µs), and the measured ones; NaN becomes null.

    Returns
    -------
    list of Path, the files written
    """
    directory.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for profile in sorted({out.profile for out in fleet.recordings}):
        outs = [o for o in fleet.recordings if o.profile == profile and len(o.series.t_us)]
        if not outs:
            continue
        devices = np.repeat([o.device for o in outs], [len(o.series.t_us) for o in outs])
        t = np.concatenate([o.series.t_us for o in outs])
        columns = {
            "device": pa.array(devices).dictionary_encode(),
            TIME_COLUMN.get(profile, "observed_at"): pa.array(t, pa.timestamp("us", "UTC")),
        }
        for name in outs[0].series.columns:
            values = np.concatenate([o.series.columns[name] for o in outs])
            columns[name] = pa.array(values, pa.float64(), from_pandas=True)
        path = directory / f"{profile}.parquet"
        pq.write_table(pa.table(columns), path)
        written.append(path)
    for name, content in (("registry", fleet.registry), ("truth", fleet.truth)):
        path = directory / f"{name}.json"
        path.write_text(json.dumps(content, indent=1), encoding="utf-8")
        written.append(path)
    return written
