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

from app.commands.shared.console import err, out, print_json
from runtime.errors import Stop, Usage


def policy(
    seed: Annotated[int, typer.Option(help="Of households, rules and clocks")] = 1,
    contacts: Annotated[int, typer.Option(min=1, help="How many are tried")] = 100_000,
    break_: Annotated[
        str | None, typer.Option("--break", help="A rule to break; ? lists them")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout")] = False,
) -> None:
    try:
        from proving.policy.broken import BROKEN, broken
        from proving.policy.prove import prove
    except ModuleNotFoundError as error:
        raise Stop(f"the proof needs the repository's tests: {error}") from None

    if break_ is not None and break_ not in BROKEN:
        raise Usage(f"--break: expected one of {', '.join(BROKEN)}")
    with broken(break_):
        found = prove(seed, contacts)
    if json:
        names = (
            "households", "contacts", "delivered", "urgent", "held", "refused", "cancelled",
            "clock_jumps", "overlaps", "compared", "problems",
        )  # fmt: skip
        shown = {name: getattr(found, name) for name in names}
        print_json({"seed": seed, "broken": break_, **shown})
    else:
        out.print(
            f"{found.contacts} contacts of {found.households} households: {found.delivered} "
            f"delivered, {sum(found.refused.values())} refused, {found.cancelled} cancelled, "
            f"{found.clock_jumps} jumps of a clock: {len(found.problems)} breaches"
        )
    for problem in found.problems:
        err.print(problem, style="red", markup=False, highlight=False)
    if found.problems:
        raise typer.Exit(1)
