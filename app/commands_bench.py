"""bench drain."""

import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from app.console import load_settings, out, print_json, progress_bar
from runtime.clock import SystemClock

bench_cli = typer.Typer(no_args_is_help=True, help="Measurements: drain.")


@bench_cli.command()
def drain(
    messages: Annotated[int, typer.Option(min=1, help="In the backlog")] = 400_000,
    samples_per_message: Annotated[int, typer.Option(min=1, max=10_000)] = 1,
    devices: Annotated[int, typer.Option(min=1, help="That take turns")] = 1_000,
    mqtt_url: Annotated[str | None, typer.Option(help="A broker instead of Mosquitto")] = None,
    database_url: Annotated[str | None, typer.Option(help="Instead of our own")] = None,
    profile: Annotated[bool, typer.Option("--profile", help="Show the share of each step")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout")] = False,
) -> None:
    """How fast a backlog goes from a broker to the last commit, with features computed on the way.

    The backlog is made first, in a persistent session of Mosquitto (or of --mqtt-url); the time
    runs from the gateway's start until everything is committed. `share_per_step` is of the whole
    time and of ingest's own thread; `copy_rows_per_s` is what a bare COPY of the same rows reaches
    in the same run. A database that is given keeps a tenant of the bench.

    Examples:

      tachowatt bench drain --messages 400000 --devices 1000

      tachowatt bench drain --messages 30000 --samples-per-message 60 --profile
    """
    from app import bench_drain

    plan = bench_drain.Plan(messages, samples_per_message, devices)
    with tempfile.TemporaryDirectory(prefix="tachowatt-bench-") as directory:
        Path(directory).chmod(0o755)  # PostgreSQL's own user must get in
        settings = load_settings(
            state_dir=Path(directory), mqtt_url=mqtt_url, database_url=database_url
        )
        with progress_bar("drain") as advance:
            found = bench_drain.run(
                settings, SystemClock(), plan, lambda _, done, of: advance(done, of)
            )
    if json:
        print_json(found)
        return
    _print(found, profile)


def _print(found: dict[str, Any], profile: bool) -> None:
    out.print(
        f"{found['messages']:,} messages of {found['samples_per_message']} in "
        f"{found['seconds']} s: {found['messages_per_s']:,} messages/s, "
        f"{found['samples_per_s']:,} samples/s, peak memory {found['peak_memory_mib']} MiB"
    )
    books, calibration = found["ledger"], found["calibration"]
    out.print(f"ledger: {books['stored']:,} stored, " + ("closes" if books["closes"] else "open"))
    out.print(
        f"a bare COPY of the same rows: {calibration['copy_rows_per_s']:,} rows/s "
        f"(ratio {calibration['ratio_to_copy']})"
    )
    if profile:
        for step, share in found["share_per_step"].items():
            out.print(f"  {step:<10} {100 * share:5.1f} %")


def register(cli: typer.Typer) -> None:
    """Add the commands of this file."""
    cli.add_typer(bench_cli, name="bench")
