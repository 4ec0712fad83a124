"""Messages that could not be used: list, show, retry, export, import."""

import json
from base64 import b64decode, b64encode
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.shared.console import (
    json_text,
    load_settings,
    out,
    print_json,
    print_table,
    progress_bar,
)
from app.commands.shared.options import Json
from app.processes.stack import Stack, database
from contracts.partition import Partition
from runtime.clock import SystemClock
from runtime.errors import Owned, Usage
from store.pipeline import dead_letter, stopped_sources
from store.pipeline import log as store_log
from store.postgres.pool import connect, translated

cli = typer.Typer(no_args_is_help=True, help=__doc__)

_AT_ONCE = 500


@cli.command("list")
def list_dead_letters(
    reason: Annotated[str | None, typer.Option(help="Only this reason code")] = None,
    state: Annotated[str, typer.Option(help="open, deferred, retry, retried or all")] = "open",
    after: Annotated[int, typer.Option(help="Only ids above this")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    as_json: Json = False,
) -> None:
    """List messages that could not be used, with their reasons.

    Example: tachowatt dead-letter list --reason unknown_device
    """
    with database(load_settings(), SystemClock()) as url, connect(url) as connection:
        rows = dead_letter.summaries(
            connection,
            reason=reason,
            state=None if state == "all" else state,
            after=after,
            limit=limit,
        )
        counts = dead_letter.counts(connection)
    if as_json:
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
                r.size,
                r.detail[:100],
            ]
            for r in rows
        ],
    )
    out.print("open by reason: " + (", ".join(f"{k} {v}" for k, v in counts.items()) or "none"))


def _dead_json(row: dead_letter.DeadLetterRow | dead_letter.DeadLetterSummary) -> dict[str, Any]:
    return {
        "id": row.id,
        "tenant": row.tenant,
        "dialect": row.dialect,
        "topic": row.topic,
        "content_type": row.content_type,
        "user_properties": row.user_properties or [],
        "expiry_s": row.expiry_s,
        "bytes": row.size,
        "received_at": row.received_at,
        "partition": row.partition,
        "offset": row.offset,
        "reason": row.reason,
        "detail": row.detail,
        "state": row.state,
        "retried_at": row.retried_at,
        "outcome": row.outcome,
        "shape": row.shape,
        "content_kept": row.size_bytes is None,
    }


@cli.command("show")
def show_dead_letter(
    id: Annotated[int, typer.Argument(help="From `dead-letter list`")],
    body: Annotated[
        Path | None, typer.Option("--body", help="Write the untouched bytes to this file")
    ] = None,
) -> None:
    """Show one message with its body: as text if it is text, else as hexadecimal."""
    with database(load_settings(), SystemClock()) as url, connect(url) as connection:
        row = dead_letter.get(connection, id)
    if row is None:
        raise Usage(f"there is no dead letter {id}; see `tachowatt dead-letter list --state all`")
    answer = _dead_json(row)
    if row.size_bytes is not None:
        if body is not None:
            raise Usage(f"nobody registered the device of {id}: its content is not kept")
        print_json(answer)
        return
    if body is not None:
        body.write_bytes(row.body)
    try:
        answer["body_text"] = row.body.decode("utf-8")
    except UnicodeDecodeError:
        answer["body_hex"] = row.body.hex()
    print_json(answer)


@cli.command("retry")
def retry_dead_letters(
    ids: Annotated[list[int] | None, typer.Argument(help="Which; none = all that match")] = None,
    reason: Annotated[str | None, typer.Option(help="Only this reason code")] = None,
    all_: Annotated[bool, typer.Option("--all", help="All open ones")] = False,
) -> None:
    """Process messages again after their cause has been fixed.

    A running service does this within about a second; without one, this command does it. Messages
    of unregistered devices are left out: their content is not kept.

    Examples:

      tachowatt dead-letter retry 17 18

      tachowatt dead-letter retry --reason out_of_range
    """
    if not ids and reason is None and not all_:
        raise Usage("say which: ids, --reason CODE, or --all")
    from ingest.partition.worker import Worker

    settings, clock = load_settings(), SystemClock()
    with database(settings, clock) as url:
        with translated(), connect(url) as connection:
            marked = dead_letter.request_retry(connection, ids or None, reason)
            connection.commit()
        stack = Stack(settings, clock)
        if stack.running() is not None:
            out.print(f"{marked} messages are marked; the running service takes them again")
            return
        with connect(url) as connection:
            chosen = store_log.chosen(connection)
        done, busy = 0, 0
        with progress_bar("retrying") as advance:
            for number in range(chosen.partitions):
                where = Partition(number, chosen.partitions, chosen.kind)
                worker = Worker(url, settings, clock, partition=where)
                try:
                    while n := worker.retry_dead_letters():
                        done += n
                        advance(done, marked)
                    worker.reconcile(everything=True)
                except Owned:
                    busy += 1  # the owner of the partition does it
                finally:
                    worker.close()
        with connect(url) as connection:
            counts = dead_letter.counts(connection)
    if busy:
        out.print(f"{busy} partitions are with running workers, which take theirs again")
    out.print(
        f"{done} messages were taken again; still open: "
        + (", ".join(f"{k} {v}" for k, v in counts.items()) or "none")
    )


