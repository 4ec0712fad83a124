"""Personal data: how long they stay, the record of processing, and who a breach touched."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from app.commands.shared.console import load_settings, out, print_json, print_table
from app.commands.shared.options import Json
from app.commands.shared.reads import log_command, user
from app.operations.timestamps import as_datetime
from app.processes.stack import database
from contracts.rights import AskedBy, Right
from runtime.clock import SystemClock
from runtime.errors import NotAllowed, NotFound, Usage
from runtime.secret_box import box_of
from services import breach
from services import privacy_export as exports
from services import privacy_record as processing
from services import retention as rules
from services.rights import Rights
from store.people.read_log import of_customers
from store.postgres.pool import connect, translated

cli = typer.Typer(no_args_is_help=True, help=__doc__)

_MOST_REQUESTS = 1_000


@cli.command("retention")
def retention(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only count what is older than its period")
    ] = False,
    json: Json = False,
) -> None:
    """Delete what is older than its category's period; a running service does it every hour.

    Example: tachowatt privacy retention --dry-run
    """
    settings, clock = load_settings(), SystemClock()
    days = rules.days_by_category(settings)
    act = rules.report if dry_run else rules.enforce
    with database(settings, clock) as url, translated(), connect(url) as connection:
        found = act(connection, days, clock.now_us())
    if json:
        print_json({"dry_run": dry_run, "tables": [asdict(one) for one in found]})
        return
    print_table(
        "Older than their period" if dry_run else "Deleted",
        ["table", "category", "days", "before", "rows"],
        [
            [one.place, one.category, one.days or "", one.before or "", one.rows]
            for one in found
            if one.before is not None
        ],
    )


@cli.command("record")
def record(json: Json = False) -> None:
    """Print the record of processing activities (GDPR Art. 30) as Markdown.

    Example: tachowatt privacy record --json
    """
    settings = load_settings()
    rows = processing.record(rules.days_by_category(settings), settings.retention_days)
    if json:
        print_json(rows)
    else:
        out.print(processing.markdown(rows), markup=False, highlight=False, soft_wrap=True)


@cli.command("export")
def export(
    customer: Annotated[str, typer.Argument(help="Customer, as tenant/customer")],
    out_file: Annotated[Path, typer.Option("--out", "-o", help="File to write, a zip")],
    json: Json = False,
) -> None:
    """Export everything of a customer as JSON, CSV and a page to read (GDPR Art. 15, 20).

    Example: tachowatt privacy export demo/c-1 --out data.zip
    """
    settings, clock = load_settings(), SystemClock()
    tenant, sign, name = customer.partition("/")
    if not sign:
        raise Usage(f"{customer!r} names no tenant; expected tenant/customer")
    with database(settings, clock) as url, translated(), connect(url) as connection:
        log_command(connection, clock, "privacy export", {tenant: of_customers([name])})
        connection.execute("set transaction isolation level repeatable read, read only")
        try:
            rows = exports.to_file(
                connection, box_of(settings), tenant, name, out_file, clock.now_us()
            )
        except NotFound as error:
            raise Usage(str(error)) from None
    if json:
        print_json({"file": str(out_file), "rows": rows})
        return
    print_table(f"{out_file}", ["table", "rows"], [[place, n] for place, n in rows.items()])


@cli.command("ask")
def ask(
    customer: Annotated[str, typer.Argument(help="Customer, as tenant/customer")],
    right: Annotated[Right, typer.Argument(help="Right under the GDPR")],
    details: Annotated[str, typer.Option(help="In the customer's words")] = "",
    json: Json = False,
) -> None:
    """Record a request of a customer; its case asks for a check of the identity first.

    Example: tachowatt privacy ask demo/c-1 rectification --details "My street is Am Markt 3"
    """
    settings, clock = load_settings(), SystemClock()
    tenant, sign, name = customer.partition("/")
    if not sign:
        raise Usage(f"{customer!r} names no tenant; expected tenant/customer")
    with database(settings, clock) as url, translated(), connect(url) as connection:
        try:
            made = Rights(box_of(settings)).ask(
                connection, tenant, name, right, clock.now_us(),
                asked_by=AskedBy.COMMAND, author=user(), details=details,
            )  # fmt: skip
        except (NotFound, NotAllowed) as error:
            raise Usage(str(error)) from None
        connection.commit()
    if json:
        print_json(asdict(made))
        return
    out.print(f"{made.request_id}: case {made.case_id}, to be answered by {made.due_at:%Y-%m-%d}")


@cli.command("requests")
def requests(
    tenant: Annotated[str, typer.Argument(help="Tenant")],
    all_: Annotated[bool, typer.Option("--all", help="Also those that are answered")] = False,
    json: Json = False,
) -> None:
    """List requests of customers, due first.

    Example: tachowatt privacy requests demo
    """
    settings, clock = load_settings(), SystemClock()
    with database(settings, clock) as url, translated(), connect(url) as connection:
        found = Rights(box_of(settings)).list_(
            connection, tenant, open_only=not all_, limit=_MOST_REQUESTS
        )
        names = sorted({one.customer for one in found})
        log_command(connection, clock, "rights", {tenant: of_customers(names)})
    if json:
        print_json([asdict(one) for one in found])
        return
    print_table(
        "Requests",
        ["id", "customer", "right", "state", "received", "due"],
        [[r.request_id, r.customer, r.right, r.state, r.received_at, r.due_at] for r in found],
    )


@cli.command("affected")
def affected(
    since: Annotated[str, typer.Option(help="Begin of the breach, with an offset")],
    device: Annotated[str | None, typer.Option(help="Device, as tenant/device")] = None,
    table: Annotated[str | None, typer.Option(help="Table, as schema.table")] = None,
    json: Json = False,
) -> None:
    """List the customers that a breach of a device or a table touched.

    Example: tachowatt privacy affected --since 2026-11-01T00:00:00Z --device demo/car-1
    """
    if (device is None) == (table is None):
        raise Usage("name either --device or --table")
    after, clock = as_datetime(since), SystemClock()
    with database(load_settings(), clock) as url, translated(), connect(url) as connection:
        if device is not None:
            tenant, sign, name = device.partition("/")
            if not sign:
                raise Usage(f"{device!r} is no device; expected tenant/device")
            found = breach.of_device(connection, tenant, name, after)
        else:
            found = breach.of_table(connection, table or "", after)
        tenants = {tenant for tenant, _ in found}
        log_command(
            connection,
            clock,
            "privacy affected",
            {t: of_customers([c for of, c in found if of == t]) for t in sorted(tenants)},
        )
    if json:
        print_json([{"tenant": tenant, "customer": customer} for tenant, customer in found])
        return
    print_table("Customers", ["tenant", "customer"], [list(row) for row in found])
