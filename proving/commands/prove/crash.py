"""Drive a simulated population: are crashes found, and nothing else?

Cars crash at 40 to 110 km/h; others drive with potholes, kerbs and falling devices, which the
accelerometer feels at 25 to 100 Hz. The simulator knows which is which. The exit code is 1 where
fewer crashes are found, or more false alarms raised, than asked for. --break sets a parameter
wrong.

Example:

  tachowatt prove crash --seed 1 --crashes 40 --hours 60 --json
"""

from typing import Annotated

import typer

from app.commands.shared.console import out, print_json
from proving.commands.prove.shared import Break, Json, check_rule, end


def crash(
    seed: Annotated[int, typer.Option(help="Of roads, drivers and disturbances")] = 1,
    crashes: Annotated[int, typer.Option(min=1, help="Drives that end in a crash")] = 200,
    hours: Annotated[float, typer.Option(min=0.1, help="Of ordinary driving")] = 1_000.0,
    recall: Annotated[float, typer.Option(help="Share of crashes to be found")] = 0.98,
    false: Annotated[float, typer.Option(help="False alarms allowed in 10,000 h")] = 1.0,
    break_: Break = None,
    json: Json = False,
) -> None:
    from proving.crash.prove import BROKEN, problems, prove

    check_rule(break_, BROKEN)
    found = prove(seed, crashes, hours, break_)
    wrong = list(problems(found, recall, false))
    slowest = max(found.decided_s, default=None)
    if json:
        print_json(
            {
                "seed": seed,
                "broken": break_,
                "crashes": found.crashes,
                "found": found.found,
                "hours": round(found.hours, 3),
                "false_alarms": {name: found.false.count(name) for name in sorted({*found.false})},
                "false_per_10_000_h": round(found.false_per_10_000_h, 3),
                "at_most_per_10_000_h": round(found.at_most_per_10_000_h, 3),
                "slowest_decision_s": slowest,
                "problems": wrong,
            }
        )
    else:
        out.print(
            f"{found.found} of {found.crashes} crashes found; {len(found.false)} false alarms in "
            f"{found.hours:.0f} h: {found.false_per_10_000_h:.1f} in 10,000 h, at most "
            f"{found.at_most_per_10_000_h:.1f} (95 %)"
        )
    end(wrong)
