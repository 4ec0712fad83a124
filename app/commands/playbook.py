"""Rules from signals to contacts: check, list, explain."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.shared.console import load_settings, out, print_json, print_table
from app.commands.shared.options import Json
from app.commands.shared.reads import log_command
from app.processes.stack import database
from runtime.clock import SystemClock
from runtime.errors import Usage
from store.people.read_log import of_rows
from store.postgres.pool import connect, translated
from store.signals import playbooks as stored
from store.signals import signal_queue

if TYPE_CHECKING:
    from customer_context.playbooks.model import Playbook
    from customer_context.playbooks.plan import Plan
    from services.playbooks import Found

cli = typer.Typer(no_args_is_help=True, help=__doc__)


class Language(StrEnum):
    """Language of the texts."""

    DE = "de"
    EN = "en"


@cli.command()
def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files or folders; none = those of the settings")
    ] = None,
    json: Json = False,
) -> int:
    """Check each playbook and list its errors (exit code 1).

    Example: tachowatt playbook check playbooks/
    """
    from services import playbooks

    found = _found(paths)
    loaded, errors = playbooks.load_all(found)
    if json:
        print_json({"playbooks": sorted(loaded), "errors": errors})
        return 1 if errors else 0
    for playbook in loaded.values():
        out.print(f"{playbook.file}: good: {playbook.id} version {playbook.spec.version}")
    for error in errors.values():
        out.print(error, style="red", markup=False, highlight=False)
    if not found.texts and not errors:
        out.print("no *.yaml there")
        return 1
    return 1 if errors else 0


def _found(paths: list[Path] | None) -> "Found":
    from services import playbooks

    if not paths:
        return playbooks.read(load_settings().playbooks_dir)
    texts: dict[str, str] = {}
    unreadable: dict[str, str] = {}
    for path in paths:
        if path.is_dir():
            one = playbooks.read(path)
        else:
            try:
                one = playbooks.Found({str(path): path.read_text(encoding="utf-8")}, {})
            except FileNotFoundError:
                one = playbooks.Found({}, {str(path): f"{path}: there is no such file or folder"})
            except (OSError, UnicodeDecodeError) as error:
                one = playbooks.Found({}, {str(path): f"{path}: {error}"})
        texts |= one.texts
        unreadable |= one.unreadable
    return playbooks.Found(texts, unreadable)


@cli.command("list")
def list_playbooks(json: Json = False) -> None:
    """List the playbooks that a running service uses, and errors in their files."""
    with database(load_settings(), SystemClock()) as url, translated(), connect(url) as connection:
        rows = stored.list_(connection)
        unused = stored.unused_files(connection)
    if json:
        print_json([*rows, *({"playbook": None, "file": f, "error": e} for f, e in unused.items())])
        return
    print_table(
        "Playbooks in use",
        ["playbook", "file", "loaded", "digest", "error"],
        [
            [
                row["playbook"],
                row["file"],
                row["loaded_at"].isoformat(timespec="seconds"),
                row["digest"][:12],
                row["error"],
            ]
            for row in rows
        ],
    )
    _print_errors(unused)
    if not rows:
        out.print("none yet: `tachowatt serve` stores those that it uses")


@cli.command()
def explain(
    signal_id: Annotated[str, typer.Argument(help="From `tachowatt signals`")],
    language: Annotated[
        Language | None, typer.Option(help="Of the texts; none = the customer's")
    ] = None,
    json: Json = False,
) -> None:
    """Show what each playbook would do about a stored signal now, and why. Nothing is sent.

    It takes the playbooks that the service uses (`tachowatt playbook list`); where no service has
    run yet, the files of TACHOWATT_PLAYBOOKS_DIR, or the shipped ones.

    Example: tachowatt playbook explain 5f1b1bb06dc04a8f1c1b0a6de1a3b9d2 --language en
    """
    from contracts.channels import configured
    from customer_context.playbooks.plan import plan
    from services import playbooks, situation

    settings, clock = load_settings(), SystemClock()
    with database(settings, clock) as url, translated(), connect(url) as connection:
        loaded, errors = playbooks.in_use(connection), stored.unused_files(connection)
        if not loaded and not errors:
            loaded, errors = playbooks.load_all(playbooks.read(settings.playbooks_dir))
        signal = signal_queue.get(connection, signal_id)
        if signal is None:
            raise Usage(f"there is no signal {signal_id!r}; see `tachowatt signals`")
        about = situation.holders(connection, [signal])
        (one,) = situation.read(
            connection, [signal], about, configured(settings), clock.now_us(), language
        )
        read = {
            signal["tenant"]: of_rows([{**signal, "customer": about[signal_id]}], "signal", "id")
        }
        log_command(connection, clock, "playbook explain", read)
    fitting = [p for _, p in sorted(loaded.items()) if p.spec.trigger.signal == signal["type"]]
    answers = [(playbook, plan(playbook, one)) for playbook in fitting]
    if json:
        print_json(
            {
                "signal": {name: signal[name] for name in ("id", "revision", "type", "subject")},
                "customer": about[signal_id],
                "playbooks": [_as_json(playbook, planned) for playbook, planned in answers],
                "errors": errors,
            }
        )
        return
    out.print(f"{signal['type']} of {signal['subject']}, revision {signal['revision']}")
    out.print(f"customer: {about[signal_id] or 'nobody'}; consents: {_consents(one.granted)}")
    for playbook, planned in answers:
        _show(playbook, planned)
    if not answers:
        out.print("no playbook in use has this trigger: see `tachowatt playbook list`")
    _print_errors(errors)


def _print_errors(unused: Mapping[str, str]) -> None:
    """Print why files are not used. unused : file → error."""
    for error in unused.values():
        out.print(f"not used: {error}", style="red", markup=False, highlight=False)


def _consents(granted: frozenset[str]) -> str:
    return ", ".join(sorted(granted)) or "none"


def _show(playbook: "Playbook", planned: "Plan") -> None:
    from contacts.channels.webhook import body_of

    out.print(f"\n{playbook.id} ({playbook.file})", style="bold")
    for verdict in planned.verdicts:
        where = verdict.treatment or "all"
        detail = f" ({verdict.detail})" if verdict.detail else ""
        out.print(
            f"  {where}: {verdict.outcome}, {verdict.reason}{detail}", markup=False, highlight=False
        )
    if planned.case is not None:
        title = " / ".join(planned.case.title.values())
        out.print(f"  case of the {planned.case.side}: {title}", markup=False, highlight=False)
    shown = set()
    for contact in planned.contacts:
        if contact.treatment in shown:
            continue  # one body for all receivers
        shown.add(contact.treatment)
        text = contact.body if contact.payload is None else body_of(contact.payload)
        heading = f"{contact.treatment} by {contact.channel}: {contact.subject or contact.type}"
        out.print(f"\n  --- {heading}", markup=False, highlight=False)
        for line in text.splitlines():
            out.print(f"  {line}", markup=False, highlight=False)


def _as_json(playbook: "Playbook", planned: "Plan") -> dict[str, Any]:
    case = planned.case
    return {
        "playbook": playbook.id,
        "verdicts": [
            {
                "treatment": verdict.treatment,
                "outcome": verdict.outcome,
                "reason": verdict.reason,
                "detail": verdict.detail,
            }
            for verdict in planned.verdicts
        ],
        "case": None
        if case is None
        else {
            "id": case.case_id,
            "side": case.side,
            "title": case.title,
            "deadline": case.deadline,
        },
        "contacts": [
            {
                "id": contact.contact_id,
                "treatment": contact.treatment,
                "channel": contact.channel,
                "subject": contact.subject,
                "body": contact.body,
                "payload": contact.payload,
            }
            for contact in planned.contacts
        ],
    }
