"""Debian's Mosquitto as the broker of one machine: users, roles and a queue on disk; loopback only.

Everything of it is in `broker/` of the state directory, which only its owner may enter.
"""

import json
import logging
import os
import signal
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

from app.servers import dynamic_security as security
from app.servers.mosquitto import program
from app.servers.ports import listening, the_same_or_free
from app.servers.supervise import Child
from runtime.calibration import Limit
from runtime.clock import Clock
from runtime.errors import Stop

log = logging.getLogger("embedded")

_START_WITHIN_S = 30.0
_SAVE_WITHIN_S = 3.0

_AUTOSAVE_S = 1
"""Mosquitto then writes what waits to disk every two seconds. A kill -9 loses what has come since
the last time and has not reached a gateway (ADR 35)."""

_PLUGIN = "mosquitto_dynamic_security.so"


def plugin() -> Path | None:
    """Return the plugin of the installed Mosquitto; None if there is none."""
    found = program()
    if found is None:
        return None
    prefix = Path(found).resolve().parents[1]
    folders = {prefix, Path("/usr"), Path("/usr/local")}
    for folder in folders:
        for pattern in (f"lib/{_PLUGIN}", f"lib/*/{_PLUGIN}", f"lib64/{_PLUGIN}"):
            for path in sorted(folder.glob(pattern)):
                return path
    return None


def login_url(url: str, user: str, password: str) -> str:
    """Return the URL of a broker with a login, which may have any characters."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{quote(user, safe='')}:{quote(password, safe='')}@{rest.rpartition('@')[2]}"


@dataclass(frozen=True, slots=True)
class Access:
    """Passwords of our own users. publish_key : from it come those of `tachowatt publish`."""

    admin: str
    gateway: str
    simulator: str
    publish_key: str

    @classmethod
    def of(cls, state: Path) -> "Access | None":
        """Read those of a state directory; None where Mosquitto was never started in it."""
        try:
            found = json.loads(_file(state).read_text(encoding="utf-8"))
            return cls(**found)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise Stop(f"{_file(state)} cannot be read: {error}") from None

    @classmethod
    def new(cls) -> "Access":
        """Return random ones."""
        return cls(*(security.new_password() for _ in range(4)))

    def write(self, state: Path) -> None:
        """Store them; only the owner of the file may read it."""
        with os.fdopen(
            os.open(_file(state), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w"
        ) as f:
            json.dump(asdict(self), f)


def security_file(state: Path) -> Path:
    """Return the path of the plugin's file of a state directory."""
    return state / "broker" / "dynamic-security.json"


def _file(state: Path) -> Path:
    return state / "broker" / "access.json"


def _written_ns(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


class SecuredMosquitto:
    """A Mosquitto on the loopback that lets nobody in without credentials; MQTT 3.1.1 and 5.

    subscriptions : what the gateway may subscribe to. Raises `Stop` if it is not installed.
    """

    def __init__(self, state: Path, clock: Clock, subscriptions: Iterable[str]) -> None:
        found, extension = program(), plugin()
        if found is None or extension is None:
            raise Stop(
                "Mosquitto with its dynamic-security plugin is not installed: apt-get install "
                "mosquitto; or set TACHOWATT_BROKER=embedded"
            )
        self._program, self._plugin = found, extension
        self._state = state
        self._directory = state / "broker"
        self._clock = clock
        self._subscriptions = tuple(subscriptions)
        self._child: Child | None = None
        self._access: Access | None = None
        self._port = 0

    @property
    def pid(self) -> int:
        """Id of its process group."""
        if self._child is None:
            raise Stop("Mosquitto does not run")
        return self._child.pid

    @property
    def access(self) -> Access:
        """The passwords of our own users, once it has started."""
        if self._access is None:
            raise Stop("Mosquitto was not started")
        return self._access

    def start(self, port: int = 0) -> str:
        """Start it on `port` (0 = the last port if free, else any free one); return its URL."""
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        remembered = self._state / "broker.port"
        found = the_same_or_free(port, remembered, self._clock)
        if found is None:
            raise Stop(
                f"port {port} for Mosquitto is taken; set TACHOWATT_MQTT_PORT to another or 0, or "
                "TACHOWATT_MQTT_URL to use the broker that is there"
            )
        self._write_users()
        config = self._directory / "mosquitto.conf"
        config.write_text(self._config(found), encoding="utf-8")
        output = self._state / "broker.log"
        self._child = Child([self._program, "-c", config.resolve()], output)
        limit = Limit(self._clock, _START_WITHIN_S)
        while not limit.over() and self._child.alive():
            if listening(found):
                self._port = found
                remembered.write_text(str(found))
                return f"mqtt://127.0.0.1:{found}"
            self._child.wait(0.02)
        self.stop()
        end = output.read_text(errors="replace")[-500:]
        raise Stop(f"Mosquitto did not start; the end of {output}:\n{end}")

    def save(self) -> None:
        """Have it write its sessions to disk now: it does not before two seconds have passed, and
        without them a restarted broker knows no subscription of the gateway."""
        database = self._directory / "data" / "mosquitto.db"
        if self._child is None:
            return
        before = _written_ns(database)
        self._child.signal(signal.SIGUSR1)
        limit = Limit(self._clock, _SAVE_WITHIN_S)
        while _written_ns(database) == before and self._child.alive() and not limit.over():
            self._child.wait(0.01)

    def restart_dead(self) -> None:
        """Restart it on its port if it has died. Raises `Stop` on failure."""
        if self._child is not None and not self._child.alive():
            log.error("Mosquitto has ended; starting it again")
            self._child = None
            try:
                self.start(self._port)
            except Stop as error:  # killed once more, while it started
                log.error("%s; once more", error)
                self.start(self._port)

    def stop(self) -> None:
        """Stop it; it writes what waits to disk."""
        if self._child is not None:
            self._child.stop()
            self._child = None

    def _write_users(self) -> None:
        """Give our own users their passwords and roles of this version; devices stay."""
        access = Access.of(self._state)
        if access is None:
            access = Access.new()
            access.write(self._state)
        self._access = access
        file = security.SecurityFile(security_file(self._state))
        topics = self._subscriptions
        file.put(security.role_of_admin(), access.admin)
        file.put(security.role_of_gateway(security.GATEWAY, topics), access.gateway)
        file.put(security.role_of_simulator(security.SIMULATOR, topics), access.simulator)
        file.write()

    def _config(self, port: int) -> str:
        data = (self._directory / "data").resolve()
        data.mkdir(exist_ok=True)
        # Started by root it would become another user, who may not enter the state directory.
        user = "user root\n" if os.geteuid() == 0 else ""
        return (
            f"per_listener_settings false\nlistener {port} 127.0.0.1\n{user}"
            "allow_anonymous false\n"
            # Nobody can take over the session of another user.
            "use_username_as_clientid true\n"
            f"plugin {self._plugin}\n"
            f"plugin_opt_config_file {security_file(self._state).resolve()}\n"
            "max_inflight_messages 65535\nmax_queued_messages 0\nmax_queued_bytes 0\n"
            # Else a message waits in its socket, after its PUBACK, until the gateway acknowledges
            # the TCP segment before it; a kill -9 loses it.
            "set_tcp_nodelay true\n"
            f"persistence true\npersistence_location {data}/\nautosave_interval {_AUTOSAVE_S}\n"
            "log_dest stdout\nlog_type error\nlog_type warning\nconnection_messages false\n"
        )
