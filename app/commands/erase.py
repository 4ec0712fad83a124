"""Erase a customer; `verify` checks that nothing of the erased is there, `reapply` erases it again.

Everything that leads to the customer is deleted in one transaction: samples and features of the
times in which devices were theirs, messages, cases, keys, sessions. Proof of consent and of reads
is kept under a pseudonym for three years. It cannot be undone.

Examples:

  tachowatt erase demo/c-1 --json

  tachowatt erase verify
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated

import typer

from app.commands.shared.console import load_settings, out, print_json, print_table
from app.commands.shared.customers import named_customer
from app.commands.shared.options import Json, Tenant
from app.commands.shared.reads import user
from app.processes.stack import Stack, database
from runtime.clock import SystemClock
from runtime.errors import NotFound, Usage
from runtime.secret_box import box_of
from services.erasure import FILE_NAME, Eraser
from store.postgres.pool import Connection, connect, translated


def erase(
    customer: Annotated[
        str,
        typer.Argument(help="Customer, or tenant/customer; or `verify` or `reapply`"),
    ],
    tenant: Tenant = None,
    reason: Annotated[str, typer.Option(help="Why; name nobody, it is kept")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count the rows")] = False,
    json: Json = False,
) -> None:
    settings, clock = load_settings(), SystemClock()
    with (
        database(settings, clock) as url,
        translated(),
        connect(url, application="tachowatt-erase") as connection,
    ):
        eraser = Eraser(box_of(settings), settings.erasure_physical_days)
        file = Stack(settings, clock).state_dir / FILE_NAME
        if customer == "verify":
            _verify(connection, eraser, json)
            return
        if customer == "reapply":
            rows = eraser.reapply(connection, clock.now_us(), eraser.read_list(connection, file))
            _print("Erased again", rows, {"deleted": dict(rows)}, json)
            return
        of, name = named_customer(connection, customer, tenant)
        try:
            if dry_run:
                rows = eraser.count(connection, of, name)
                _print(f"Rows of {of}/{name}", rows, {"would_delete": rows}, json)
                return
            done = eraser.erase(
                connection, of, name, clock.now_us(), erased_by=user(), reason=reason
            )
        except NotFound as error:
            raise Usage(str(error)) from None
        eraser.write_list(connection, file)
    _print(f"Erased {of}/{name}", done.deleted, asdict(done), json)
    if not json:
        out.print(
            f"Gone for every reader since {done.erased_at:%Y-%m-%d %H:%M} UTC; from logs and "
            f"backups by {done.physically_by:%Y-%m-%d}. Proof: {done.erasure_id}"
        )
        for system, messages in done.recipients:
            out.print(f"{system} got {messages} messages: notify it (GDPR Art. 19)")


def _verify(connection: Connection, eraser: Eraser, json: bool) -> None:
    erasures, found = eraser.verify(connection)
    if json:
        print_json(
            {"clean": not found, "erasures": erasures, "leftovers": [asdict(one) for one in found]}
        )
    else:
        if found:
            rows = [[one.erasure_id, one.place, one.rows] for one in found]
            print_table("Still there", ["erasure", "table", "rows"], rows)
        out.print(f"{erasures} erasures: {'not clean, run reapply' if found else 'clean'}")
    if found:
        raise typer.Exit(1)


def _print(title: str, rows: Mapping[str, int], answer: Mapping[str, object], json: bool) -> None:
    if json:
        print_json(answer)
    else:
        print_table(title, ["table", "rows"], [[place, n] for place, n in rows.items()])
