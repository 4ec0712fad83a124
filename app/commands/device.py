"""Devices: registered, unknown, in quarantine, and their credentials at the MQTT broker.

Credentials are made at a running Mosquitto with its dynamic-security plugin, without a restart:
that of `tachowatt serve` in the same state directory, or TACHOWATT_MQTT_ADMIN_URL. A device can
publish on its own topics and subscribe to its own commands and acknowledgements, nothing else.
"""

import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.shared import unusual_devices
from app.commands.shared.console import (
    err,
    json_text,
    load_settings,
    out,
    print_json,
    print_table,
    progress_bar,
)
from app.commands.shared.options import Json
from app.processes.stack import database
from contracts.dialects import NATIVE
from ingest.decoding.dialects import NAMES  # not the catalogue, because it loads all decoders
from runtime.clock import SystemClock
from runtime.errors import Usage
from store.people import device_logins
from store.postgres.pool import connect, translated
from store.postgres.times import from_us

cli = typer.Typer(no_args_is_help=True, help=__doc__)
cli.registered_commands += unusual_devices.cli.registered_commands

Name = Annotated[
    str,
    typer.Argument(metavar="DEVICE", help="Address in its dialect: tenant/device for native"),
]
DialectOption = Annotated[str, typer.Option("--dialect", help=f"One of {', '.join(NAMES)}")]

_AT_ONCE = 200
"""Devices of an import between two commits."""


@cli.command("add")
def add(device: Name, dialect: DialectOption = NATIVE, json: Json = False) -> None:
    """Give a device credentials. The password is printed once and can never be read again.

    Examples:

      tachowatt device add acme/car-1

      tachowatt device add jane/phone --dialect owntracks --json
    """
    _issue(device, dialect, json, holds=False)


@cli.command("rotate")
def rotate(device: Name, dialect: DialectOption = NATIVE, json: Json = False) -> None:
    """Replace the password of a device; its session ends, and the new one is printed once."""
    _issue(device, dialect, json, holds=True)


@cli.command("revoke")
def revoke(device: Name, dialect: DialectOption = NATIVE) -> None:
    """Take a device's credentials away; its session ends at once. It stays registered."""
    from app.commands.shared.broker import provisioner
    from app.operations.devices import Device

    clock, settings = SystemClock(), load_settings()
    found = Device.of(device, dialect)
    broker, _ = provisioner(settings, clock)
    with database(settings, clock) as url, translated(), connect(url) as connection:
        login = device_logins.device_login(connection, dialect, device)
        with broker as at:
            was_there = at.remove(found.user)
            at.remove(f"publish/{found.user}")
        device_logins.revoked(connection, dialect, device, clock.now_us())
        connection.commit()
    if not was_there and not login.holds:
        raise Usage(f"{found.user} has no credentials; see `tachowatt device list`")
    out.print(f"the credentials of {found.user} are revoked, and its session has ended")


@cli.command("list")
def list_devices(
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's registered ones")] = None,
    json: Json = False,
) -> None:
    """List devices: registered, with credentials, or both. Never a password."""
    with database(load_settings(), SystemClock()) as url, connect(url) as connection:
        found = [_plain(login) for login in device_logins.device_logins(connection, tenant)]
    if json:
        print_json(found)
        return
    columns = ["tenant", "device", "kind", "user", "credentials", "issued_at", "rotated_at",
               "revoked_at", "claim_until"]  # fmt: skip
    print_table("Devices", columns, [[row[column] for column in columns] for row in found])


@cli.command("import")
def import_devices(
    file: Annotated[Path, typer.Argument(help="CSV or NDJSON: device, dialect (default: native)")],
    to: Annotated[
        Path | None,
        typer.Option("--out", help="Where the credentials go, a new file (default: stdout)"),
    ] = None,
) -> None:
    """Give many devices credentials; those that have some are left as they are.

    The credentials are NDJSON, one device a line. Safe to repeat after an interruption.

    Examples:

      tachowatt device import devices.csv --out credentials.ndjson
    """
    from app.commands.shared.broker import provisioner
    from app.operations.devices import issue, read_devices

    clock, settings = SystemClock(), load_settings()
    devices = list(dict.fromkeys(read_devices(file)))
    broker, mqtt_url = provisioner(settings, clock)
    with ExitStack() as ending:
        at = ending.enter_context(broker)
        url = ending.enter_context(database(settings, clock))
        ending.enter_context(translated())
        connection = ending.enter_context(connect(url))
        have = {
            (login.dialect, login.address)
            for login in device_logins.device_logins(connection)
            if login.holds
        }
        new = [each for each in devices if (each.dialect.name, each.address) not in have]
        lines = sys.stdout if to is None else ending.enter_context(_private(to))
        advance = ending.enter_context(progress_bar("provisioning"))
        for begin in range(0, len(new), _AT_ONCE):
            issued = issue(at, new[begin : begin + _AT_ONCE])
            for device, password in issued:
                lines.write(json_text(device.settings(password, mqtt_url)) + "\n")
            lines.flush()  # before the store says that they have them
            names = [(device.dialect.name, device.address) for device, _ in issued]
            device_logins.issued(connection, names, clock.now_us())
            connection.commit()
            advance(begin + len(issued), len(new))
    err.print(f"{len(new):,} devices have new credentials, {len(devices) - len(new):,} had some")


