"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON value on stdout")]
JsonAtEnd = Annotated[bool, typer.Option("--json", help="One JSON object on stdout at the end")]

StateDir = Annotated[
    Path | None, typer.Option("--state-dir", help="Where the embedded servers keep their data")
]
MqttUrl = Annotated[str | None, typer.Option("--mqtt-url", help="A broker instead of our own")]
User = Annotated[
    str | None, typer.Option("--user", help="At a broker with credentials: native/tenant/device")
]
Password = Annotated[str | None, typer.Option("--password", help="Password of --user")]
DatabaseUrl = Annotated[
    str | None, typer.Option("--database-url", help="A PostgreSQL instead of our own")
]
Tenant = Annotated[
    str | None, typer.Option("--tenant", help="Tenant; needed where there are several")
]
