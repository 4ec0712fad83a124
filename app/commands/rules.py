"""Rules without code: check them, compare versions, bring a case type into force or back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.shared.console import load_settings, out, print_json
from app.commands.shared.options import Json, Tenant
from app.commands.shared.person_key import ask_key, person_of_key
from app.commands.shared.tenant import the_tenant
from app.processes.stack import database
from runtime.clock import SystemClock
from runtime.errors import Usage
from store.postgres.pool import Connection, connect, translated

if TYPE_CHECKING:
    from api.http.auth import Caller
    from customer_context.cases.case_types import CaseType

cli = typer.Typer(no_args_is_help=True, help=__doc__)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Usage(f"{path}: {error}") from None


def _files(paths: list[Path]) -> list[Path]:
    found = ([*sorted(path.glob("*.yaml"))] if path.is_dir() else [path] for path in paths)
    return [file for files in found for file in files]


@cli.command()
def check(
    paths: Annotated[list[Path], typer.Argument(help="Files or folders of case types, playbooks")],
    json: Json = False,
) -> int:
    """Check case types and playbooks, and list their errors (exit code 1).

    A file with `stages` is a case type, one with `trigger` a playbook.

    Example: tachowatt rules check rules/
    """
    from customer_context.cases import case_types
    from customer_context.playbooks import check as playbooks

    good: list[dict[str, str | int]] = []
    errors: dict[str, str] = {}
    for file in _files(paths):
        try:
            text = _read(file)
            if "\nstages:" in text:
                found = case_types.load(text, str(file))
                good.append(
                    {"file": str(file), "case_type": found.id, "version": found.spec.version}
                )
            else:
                playbook = playbooks.load(text, str(file))
                good.append(
                    {"file": str(file), "playbook": playbook.id, "version": playbook.spec.version}
                )
        except Usage as error:
            errors[str(file)] = str(error)
    if json:
        print_json({"good": good, "errors": errors})
        return 1 if errors else 0
    for row in good:
        name = row.get("case_type") or row.get("playbook")
        out.print(f"{row['file']}: good: {name} version {row['version']}", highlight=False)
    for text in errors.values():
        out.print(text, style="red", markup=False, highlight=False)
    return 1 if errors or not good else 0


@cli.command()
def diff(
    file: Annotated[Path, typer.Argument(help="A new version of a case type")],
    tenant: Tenant = None,
) -> int:
    """Show what a file changes of the case type in force (exit code 1 where it changes something).

    Example: tachowatt rules diff complaint.yaml
    """
    from customer_context.cases.case_types import load
    from services import case_types

    new = load(_read(file), str(file))
    with database(load_settings(), SystemClock()) as url, translated(), connect(url) as connection:
        owner = the_tenant(connection, tenant)
        known = {row["case_type"] for row in case_types.list_(connection, owner)}
        old = case_types.current(connection, owner, new.id) if new.id in known else None
    found = case_types.difference(old, new)
    if found:
        out.print(found, markup=False, highlight=False, soft_wrap=True)
    return 1 if found else 0


@cli.command()
def activate(
    file: Annotated[Path | None, typer.Argument(help="The case type")] = None,
    request: Annotated[
        str | None, typer.Option(help="An approved request: bring it into force now")
    ] = None,
    reason: Annotated[str, typer.Option(help="The approver reads it")] = "",
    json: Json = False,
) -> None:
    """Ask for a case type to be brought into force, or do so after the approval.

    It acts as the person whose key is in TACHOWATT_KEY. A second person approves with
    `tachowatt approval approve`. Running cases keep their version.

    Examples:

      tachowatt rules activate complaint.yaml --reason "answer sooner"

      tachowatt rules activate --request 0123456789abcdef01234567
    """
    from customer_context.cases.case_types import load
    from services import case_types, four_eyes

    if (file is None) == (request is None):
        raise Usage("expected a file, or --request")
    clock = SystemClock()
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        caller = person_of_key(connection, ask_key(), clock.now_us())
        if request is not None:
            row = four_eyes.activate_case_type(connection, caller.actor, request, clock.now_us())
            connection.commit()
            _say(json, {"request": request, "state": "executed", "subject": row.subject})
            return
        assert file is not None
        new = load(_read(file), str(file))
        case_types.record(connection, caller.tenant, new.text, caller.name, clock.now_us())
        _ask(connection, caller, new, reason or f"activate {file.name}", clock.now_us(), json)


@cli.command()
def rollback(
    type_: Annotated[str, typer.Argument(metavar="TYPE", help="Id of the case type")],
    reason: Annotated[str, typer.Option(help="The approver reads it")] = "roll back",
    json: Json = False,
) -> None:
    """Ask for the version that was in force before the present one.

    Example: tachowatt rules rollback complaint
    """
    from services import case_types

    clock = SystemClock()
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        caller = person_of_key(connection, ask_key(), clock.now_us())
        before = case_types.before(connection, caller.tenant, type_)
        case_types.keep(connection, caller.tenant, before, caller.name, clock.now_us())
        _ask(connection, caller, before, reason, clock.now_us(), json)


def _ask(
    connection: Connection, caller: "Caller", new: "CaseType", reason: str, now_us: int, json: bool
) -> None:
    from contracts.approvals import ACTIVATE_CASE_TYPE
    from services import four_eyes

    row = four_eyes.ask(
        connection, caller.actor, caller.name, ACTIVATE_CASE_TYPE, f"case_type:{new.digest}",
        reason, now_us,
    )  # fmt: skip
    connection.commit()
    _say(json, {"request": row.request_id, "state": "waiting", "subject": row.subject})


def _say(json: bool, found: dict[str, str]) -> None:
    if json:
        print_json(found)
        return
    out.print(f"request {found['request']}: {found['state']}, {found['subject']}", highlight=False)
    if found["state"] == "waiting":
        out.print("a second person approves it: tachowatt approval approve ID", highlight=False)
