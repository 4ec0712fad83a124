"""Compare what we store, plan, send and show with a plain oracle of consent, over random histories.

A history is a small tenant over some hours: assignments and their corrections, contracts, consents
and withdrawals with all limits and dates, telemetry, signals, contacts, and looks by customers and
others. All run through the pure rules, ingest's steps and its fast path; a sample of them runs
through the services and the worker in a real PostgreSQL too. The exit code is 1 where an answer
differs from the oracle's. --break replaces one rule by a wrong one, which must be found.

Example:

  tachowatt prove consent --histories 100000 --seed 1 --json
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.shared.console import out, print_json, progress_bar
from proving.commands.bench.shared import bench_settings
from proving.commands.prove.shared import Break, Json, check_rule, end, figures, oracles
from runtime.clock import SystemClock

if TYPE_CHECKING:
    from proving.consent.prove import Ours


def consent(
    histories: Annotated[int, typer.Option(min=1, help="How many")] = 1_000,
    seed: Annotated[int, typer.Option(help="Of all histories")] = 1,
    database_sample: Annotated[
        int | None,
        typer.Option(min=0, help="How many run in PostgreSQL too; default: a hundredth"),
    ] = None,
    break_: Break = None,
    json: Json = False,
) -> None:
    with oracles():
        from proving.consent.broken import NAMES, broken
        from proving.consent.prove import prove

    check_rule(break_, NAMES)
    clock = SystemClock()
    sample = max(histories // 100, 1) if database_sample is None else database_sample
    began_s = clock.monotonic()
    with (
        broken(break_),
        _database(sample) as in_database,
        progress_bar("histories") as progress,
    ):
        found = prove(
            seed, histories, lambda done: progress(done, histories),
            in_database=in_database, database_sample=sample,
        )  # fmt: skip
    took_s = round(clock.monotonic() - began_s, 1)
    if json:
        shown = figures(
            found,
                "histories", "in_database", "events", "samples", "stored", "planned", "sent",
                "refused", "hidden", "problems",
        )  # fmt: skip
        print_json({"seed": seed, "broken": break_, "took_s": took_s, **shown})
    else:
        out.print(
            f"{found.histories:,} histories ({found.in_database:,} in the database), "
            f"{found.events:,} events, {found.stored:,} of {found.samples:,} samples stored, "
            f"{found.sent:,} contacts sent, {found.refused:,} refused, {found.hidden:,} times "
            f"something was hidden; {took_s} s: {len(found.problems)} differences",
            highlight=False,
        )
    end(found.problems)


@contextmanager
def _database(sample: int) -> Iterator["Callable[[int], Ours] | None"]:
    """Yield what makes the side of a history in a PostgreSQL of its own; None without a sample."""
    if not sample:
        yield None
        return
    from app.servers.postgres import Postgres
    from proving.consent.in_database import Database
    from store.schema.migrate import migrate

    with bench_settings(None, None) as settings:
        server = Postgres(settings.state_dir, SystemClock())
        url = server.start()
        try:
            migrate(url)
            database = Database(url)
            try:
                yield database.history
            finally:
                database.close()
        finally:
            server.stop()
