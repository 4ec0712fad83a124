"""Inject anomalies into meters and count what is found, and what is raised without any.

The meters are simulated homes with holidays, guests, seasons, heat pumps, cars and solar panels,
or FILES of interval values (`tachowatt columns`). Into each meter each kind is put at random times,
one at a time: 48 h of zero, a value stuck for 24 h, 0.2 kW more for 14 days, a value of ten times
the 99.9 % quantile, half use for 14 days, a gap of 12 h, a negative value. The exit code is 1 if
less than 95 % of a kind are found, or dated within two days, or more than 0.5 false alarms are
raised in a year. --break sets a parameter wrong, which must be found.

Example:

  tachowatt prove anomalies --seed 1 --homes 20 --json

  tachowatt prove anomalies homes/*.csv --tz Europe/London --map energy_kwh=value
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.shared.console import err, out, print_json
from app.commands.shared.recording import Map, Zone
from proving.commands.prove.shared import Break, Json, check_rule

RECALL, FALSE_PER_YEAR = 0.95, 0.5

Files = Annotated[list[Path] | None, typer.Argument(help="CSV or Parquet; none: simulated homes")]


def anomalies(
    files: Files = None,
    seed: Annotated[int, typer.Option(help="Of homes, and of what is injected when")] = 1,
    homes: Annotated[int, typer.Option(min=1, help="Simulated homes")] = 40,
    days: Annotated[int, typer.Option(min=120, help="Length of a simulated recording")] = 500,
    rounds: Annotated[int, typer.Option(min=1, help="Of each kind, in each meter")] = 3,
    tz: Zone = None,
    map_: Map = None,
    break_: Break = None,
    json: Json = False,
) -> None:
    from proving.meters.anomalies import BROKEN, problems, prove
    from proving.meters.homes import recorded, simulated

    check_rule(break_, BROKEN)
    if files:
        meters = [recorded(path, tz, tuple(map_ or ())) for path in files]
        found = prove(meters, seed, rounds, break_)
    else:
        found = prove((simulated(seed, i, days) for i in range(homes)), seed, rounds, break_)
    wrong = list(problems(found, RECALL, FALSE_PER_YEAR))
    kinds: dict[str, Any] = {
        kind: {
            "injected": count.injected,
            "recall": round(count.found / max(count.injected, 1), 4),
            "onset_within_2_days": round(count.onset / max(count.found, 1), 4),
            "raised_before_onset": count.early,
            "missed": count.missed,
        }
        for kind, count in found.kinds.items()
    }
    if json:
        answer = {
            "seed": seed,
            "broken": break_,
            "meters": found.meters,
            "meter_years": round(found.meter_years, 3),
            "kinds": kinds,
            "false_alarms": dict(sorted(found.false.items())),
            "false_per_meter_year": round(found.false_per_year, 4),
            "problems": wrong,
        }
        print_json(answer)
    else:
        for kind, count in found.kinds.items():
            out.print(
                f"{kind:16} {count.found} of {count.injected} found, {count.onset} dated within "
                "two days"
            )
        out.print(
            f"{sum(found.false.values())} false alarms in {found.meter_years:.1f} meter-years: "
            f"{found.false_per_year:.2f} a year"
        )
    for problem in wrong:
        err.print(problem, style="red")
    if wrong:
        raise typer.Exit(1)
