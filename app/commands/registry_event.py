"""Events of back offices that were refused: list, show, retry, drop.

They came on the Kafka topic `customers`.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.shared.console import load_settings, out, print_json, print_table
from app.commands.shared.options import Json
from app.processes.stack import database
from runtime.clock import SystemClock
from runtime.errors import NotAllowed, NotFound, Usage
from services import refused_events
from store.people import received_events
from store.postgres.pool import connect, translated

cli = typer.Typer(no_args_is_help=True, help=__doc__)

_BY = "command"
Numbers = Annotated[list[int] | None, typer.Argument(help="From `registry-event list`")]


@cli.command("list")
def list_events(
    state: Annotated[
        str, typer.Option(help="refused, applied, unchanged, corrected or dropped")
    ] = "refused",
    tenant: Annotated[str | None, typer.Option("--tenant", help="Only this tenant's")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    json: Json = False,
) -> None:
    """List events with the reasons why they were refused, newest first.

    Example: tachowatt registry-event list --tenant utility-a
    """
    if state not in received_events.STATES:
        raise Usage(f"--state: expected one of {', '.join(received_events.STATES)}")
    only = None if tenant is None else [tenant]
    with database(load_settings(), SystemClock()) as url, translated(), connect(url) as connection:
        rows = received_events.listed(connection, only, state=state, limit=limit)
        refused = received_events.counts(connection, only)
    if json:
        print_json({"refused": refused, "events": rows})
        return
    columns = ["number", "tenant", "received_at", "type", "object", "reason"]
    print_table(
        f"Events ({state})",
        columns,
        [[str(row[column] or "")[:100] for column in columns] for row in rows],
    )
    out.print(f"refused: {refused}")


@cli.command()
def show(
    number: Annotated[int, typer.Argument(help="From `registry-event list`")],
    body: Annotated[
        Path | None, typer.Option("--body", help="Write the untouched bytes to this file")
    ] = None,
) -> None:
    """Show one event with its body: as text if it is text, else as hexadecimal.

    Example: tachowatt registry-event show 17 --body event.json
    """
    with database(load_settings(), SystemClock()) as url, translated(), connect(url) as connection:
        row = received_events.get(connection, None, number)
    if row is None:
        raise Usage(f"there is no event {number}; see `tachowatt registry-event list`")
    print_json(_shown(row))
    if body is not None:
        if row["body"] is None:
            raise Usage(f"event {number} is {row['state']}; bytes of refused ones only are kept")
        body.write_bytes(row["body"])


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    fields = {name: value for name, value in row.items() if name != "body"}
    if row["body"] is not None:
        try:
            fields["body_text"] = bytes(row["body"]).decode()
        except UnicodeDecodeError:
            fields["body_hex"] = bytes(row["body"]).hex()
    return fields


@cli.command()
def retry(
    numbers: Numbers = None,
    all_: Annotated[bool, typer.Option("--all", help="All refused ones, oldest first")] = False,
    event: Annotated[
        Path | None, typer.Option("--event", help="Write the event of this file in its place")
    ] = None,
    overrule: Annotated[
        bool, typer.Option("--overrule", help="Also over what later events have written")
    ] = False,
    json: Json = False,
) -> int:
    """Write refused events after their cause has been mended, or corrected from a file.

    The event of a file keeps id and source of the refused one, or has new ones. Exit code 1: some
    are still refused.

    Examples:

      tachowatt registry-event retry 17 18

      tachowatt registry-event retry 19 --event corrected.json
    """
    if bool(numbers) == all_:
        raise Usage("say which: numbers, or --all")
    if event is not None and len(numbers or ()) != 1:
        raise Usage("--event is about one number")
    if event is not None and not event.is_file():
        raise Usage(f"no such file: {event}")
    corrected = None if event is None else event.read_bytes()
    clock, answers = SystemClock(), []
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        tenants = refused_events.everybody(connection)
        for number in numbers or _all(connection):
            try:
                done = refused_events.retry(
                    connection, tenants, number, _BY, clock.now_us(),
                    corrected=corrected, overrule=overrule,
                )  # fmt: skip
            except (NotFound, NotAllowed) as error:
                connection.rollback()
                answers.append({"number": number, "state": "refused", "why": str(error)})
                continue
            connection.commit()
            why = "; ".join(one.message for one in done.errors)
            answers.append({"number": number, "state": done.state, "why": why})
    return _answer(answers, json)


def _all(connection: Any) -> list[int]:
    """Numbers of all refused events, oldest first."""
    return [row["number"] for row in received_events.listed(connection, None, limit=1_000_000)][
        ::-1
    ]


@cli.command()
def drop(numbers: Numbers = None, json: Json = False) -> int:
    """Give refused events up; their bytes are deleted."""
    if not numbers:
        raise Usage("say which: numbers of `registry-event list`")
    clock, answers = SystemClock(), []
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        tenants = refused_events.everybody(connection)
        for number in numbers:
            try:
                done = refused_events.drop(connection, tenants, number, _BY, clock.now_us())
                connection.commit()
                answers.append({"number": number, "state": done.state, "why": ""})
            except (NotFound, NotAllowed) as error:
                connection.rollback()
                answers.append({"number": number, "state": "refused", "why": str(error)})
    return _answer(answers, json)


def _answer(answers: list[dict[str, Any]], json: bool) -> int:
    if json:
        print_json(answers)
    else:
        for one in answers:
            why = f": {one['why']}" if one["why"] else ""
            out.print(f"event {one['number']} is {one['state']}{why}", markup=False)
    return int(any(one["state"] == "refused" for one in answers))
