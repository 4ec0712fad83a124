"""Decisions on the next best action: make, explain, try on a file."""

from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.shared.console import load_settings, out, print_json
from app.commands.shared.input import text_of
from app.commands.shared.options import Json, Tenant
from app.commands.shared.reads import log_command, user
from app.commands.shared.tenant import the_tenant
from app.processes.stack import database
from runtime.clock import SystemClock
from runtime.errors import NotFound, Usage
from store.casework import next_actions
from store.people.read_log import ObjectRead, of_customers
from store.postgres.pool import connect, translated
from store.postgres.roles import set_tenant_scope
from store.postgres.times import from_us

cli = typer.Typer(no_args_is_help=True, help=__doc__)

Changed = Annotated[
    list[str] | None,
    typer.Option("--with", metavar="FACT=VALUE", help="What if; an empty value = not known"),
]
Actions = Annotated[
    Path | None, typer.Option("--actions", help="Folder of *.yaml; none = that of the settings")
]


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

    given = request_file.read(text_of(file), str(file))
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


@cli.command()
def make(
    customer: Annotated[str, typer.Argument(help="Id of the customer")],
    place: Annotated[str, typer.Option(help="agent or portal: where it will be said")] = "agent",
    most: Annotated[int, typer.Option(min=1, max=5, help="Winners at most")] = 1,
    with_: Changed = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Store nothing")] = False,
    tenant: Tenant = None,
    json: Json = False,
) -> None:
    """Decide what to say now to a customer who came to us; a what-if stores nothing.

    Example: tachowatt decision make c-7 --with weather.hail_24h=true
    """
    from services import actions, decisions

    if place not in ("agent", "portal"):
        raise Usage("--place: expected agent or portal")
    settings, clock = load_settings(), SystemClock()
    changed = changes(with_ or [])
    with database(settings, clock) as url, translated(), connect(url) as connection:
        owner = the_tenant(connection, tenant)
        set_tenant_scope(connection, (owner,))  # as the API's: the same rows, the same decision
        rules = actions.in_force(connection, owner, settings.actions_dir)
        made = decisions.make(
            connection, owner, customer, rules, place=place, by=f"{user()}: tachowatt",
            now_us=clock.now_us(), most=most, changed=changed, dry_run=dry_run, explained=True,
        )  # fmt: skip
        log_command(connection, clock, "decision make", {owner: of_customers([customer])})
    answer = {
        "id": made.id, "customer": customer, "decided_at": from_us(made.decided_at_us),
        "digest": made.digest, "winners": made.winners, "candidates": made.candidates,
    }  # fmt: skip
    if json:
        print_json(answer)
        return
    out.print(f"decision {made.id or 'not stored'} at {from_us(made.decided_at_us).isoformat()}")
    show(answer)


@cli.command()
def explain(
    decision_id: Annotated[str, typer.Argument(metavar="ID", help="Of a stored decision")],
    with_: Changed = None,
    json: Json = False,
) -> int:
    """Say why each action won, lost or fell, recomputed from what was stored.

    The exit code is 1 where the recomputation differs from what was stored.

    Example: tachowatt decision explain 7c1d8e0fa3b24f5a9d60b1c2e3f40516 --with driving.score=90
    """
    from services import decisions

    settings, clock = load_settings(), SystemClock()
    changed = changes(with_ or [])
    with database(settings, clock) as url, translated(), connect(url) as connection:
        owner = next_actions.tenant_of(connection, decision_id)
        if owner is None:
            raise NotFound(f"there is no decision {decision_id!r}")
        found = decisions.explain(connection, owner, decision_id, changed=changed)
        reads = {owner: [ObjectRead(found["customer"], "decision", decision_id)]}
        log_command(connection, clock, "decision explain", reads)
    if json:
        print_json(found)
        return 0 if found["recomputed"] else 1
    same = "recomputed: the same" if found["recomputed"] else "recomputed: ANOTHER RESULT"
    out.print(f"{found['customer']}, {found['decided_at'].isoformat()}, {same}", highlight=False)
    show(found)
    if changed:
        out.print("what if:", style="bold")
        show({"winners": found["what_if"], "candidates": []})
    return 0 if found["recomputed"] else 1


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
