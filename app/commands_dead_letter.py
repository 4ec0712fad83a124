"""dead-letter list, show, retry."""

from pathlib import Path
from typing import Annotated, Any

import typer

from app.console import load_settings, out, print_json, print_table, progress_bar
from app.stack import Stack, database
from runtime.clock import SystemClock
from runtime.errors import Usage
from store import dead_letter
from store.pool import connect, translated

dead_letter_cli = typer.Typer(
    no_args_is_help=True, help="Messages that could not be used: list, show, retry."
)

Json = Annotated[bool, typer.Option("--json", help="One JSON value on stdout")]


@dead_letter_cli.command("list")
def list_dead_letters(
    reason: Annotated[str | None, typer.Option(help="Only this reason code")] = None,
    state: Annotated[str, typer.Option(help="open, retry, retried or all")] = "open",
    after: Annotated[int, typer.Option(help="Only ids above this")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    json: Json = False,
) -> None:
    """Messages that could not be used, with their reasons.

    Example: tachowatt dead-letter list --reason unknown_device
    """
    with database(load_settings(), SystemClock()) as url, connect(url) as connection:
        rows = dead_letter.find(
            connection,
            reason=reason,
            state=None if state == "all" else state,
            after=after,
            limit=limit,
        )
        counts = dead_letter.counts(connection)
    if json:
        print_json({"counts": counts, "messages": [_dead_json(row) for row in rows]})
        return
    print_table(
        "Dead letter",
        ["id", "received", "reason", "topic", "bytes", "detail"],
        [
            [
                r.id,
                r.received_at.isoformat(timespec="seconds"),
                r.reason,
                r.topic,
                len(r.body),
                r.detail[:100],
            ]
            for r in rows
        ],
    )
    out.print("open by reason: " + (", ".join(f"{k} {v}" for k, v in counts.items()) or "none"))


def _dead_json(row: dead_letter.DeadLetterRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "tenant": row.tenant,
        "dialect": row.dialect,
        "topic": row.topic,
        "content_type": row.content_type,
        "user_properties": row.user_properties or [],
        "expiry_s": row.expiry_s,
        "bytes": len(row.body),
        "received_at": row.received_at,
        "partition": row.partition,
        "offset": row.offset,
        "reason": row.reason,
        "detail": row.detail,
        "state": row.state,
        "retried_at": row.retried_at,
        "outcome": row.outcome,
    }


@dead_letter_cli.command("show")
def show_dead_letter(
    id: Annotated[int, typer.Argument(help="From `dead-letter list`")],
    body: Annotated[
        Path | None, typer.Option("--body", help="Write the untouched bytes to this file")
    ] = None,
) -> None:
    """One message with its body: as text where it is text, else as hexadecimal."""
    with database(load_settings(), SystemClock()) as url, connect(url) as connection:
        row = dead_letter.get(connection, id)
    if row is None:
        raise Usage(f"there is no dead letter {id}; see `tachowatt dead-letter list --state all`")
    answer = _dead_json(row)
    if body is not None:
        body.write_bytes(row.body)
    try:
        answer["body_text"] = row.body.decode("utf-8")
    except UnicodeDecodeError:
        answer["body_hex"] = row.body.hex()
    print_json(answer)


@dead_letter_cli.command("retry")
def retry_dead_letters(
    ids: Annotated[list[int] | None, typer.Argument(help="Which; none = all that match")] = None,
    reason: Annotated[str | None, typer.Option(help="Only this reason code")] = None,
    all_: Annotated[bool, typer.Option("--all", help="All open ones")] = False,
) -> None:
    """Take messages again after what was wrong has been mended.

    A running service does it within a second or so; without one this command does it.

    Examples:

      tachowatt dead-letter retry 17 18

      tachowatt dead-letter retry --reason unknown_device
    """
    if not ids and reason is None and not all_:
        raise Usage("say which: ids, --reason CODE, or --all")
    from ingest.worker import Worker

    settings, clock = load_settings(), SystemClock()
    with database(settings, clock) as url:
        with translated(), connect(url) as connection:
            marked = dead_letter.request_retry(connection, ids or None, reason)
            connection.commit()
        stack = Stack(settings, clock)
        if stack.running() is not None:
            out.print(f"{marked} messages are marked; the running service takes them again")
            return
        worker = Worker(url, settings, clock)
        try:
            done = 0
            with progress_bar("retrying") as advance:
                while n := worker.retry_dead_letters():
                    done += n
                    advance(done, marked)
            worker.reconcile(everything=True)
        finally:
            worker.close()
        with connect(url) as connection:
            counts = dead_letter.counts(connection)
    out.print(
        f"{done} messages were taken again; still open: "
        + (", ".join(f"{k} {v}" for k, v in counts.items()) or "none")
    )


def register(cli: typer.Typer) -> None:
    """Add the commands of this file."""
    cli.add_typer(dead_letter_cli, name="dead-letter")