@cli.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="JSON Lines; bodies in base64")],
    reason: Annotated[str | None, typer.Option(help="Only this reason code")] = None,
    state: Annotated[str, typer.Option(help="open, deferred, retry, retried or all")] = "open",
) -> None:
    """Write messages with all their fields to a file, one JSON object per line.

    They stay in the dead letter.

    Example: tachowatt dead-letter export letters.jsonl --reason not_json
    """
    done = 0
    with (
        database(load_settings(), SystemClock()) as url,
        connect(url) as connection,
        file.open("w", encoding="utf-8") as stream,
        progress_bar("exporting") as advance,
    ):
        total = sum(dead_letter.counts(connection).values())
        after = 0
        while rows := dead_letter.summaries(
            connection,
            reason=reason,
            state=None if state == "all" else state,
            after=after,
            limit=_AT_ONCE,
        ):
            for summary in rows:
                row = dead_letter.get(connection, summary.id)  # one body in memory at a time
                if row is None:
                    continue
                fields = _dead_json(row) | {"body_base64": b64encode(row.body).decode()}
                stream.write(json_text(fields) + "\n")
            after, done = rows[-1].id, done + len(rows)
            advance(done, max(total, done))
    out.print(f"{done} messages are in {file}")


@cli.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="As `dead-letter export` writes it")],
) -> None:
    """Put exported messages into the dead letter of this or another store; then `retry` them.

    Bodies may be corrected in the file. Messages already there are skipped. If any line is invalid,
    nothing is imported.

    Example: tachowatt dead-letter import letters.jsonl && tachowatt dead-letter retry --all
    """
    from ingest.decoding.catalogue import ROUTER

    if not file.is_file():
        raise Usage(f"no such file: {file}")
    with file.open(encoding="utf-8") as stream:
        rows = [_row_of(line, number, file) for number, line in enumerate(stream, 1)]
    with database(load_settings(), SystemClock()) as url, translated(), connect(url) as connection:
        partitions, done = store_log.chosen(connection).partitions, 0
        with progress_bar("importing") as advance:
            for first in range(0, len(rows), _AT_ONCE):
                part = rows[first : first + _AT_ONCE]
                done += dead_letter.put_back(connection, part, partitions, ROUTER.key_of_topic)
                advance(first + len(part), len(rows))
        connection.commit()
    out.print(f"{done} messages are put in; {len(rows) - done} were there already")


def _row_of(line: str, number: int, file: Path) -> dead_letter.DeadLetterRow:
    try:
        fields = json.loads(line)
        body = b64decode(fields.pop("body_base64"), validate=True)
        size = fields.pop("bytes")
        # Files of earlier versions have neither; their bodies are complete.
        kept, shape = fields.pop("content_kept", True), fields.pop("shape", None)
        user = fields.pop("user_properties") or None
        received_at = datetime.fromisoformat(fields.pop("received_at"))
        if received_at.tzinfo is None:
            raise ValueError("received_at without an offset")
        return dead_letter.DeadLetterRow(
            **fields,
            body=body,
            user_properties=user,
            received_at=received_at,
            size_bytes=None if kept else int(size),
            shape=shape,
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Usage(
            f"{file}, line {number}: not a message as `dead-letter export` writes it ({error!r})"
        ) from error


@cli.command("resume")
def resume() -> None:
    """Let sources go on at once that stopped because nearly all their messages went to the dead
    letter. Their deferred messages are processed again.

    Example: tachowatt dead-letter resume
    """
    clock = SystemClock()
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        stopped = stopped_sources.resume(connection, clock.now_us())
        connection.commit()
    for (tenant, dialect, partition), why in stopped.items():
        out.print(
            f"{tenant}/{dialect} goes on in partition {partition}; it had stopped because {why}",
            markup=False,
        )
    if not stopped:
        out.print("no source has stopped")
