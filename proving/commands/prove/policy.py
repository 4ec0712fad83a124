"""Play contacts of households through the contact policy; a plain oracle checks the delivered.

Two workers decide, each by its own clock, which jumps ahead and back. Customers live in several
time zones, over changes of clocks, grant and withdraw consents, and react. No delivered message may
break a cap, the minimum distance, quiet hours, a suppression or consent; of one in fifty decisions
the verdict is compared too. The exit code is 1 otherwise. --break replaces one rule by a wrong one,
which must be found.

Example:

  tachowatt prove policy --seed 1 --contacts 1000000 --json
"""

from typing import Annotated

import typer

from app.commands.shared.console import out, print_json, progress_bar
from proving.commands.prove.shared import Break, Json, check_rule, end, figures, oracles


def policy(
    seed: Annotated[int, typer.Option(help="Of households, rules and clocks")] = 1,
    contacts: Annotated[int, typer.Option(min=1, help="How many are tried")] = 100_000,
    break_: Break = None,
    json: Json = False,
) -> None:
    with oracles():
        from proving.policy.broken import BROKEN, broken
        from proving.policy.prove import prove

    check_rule(break_, BROKEN)
    with broken(break_), progress_bar("contacts") as progress:
        found = prove(seed, contacts, progress=lambda done: progress(done, contacts))
    if json:
        shown = figures(
            found,
            "households", "contacts", "delivered", "urgent", "held", "refused", "cancelled",
            "clock_jumps", "overlaps", "compared", "problems",
        )  # fmt: skip
        print_json({"seed": seed, "broken": break_, **shown})
    else:
        out.print(
            f"{found.contacts} contacts of {found.households} households: {found.delivered} "
            f"delivered, {sum(found.refused.values())} refused, {found.cancelled} cancelled, "
            f"{found.clock_jumps} jumps of a clock: {len(found.problems)} breaches"
        )
    end(found.problems)
