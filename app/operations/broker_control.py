"""Commands to a running Mosquitto's dynamic-security plugin: users and roles, live.

The plugin reads JSON from one topic and answers on another (mosquitto's documentation, "Dynamic
Security"). Every command is safe to repeat, because the answer to one may be lost: where the client
id is the user name, a second administrator ends the session of the first.
"""

import json
import random
import ssl
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as paho

from app.servers.dynamic_security import CONTROL, RESPONSE, Role
from runtime.calibration import Limit
from runtime.clock import Clock
from runtime.errors import Retry, Stop, Usage

_ANSWER_WITHIN_S = 10.0
_FIRST_ANSWER_WITHIN_S = 4.0
"""To recognise a broker without the plugin, which does not answer at all."""
_WORK_WITHIN_S = 120.0
_ATTEMPTS = 20
_ATTEMPTS_UNKNOWN = 5
"""As long as this broker has never granted the subscription: some end the connection instead."""
_PAUSE_S = (0.05, 0.5)
_AT_ONCE = 20
"""Commands in one message. The plugin writes its whole file for each of them, and the broker does
nothing else meanwhile."""

_NO_PLUGIN = (
    "cannot be provisioned: it does not answer on $CONTROL/dynamic-security/v1. `tachowatt device` "
    "needs a Mosquitto with its dynamic-security plugin and the login of an administrator "
    "(TACHOWATT_MQTT_ADMIN_URL); on another broker make users and rights by its own means, as "
    "docs/devices.md lists them"
)


class _Lost(Exception):
    """The connection ended before the answer came."""


