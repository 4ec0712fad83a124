"""Compare the rules of cases with a plain oracle, over random case types and events.

Each round makes a random case type, opens a case and plays events: steps, failures, data, consents,
documents, exceptions, and looks at a clock that also jumps and is set back. Between events the
state is written and read again, as by another process; a second worker looks at the same time.
States, deadlines and effects must equal those of the oracle: no deadline is lost, none fires twice.
The exit code is 1 otherwise. --break replaces one rule by a wrong one, which must be found.

Example:

  tachowatt prove cases --seed 1 --rounds 1000 --json
"""

from typing import Annotated, Any

import typer

from app.commands.shared.console import err, out, print_json
from runtime.errors import Stop, Usage


def cases(
    seed: Annotated[int, typer.Option(help="Of types, events and clocks")] = 1,
    rounds: Annotated[int, typer.Option(min=1, help="Case types, with one case each")] = 500,
    break_: Annotated[
        str | None, typer.Option("--break", help="A rule to break; ? lists them")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout")] = False,
) -> None:
    try:
        from proving.cases.broken import BROKEN, broken
        from proving.cases.prove import prove
    except ModuleNotFoundError as error:
        raise Stop(f"the proof needs the repository's tests: {error}") from None

    if break_ is not None and break_ not in BROKEN:
        raise Usage(f"--break: expected one of {', '.join(BROKEN)}")
    with broken(break_):
        found = prove(seed, rounds)
    if json:
        shown: dict[str, Any] = {
            name: getattr(found, name)
            for name in (
                "types", "events", "refused", "fired", "restarts", "clock_changes", "problems",
            )
        }  # fmt: skip
        print_json({"seed": seed, "broken": break_, **shown})
    else:
        out.print(
            f"{found.types} case types, {found.events} events, {found.refused} refused, "
            f"{found.fired} deadlines fired, {found.restarts} restarts, "
            f"{found.clock_changes} changes of the clock: {len(found.problems)} differences"
        )
    for problem in found.problems:
        err.print(problem, style="red", markup=False, highlight=False)
    if found.problems:
        raise typer.Exit(1)
