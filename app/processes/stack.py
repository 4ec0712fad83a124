"""Servers that this process uses: those in the settings, else the embedded ones.

Only one process at a time runs the embedded servers of a state directory (a file lock decides).
Other commands find a running service by `service.json` and use its database.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO

from app.processes import local_broker
from app.processes.local_broker import LocalBroker, without_login
from app.servers import dynamic_security as security
from app.servers.postgres import Postgres
from app.servers.secured_mosquitto import SecuredMosquitto
from runtime.clock import Clock
from runtime.errors import Stop
from runtime.secret_box import box_of
from runtime.settings import Settings
from services import secrets as stored_secrets
from store.postgres import roles
from store.postgres.engine import Layout
from store.postgres.pool import connect, translated
from store.schema.migrate import migrate


@dataclass(frozen=True, slots=True)
class Addresses:
    """URLs of the servers; '' if none runs. api_url serves the pages too.

    api_database_url : the database as the API's own login; '' = as in the settings.
    mqtt_url : with the gateway's login where the broker needs one; announced without.
    """

    database_url: str
    mqtt_url: str = ""
    metrics_url: str = ""
    api_url: str = ""
    pid: int = 0
    api_database_url: str = ""


class Stack:
    """The servers of one process."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._state = settings.state_dir.resolve()
        self._lock: IO[str] | None = None
        self._postgres: Postgres | None = None
        self._broker: local_broker.Server | None = None

    @property
    def state_dir(self) -> Path:
        """Absolute path of the state directory."""
        return self._state

    def _take_lock(self) -> bool:
        self._state.mkdir(parents=True, exist_ok=True)
        lock = (self._state / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        self._lock = lock
        return True

    def free(self) -> bool:
        """Return whether no other process runs the embedded servers of this state directory."""
        if not self._take_lock():
            return False
        if self._lock is not None:
            self._lock.close()
            self._lock = None
        return True

    def start(self, *, broker: bool, secrets: bool = True) -> Addresses:
        """Start the servers that are not set, migrate the database, and return all addresses.

        broker : whether an MQTT broker is needed. secrets : whether the process uses stored
        secrets, so that their key has to be there. Raises `Stop` if another process runs the
        embedded servers of this state directory.
        """
        embedded = self._settings.database_url is None or (
            broker and self._settings.mqtt_url is None
        )
        if embedded and not self._take_lock():
            running = self.running()
            raise Stop(
                f"another process (pid {running.pid if running else 'unknown'}) runs the embedded "
                f"servers in {self._state}; stop it, or set TACHOWATT_STATE_DIR to another folder"
            )
        try:
            if self._settings.database_url is None:
                self._postgres = Postgres(self._state, self._clock)
                database_url = self._postgres.start()
            else:
                database_url = self._settings.database_url
            migrate(database_url, Layout.of(self._settings))
            if secrets:
                prepare_secrets(self._settings, database_url, self._clock)
            api_database_url = self._settings.api_database_url or ""
            if self._postgres is not None:
                api_database_url = _api_login(database_url)
            mqtt_url = ""
            if broker:
                if self._settings.mqtt_url is None:
                    self._broker, found = local_broker.start(
                        self._settings, self._state, self._clock
                    )
                    mqtt_url = found.of_user(self._state, security.GATEWAY)
                else:
                    mqtt_url = self._settings.mqtt_url
        except BaseException:
            self.stop()
            raise
        return Addresses(database_url, mqtt_url, api_database_url=api_database_url)

    def save_subscriptions(self) -> None:
        """Have a broker of ours write to disk that the gateway has subscribed."""
        if isinstance(self._broker, SecuredMosquitto):
            self._broker.save()

    def restart_dead(self) -> None:
        """Restart servers that have died, at the same addresses. Raises `Stop`."""
        for server in (self._postgres, self._broker):
            if server is not None:
                server.restart_dead()

    def remember(self, name: str, value: str) -> None:
        """Store a value (a port) in the state directory for the next start."""
        self._state.mkdir(parents=True, exist_ok=True)
        (self._state / name).write_text(value, encoding="utf-8")

    def remembered(self, name: str) -> str:
        """Return the stored value; '' if there is none."""
        try:
            return (self._state / name).read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return ""

    def announce(self, addresses: Addresses) -> None:
        """Write `service.json`, by which other commands find this service."""
        self._state.mkdir(parents=True, exist_ok=True)
        if addresses.mqtt_url:
            addresses = replace(addresses, mqtt_url=without_login(addresses.mqtt_url))
        file = self._state / "service.json"
        file.unlink(missing_ok=True)  # perhaps open to others, by an earlier version
        # Only the owner may read it: the database's URL may have a password.
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as out:
            out.write(json.dumps(asdict(addresses)))

    def local_broker(self, url: str) -> LocalBroker | None:
        """Return the broker that this state directory's service has started, if that is its URL."""
        return LocalBroker.of(self._state, url)

    def mqtt_url(self, url: str, user: str) -> str:
        """Return the URL with the login of one of our own users, if that broker is ours."""
        found = self.local_broker(url)
        return url if found is None else found.of_user(self._state, user)

    def leave(self) -> None:
        """Remove the announcement."""
        running = self.running()
        if running is not None and running.pid == os.getpid():
            (self._state / "service.json").unlink(missing_ok=True)

    def running(self) -> Addresses | None:
        """Return the service announced in this state directory, if any."""
        try:
            found = json.loads((self._state / "service.json").read_text(encoding="utf-8"))
            addresses = Addresses(**found)
            os.kill(addresses.pid, 0)  # checks only whether it is alive
        except PermissionError:
            return addresses
        except (OSError, ValueError, TypeError):
            return None
        return addresses

    def stop(self) -> None:
        """Stop the servers that `start` started."""
        if self._broker is not None:
            self._broker.stop()
        if self._postgres is not None:
            self._postgres.stop()
        self._broker = self._postgres = None
        if self._lock is not None:
            (self._state / "service.json").unlink(missing_ok=True)
            self._lock.close()
            self._lock = None


def _api_login(database_url: str) -> str:
    """Return the embedded database's URL as the login of the API, created if it is missing."""
    with translated(), connect(database_url) as connection:
        roles.ensure_api_login(connection)
    return database_url.replace("//postgres@", f"//{roles.API_LOGIN}@", 1)


def prepare_secrets(settings: Settings, database_url: str, clock: Clock) -> None:
    """Make the keys of stored secrets ready (services/secrets.py)."""
    with translated(), connect(database_url, application="tachowatt-secrets") as connection:
        stored_secrets.prepare(connection, box_of(settings), clock.now_us())


@contextmanager
def database(settings: Settings, clock: Clock, *, secrets: bool = True) -> Iterator[str]:
    """Yield a command's database URL: the set one, a running service's, or a temporary start's.

    secrets : whether a database that is started for it must have its key of stored secrets.
    """
    stack = Stack(settings, clock)
    if settings.database_url is not None:
        migrate(settings.database_url, Layout.of(settings))
        yield settings.database_url
        return
    if not stack.free():
        running = stack.running()
        if running is None:
            raise Stop(
                f"another process uses {stack.state_dir} and has not said where its database is; "
                "try again in a moment"
            )
        yield running.database_url
        return
    try:
        yield stack.start(broker=False, secrets=secrets).database_url
    finally:
        stack.stop()
