"""Users and roles of Mosquitto's dynamic-security plugin, as its JSON file has them.

Nothing is allowed by default, neither to publish nor to subscribe. A role names topics literally:
who may subscribe to `tw/v1/+/+/telemetry` may subscribe to this filter and to no other, so no
device can join a shared subscription of the gateways. Mosquitto 2.0 knows no `%u` here: each device
has a role of its own.
"""

import base64
import hashlib
import json
import os
import secrets
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from contracts.dialects import Dialect
from contracts.topics import ACK_TOPICS

CONTROL = "$CONTROL/dynamic-security/v1"
RESPONSE = f"{CONTROL}/response"

ADMIN, GATEWAY, SIMULATOR, HEALTH = "admin", "gateway", "simulator", "health"
"""Users of our own, without a slash: no device of any dialect is called so."""

_ITERATIONS = 101
"""Of PBKDF2, as Mosquitto itself does it. Our passwords are random, so no iteration helps against
guessing, and each costs the broker's only thread time at every connection."""

_ACL_TYPES = ("publishClientSend", "publishClientReceive", "subscribe", "unsubscribe")

Role = dict[str, Any]
Client = dict[str, Any]


def new_password() -> str:
    """Return a random password of 192 bits; 32 characters, none of which a URL has to escape."""
    return secrets.token_urlsafe(24)


def client(user: str, password: str) -> Client:
    """Return a user whose only role has the same name."""
    salt = os.urandom(12)
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    return {
        "username": user,
        "roles": [{"rolename": user}],
        "password": base64.b64encode(key).decode(),
        "salt": base64.b64encode(salt).decode(),
        "iterations": _ITERATIONS,
    }


def role(name: str, *, writes: Iterable[str] = (), reads: Iterable[str] = ()) -> Role:
    """Return a role. reads : filters, to be subscribed to literally."""
    found = [_acl("publishClientSend", topic) for topic in writes]
    for topic in reads:
        found.append(_acl("subscribeLiteral", topic))
        found.append(_acl("unsubscribeLiteral", topic))
        received = _acl("publishClientReceive", _without_group(topic))
        if received not in found:
            found.append(received)
    return {"rolename": name, "acls": found}


def role_of_device(dialect: Dialect[Any], address: str) -> Role:
    """Return the role of a device. Raises `ValueError` for an address that no role can have."""
    rights = dialect.rights(address)
    return role(
        dialect.user(address),
        writes=[right.topic for right in rights if right.verb == "write"],
        reads=[right.topic for right in rights if right.verb == "read"],
    )


def role_of_gateway(name: str, subscriptions: Iterable[str], share_group: str = "") -> Role:
    """Return the role of a gateway: what devices send, as a member of the group if there is one."""
    prefix = f"$share/{share_group}/" if share_group else ""
    return role(name, writes=[ACK_TOPICS], reads=[prefix + topic for topic in subscriptions])


def role_of_simulator(name: str, subscriptions: Iterable[str]) -> Role:
    """Return the role of our own simulators: all devices, on a broker of one machine."""
    return {
        "rolename": name,
        "acls": [
            *(_acl("publishClientSend", topic) for topic in subscriptions),
            _acl("subscribePattern", ACK_TOPICS),
            _acl("publishClientReceive", ACK_TOPICS),
        ],
    }


def role_of_admin() -> Role:
    """Return the role that may change users and roles, and nothing else."""
    return role(ADMIN, writes=[CONTROL], reads=[RESPONSE])


def role_of_health() -> Role:
    """Return the role of a health check."""
    return role(HEALTH, reads=["$SYS/broker/uptime"])


def _acl(kind: str, topic: str) -> dict[str, Any]:
    return {"acltype": kind, "topic": topic, "priority": 0, "allow": True}


def _without_group(topic: str) -> str:
    return topic.split("/", 2)[2] if topic.startswith("$share/") else topic


class SecurityFile:
    """The plugin's file, changed while no broker runs on it: the broker reads it at its start only.

    Users that are there stay, those put in replace their namesakes.
    """

    def __init__(self, path: Path) -> None:
        """Read the file; begin a new one where there is none."""
        self._path = path
        found: dict[str, Any] = {}
        if path.exists():
            found = json.loads(path.read_text(encoding="utf-8"))
        self._clients = {each["username"]: each for each in found.get("clients", ())}
        self._roles = {each["rolename"]: each for each in found.get("roles", ())}
        self._groups = found.get("groups", [])

    @property
    def users(self) -> Collection[str]:
        """The names of all users."""
        return self._clients.keys()

    def put(self, role: Role, password: str | None) -> None:
        """Add a user and its role, or replace both. password : None = the present one stays."""
        name = role["rolename"]
        self._roles[name] = role
        if password is not None:
            self._clients[name] = client(name, password)

    def remove(self, user: str) -> None:
        """Remove a user and its role, if they are there."""
        self._clients.pop(user, None)
        self._roles.pop(user, None)

    def write(self) -> None:
        """Replace the file; only its owner may read it."""
        document = {
            "defaultACLAccess": dict.fromkeys(_ACL_TYPES, False),
            "clients": list(self._clients.values()),
            "groups": self._groups,
            "roles": list(self._roles.values()),
        }
        new = self._path.with_suffix(".new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(document, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)
