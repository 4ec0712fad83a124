"""Change recordings in every way that a score must notice; honest drives must not be marked.

Drives of the simulator are recorded by a phone and changed: places that jump, speeds halved or
scaled by 0.7, speeds of two minutes before, a clock that jumps, the drive sent again, exactly or
with noise. Commuters drive one road 250 times each: no more than one of 10,000 of these drives may
be taken for an earlier one. The exit code is 1 where a changed drive is not marked, or an honest
one is.
--break leaves out a rule: scale, time, course.

Example:

  tachowatt prove manipulation --seed 1 --commuters 40 --json
"""

from typing import Annotated

import typer

from app.commands.shared.console import print_json, print_table
from proving.commands.prove.shared import Break, Json, check_rule, end


def manipulation(
    seed: Annotated[int, typer.Option(help="Of roads, drivers and noise")] = 1,
    drives: Annotated[int, typer.Option(min=1, help="Of 20 minutes, each changed")] = 12,
    commuters: Annotated[int, typer.Option(min=0, help="With 250 drives each")] = 4,
    break_: Break = None,
    json: Json = False,
) -> None:
    from app.analysis.score_changed import BROKEN, prove

    check_rule(break_, BROKEN)
    found = prove(seed, drives, commuters, break_)
    if json:
        print_json(found)
    else:
        rows = [[name, row["trips"], row["marked"]] for name, row in found["changed"].items()]
        rows.append(["commutes", found["commuters"]["trips"], found["commuters"]["marked"]])
        print_table("Changed recordings", ["what", "trips", "marked"], rows)
    end(found["problems"])
