"""Commands about unregistered devices, and devices in quarantine."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

from app.commands.shared.console import load_settings, out, print_json, print_table
from app.commands.shared.options import Json
from app.processes.stack import database
from runtime.clock import SystemClock
from store.pipeline import dead_letter, quarantine
from store.postgres.pool import connect

if TYPE_CHECKING:
    from contracts.topics import Route

cli = typer.Typer()


@cli.command("unknown")
def unknown_devices(json: Json = False) -> None:
    """List devices that are not registered or whose names are not understood, and what they send.

    For each one it proposes rows of the registry file; where a message may be read in several ways,
    one row for each. The content of unregistered devices is not kept: complete a row, `tachowatt
    import` it, then their next messages are taken. A native device that numbers its messages sends
    the earlier ones again by itself, because they were not acknowledged. For a registered device
    `tachowatt dead-letter retry` stores what waits.
    """
    from ingest.batch.shape import shape_of
    from ingest.decoding.catalogue import BY_NAME

    mapped = [name for name, dialect in BY_NAME.items() if dialect.mapping]
    with database(load_settings(), SystemClock()) as url, connect(url) as connection:
        found = dead_letter.unusable_devices(connection, mapped)
        more = dead_letter.unknown_not_kept(connection)
    for device in found:
        body = device.pop("body")
        if body is not None:
            device["shape"] = shape_of(body)
        seen = (device["shape"] or "").encode() if body is None else body
        device["proposals"] = _proposals(device["topic"], seen)
    if json:
        print_json({"devices": found, "only_counted": more})
        return
    columns = ("topic", "dialect", "messages", "first_at", "last_at", "shape")
    print_table(
        "Unknown devices",
        [column.removesuffix("_at") for column in columns],
        [[device[column] for column in columns] for device in found],
    )
    if more:
        print_table(
            "Further messages of them, only counted",
            ["dialect", "address", "messages", "bytes", "first", "last"],
            [list(device.values()) for device in more],
        )
    rows = [row for device in found for row in device["proposals"]]
    if rows:
        out.print("For the registry file; choose one row where several have the same address:")
        out.print("devices:")
        for row in rows:
            out.print(f"  - {_flow(row)}")


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


def _proposals(topic: str, body: bytes) -> list[dict[str, Any]]:
    """Return rows of the section `devices`; the owner fills in tenant and id."""
    from contracts.dialects import DEVICE_KIND
    from ingest.decoding.catalogue import BY_NAME, ROUTER

    route: Route | None = ROUTER.route(topic)
    if route is None:
        return []
    row: dict[str, Any] = {"tenant": route.tenant or "…", "id": "…"}
    row |= {"kind": DEVICE_KIND.get(route.kind, "…"), "dialect": route.dialect}
    dialect = BY_NAME[route.dialect]
    if dialect.fields[0] != "tenant":
        row["address"] = route.address
    else:
        row["id"] = route.address.partition("/")[2]
    mappings = dialect.propose(body) if dialect.propose else []
    # A shape has "…" for names that it does not keep.
    mappings = [found for found in mappings if "…" not in found.values()]
    return [row | {"mapping": mapping} for mapping in mappings] or [row]


def _flow(value: Any) -> str:
    """Write a row as YAML on one line; what is no plain word is quoted."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flow(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    text = str(value)
    plain = text.replace("_", "").replace("/", "").replace("-", "").isalpha() or text == "…"
    return text if plain else "'" + text.replace("'", "''") + "'"
