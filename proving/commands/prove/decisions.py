"""Compare decisions with a plain oracle, over random actions and customers.

Each round makes a random set of actions with policies at all levels, and decides for twelve
random customers. Winners, priorities and times must equal those of the oracle bit for bit; each
decision is written as JSON, read again, recomputed and explained, and must be the same. Decided
about at once, from columns, the customers must get the same winners. The exit code is 1
otherwise. --break replaces one rule by a wrong one, which must be found.

Example:

  tachowatt prove decisions --seed 1 --rounds 500 --json
"""

from typing import Annotated

import typer

from app.commands.shared.console import out, print_json
from proving.commands.prove.shared import Break, Json, check_rule, end, figures, oracles


def decisions(
    seed: Annotated[int, typer.Option(help="Of actions and customers")] = 1,
    rounds: Annotated[int, typer.Option(min=1, help="Sets of actions")] = 500,
    break_: Break = None,
    json: Json = False,
) -> None:
    with oracles():
        from proving.decisions.broken import BROKEN, broken
        from proving.decisions.prove import prove

    check_rule(break_, BROKEN)
    with broken(break_):
        found = prove(seed, rounds)
    if json:
        shown = figures(found, "sets", "decisions", "winners", "explained", "at_once", "problems")
        print_json({"seed": seed, "broken": break_, **shown})
    else:
        out.print(
            f"{found.sets} sets of actions, {found.decisions} decisions with {found.winners} "
            f"winners, {found.explained} verdicts: {len(found.problems)} differences"
        )
    end(found.problems)
