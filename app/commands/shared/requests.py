"""Prints what became of a change that two people decide."""

from app.commands.shared.console import out, print_json


def print_request(json: bool, found: dict[str, str]) -> None:
    """Print a request of a change. found : its `request` (id), `state` and `subject`."""
    if json:
        print_json(found)
        return
    out.print(f"request {found['request']}: {found['state']}, {found['subject']}", highlight=False)
    if found["state"] == "waiting":
        out.print("a second person approves it: tachowatt approval approve ID", highlight=False)