class BrokerControl:
    """An administrator's connection. Use as a context manager.

    url : mqtt(s)://admin:password@host:port. Raises `Retry` where no broker answers, `Usage` where
    it refuses the login or is none that we can provision.
    """

    def __init__(self, url: str, clock: Clock, tls: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise Usage("TACHOWATT_MQTT_ADMIN_URL: expected mqtt(s)://admin:password@host:port")
        self._parts, self._clock, self._tls = parts, clock, tls
        self._where = f"the broker at {parts.hostname}:{self._port}"
        self._client: paho.Client | None = None
        self._lost = threading.Event()
        self._news = threading.Condition()
        self._answers: list[dict[str, Any]] = []
        self._reason: Any = None
        self._granted: bool | None = None
        self._known = False

    def __enter__(self) -> "BrokerControl":
        self._again(self._connect)
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def run(self, commands: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Run commands in order; return their answers, of which each may have an `error`."""
        found: list[dict[str, Any]] = []
        for at in range(0, len(commands), _AT_ONCE):
            part = list(commands[at : at + _AT_ONCE])
            found += self._again(lambda part=part: self._ask(part))
        return found

    def put(self, users: Sequence[tuple[Role, str]]) -> None:
        """Give users their roles and passwords, there or not; their sessions end."""
        first = self.run([each for role, password in users for each in _create(role, password)])
        known = [
            user
            for user, *answers in zip(users, first[::2], first[1::2], strict=True)
            if any("error" in answer for answer in answers)
        ]
        again = self.run([each for role, password in known for each in _replace(role, password)])
        self._all(again)

    def add(self, role: Role, password: str) -> None:
        """Make a user, unless it is there; its password must then be the same."""
        for answer in self.run(_create(role, password)):
            if "already exists" not in answer.get("error", ""):
                self._all([answer])

    def remove(self, user: str) -> bool:
        """Remove a user and its role, which ends its session; False if it was not there."""
        answers = self.run(
            [
                {"command": "deleteClient", "username": user},
                {"command": "deleteRole", "rolename": user},
            ]
        )
        self._all(each for each in answers if "not found" not in each.get("error", ""))
        return "error" not in answers[0]

    @property
    def _port(self) -> int:
        return self._parts.port or (8883 if self._parts.scheme == "mqtts" else 1883)

    def _all(self, answers: Iterable[dict[str, Any]]) -> None:
        for answer in answers:
            if "error" in answer:
                raise Stop(f"{self._where} refuses {answer['command']}: {answer['error']}")

    def _again(self, work: Any) -> Any:
        for attempt in range(_ATTEMPTS):
            try:
                if attempt and self._client is None:
                    self._connect()
                return work()
            except _Lost:
                self._close()
                if not self._known and attempt == _ATTEMPTS_UNKNOWN:
                    raise Usage(f"{self._where} {_NO_PLUGIN}") from None
                # Not together with the other administrator, who took our session over.
                threading.Event().wait(random.SystemRandom().uniform(*_PAUSE_S))
        raise Retry(f"{self._where} keeps ending the administrator's session; is another one busy?")

    def _connect(self) -> None:
        if self._client is not None:
            return
        parts = self._parts
        client = paho.Client(
            paho.CallbackAPIVersion.VERSION2,
            "tachowatt-admin",
            protocol=paho.MQTTv5,
            reconnect_on_failure=False,
        )
        client.username_pw_set(unquote(parts.username or ""), unquote(parts.password or ""))
        if parts.scheme == "mqtts":
            client.tls_set_context(self._tls)
        self._lost.clear()
        self._reason, self._granted = None, None
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        try:
            client.connect(str(parts.hostname), self._port)
        except (OSError, ssl.SSLError) as error:
            raise Retry(f"{self._where} does not answer: {error}") from None
        client.loop_start()
        self._client = client
        self._until(lambda: self._reason is not None, "connection")
        if self._reason.is_failure:
            self._close()
            raise Usage(f"{self._where} refuses the administrator's login: {self._reason}")
        client.subscribe(RESPONSE, 1)
        self._until(lambda: self._granted is not None, "subscription")
        if not self._granted:
            self._close()
            raise Usage(f"{self._where} {_NO_PLUGIN}")
        if not self._known:
            self._ask([{"command": "getDefaultACLAccess"}], _FIRST_ANSWER_WITHIN_S)
            self._known = True

    def _ask(
        self, commands: list[dict[str, Any]], within_s: float = _WORK_WITHIN_S
    ) -> list[dict[str, Any]]:
        assert self._client is not None
        # The plugin returns this with each answer: an answer to somebody else, or to an earlier
        # attempt, is not ours.
        mark = f"{random.SystemRandom().getrandbits(64):x}"
        marked = [{**each, "correlationData": f"{mark}-{i}"} for i, each in enumerate(commands)]
        wanted = [each["correlationData"] for each in marked]
        with self._news:
            self._answers.clear()
        self._client.publish(CONTROL, json.dumps({"commands": marked}), 1)

        def there() -> bool:
            return len({a.get("correlationData") for a in self._answers} & set(wanted)) == len(
                wanted
            )

        self._until(there, "answer", within_s)
        found = {answer.get("correlationData"): answer for answer in self._answers}
        return [found[mark] for mark in wanted]

    def _until(self, there: Any, what: str, within_s: float = _ANSWER_WITHIN_S) -> None:
        limit = Limit(self._clock, within_s)
        with self._news:
            while not (done := there()) and not self._lost.is_set() and not limit.over():
                self._news.wait(0.2)
        if done:
            return
        if self._lost.is_set():
            raise _Lost
        self._close()
        if what == "connection":
            raise Retry(f"{self._where} does not answer")
        raise Usage(f"{self._where} {_NO_PLUGIN}")

    def _close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(ValueError):
                client.disconnect()
            client.loop_stop()

    def _tell(self) -> None:
        with self._news:
            self._news.notify_all()

    # paho's callbacks, in its thread

    def _on_connect(self, _c: Any, _u: Any, _f: Any, reason: Any, _p: Any) -> None:
        self._reason = reason
        self._tell()

    def _on_subscribe(self, _c: Any, _u: Any, _m: Any, reasons: Any, _p: Any) -> None:
        self._granted = not any(reason.is_failure for reason in reasons)
        self._tell()

    def _on_disconnect(self, *_: Any) -> None:
        self._lost.set()
        self._tell()

    def _on_message(self, _c: Any, _u: Any, message: Any) -> None:
        with suppress(ValueError, TypeError, AttributeError), self._news:
            self._answers.extend(json.loads(message.payload).get("responses", ()))
            self._news.notify_all()


def _create(role: Role, password: str) -> list[dict[str, Any]]:
    name = role["rolename"]
    user = {"username": name, "password": password, "roles": [{"rolename": name}]}
    return [{"command": "createRole", **role}, {"command": "createClient", **user}]


def _replace(role: Role, password: str) -> list[dict[str, Any]]:
    """Of each user one of both may be missing: a former attempt may have ended in between."""
    name = role["rolename"]
    user = {"username": name, "password": password, "roles": [{"rolename": name}]}
    return [{"command": "modifyRole", **role}, {"command": "modifyClient", **user}]
