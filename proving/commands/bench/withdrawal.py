"""Measure how long after a withdrawal the stream refuses, under half of the maximum load.

Two workers of ingest read a Kafka; customers withdraw by the API, by their page, and, of e-mails,
by a stop link. Time runs from sending the request until the ledger shows the first refusal. The
exit code is 1 if p99 is a second or more, if a withdrawal is not refused, or if the store has a
sample that arrived after the refusal.

Example:

  tachowatt bench withdrawal --json
"""

from typing import Annotated

import typer

from app.commands.shared.console import out, print_json, progress_bar
from proving.commands.bench.shared import (
    Devices,
    EmptyDatabaseUrl,
    Json,
    KafkaUrl,
    bench_settings,
    judge,
)
from runtime.clock import SystemClock


def withdrawal(
    withdrawals: Annotated[int, typer.Option(min=2, max=5_000, help="How many")] = 200,
    seconds: Annotated[float, typer.Option(min=1, help="Over which they are spread")] = 60.0,
    devices: Devices = 1_000,
    rate: Annotated[
        float | None, typer.Option(min=100, help="Messages/s; else half of the maximum")
    ] = None,
    maximum_messages: Annotated[
        int, typer.Option(min=1_000, help="By which the maximum is measured")
    ] = 100_000,
    kafka_url: KafkaUrl = None,
    database_url: EmptyDatabaseUrl = None,
    json: Json = False,
) -> None:
    from proving.bench import withdrawal as bench

    plan = bench.Plan(withdrawals, seconds, devices, rate, maximum_messages, kafka_url=kafka_url)
    with (
        bench_settings(None, database_url) as settings,
        progress_bar("withdrawals") as progress,
    ):
        found = bench.run(settings, SystemClock(), plan, lambda _, done, of: progress(done, of))
    if json:
        print_json(found)
    else:
        stream = found["stream_s"]
        out.print(
            f"{found['withdrawals']} withdrawals at {found['rate']:,} messages/s: "
            + ", ".join(f"{name} {value} s" for name, value in stream.items())
            + f"; {found['stored_after_refusal']} samples stored that arrived later",
            highlight=False,
        )
    judge(found)
