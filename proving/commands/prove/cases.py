"""Compare the rules of cases with a plain oracle, over random case types and events.

Each round makes a random case type, opens a case and plays events: steps, failures, data, consents,
documents, exceptions, and looks at a clock that also jumps and is set back. Between events the
state is written and read again, as by another process; a second worker looks at the same time.
States, deadlines and effects must equal those of the oracle: no deadline is lost, none fires twice.
The exit code is 1 otherwise. --break replaces one rule by a wrong one, which must be found.

Example:

  tachowatt prove cases --seed 1 --rounds 1000 --json
"""

from typing import Annotated

import typer

from app.commands.shared.console import out, print_json
from proving.commands.prove.shared import Break, Json, check_rule, end, figures, oracles


def cases(
    seed: Annotated[int, typer.Option(help="Of types, events and clocks")] = 1,
    rounds: Annotated[int, typer.Option(min=1, help="Case types, with one case each")] = 500,
    break_: Break = None,
    json: Json = False,
) -> None:
    with oracles():
        from proving.cases.broken import BROKEN, broken
        from proving.cases.prove import prove

    check_rule(break_, BROKEN)
    with broken(break_):
        found = prove(seed, rounds)
    if json:
        shown = figures(
            found,
                "types", "events", "refused", "fired", "restarts", "clock_changes", "problems",
        )  # fmt: skip
        print_json({"seed": seed, "broken": break_, **shown})
    else:
        out.print(
            f"{found.types} case types, {found.events} events, {found.refused} refused, "
            f"{found.fired} deadlines fired, {found.restarts} restarts, "
            f"{found.clock_changes} changes of the clock: {len(found.problems)} differences"
        )
    end(found.problems)
