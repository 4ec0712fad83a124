"""Decisions on the next best action: try one on a file, without a database."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.shared.console import load_settings, out, print_json
from app.commands.shared.options import Json
from runtime.errors import Usage

cli = typer.Typer(no_args_is_help=True, help=__doc__)

Changed = Annotated[
    list[str] | None,
    typer.Option("--with", metavar="FACT=VALUE", help="What if; an empty value = not known"),
]
Actions = Annotated[
    Path | None, typer.Option("--actions", help="Folder of *.yaml; none = that of the settings")
]


@cli.callback()
def group() -> None:
    """Decisions on the next best action: try one on a file, without a database."""


@cli.command("try")
def try_(
    file: Annotated[Path, typer.Argument(help="JSON (docs/actions.md), or - for stdin")],
    actions_dir: Actions = None,
    with_: Changed = None,
    json: Json = False,
) -> None:
    """Decide on a request of a file, and say of every action why it won, lost or fell.

    Example: tachowatt decision try docs/examples/decision.json --with weather.hail_24h=true
    """
    from customer_context.next_best_action import explain, request_file
    from customer_context.next_best_action.answer import said
    from customer_context.next_best_action.decide import decide
    from services import actions

    given = request_file.read(_text(file), str(file))
    rules = actions.in_use(actions_dir or load_settings().actions_dir)
    request = explain.with_facts(request_file.request_of(given), changes(with_ or []))
    winners = [
        said(rules, request, one, given.name, given.language) for one in decide(rules, request)
    ]
    verdicts = [explain.as_json(one) for one in explain.explain(rules, request)]
    answer = {
        "as_of": given.as_of,
        "digest": rules.set.digest,
        "winners": winners,
        "candidates": verdicts,
    }
    if json:
        print_json(answer)
    else:
        show(answer)


def changes(given: list[str]) -> dict[str, Any]:
    """Return fact → value of options FACT=VALUE. Raises `Usage`."""
    from customer_context.facts.catalogue import FACTS
    from customer_context.facts.known import FactError, from_text

    found: dict[str, Any] = {}
    for one in given:
        name, equals, text = one.partition("=")
        if not equals:
            raise Usage(f"--with {one}: expected FACT=VALUE")
        try:
            if name not in FACTS:
                from_text(name, text)
            found[name] = from_text(name, text) if text else None
        except FactError as error:
            raise Usage(f"--with {one}: {error}") from None
    return found


def show(answer: dict[str, Any]) -> None:
    """Print winners, and why the others did not win."""
    for one in answer["winners"]:
        out.print(f"{one['rank'] or '!'}. {one['title']} ({one['action']}, {one['channel']})")
        out.print(f"   {one['text']}", highlight=False)
        out.print(
            f"   {one['propensity']} x {one['context']} x {one['value']} x {one['weight']}"
            f" = {one['priority']}"
        )
    if not answer["winners"]:
        out.print("nothing")
    for one in answer["candidates"]:
        if one["outcome"] == "won":
            continue
        known = "" if one["known"] is None else f" (it is {one['known']})"
        why = f"{one['stage']} {one['level'] or ''}/{one['rule'] or ''}: {one['detail']}{known}"
        text = "another has a higher priority" if one["outcome"] == "lost" else why
        out.print(f"-  {one['action']}: {text}", highlight=False)


def _text(file: Path) -> str:
    try:
        if str(file) == "-":
            return sys.stdin.read()
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        what = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise Usage(f"{file}: {what}") from None
