"""Compare decisions with a plain oracle, over random actions and customers.

Each round makes a random set of actions with policies at all levels, and decides for twelve
random customers. Winners, priorities and times must equal those of the oracle bit for bit; each
decision is written as JSON, read again, recomputed and explained, and must be the same. The exit
code is 1 otherwise. --break replaces one rule by a wrong one, which must be found.

Example:

  tachowatt prove decisions --seed 1 --rounds 500 --json
"""

from typing import Annotated

import typer

from app.commands.shared.console import err, out, print_json
from runtime.errors import Stop, Usage


def decisions(
    seed: Annotated[int, typer.Option(help="Of actions and customers")] = 1,
    rounds: Annotated[int, typer.Option(min=1, help="Sets of actions")] = 500,
    break_: Annotated[
        str | None, typer.Option("--break", help="A rule to break; ? lists them")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout")] = False,
) -> None:
    try:
        from proving.decisions.broken import BROKEN, broken
        from proving.decisions.prove import prove
    except ModuleNotFoundError as error:
        raise Stop(f"the proof needs the repository's tests: {error}") from None

    if break_ is not None and break_ not in BROKEN:
        raise Usage(f"--break: expected one of {', '.join(BROKEN)}")
    with broken(break_):
        found = prove(seed, rounds)
    if json:
        names = ("sets", "decisions", "winners", "explained", "problems")
        shown = {name: getattr(found, name) for name in names}
        print_json({"seed": seed, "broken": break_, **shown})
    else:
        out.print(
            f"{found.sets} sets of actions, {found.decisions} decisions with {found.winners} "
            f"winners, {found.explained} verdicts: {len(found.problems)} differences"
        )
    for problem in found.problems:
        err.print(problem, style="red", markup=False, highlight=False)
    if found.problems:
        raise typer.Exit(1)
