"""Look at one population of drives in many ways: how much do rate, noise and axes cost?

Drivers of three styles drive in the simulator; each drive is recorded by a phone in many positions,
rates and conditions, and scored as `score-trip` does it at its defaults. The table has how well the
score separates the aggressive style (AUC), and recall and precision of harsh events and speeding.
The exit code is 1 where a mounting, a sign or removed gravity costs more than 0.05 of a figure, or
one of those figures is below 0.9.
--break takes the phone's axes for the car's.

Example:

  tachowatt prove robustness --seed 1 --drives 30 --json
"""

from typing import Annotated

import typer

from app.commands.shared.console import print_json, print_table
from proving.commands.prove.shared import Break, Json, check_rule, end


def robustness(
    seed: Annotated[int, typer.Option(help="Of roads, drivers and noise")] = 1,
    drives: Annotated[int, typer.Option(min=3, help="Of 15 minutes, in each condition")] = 30,
    break_: Break = None,
    json: Json = False,
) -> None:
    from proving.robustness.prove import BROKEN, problems, prove

    check_rule(break_, BROKEN)
    found = prove(seed, drives, break_)
    wrong, rows = list(problems(found)), [one.row() for one in found]
    if json:
        print_json({"seed": seed, "broken": break_, "rows": rows, "problems": wrong})
    else:
        print_table("Robustness", list(rows[0]), [list(row.values()) for row in rows])
    end(wrong)
