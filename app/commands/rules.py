"""Rules without code: check them, compare versions, bring one into force or back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.shared.console import load_settings, out, print_json, print_table
from app.commands.shared.options import Json, Tenant
from app.commands.shared.person_key import ask_key, person_of_key
from app.commands.shared.requests import print_request
from app.commands.shared.tenant import the_tenant
from app.processes.stack import database
from runtime.clock import SystemClock
from runtime.errors import NotFound, Usage
from store.postgres.pool import Connection, connect, translated

if TYPE_CHECKING:
    from api.http.auth import Caller
    from services.rule_versions import Rule, RuleKind

cli = typer.Typer(no_args_is_help=True, help=__doc__)

Kind = Annotated[
    str | None, typer.Option(help="Kind of the rule: case_type, playbook; none = that has it")
]


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
    paths: Annotated[list[Path], typer.Argument(help="Files or folders of rules")],
    json: Json = False,
) -> int:
    """Check case types, playbooks and files of actions, and list their errors (exit code 1).

    A file with `stages` is a case type, one with `trigger` a playbook, one with `groups` a file of
    actions.

    Example: tachowatt rules check rules/
    """
    from services import rule_kinds

    good: list[dict[str, str | int]] = []
    errors: dict[str, str] = {}
    for file in _files(paths):
        try:
            text = _read(file)
            kind = rule_kinds.kind_of_text(text)
            found = kind.load(text, str(file))
            good.append({"file": str(file), kind.name: found.id, "version": found.spec.version})
        except Usage as error:
            errors[str(file)] = str(error)
    if json:
        print_json({"good": good, "errors": errors})
        return 1 if errors else 0
    for row in good:
        _, name, version = row.values()
        out.print(f"{row['file']}: good: {name} version {version}", highlight=False)
    for text in errors.values():
        out.print(text, style="red", markup=False, highlight=False)
    return 1 if errors or not good else 0


@cli.command("list")
def list_rules(tenant: Tenant = None, json: Json = False) -> None:
    """List the versions of case types, playbooks and actions, and which are in force."""
    from services import rule_kinds, rule_versions

    with database(load_settings(), SystemClock()) as url, translated(), connect(url) as connection:
        owner = the_tenant(connection, tenant)
        rows: list[dict[str, Any]] = [
            {"kind": kind.name, **row}
            for kind in rule_kinds.KINDS.values()
            for row in rule_versions.versions(connection, owner, kind)
        ]
    if json:
        print_json(rows)
        return
    columns = ["kind", "rule_id", "version", "in_force", "recorded_by", "digest"]
    shown = [{**row, "digest": row["digest"][:12]} for row in rows]
    print_table("Rules", columns, [[row[column] for column in columns] for row in shown])


@cli.command()
def diff(
    file: Annotated[Path, typer.Argument(help="A new version of a rule")],
    tenant: Tenant = None,
) -> int:
    """Show what a file changes of the rule in force (exit code 1 where it changes something).

    Example: tachowatt rules diff complaint.yaml
    """
    from services import rule_kinds, rule_versions

    text = _read(file)
    kind = rule_kinds.kind_of_text(text)
    new = kind.load(text, str(file))
    with database(load_settings(), SystemClock()) as url, translated(), connect(url) as connection:
        old = rule_versions.all_current(connection, the_tenant(connection, tenant), kind)
    found = rule_versions.difference(old.get(new.id), new)
    if found:
        out.print(found, markup=False, highlight=False, soft_wrap=True)
    return 1 if found else 0


@cli.command()
def activate(
    file: Annotated[
        Path | None, typer.Argument(help="The case type, playbook or file of actions")
    ] = None,
    request: Annotated[
        str | None, typer.Option(help="An approved request: bring it into force now")
    ] = None,
    reason: Annotated[str, typer.Option(help="The approver reads it")] = "",
    json: Json = False,
) -> None:
    """Ask for a rule to be brought into force, or do so after the approval.

    It acts as the person whose key is in TACHOWATT_KEY. A second person approves with
    `tachowatt approval approve`. What runs keeps its version.

    Examples:

      tachowatt rules activate complaint.yaml --reason "answer sooner"

      tachowatt rules activate --request 0123456789abcdef01234567
    """
    from services import four_eyes, rule_kinds, rule_versions

    if (file is None) == (request is None):
        raise Usage("expected a file, or --request")
    clock = SystemClock()
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        caller = person_of_key(connection, ask_key(), clock.now_us())
        if request is not None:
            row = four_eyes.activate_rule(connection, caller.actor, request, clock.now_us())
            connection.commit()
            print_request(json, {"request": request, "state": "executed", "subject": row.subject})
            return
        assert file is not None
        text, now_us = _read(file), clock.now_us()
        kind = rule_kinds.kind_of_text(text)
        kind.load(text, str(file))  # its errors name the file
        new = rule_versions.record(connection, caller.tenant, kind, text, caller.name, now_us)
        _ask(connection, caller, kind, new, reason or f"activate {file.name}", now_us, json)


@cli.command()
def rollback(
    rule: Annotated[str, typer.Argument(metavar="ID", help="Id of the rule")],
    kind: Kind = None,
    reason: Annotated[str, typer.Option(help="The approver reads it")] = "roll back",
    json: Json = False,
) -> None:
    """Ask for the version that was in force before the present one.

    Example: tachowatt rules rollback complaint
    """
    from services import rule_versions

    clock = SystemClock()
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        caller = person_of_key(connection, ask_key(), clock.now_us())
        of_kind = _kind_of(connection, caller.tenant, rule, kind)
        before = rule_versions.before(connection, caller.tenant, of_kind, rule)
        rule_versions.keep(connection, caller.tenant, of_kind, before, caller.name, clock.now_us())
        _ask(connection, caller, of_kind, before, reason, clock.now_us(), json)


def _kind_of(connection: Connection, tenant: str, rule: str, wanted: str | None) -> "RuleKind[Any]":
    """Return the kind of a rule by its id. Raises `Usage` where two kinds have it."""
    from services import rule_kinds, rule_versions

    if wanted is not None:
        if wanted not in rule_kinds.KINDS:
            raise Usage(f"--kind: expected one of {', '.join(rule_kinds.KINDS)}")
        return rule_kinds.KINDS[wanted]
    found = [
        kind
        for kind in rule_kinds.KINDS.values()
        if rule in rule_versions.all_current(connection, tenant, kind)
    ]
    if not found:
        raise NotFound(f"there is no rule {rule!r}; see `tachowatt rules list`")
    if len(found) > 1:
        names = " and ".join(kind.name for kind in found)
        raise Usage(f"{rule!r} is the id of a {names}: say which by --kind")
    return found[0]


def _ask(
    connection: Connection,
    caller: "Caller",
    kind: "RuleKind[Any]",
    new: "Rule",
    reason: str,
    now_us: int,
    json: bool,
) -> None:
    from services import rule_versions

    row = rule_versions.ask(connection, caller.actor, caller.name, kind, new.digest, reason, now_us)
    connection.commit()
    print_request(json, {"request": row.request_id, "state": "waiting", "subject": row.subject})
