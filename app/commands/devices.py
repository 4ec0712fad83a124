"""Unregistered devices, and devices in quarantine."""

import typer

from app.commands.shared.console import load_settings, out, print_json, print_table
from app.commands.shared.options import Json
from app.processes.stack import database
from runtime.clock import SystemClock
from store.pipeline import dead_letter, quarantine
from store.postgres.pool import connect

cli = typer.Typer(no_args_is_help=True, help=__doc__)


@cli.command("unknown")
def unknown_devices(json: Json = False) -> None:
    """List unregistered devices and the shape of what they send. Its content is not kept: register
    them with `tachowatt import`, then their next messages are taken. A native device that numbers
    its messages sends the earlier ones again by itself, because they were not acknowledged."""
    with database(load_settings(), SystemClock()) as url, connect(url) as connection:
        found = dead_letter.unknown_devices(connection)
        more = dead_letter.unknown_not_kept(connection)
    if json:
        print_json({"devices": found, "only_counted": more})
        return
    print_table(
        "Unknown devices",
        ["topic", "dialect", "messages", "first", "last", "shape"],
        [list(device.values()) for device in found],
    )
    if more:
        print_table(
            "Further messages of them, only counted",
            ["dialect", "address", "messages", "bytes", "first", "last"],
            [list(device.values()) for device in more],
        )


@cli.command("quarantined")
def quarantined_devices(json: Json = False) -> None:
    """List devices in quarantine, with the reason and what is kept of their messages.

    over_limit: more than TACHOWATT_DEVICE_MESSAGES_PER_S for long; what is above it is deferred.
    nothing_usable: its newest messages all went to the dead letter. Both end by themselves: when
    the device has calmed down, and with its first usable message.
    """
    with database(load_settings(), SystemClock()) as url, connect(url) as connection:
        found = quarantine.listed(connection)
    if json:
        print_json(found)
        return
    if not found:
        out.print("no device is in quarantine")
        return
    print_table(
        "Devices in quarantine",
        ["tenant", "device", "reason", "since", "open", "deferred", "not kept", "detail"],
        [
            [
                row["tenant"],
                row["device"] or row["address"],
                row["reason"],
                row["since"].isoformat(timespec="seconds"),
                row["open"],
                row["deferred"],
                row["not_kept"],
                row["detail"][:100],
            ]
            for row in found
        ],
    )
