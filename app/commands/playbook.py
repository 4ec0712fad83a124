"""Rules from signals to contacts: check, list, explain, try on stored history."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.shared.console import load_settings, out, print_json, print_table, progress_bar
from app.commands.shared.options import Json, Tenant
from app.commands.shared.reads import log_command
from app.commands.shared.tenant import the_tenant
from app.processes.stack import database
from runtime.clock import SystemClock
from runtime.errors import Usage
from store.casework import rules
from store.people.read_log import of_rows
from store.postgres.pool import Connection, connect, translated
from store.postgres.roles import set_tenant_scope
from store.signals import decisions, signal_queue
from store.signals import playbooks as stored

if TYPE_CHECKING:
    from customer_context.playbooks.model import Playbook
    from customer_context.playbooks.plan import Plan
    from services.playbooks import Found

_TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"]

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
    """List the playbooks in force, and errors in their files.

    tenant : whose activated version it is (`tachowatt rules`); none = of a file, for all others.
    """
    with database(load_settings(), SystemClock()) as url, translated(), connect(url) as connection:
        rows = [{**row, "tenant": None} for row in stored.list_(connection)]
        rows += _activated(connection)
        unused = stored.unused_files(connection)
    if json:
        print_json([*rows, *({"playbook": None, "file": f, "error": e} for f, e in unused.items())])
        return
    print_table(
        "Playbooks in use",
        ["playbook", "tenant", "file", "loaded", "digest", "error"],
        [
            [
                row["playbook"],
                row["tenant"],
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


def _activated(connection: Connection) -> list[dict[str, Any]]:
    """Return the activated versions in force, in the form of the stored files."""
    return [
        {
            "playbook": row["rule_id"],
            "tenant": row["tenant"],
            "file": None,
            "digest": row["digest"],
            "text": row["text"],
            "error": None,
            "loaded_at": row["activated_at"],
            "active": True,
        }
        for row in rules.newest(connection, "playbook")
    ]


@cli.command()
def explain(
    signal_id: Annotated[str, typer.Argument(help="From `tachowatt signals`")],
    language: Annotated[
        Language | None, typer.Option(help="Of the texts; none = the customer's")
    ] = None,
    json: Json = False,
) -> None:
    """Show what each playbook would do about a stored signal now, and why. Nothing is sent.

    It takes the playbooks in force for the signal's tenant (`tachowatt playbook list`); a corrected
    signal keeps the version that it was first decided with.

    Example: tachowatt playbook explain 5f1b1bb06dc04a8f1c1b0a6de1a3b9d2 --language en
    """
    from contracts.channels import configured
    from customer_context.playbooks.plan import plan
    from services import playbooks, situation

    settings, clock = load_settings(), SystemClock()
    with database(settings, clock) as url, translated(), connect(url) as connection:
        signal = signal_queue.get(connection, signal_id)
        if signal is None:
            raise Usage(f"there is no signal {signal_id!r}; see `tachowatt signals`")
        errors = stored.unused_files(connection)
        if not stored.list_(connection) and not errors:
            errors = playbooks.load_all(playbooks.read(settings.playbooks_dir))[1]
        loaded = playbooks.in_force(connection, signal["tenant"], settings.playbooks_dir)
        fitting = [p for _, p in sorted(loaded.items()) if p.spec.trigger.signal == signal["type"]]
        if signal["revision"] > 0:
            begun = decisions.first_digests(connection, signal_id)
            fitting = playbooks.as_begun(connection, signal["tenant"], fitting, begun)
        about = situation.holders(connection, [signal])
        (one,) = situation.read(
            connection,
            [signal],
            about,
            configured(settings),
            clock.now_us(),
            language,
            writes=False,
        )
        read = {
            signal["tenant"]: of_rows([{**signal, "customer": about[signal_id]}], "signal", "id")
        }
        log_command(connection, clock, "playbook explain", read)
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


@cli.command()
def backtest(
    from_: Annotated[datetime, typer.Option("--from", formats=_TIMES, help="UTC, inclusive")],
    to: Annotated[datetime, typer.Option(formats=_TIMES, help="UTC, exclusive")],
    change: Annotated[
        list[Path] | None, typer.Option("--change", help="A playbook or a file of actions to try")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE.png", help="Draw live beside changed")
    ] = None,
    compare_decided: Annotated[
        bool,
        typer.Option("--compare-decided", help="Print every decision that is not as it was made"),
    ] = False,
    tenant: Tenant = None,
    json: Json = False,
) -> int:
    """Try playbooks and actions on stored history, beside what was decided. Nothing is sent.

    With --change it says what a new playbook or file of actions would have done instead. With
    --compare-decided the exit code is 1 where a decision on actions comes out differently, with the
    reason: its actions have changed since, or it cannot be recomputed.

    Example: tachowatt playbook backtest --from 2026-11-01 --to 2026-11-08 --change new.yaml --json
    """
    from contracts.channels import configured
    from services import actions, backtest, backtest_actions, contact_policy, playbooks

    since, until = from_.replace(tzinfo=UTC), to.replace(tzinfo=UTC)
    if since >= until:
        raise Usage("--to: expected a time after --from")
    settings, clock = load_settings(), SystemClock()
    of_playbooks, of_actions = _changes(change or [])
    with database(settings, clock) as url, translated(), connect(url) as connection:
        owner = the_tenant(connection, tenant)
        set_tenant_scope(connection, (owner,))
        live_actions = actions.in_force(connection, owner, settings.actions_dir)
        live = playbooks.in_force(connection, owner, settings.playbooks_dir)
        found: dict[str, Any] = {"from": since, "to": until}
        with progress_bar("signals") as advance:
            found["playbooks"] = backtest.playbooks(
                connection, owner, live, {**live, **of_playbooks} if of_playbooks else None,
                configured(settings), since, until, contact_policy.of(settings), advance,
            )  # fmt: skip
        with progress_bar("decisions") as advance:
            found["actions"] = backtest_actions.run(
                connection, owner, live_actions, actions.changed(live_actions, of_actions),
                since, until, all_differences=compare_decided, progress=advance,
            )  # fmt: skip
        log_command(connection, clock, "playbook backtest", {owner: []})
    if plot is not None:
        from app.analysis.backtest_plot import plot_backtest

        plot_backtest(found, plot)
    if json:
        print_json(found)
    else:
        _show_backtest(found, compare_decided)
    of_decisions = found["actions"]
    return 1 if compare_decided and of_decisions["equal"] < of_decisions["decisions"] else 0


def _changes(paths: list[Path]) -> tuple[dict[str, "Playbook"], dict[str, str]]:
    """Return playbooks by id, and texts of files of actions. Raises `Usage`."""
    import yaml

    from customer_context.playbooks.check import load

    of_playbooks: dict[str, Playbook] = {}
    of_actions: dict[str, str] = {}
    for path in paths:
        try:
            text = path.read_text(encoding="utf-8")
            content = yaml.safe_load(text)
        except (OSError, UnicodeDecodeError) as error:
            raise Usage(f"{path}: {error}") from None
        except (yaml.YAMLError, ValueError):
            content = None
        if isinstance(content, dict) and "trigger" not in content:
            of_actions[str(path)] = text
        else:
            playbook = load(text, str(path))
            of_playbooks[playbook.id] = playbook
    return of_playbooks, of_actions


def _show_backtest(found: dict[str, Any], compare_decided: bool) -> None:
    of_playbooks, of_actions = found["playbooks"], found["actions"]
    out.print(
        f"{of_playbooks['signals']} signals: {of_playbooks['equal']} of "
        f"{of_playbooks['compared']} verdicts as they were decided"
    )
    for name in ("live", "changed"):
        figures = of_playbooks[name]
        if figures is not None:
            rows = [[what, number] for what, number in figures["contacts"].items()]
            rows += [[w, figures[w]] for w in ("customers", "most_to_one", "capped")]
            print_table(f"Playbooks, {name}", ["contact", "number"], rows)
            stopped = figures["conflicts"]
            if stopped:
                heads = ["contact", "reason", "rule", "number"]
                rows = [[one[head] for head in heads] for one in stopped]
                print_table(f"Stopped by rules of contact, {name}", heads, rows)
    out.print(
        f"{of_actions['decisions']} decisions of {of_actions['customers']} customers: "
        f"{of_actions['equal']} as they were decided ({_percent(of_actions['equal_share'])}), "
        f"{of_actions['recomputed']} by the files that decided"
    )
    if compare_decided and of_actions["not_as_decided"]:
        print_table(
            "Not as decided",
            ["decision", "customer", "reason", "decided", "live"],
            [
                [one["decision"], one["customer"], one["reason"], ", ".join(one["decided"]),
                 ", ".join(one["live"])]
                for one in of_actions["not_as_decided"]
            ],
        )  # fmt: skip
    sets = [of_actions["live"], of_actions["changed"] or {}]
    rows = [
        [what, *(one.get(what, "") for one in sets)]
        for what in ("messages", "customers", "most_to_one")
    ]
    for kind, before in (("won", ""), ("stopped", "stopped by ")):
        names = sorted({name for one in sets for name in one.get(kind, {})})
        rows += [[before + n, *(one.get(kind, {}).get(n, "") for one in sets)] for n in names]
    print_table("Actions", ["what", "live", "changed"], rows)


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{100 * share:.4g} %"


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
