"""`tachowatt serve` as a child process of the demo, on servers that already run."""

import asyncio
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import yaml

from app.demo.receiver import DemoReceiver
from app.processes.stack import Addresses, Stack
from app.servers.supervise import Child
from runtime.calibration import Limit
from runtime.clock import Clock
from runtime.errors import Stop
from runtime.settings import Settings
from services import actions

_READY_WITHIN_S = 120.0
_USUAL_PORT = 8080
_MAIL_FROM = "Tachowatt <tachowatt@example.org>"


def _without_quiet_hours(folder: Path) -> Path:
    """Write the shipped actions without quiet hours: a demo delivers at night too."""
    folder.mkdir(exist_ok=True)
    for name, text in actions.read(None).items():
        found = yaml.safe_load(text)
        if found["id"] == "all":
            del found["contact"]["quiet_hours"]
            text = yaml.safe_dump(found, allow_unicode=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


class Service:
    """The child process; it starts at once and never outlives us.

    Parameters
    ----------
    settings : the service announces itself and logs in its state_dir
    addresses : the servers to use
    receiver : destination of webhooks and mails; None = no contact is sent
    api_port : of API and pages; 0 = a free one, None = the usual one if it is free
    environment : further variables of the child
    """

    def __init__(
        self,
        settings: Settings,
        addresses: Addresses,
        clock: Clock,
        receiver: DemoReceiver | None = None,
        api_port: int | None = 0,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._clock = clock
        self._state = settings.state_dir.resolve()
        self._state.mkdir(parents=True, exist_ok=True)
        self._log = self._state / "service.log"
        variables = {
            **os.environ,
            **environment,
            "TACHOWATT_STATE_DIR": str(self._state),
            "TACHOWATT_DATABASE_URL": addresses.database_url,
            "TACHOWATT_MQTT_URL": addresses.mqtt_url,
            "TACHOWATT_DEMO_SIGN_IN": "true",
            "TACHOWATT_API_PORT": str(_usual_port() if api_port is None else api_port),
        }
        if addresses.api_database_url:
            variables["TACHOWATT_API_DATABASE_URL"] = addresses.api_database_url
        if receiver is not None:
            variables |= {
                "TACHOWATT_ACTIONS_DIR": str(_without_quiet_hours(self._state / "actions")),
                "TACHOWATT_SMTP_URL": receiver.smtp_url,
                "TACHOWATT_SMTP_FROM": _MAIL_FROM,
                "TACHOWATT_WEBHOOK_PRIVATE_NETWORKS": "127.0.0.0/8",
            }
        self._child = Child(
            [sys.executable, "-m", "app.cli", "serve"],
            self._log,
            environment=variables,
            directory=Path.cwd(),  # folder of tachowatt.toml, if any
        )

    async def ready(self) -> Addresses:
        """Wait until it announces itself; return its addresses. Raises `Stop` with the log's end.

        A service that compiles kernels makes progress: its log counts them.
        """
        stack = Stack(Settings(state_dir=self._state), self._clock)
        limit, compiled = Limit(self._clock, _READY_WITHIN_S), 0
        while not limit.over() and self._child.alive():
            running = stack.running()
            if running is not None and self._is_ours(running.pid):
                return running
            lines = self._log.read_bytes().count(b"compiling ")
            if lines > compiled:
                compiled = lines
                limit.renew()
            await asyncio.sleep(0.1)
        log = self._log.read_text(errors="replace")[-2000:].rstrip()
        how = f"is not ready after {limit.seconds:.0f} s" if self._child.alive() else "has ended"
        raise Stop(f"the service {how}; the end of its log:\n{log}")

    def stop(self) -> None:
        """Terminate it; after ten seconds, kill it."""
        self._child.stop()

    def _is_ours(self, pid: int) -> bool:
        """Return whether the announcement is of this child, not of another service."""
        try:
            return os.getpgid(pid) == self._child.pid
        except ProcessLookupError:
            return False


def _usual_port() -> int:
    """Return the usual port if it is free, else 0."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", _USUAL_PORT))
        except OSError:
            return 0
    return _USUAL_PORT
