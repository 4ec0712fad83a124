"""Change windows of meters as the published attacks do, and rank them by `tamper_score`.

The meters are simulated homes, or FILES of interval values; --electric homes heat or cool by
electricity, in hours of hard noise, so that their seasons look like theft; --sparse homes use
nothing in every fifth to eighth half-hour, and half of them are empty for months. Temperatures are
used where they are known, for all FILES by --temperature; --no-weather leaves them out.

Each window of 14 days is scored as it is, and after each of six attacks (Jokar et al., IEEE
Transactions on Smart Grid 7(1), 2016): scaled down, hours cut out, scaled at random, a mean scaled
at random, a mean, reversed. The exit code is 1 if a changed window is above an untouched one in
less than 97 of 100 pairs, over all meters. --break changes nothing, which must be found. --fit
prints the weights of the score that a logistic regression finds over the homes
(app/analysis/tamper.py), and measures nothing.

Example:

  tachowatt prove tamper --seed 1 --homes 20 --json
"""

from pathlib import Path
from typing import Annotated

import typer

from app.commands.analyse_meter import Temperature
from app.commands.shared.console import err, out, print_json
from app.commands.shared.recording import Map, Zone

LEAST_AUC = 0.97

Files = Annotated[list[Path] | None, typer.Argument(help="CSV or Parquet; none: simulated homes")]


def tamper(
    files: Files = None,
    seed: Annotated[int, typer.Option(help="Of homes, windows and attacks")] = 1,
    homes: Annotated[int, typer.Option(min=0, help="Simulated homes")] = 40,
    electric: Annotated[int, typer.Option(min=0, help="Homes that heat or cool, two years")] = 0,
    sparse: Annotated[int, typer.Option(min=0, help="Homes with many zeros, or empty")] = 0,
    days: Annotated[int, typer.Option(min=120, help="Length of a simulated recording")] = 450,
    windows: Annotated[int, typer.Option(min=1, help="Of each meter")] = 8,
    tz: Zone = None,
    map_: Map = None,
    temperature: Temperature = None,
    weather: Annotated[bool, typer.Option(help="Use temperatures")] = True,
    fit: Annotated[bool, typer.Option("--fit", help="Print weights")] = False,
    break_: Annotated[bool, typer.Option("--break", help="Change nothing")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout")] = False,
) -> None:
    from proving.meters import homes as drawing
    from proving.meters import tamper_weights
    from proving.meters.attacks import ATTACKS
    from proving.meters.tamper import prove

    if files:
        meters = drawing.beside(files, tz, tuple(map_ or ()), temperature)
    else:
        meters = [drawing.simulated(seed, i, days) for i in range(homes)]
        meters += [drawing.electric(seed, i) for i in range(electric)]
        meters += [drawing.sparse(seed, i, days) for i in range(sparse)]
    if fit:
        weights, bias = tamper_weights.fit(meters, seed, windows)
        rounded = {name: round(value, 3) for name, value in weights.items()}
        print_json({"weights": rounded, "bias": round(bias, 3)})
        return
    found = prove(meters, seed, windows, break_, weather)
    auc = found.auc()
    by_attack = {attack: round(found.auc(attack), 4) for attack in ATTACKS}
    if json:
        answer = {
            "seed": seed,
            "weather": weather and any(meter.weather is not None for meter in meters),
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
