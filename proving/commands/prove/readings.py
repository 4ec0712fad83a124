"""Judge right and wrong readings of simulated homes, and count which are questioned.

Errors: two digits swapped, one digit wrong, a digit missing, the neighbour's meter, last year's
reading. The exit code is 1 if less than 97 % of wrong or more than 2 % of right readings are
questioned.

Example:

  tachowatt prove readings --seed 1 --json
"""

from typing import Annotated

import typer

from app.commands.shared.console import out, print_json

LEAST_WRONG, MOST_RIGHT = 0.97, 0.02


def readings(
    seed: Annotated[int, typer.Option(help="Of homes, readings and errors")] = 1,
    readings: Annotated[int, typer.Option(min=100, help="How many")] = 10_000,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout")] = False,
) -> None:
    from proving.readings.prove import prove

    found = prove(seed, readings)
    wrong, questioned = sum(found.wrong.values()), sum(found.questioned.values())
    right = found.right_questioned / max(found.right, 1)
    share = questioned / max(wrong, 1)
    answer = {
        "seed": seed,
        "readings": readings,
        "wrong": wrong,
        "wrong_questioned": round(share, 5),
        "right": found.right,
        "right_questioned": round(right, 5),
        "kinds": {
            kind: round(found.questioned[kind] / max(count, 1), 5)
            for kind, count in found.wrong.items()
        },
    }
    if json:
        print_json(answer)
    else:
        out.print(
            f"{questioned} of {wrong} wrong and {found.right_questioned} of {found.right} right "
            "readings were questioned",
            highlight=False,
        )
    if share < LEAST_WRONG or right > MOST_RIGHT:
        raise typer.Exit(1)
