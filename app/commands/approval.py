"""Changes that a second person approves: list, approve, reject.

Whoever decides has to be a person: give the key of that person (`tachowatt key create --person`)
in the variable TACHOWATT_KEY, or type it when asked. People ask for changes on the pages and by the
API.
"""

from typing import Annotated, Any

import typer

from app.commands.shared.console import load_settings, out, print_json, print_table
from app.commands.shared.options import Json, Tenant
from app.commands.shared.person_key import ask_key, person_of_key
from app.commands.shared.tenant import the_tenant
from app.processes.stack import database
from runtime.clock import SystemClock
from services import four_eyes
from store.people.approvals import ChangeRow
from store.postgres.pool import connect, translated

cli = typer.Typer(no_args_is_help=True, help=__doc__)

_MOST = 200

Id = Annotated[str, typer.Argument(help="Id of the request, from `approval list`")]
Note = Annotated[str, typer.Option(help="Kept with the decision")]


@cli.command("list")
def list_requests(
    tenant: Tenant = None,
    waiting: Annotated[
        bool, typer.Option("--waiting", help="Only those that wait for a decision")
    ] = False,
    json: Json = False,
) -> None:
    """List requests, newest first."""
    clock = SystemClock()
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        rows = four_eyes.list_(
            connection,
            the_tenant(connection, tenant),
            waiting=waiting,
            now_us=clock.now_us(),
            limit=_MOST,
        )
    found = [_plain(row, clock.now_us()) for row in rows]
    if json:
        print_json(found)
        return
    columns = ["id", "kind", "subject", "requested_by", "reason", "state", "decided_by"]
    print_table("Approvals", columns, [[row[column] for column in columns] for row in found])


@cli.command("approve")
def approve(request: Id, note: Note = "", json: Json = False) -> None:
    """Approve a request of another person."""
    _decide(request, "approved", note, json)


@cli.command("reject")
def reject(request: Id, note: Note = "", json: Json = False) -> None:
    """Reject a request of another person."""
    _decide(request, "rejected", note, json)


def _decide(request: str, verdict: str, note: str, json: bool) -> None:
    clock = SystemClock()
    key = ask_key()
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        caller = person_of_key(connection, key, clock.now_us())
        row = four_eyes.decide(
            connection, caller.actor, caller.name, request, verdict, note, clock.now_us()
        )
        connection.commit()
    found = _plain(row, clock.now_us())
    if json:
        print_json(found)
        return
    out.print(f"{found['id']} is {found['state']} by {caller.name}")


def _plain(row: ChangeRow, now_us: int) -> dict[str, Any]:
    return {
        "id": row.request_id,
        "tenant": row.tenant,
        "kind": row.kind,
        "subject": row.subject,
        "reason": row.reason,
        "state": four_eyes.state_of(row, now_us),
        "requested_by": row.requester,
        "requested_at": row.requested_at,
        "expires_at": row.expires_at,
        "decided_by": row.decider,
        "decided_at": row.decided_at,
        "note": row.note,
        "executed_at": row.executed_at,
    }
