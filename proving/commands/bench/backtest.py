"""Try the actions in use on stored decisions of many customers over some weeks.

It fills a PostgreSQL of its own with a decision a day about each customer, reads and decides all
of them again, and compares: the exit code is 1 where one comes out differently. Rates are
customer-days a second, with reading from the store and without.

Example:

  tachowatt bench backtest --json
"""

from typing import Annotated

import typer

from app.commands.shared.console import out, print_json
from proving.commands.bench.shared import Json, bench_settings, judge, phase_bars
from runtime.clock import SystemClock
from runtime.errors import Stop


def backtest(
    customers: Annotated[int, typer.Option(min=1, help="Decided about each day")] = 1_000,
    days: Annotated[int, typer.Option(min=1, help="With a decision each")] = 28,
    seed: Annotated[int, typer.Option(help="Of facts and consents")] = 1,
    json: Json = False,
) -> None:
    try:
        from proving.bench import backtest as bench_backtest
    except ModuleNotFoundError as error:
        raise Stop(f"the bench needs the repository's tests: {error}") from None

    with bench_settings(None, None) as settings, phase_bars() as progress:
        found = bench_backtest.run(settings, SystemClock(), customers, days, seed, progress)
    if json:
        print_json(found)
    else:
        out.print(
            f"{found['customer_days_per_s']:,} customer-days/s over {found['actions']} actions, "
            f"{found['in_memory_per_cpu_s']:,} without reading; {100 * found['equal_share']:.4g} % "
            "as they were decided"
        )
    judge(found)
