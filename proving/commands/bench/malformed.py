"""Send many malformed messages through ingest, mixed with good ones.

Mutations of the contract's examples (simulators/mutations.py) in every dialect and encoding,
between the messages of a simulated fleet, go through ingest as it runs in the service, into a
PostgreSQL. Each message must be accounted for, by a reason that was foreseen; memory (in runs
of 500,000 and more), open files and connections must not grow; and the good devices must have
the same samples, features, signals and numbering, bit for bit, as after a run with the good
messages alone. Else the exit code is 1, and `problems` lists why.

With NUMBA_BOUNDSCHECK=1 and a separate NUMBA_CACHE_DIR, kernels also fail on an access beyond an
array, instead of corrupting memory.

Examples:

  tachowatt bench malformed --messages 1000000 --seed 1 --json

  tachowatt bench malformed --messages 20000 --seed 7
"""

from typing import Annotated, Any

import typer

from app.commands.shared.console import out, print_json, print_table, progress_bar
from proving.commands.bench.shared import (
    EmptyDatabaseUrl,
    Json,
    Verify,
    bench_settings,
    judge,
)
from runtime.clock import SystemClock


def malformed(
    messages: Annotated[int, typer.Option(min=100, help="One in ten of them good")] = 1_000_000,
    seed: Annotated[int, typer.Option(help="Of the fleet and of the mutations")] = 1,
    database_url: EmptyDatabaseUrl = None,
    verify: Verify = True,
    json: Json = False,
) -> None:
    from proving.bench import malformed as bench_malformed

    plan = bench_malformed.Plan(messages, seed, verify)
    with bench_settings(None, database_url) as settings, progress_bar("malformed") as advance:
        found = bench_malformed.run(
            settings, SystemClock(), plan, lambda _, done, of: advance(done, of)
        )
    if json:
        print_json(found)
    else:
        _print_malformed(found)
    judge(found)


def _print_malformed(found: dict[str, Any]) -> None:
    memory, held = found["memory"], found["held"]["at_end"]
    out.print(
        f"{found['messages']:,} messages, {found['good']:,} of them good, in {found['seconds']} s: "
        f"{found['messages_per_s']:,} messages/s; memory at the end "
        f"{memory['after_each_tenth'][-1]}, of it growth {memory['growth']}; {held}"
    )
    for title, counts in (("became", found["outcomes"]), ("dead letters", found["reasons"])):
        rows = sorted(counts.items(), key=lambda row: -row[1])
        print_table(title, ["what", "messages"], [[name, f"{n:,}"] for name, n in rows])
