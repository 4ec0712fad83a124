"""Rank situations of a file: the few items that matter now, grouped by occasion, with reasons.

FILE is JSON: a situation with `as_of` and `items`, a list of situations, or an answer of
GET /v1/customers/{id}/context (docs/relevance.md). - reads stdin.

Example:

  tachowatt rank docs/examples/situation.json --json
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.shared.console import out, print_json
from app.commands.shared.input import text_of
from app.commands.shared.options import Json

File = Annotated[Path, typer.Argument(help="JSON file, or - for stdin", show_default=False)]
Most = Annotated[
    int | None, typer.Option("--most", min=1, max=1000, help="Occasions; none = as the file says")
]


def rank(file: File, most: Most = None, json: Json = False) -> None:
    from customer_context.relevance import situations

    found = situations.read(text_of(file), str(file))
    if most is not None:
        found = [one.model_copy(update={"most": most}) for one in found]
    answers = [situations.ranked(one) for one in found]
    if json:
        print_json({"situations": answers})
        return
    for answer in answers:
        out.print(f"{answer['id'] or 'situation'} at {answer['as_of'].isoformat()}", style="bold")
        for number, one in enumerate(answer["relevant"], start=1):
            out.print(_line(number, one), highlight=False)
        out.print(f"   {answer['left_out']} more", highlight=False)


def _line(number: int, one: dict[str, Any]) -> str:
    reasons = ", ".join(reason["texts"]["en"] for reason in one["reasons"])
    parts = f" (+{len(one['parts'])})" if one["parts"] else ""
    return f"{number}. {one['kind']} {one['id']}{parts}: {reasons}"
