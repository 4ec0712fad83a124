"""Change windows of meters as the published attacks do, and rank them by `tamper_score`.

The meters are simulated homes, or FILES of interval values. Each window of 14 days is scored as it
is, and after each of six attacks (Jokar et al., IEEE Transactions on Smart Grid 7(1), 2016): scaled
down, hours cut out, scaled at random, a mean scaled at random, a mean, reversed. The exit code is 1
if a changed window is above an untouched one in less than 97 of 100 pairs, over all meters.
--break changes nothing, which must be found.

Example:

  tachowatt prove tamper --seed 1 --homes 20 --json
"""

from pathlib import Path
from typing import Annotated

import typer

from app.commands.shared.console import err, out, print_json
from app.commands.shared.recording import Map, Zone

LEAST_AUC = 0.97

Files = Annotated[list[Path] | None, typer.Argument(help="CSV or Parquet; none: simulated homes")]


def tamper(
    files: Files = None,
    seed: Annotated[int, typer.Option(help="Of homes, windows and attacks")] = 1,
    homes: Annotated[int, typer.Option(min=1, help="Simulated homes")] = 40,
    days: Annotated[int, typer.Option(min=120, help="Length of a simulated recording")] = 450,
    windows: Annotated[int, typer.Option(min=1, help="Of each meter")] = 8,
    tz: Zone = None,
    map_: Map = None,
    break_: Annotated[bool, typer.Option("--break", help="Change nothing")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout")] = False,
) -> None:
    from proving.meters.attacks import ATTACKS
    from proving.meters.homes import recorded, simulated
    from proving.meters.tamper import prove

    if files:
        meters = [recorded(path, tz, tuple(map_ or ())) for path in files]
        found = prove(meters, seed, windows, break_)
    else:
        found = prove((simulated(seed, i, days) for i in range(homes)), seed, windows, break_)
    auc = found.auc()
    by_attack = {attack: round(found.auc(attack), 4) for attack in ATTACKS}
    if json:
        answer = {
            "seed": seed,
            "broken": break_,
            "windows": len(found.clean),
            "auc": round(auc, 4),
            "attacks": by_attack,
        }
        print_json(answer)
    else:
        out.print(f"AUC {auc:.4f} over {len(found.clean)} windows: {by_attack}")
    if not auc >= LEAST_AUC:
        err.print(f"AUC {auc:.4f}, {LEAST_AUC} expected", style="red")
        raise typer.Exit(1)
