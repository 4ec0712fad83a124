"""Drive a simulated population: are crashes found, and nothing else?

Cars crash at 40 to 110 km/h; others drive with potholes, kerbs and falling devices, which the
accelerometer feels at 25 to 100 Hz. The simulator knows which is which. The exit code is 1 where
fewer crashes are found, or more false alarms raised, than asked for. --break sets a parameter
wrong.

With --labelled the kernel runs over stored recordings instead, of crashes of which drivers or
agents said what they were (`tachowatt labels`): it fails where it misses one that was a crash.

Examples:

  tachowatt prove crash --seed 1 --crashes 40 --hours 60 --json

  tachowatt prove crash --labelled --tenant acme --json
"""

from typing import Annotated

import typer

from app.commands.shared.console import load_settings, out, print_json
from app.commands.shared.options import Tenant
from proving.commands.prove.shared import Break, Json, check_rule, end


def crash(
    seed: Annotated[int, typer.Option(help="Of roads, drivers and disturbances")] = 1,
    crashes: Annotated[int, typer.Option(min=1, help="Drives that end in a crash")] = 200,
    hours: Annotated[float, typer.Option(min=0.1, help="Of ordinary driving")] = 1_000.0,
    recall: Annotated[float, typer.Option(help="Share of crashes to be found")] = 0.98,
    false: Annotated[float, typer.Option(help="False alarms allowed in 10,000 h")] = 1.0,
    labelled: Annotated[bool, typer.Option(help="Stored recordings that have a label")] = False,
    tenant: Tenant = None,
    break_: Break = None,
    json: Json = False,
) -> None:
    from proving.crash.prove import BROKEN, problems, prove

    check_rule(break_, BROKEN)
    if labelled:
        _labelled(tenant, break_, json)
        return
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


def _labelled(tenant: str | None, broken: str | None, json: bool) -> None:
    from app.commands.shared.tenant import the_tenant
    from app.processes.stack import database
    from proving.crash.labelled import as_json, judge
    from runtime.clock import SystemClock
    from store.postgres.pool import connect, translated

    with (
        database(load_settings(), SystemClock()) as url,
        translated(),
        connect(url) as connection,
    ):
        found = judge(connection, the_tenant(connection, tenant), broken)
    wrong = [f"the crash of case {case} is not found" for case in found.missed]
    if json:
        print_json({**as_json(found), "broken": broken, "problems": wrong})
    else:
        out.print(
            f"{found.crashes - len(found.missed)} of {found.crashes} labelled crashes are found, "
            f"{found.raised} of {found.false_alarms} false alarms are raised still; "
            f"{found.without} labels have no recording"
        )
    end(wrong)
