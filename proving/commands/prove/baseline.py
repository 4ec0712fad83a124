"""Fit the baseline of simulated homes whose base, heating and cooling load are known.

Climates, balance points, noise of hours and days, and houses that answer the weather late or slowly
are drawn by seed. The errors stand beside those of a plain fit of degree hours that knows the true
balance points. The exit code is 1 if less than 90 % of homes have a load within 10 %, less than
95 % a balance point within 1.5 K, or less than 90 % a saving within 1.5 points (of the oracle's,
where that misses more). --break takes the weather away, which must be found.

Example:

  tachowatt prove baseline --seed 1 --homes 40 --noise hard --json
"""

from pathlib import Path
from typing import Annotated

import typer

from app.commands.shared.console import out, print_json
from proving.commands.prove.shared import Json, check_rule, end

Noise = Annotated[str, typer.Option(help="mild, medium or hard")]
Peer = Annotated[
    Path | None,
    typer.Option(metavar="PYTHON", help="An interpreter with opendsm, to compare (proving/peers)"),
]
House = Annotated[str, typer.Option(help="prompt, late, heavy or setback")]


def baseline(
    seed: Annotated[int, typer.Option(help="Of homes, weather and noise")] = 1,
    homes: Annotated[int, typer.Option(min=1, help="How many")] = 40,
    noise: Noise = "medium",
    house: House = "prompt",
    break_: Annotated[bool, typer.Option("--break", help="Fit without weather")] = False,
    peer: Peer = None,
    json: Json = False,
) -> None:
    from proving.meters.baseline import beside, problems, prove
    from proving.meters.known_homes import HOUSES, NOISE, draw_home

    check_rule(noise, NOISE, "--noise")
    check_rule(house, HOUSES, "--house")
    drawn = [draw_home(seed, i, noise, house) for i in range(homes)]
    theirs: dict[str, dict[str, float]] = {}
    cpu_s = None
    if peer is not None:
        theirs, cpu_s = beside(drawn, peer)
    found = prove(drawn, break_)
    wrong = list(problems(found))
    ours, oracle = found.table(), found.table(oracle=True)
    if json:
        print_json({
            "seed": seed, "homes": homes, "noise": noise, "house": house, "broken": break_,
            "ours": ours, "oracle": oracle, "peer": theirs, "peer_cpu_s": cpu_s,
            "problems": wrong,
        })  # fmt: skip
    else:
        for name, table in (
            ("ours", ours), ("true balance points", oracle), ("opendsm", theirs),
        ):  # fmt: skip
            for what, figures in table.items():
                out.print(
                    f"{name:20} {what:16} {100 * figures['within']:3.0f} % of {figures['homes']}"
                    f" homes within, median {figures['median_abs']}, 90 % {figures['p90_abs']}"
                )
    end(wrong)