@cli.command("claim")
def claim(
    device: Name,
    dialect: DialectOption = NATIVE,
    hours: Annotated[
        float, typer.Option(min=0.01, max=8760, help="How long the code holds")
    ] = 24.0,
    rotate: Annotated[bool, typer.Option(help="Replace the credentials that it has")] = False,
    qr: Annotated[Path | None, typer.Option(help="Save the QR code: .png or .svg")] = None,
    json: Json = False,
) -> None:
    """Make a code with which a person gets the device's credentials once, as a QR code too.

    It is redeemed by POST /v1/device-claims, without a key.

    Examples:

      tachowatt device claim acme/car-1 --qr car-1.png
    """
    import segno

    from app.commands.shared.broker import provisioner
    from app.operations.devices import Device, issue
    from services import device_claims

    if qr is not None and qr.suffix not in (".png", ".svg"):
        raise Usage(f"--qr {qr}: expected a name that ends in .png or .svg")
    clock, settings = SystemClock(), load_settings()
    found = Device.of(device, dialect)
    broker, mqtt_url = provisioner(settings, clock)
    with database(settings, clock) as url, translated(), connect(url) as connection:
        if device_logins.device_login(connection, dialect, device).holds and not rotate:
            raise Usage(f"{found.user} has credentials; --rotate replaces them")
        with broker as at:
            ((_, password),) = issue(at, [found])
        now_us = clock.now_us()
        device_logins.issued(connection, [(dialect, device)], now_us)
        made = device_claims.create(
            connection, dialect, device, found.settings(password, mqtt_url), now_us, hours * 3600
        )
        connection.commit()
    base = settings.api_base_url
    text = f"{base}/v1/device-claims#{made.code}" if base else made.code
    code = segno.make(text, error="m", micro=False)
    if qr is not None:
        code.save(str(qr), scale=8)
    if json:
        print_json({"code": made.code, "qr": text, "until": from_us(made.until_us)})
        return
    if out.is_terminal:
        code.terminal(compact=True)
    out.print(made.code, highlight=False)
    out.print(
        f"It gives the credentials of {found.user} once, until {from_us(made.until_us):%F %R} UTC: "
        f'POST {base or "…"}/v1/device-claims {{"code": "…"}}',
        style="dim",
    )


def _issue(address: str, dialect: str, json: bool, *, holds: bool) -> None:
    """Make new credentials. holds : whether the device must have some already, or must not."""
    from app.commands.shared.broker import provisioner
    from app.operations.devices import Device, issue

    clock, settings = SystemClock(), load_settings()
    device = Device.of(address, dialect)
    broker, mqtt_url = provisioner(settings, clock)
    with database(settings, clock) as url, translated(), connect(url) as connection:
        login = device_logins.device_login(connection, dialect, address)
        if login.holds and not holds:
            raise Usage(f"{device.user} has credentials; `tachowatt device rotate` replaces them")
        if holds and not login.holds:
            raise Usage(f"{device.user} has no credentials; `tachowatt device add` makes some")
        with broker as at:
            ((_, password),) = issue(at, [device])
        device_logins.issued(connection, [(dialect, address)], clock.now_us())
        connection.commit()
    found = device.settings(password, mqtt_url)
    if json:
        print_json(found)
    else:
        for name in ("url", "user", "password"):
            out.print(f"{name:9} {found[name]}", highlight=False)
        for name in ("publish", "subscribe"):
            out.print(f"{name:9} {', '.join(found[name])}", highlight=False, style="dim")
    if login.device is None:
        err.print(
            f"{device.user} is not registered: until `tachowatt import` its messages wait in the "
            "dead letter",
            style="yellow",
        )


def _plain(login: device_logins.DeviceLogin) -> dict[str, Any]:
    holds = "yes" if login.holds else "revoked" if login.revoked_at is not None else "none"
    return {
        "tenant": login.tenant,
        "device": login.device,
        "kind": login.kind,
        "dialect": login.dialect,
        "address": login.address,
        "user": f"{login.dialect}/{login.address}",
        "credentials": holds,
        "issued_at": login.issued_at,
        "rotated_at": login.rotated_at,
        "revoked_at": login.revoked_at,
        "claimed_at": login.claimed_at,
        "claim_until": login.claim_until,
    }


def _private(path: Path) -> Any:
    """Open a new file that only its owner may read. Raises `Usage` where it exists."""
    try:
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w")
    except OSError as error:
        raise Usage(f"--out {path}: {error.strerror}") from None
