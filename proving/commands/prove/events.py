"""Drive a simulated fleet with noisy sensors: which harsh events and speeding are found?

At 10 Hz, with GNSS at 1 Hz and an accelerometer, and with GNSS at 1 Hz alone. The simulator knows
what was driven, and what such sensors cannot show is not asked for (cornering and limits of GNSS
alone). The exit code is 1 where recall or precision is below 0.95 (GNSS alone: 0.85).
--break sets parameters wrong.

Example:

  tachowatt prove events --seed 1 --drives 60 --json
"""

from typing import Annotated

import typer

from app.commands.shared.console import print_json, print_table
from proving.commands.prove.shared import Break, Json, check_rule, end


def events(
    seed: Annotated[int, typer.Option(help="Of roads, drivers and noise")] = 1,
    drives: Annotated[int, typer.Option(min=1, help="Of 25 minutes, for each input")] = 60,
    break_: Break = None,
    json: Json = False,
) -> None:
    from proving.events.prove import BROKEN, INPUTS, problems, prove

    check_rule(break_, BROKEN)
    found = [prove(seed, drives, which, break_) for which in INPUTS]
    wrong = [problem for one in found for problem in problems(one)]
    rows = [
        {
            "input": one.input,
            "kind": kind,
            "events": count.true,
            "recall": None if count.true == 0 else round(count.recall, 4),
            "precision": None if count.said == 0 else round(count.precision, 4),
        }
        for one in found
        for kind, count in (*one.kinds.items(), ("all", one.all))
    ]
    if json:
        hours = round(sum(one.hours for one in found), 3)
        print_json(
            {"seed": seed, "broken": break_, "hours": hours, "rows": rows, "problems": wrong}
        )
    else:
        print_table("Events found", list(rows[0]), [list(row.values()) for row in rows])
    end(wrong)
