"""Compare the kernels with their algorithm in C and with pandas, on one core, results included."""

import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from feature_kernels import consumption, driving
from proving.bench import kernel_c, kernel_chain, kernel_data, kernel_pandas
from runtime.clock import SystemClock
from tests.oracles import consumption as consumption_oracle
from tests.oracles import driving as driving_oracle

CHUNK = 1_000_000
CHAIN_SHARE = 10  # the chain runs over so much fewer samples, at least an hour of driving
_PANDAS_ROWS, _ORACLE_ROWS = 100_000, 10_000
_TIMES = 5  # our kernel takes milliseconds there: the median of this many calls
Progress = Callable[[str, int, int], None]


def run(samples: int, progress: Progress) -> dict[str, Any]:
    """Return figures of each kernel, over `samples` rows in portions of at most a million.

    `problems` of the answer lists where kernel, C and oracle differ.
    """
    rows = []
    with tempfile.TemporaryDirectory(prefix="tachowatt-bench-c-") as directory:
        for name, twin, data, public, oracle in (
            ("driving.drive", kernel_c.Driving, kernel_data.cars, _drive, _drive_oracle),
            ("consumption.consume", kernel_c.Consumption, kernel_data.meters, _consume,
             _consume_oracle),
        ):  # fmt: skip
            progress(name, 0, 1)
            row = {"kernel": name, **_beside_c(twin(Path(directory)), data, samples, progress)}
            row |= _beside_pandas(name, data, public, min(samples, _PANDAS_ROWS))
            row["oracle_agrees"] = oracle(*data(min(samples, _ORACLE_ROWS), 1))
            rows.append(row)
    return {
        "samples": samples,
        "compiler": f"{kernel_c.version()}, {' '.join(kernel_c.FLAGS)}",
        "kernels": rows,
        "chain": kernel_chain.run(max(samples // CHAIN_SHARE, 1)),
        "problems": [
            f"{row['kernel']}: {what}"
            for row in rows
            for key, what in (
                ("same_bits_as_c", "the results in C differ"),
                ("oracle_agrees", "the oracle says something else"),
            )
            if not row[key]
        ],
    }


def _beside_c(twin: Any, data: Any, samples: int, progress: Progress) -> dict[str, Any]:
    """Run kernel and C in turn over the same portions, with the same prepared arrays."""
    clock = SystemClock()
    seconds = {"kernel": 0.0, "c": 0.0}
    same = True
    few = twin.prepare(*data(1_000, 0))
    twin.kernel(few, twin.room(few))  # compiled, or loaded from the cache
    for seed, start in enumerate(range(0, samples, CHUNK)):
        arguments = twin.prepare(*data(min(CHUNK, samples - start), seed))
        results = []
        for way in ("kernel", "c"):
            room = twin.room(arguments)
            began = clock.monotonic()
            getattr(twin, way)(arguments, room)
            seconds[way] += clock.monotonic() - began
            results.append(room)
        same &= kernel_c.same_bits(*results)
        progress("portions", start // CHUNK + 1, -(-samples // CHUNK))
    return {
        "samples_per_s": round(samples / seconds["kernel"]),
        "c_samples_per_s": round(samples / seconds["c"]),
        "ratio_to_c": round(seconds["c"] / seconds["kernel"], 2),
        "same_bits_as_c": same,
    }


def _beside_pandas(name: str, data: Any, public: Any, rows: int) -> dict[str, Any]:
    """Time the whole call of ingest (checks, packing, structured rows) and pandas.

    pandas makes the same kinds of rows from fewer samples: its time is linear in them.
    """
    clock = SystemClock()
    arguments = data(rows, 0)
    took = []
    for _ in range(_TIMES):  # the first call also loads the compiled code
        began = clock.monotonic()
        public(*arguments)
        took.append(clock.monotonic() - began)
    ours = sorted(took)[_TIMES // 2]
    frame = kernel_pandas.frame(*arguments)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        began = clock.monotonic()
        {"driving.drive": kernel_pandas.drive, "consumption.consume": kernel_pandas.consume}[name](
            frame
        )
        theirs = clock.monotonic() - began
    return {
        "call_samples_per_s": round(rows / ours),
        "pandas_samples_per_s": round(rows / theirs),
        "pandas_rows": rows,
        "ratio_to_pandas": round(theirs / ours, 1),
    }


def _drive(columns: dict[str, Any], t_us: Any, starts: Any) -> Any:
    return driving.drive(columns, t_us, t_us, starts, driving.initial_carry(starts.shape[0] - 1))


def _consume(columns: dict[str, Any], t_us: Any, starts: Any) -> Any:
    return consumption.consume(
        columns, t_us, t_us, starts, consumption.initial_carry(starts.shape[0] - 1)
    )


def _drive_oracle(columns: dict[str, Any], t_us: Any, starts: Any) -> bool:
    """Compare the first car's trips and events with the oracle, except for rounding of sums."""
    n = int(starts[1])
    few = {name: values[:n] for name, values in columns.items()}
    result = _drive(few, t_us[:n], np.array([0, n]))
    last = driving.finish(result.carry)
    trips, events = driving_oracle.drive_and_finish(
        {name: values.tolist() for name, values in few.items()},
        t_us[:n].tolist(), t_us[:n].tolist(), driving.DEFAULTS,
    )  # fmt: skip
    return _agree(np.concatenate((result.trips, last.trips)), trips) and _agree(
        np.concatenate((result.events, last.events)), events
    )


def _consume_oracle(columns: dict[str, Any], t_us: Any, starts: Any) -> bool:
    result = _consume(columns, t_us, starts)
    expected = consumption_oracle.consume(
        columns, t_us, t_us, starts.tolist(), consumption.DEFAULTS._asdict()
    )
    return all(_agree(rows, twin) for rows, twin in zip(result[:3], expected, strict=True))


def _agree(rows: Any, expected: list[Any]) -> bool:
    """Compare whole numbers exactly, others to 1e-9 of the terms of their sum."""
    if len(rows) != len(expected):
        return False
    for row, twin in zip(rows, expected, strict=True):
        for name in rows.dtype.names:
            if name == "device" and name not in twin:
                continue
            ours, theirs = np.asarray(row[name], float), np.asarray(twin[name], float)
            if not np.allclose(ours, theirs, rtol=1e-9, atol=1e-7, equal_nan=True):
                return False
    return True
