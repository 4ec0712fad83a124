"""Play contacts of households through the contact policy; a plain oracle checks the delivered.

Two workers decide, each by its own clock, which jumps ahead and back. Customers live in several
time zones, over changes of clocks, grant and withdraw consents, and react. No delivered message may
break a cap, the minimum distance, quiet hours, a suppression or consent; of one in fifty decisions
the verdict is compared too. Some households run through the services too, with signals, playbooks
and deliveries of two workers in a PostgreSQL of its own. The exit code is 1 otherwise. --break
replaces one rule by a wrong one, which must be found.

Example:

  tachowatt prove policy --seed 1 --contacts 1000000 --json
"""

from typing import Annotated

import typer

from app.commands.shared.console import out, print_json, progress_bar
from proving.commands.bench.shared import bench_settings
from proving.commands.prove.shared import Break, Json, check_rule, end, figures, oracles
from runtime.clock import SystemClock

_SIGNALS = 20
"""Turns of a household in the database, of one or two signals each."""


def policy(
    seed: Annotated[int, typer.Option(help="Of households, rules and clocks")] = 1,
    contacts: Annotated[int, typer.Option(min=1, help="How many are tried")] = 100_000,
    database_sample: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Households that run through the services and PostgreSQL too; default: one for "
            "each 100,000 contacts",
        ),
    ] = None,
    break_: Break = None,
    json: Json = False,
) -> None:
    with oracles():
        from proving.policy.broken import BROKEN, broken
        from proving.policy.prove import prove

    check_rule(break_, BROKEN)
    with broken(break_), progress_bar("contacts") as progress:
        found = prove(seed, contacts, progress=lambda done: progress(done, contacts))
        sample = contacts // 100_000 if database_sample is None else database_sample
        in_database, problems = _in_database(seed, sample)
    found.problems += problems
    if json:
        shown = figures(
            found,
            "households", "contacts", "delivered", "urgent", "held", "refused", "cancelled",
            "clock_jumps", "overlaps", "compared", "problems",
        )  # fmt: skip
        print_json({"seed": seed, "broken": break_, "in_database": in_database, **shown})
    else:
        out.print(
            f"{found.contacts} contacts of {found.households} households: {found.delivered} "
            f"delivered, {sum(found.refused.values())} refused, {found.cancelled} cancelled, "
            f"{found.clock_jumps} jumps of a clock: {len(found.problems)} breaches"
        )
    end(found.problems)


def _in_database(seed: int, households: int) -> tuple[dict[str, int], list[str]]:
    """Play households in a PostgreSQL of its own; return figures and breaches."""
    if not households:
        return {"households": 0, "delivered": 0}, []
    from app.servers.postgres import Postgres
    from proving.policy.in_database import Households
    from store.schema.migrate import migrate

    delivered, problems = 0, []
    with bench_settings(None, None) as settings:
        server = Postgres(settings.state_dir, SystemClock())
        url = server.start()
        try:
            migrate(url)
            played = Households(url)
            try:
                for number in range(households):
                    count, found = played.play(seed, number, _SIGNALS)
                    delivered += count
                    problems += [f"seed {seed}, in the database {number}: {one}" for one in found]
            finally:
                played.close()
        finally:
            server.stop()
    return {"households": households, "delivered": delivered}, problems
