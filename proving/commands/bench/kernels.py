"""Compare each large kernel with its algorithm in C and with pandas, on one core.

The sources in C (proving/bench/c) are compiled with -O3 -march=native by the system's compiler;
kernel and C get the same prepared arrays, in turn, and must give the same bits. pandas makes
the same kinds of rows as a data scientist would; it runs over fewer samples and is compared
with the whole call, as ingest makes it; the chain is what `score-trip` computes of a recording
from columns to score. The oracle (tests/oracles) must agree too. The exit
code is 1 where results differ.

Example:

  tachowatt bench kernels --samples 1000000
"""

from typing import Annotated

import typer

from app.commands.shared.console import out, print_json, print_table
from proving.commands.bench.shared import (
    Json,
    judge,
    print_phases,
)
from runtime.errors import Stop


def kernels(
    samples: Annotated[int, typer.Option(min=1_000, help="For each kernel")] = 10_000_000,
    json: Json = False,
) -> None:
    try:
        from proving.bench import kernels as bench_kernels
    except ModuleNotFoundError as error:
        raise Stop(
            f"the bench of the kernels needs pandas and the repository's tests: {error}"
        ) from None

    found = bench_kernels.run(samples, print_phases())
    if json:
        print_json(found)
    else:
        out.print(found["compiler"])
        print_table(
            f"{samples:,} samples, million samples/s on one core",
            ["kernel", "kernel", "C", "of C", "whole call", "pandas", "× pandas"],
            [
                [
                    row["kernel"],
                    *(f"{row[key] / 1e6:.2f}" for key in ("samples_per_s", "c_samples_per_s")),
                    row["ratio_to_c"],
                    *(
                        f"{row[k] / 1e6:.2f}"
                        for k in ("call_samples_per_s", "pandas_samples_per_s")
                    ),
                    row["ratio_to_pandas"],
                ]
                for row in found["kernels"]
            ],
        )
        print_table(
            "The whole chain: alignment, motion, trips, events, score",
            ["recording", "samples", "million samples/s"],
            [
                [row["chain"], f"{row['samples']:,}", f"{row['samples_per_s'] / 1e6:.2f}"]
                for row in found["chain"]
            ],
        )
    judge(found)
