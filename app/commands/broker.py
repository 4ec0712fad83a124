"""Users of Tachowatt itself at a Mosquitto of yours, before its start."""

import os
from pathlib import Path
from typing import Annotated

import typer

from app.commands.shared.console import load_settings, out
from runtime.errors import Usage

cli = typer.Typer(no_args_is_help=True, help=__doc__)


@cli.callback()
def _broker() -> None:
    """Keeps `init` a command of a group."""


@cli.command("init")
def init(
    file: Annotated[Path, typer.Argument(help="The plugin's file: …/dynamic-security.json")],
    gateway: Annotated[
        list[str] | None, typer.Option(help="User of a gateway; repeat it, one for each")
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option(help="Also write the options of mosquitto_sub for a health check here"),
    ] = None,
    owner: Annotated[
        int | None, typer.Option(help="User id of the broker, which gets the folder (as root)")
    ] = None,
) -> None:
    """Write the users `admin` (who provisions devices), `health` and those of the gateways.

    Users that are there stay: devices keep their credentials. The broker must not run meanwhile.
    The password of each user comes from the environment: MQTT_ADMIN_PASSWORD,
    MQTT_HEALTH_PASSWORD, MQTT_GATEWAY_1_PASSWORD of gateway-1, …; or from a file that
    MQTT_ADMIN_PASSWORD_FILE, … names.

    Examples:

      tachowatt broker init users/dynamic-security.json --gateway gateway-1 --gateway gateway-2
    """

    from app.servers import dynamic_security as security
    from ingest.decoding.catalogue import ROUTER

    group = load_settings().mqtt_share_group
    gateways = gateway or [security.GATEWAY]
    if len(gateways) > 1 and not group:
        raise Usage("several gateways need TACHOWATT_MQTT_SHARE_GROUP, the same for all")
    if wrong := [user for user in gateways if not user or "/" in user]:
        raise Usage(f"--gateway {wrong[0]!r}: a name without a slash, so that no device has it")
    made = security.SecurityFile(file)
    for role in (
        security.role_of_admin(),
        security.role_of_health(),
        *(security.role_of_gateway(user, ROUTER.subscriptions, group) for user in gateways),
    ):
        made.put(role, _password(role["rolename"]))
    made.write()
    if check is not None:
        password = _password(security.HEALTH)
        with os.fdopen(
            os.open(check, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w"
        ) as options:
            options.write(f"-u {security.HEALTH}\n-P {password}\n")
    if owner is not None:
        for path in (file.parent, *file.parent.iterdir()):
            os.chown(path, owner, owner)
    out.print(f"{file}: {len(made.users)} users")


def _password(user: str) -> str:
    variable = f"MQTT_{user.upper().replace('-', '_')}_PASSWORD"
    path = os.environ.get(f"{variable}_FILE", "")
    try:
        from_file = Path(path).read_text(encoding="utf-8").strip("\r\n") if path else ""
    except (OSError, UnicodeDecodeError) as error:
        raise Usage(f"{variable}_FILE: {path} cannot be read: {error}") from None
    found = os.environ.get(variable, "") or from_file
    if not found:
        raise Usage(f"the password of {user} is missing: set {variable} or {variable}_FILE")
    return found
