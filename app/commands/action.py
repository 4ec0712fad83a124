"""Actions of the next best action: check their files, list them."""

from pathlib import Path
from typing import Annotated

import typer

from app.commands.shared.console import load_settings, out, print_json, print_table
from app.commands.shared.options import Json
from runtime.errors import Usage

cli = typer.Typer(no_args_is_help=True, help=__doc__)

Folder = Annotated[
    Path | None, typer.Argument(help="Folder of *.yaml; none = that of the settings")
]


@cli.command()
def check(folder: Folder = None, json: Json = False) -> int:
    """Check files of actions, with every text on a trial (exit code 1).

    Example: tachowatt action check actions/
    """
    from services import actions

    try:
        rules = actions.in_use(folder or load_settings().actions_dir)
    except Usage as error:
        if not json:
            raise
        print_json({"actions": [], "error": str(error)})
        return 1
    if json:
        print_json(
            {
                "actions": sorted(rules.by_id),
                "versions": rules.set.versions,
                "digest": rules.set.digest,
                "error": None,
            }
        )
    else:
        out.print(f"good: {len(rules.actions)} actions, digest {rules.set.digest[:12]}")
    return 0


@cli.command("list")
def list_actions(folder: Folder = None, json: Json = False) -> None:
    """List actions with purpose, prior propensity, value and weight."""
    from services import actions

    rules = actions.in_use(folder or load_settings().actions_dir)
    rows = [
        {
            "action": action.id,
            "issue": action.issue,
            "group": action.group,
            "purpose": action.purpose,
            "propensity": action.spec.propensity,
            "value": action.spec.model_dump()["value"],
            "weight": action.weight,
            "treatments": [treatment.id for treatment in action.treatments],
            "title": action.spec.title.model_dump(),
        }
        for action in rules.actions
    ]
    if json:
        print_json(rows)
        return
    names = ["action", "issue", "group", "purpose", "propensity", "value", "weight"]
    print_table("Actions", names, [[row[name] for name in names] for row in rows])
