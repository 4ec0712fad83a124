"""What devices may do at a real Mosquitto: as `serve` starts it, and with the files of deploy/."""

import gc
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from app.cli import cli
from app.operations.broker_control import BrokerControl
from app.operations.devices import Device, issue
from app.servers.mosquitto import program
from app.servers.ports import free_port, listening
from app.servers.secured_mosquitto import SecuredMosquitto, login_url, plugin
from app.servers.supervise import Child
from contracts.topics import ACK_TOPICS
from ingest.decoding.catalogue import ROUTER
from runtime.clock import SystemClock
from tests.conftest import missing_server
from tests.fix_broker import Mosquitto
from tests.mqtt_client import Client, until

DEPLOY = Path(__file__).parents[2] / "deploy"
CLOCK = SystemClock()

DEVICES = (
    Device.of("acme/car-1", "native"),
    Device.of("acme/car-2", "native"),
    Device.of("other/car-1", "native"),
    Device.of("acme/car-1", "owntracks"),  # the address of a native one of another tenant
    Device.of("plug", "tasmota"),
)


@dataclass
class Town:
    """A broker, and credentials of devices and a gateway. group : what the gateway joins."""

    port: int
    admin_url: str
    gateway: str
    gateway_password: str
    group: str
    passwords: dict[str, str]
    _numbers: Iterator[int]

    def client(self, device: Device, **more: object) -> Client:
        """A device, signed in, with a client id that nobody has used."""
        made = Client(
            self.port,
            device.user,
            self.passwords[device.user],
            f"any-{next(self._numbers)}",
            **more,  # type: ignore[arg-type]
        )
        assert not made.refused
        return made

    def gateway_client(self) -> Client:
        """A gateway that has subscribed to all that devices send."""
        made = Client(self.port, self.gateway, self.gateway_password, "gw")
        for topic in ROUTER.subscriptions:
            assert made.subscribe(self.group + topic), topic
        return made


@pytest.fixture(params=["serve", "deploy"])
def town(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Town]:
    extension = plugin()
    if extension is None:
        missing_server("Mosquitto with its plugin (Debian: apt-get install mosquitto)")
        return
    numbers = count()
    if request.param == "serve":
        server = SecuredMosquitto(tmp_path, CLOCK, ROUTER.subscriptions)
        url = server.start()
        access = server.access
        made = Town(
            int(url.rpartition(":")[2]), login_url(url, "admin", access.admin), "gateway",
            access.gateway, "", {}, numbers,
        )  # fmt: skip
        stop = server.stop
    else:
        port = free_port()
        child = _deployed(tmp_path, port, extension, monkeypatch)
        url = login_url(f"mqtt://127.0.0.1:{port}", "admin", "admin-pw")
        made = Town(port, url, "gateway-1", "gateway-1-pw", "$share/gateways/", {}, numbers)
        stop = child.stop
    try:
        with BrokerControl(made.admin_url, CLOCK) as broker:
            for device, password in issue(broker, DEVICES):
                made.passwords[device.user] = password
        yield made
    finally:
        stop()


def _deployed(folder: Path, port: int, extension: Path, monkeypatch: pytest.MonkeyPatch) -> Child:
    """Debian's Mosquitto with the files of deploy/; only paths and the port are others."""
    users, data, listeners = folder / "users", folder / "data", folder / "listeners"
    for made in (users, data):
        made.mkdir()
    shutil.copytree(DEPLOY / "mosquitto" / "listeners", listeners)
    plain = listeners / "plain.conf"
    plain.write_text(
        plain.read_text().replace("listener 1883\n", f"listener {port} 127.0.0.1\nuser root\n")
    )
    for user in ("admin", "health", "gateway-1", "gateway-2"):
        variable = f"MQTT_{user.upper().replace('-', '_')}_PASSWORD"
        if user.startswith("gateway"):
            monkeypatch.setenv(variable, f"{user}-pw")
        else:
            (folder / user).write_text(f"{user}-pw\n")
            monkeypatch.setenv(f"{variable}_FILE", str(folder / user))
    monkeypatch.setenv("TACHOWATT_MQTT_SHARE_GROUP", "gateways")
    cli(
        [
            *("broker", "init", str(users / "dynamic-security.json")),
            *("--gateway", "gateway-1", "--gateway", "gateway-2"),
            *("--check", str(users / "mosquitto_sub")),
        ],
        standalone_mode=False,
    )
    assert (users / "mosquitto_sub").read_text() == "-u health\n-P health-pw\n"
    assert (users / "dynamic-security.json").stat().st_mode & 0o077 == 0
    text = (DEPLOY / "mosquitto" / "mosquitto.conf").read_text()
    for old, new in {
        "/usr/lib/mosquitto_dynamic_security.so": str(extension),
        "/mosquitto/users/": f"{users}/",
        "/mosquitto/data/": f"{data}/",
        "/mosquitto/config/listeners": str(listeners),
    }.items():
        assert old in text
        text = text.replace(old, new, 1)
    config = folder / "mosquitto.conf"
    config.write_text(text)
    child = Child([str(program()), "-c", config], folder / "mosquitto.log")
    assert until(lambda: listening(port) or not child.alive()) and child.alive(), (
        folder / "mosquitto.log"
    ).read_text()
    return child


def _topics() -> list[str]:
    """All that somebody may write or read, and all by which more could be had."""
    own = [right.topic for device in DEVICES for right in device.dialect.rights(device.address)]
    return [
        *own,
        *("#", "+/#", "+/+/+/+/+", "tw/v1/#", "tw/v1/acme/#", "tw/v1/+/+/telemetry", ACK_TOPICS),
        *("tw/v1/acme/car-1/#", "tw/v1/acme/car-1/+", "owntracks/acme/#", "tele/+/SENSOR"),
        *(f"$share/gateways/{topic}" for topic in ROUTER.subscriptions),
        *("$share/gateways/#", "$share/mine/#", "$share/mine/tw/v1/acme/car-1/ack"),
        *("$SYS/#", "$SYS/broker/uptime", "$CONTROL/#", "$CONTROL/dynamic-security/v1"),
        "$CONTROL/dynamic-security/v1/response",
    ]


def test_nobody_comes_in_without_credentials_of_its_own(town: Town) -> None:
    device = DEVICES[0]
    for version in (5, None):
        assert Client(town.port, version=version).refused
        assert Client(town.port, device.user, "wrong", version=version).refused
        assert Client(town.port, device.address, town.passwords[device.user]).refused


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.user)
def test_a_device_can_do_what_it_may_and_nothing_else(town: Town, device: Device) -> None:
    """Devices × topics × verbs, by MQTT 5, whose answers say what is refused."""
    rights = device.dialect.rights(device.address)
    may_write = {right.topic for right in rights if right.verb == "write"}
    may_read = {right.topic for right in rights if right.verb == "read"}
    gateway = town.gateway_client()
    others = {other.user: town.client(other) for other in DEVICES if other != device}
    for other in DEVICES:
        for right in other.dialect.rights(other.address):
            if other != device and right.verb == "read":
                assert others[other.user].subscribe(right.topic)
    breaches = []
    attempts = 0
    client = town.client(device)
    for topic in _topics():
        attempts += 1
        if client.subscribe(topic) != (topic in may_read):
            breaches.append(f"subscribe {topic}")
        if "#" in topic or "+" in topic:
            continue
        for retain in (False, True):
            attempts += 1
            if client.publish(topic, b"published", retain=retain) != (topic in may_write):
                breaches.append(f"publish {topic}, retain {retain}")
            if client.lost.is_set():  # as Mosquitto 2.0 answers what is refused
                client = town.client(device)
        client.close()
        attempts += 1
        town.client(device, will=topic).break_off()
        client = town.client(device)
    for topic in may_read:
        assert client.subscribe(topic)
    wanted = sorted(topic for topic in may_write for _ in range(3))  # twice, and its will
    assert until(lambda: len(gateway.got) >= len(wanted))
    # By MQTT 3.1.1 a refusal has no answer: only what arrives tells.
    for topic in _topics():
        if "#" not in topic and "+" not in topic and topic not in may_write:
            attempts += 1
            forger = town.client(device, version=None)
            forger.publish(topic, b"forged")
            forger.close()
    last = town.client(device, version=None)
    last.publish(sorted(may_write)[0], b"last")
    assert until(lambda: (sorted(may_write)[0], b"last") in gateway.got)
    came = sorted(topic for topic, body in gateway.got if body != b"last")
    assert came == wanted and {user for user, other in others.items() if other.got} == set()
    assert breaches == [] and attempts > 60
    for each in (gateway, client, last, *others.values()):
        each.close()


def test_a_gateway_and_no_device_can_answer(town: Town) -> None:
    gateway = town.gateway_client()
    cars = {device.user: town.client(device) for device in DEVICES[:3]}
    for device in DEVICES[:3]:
        assert cars[device.user].subscribe(f"tw/v1/{device.address}/ack")
    assert gateway.publish("tw/v1/acme/car-1/ack", b"done")
    assert until(lambda: cars["native/acme/car-1"].got)
    assert cars["native/acme/car-1"].got == [("tw/v1/acme/car-1/ack", b"done")]
    assert cars["native/acme/car-2"].got == cars["native/other/car-1"].got == []
    for topic in ("#", "tw/v1/+/+/ack", "$share/other/#", "$SYS/#", "$CONTROL/#"):
        assert not gateway.subscribe(topic)
    assert not gateway.publish("tw/v1/acme/car-1/telemetry", b"forged")
    for each in (gateway, *cars.values()):
        each.close()


def test_no_device_takes_a_turn_of_the_gateways(town: Town) -> None:
    """Nine thieves in the gateways' shared subscription: none of 33 messages is theirs."""
    gateway = town.gateway_client()
    thieves = [town.client(DEVICES[i % 2], version=5) for i in range(2)]
    for thief in thieves:
        for group in ("gateways", "g"):
            for topic in ROUTER.subscriptions:
                assert not thief.subscribe(f"$share/{group}/{topic}")
    sender = town.client(DEVICES[2])
    sent = [str(number).encode() for number in range(33)]
    for body in sent:
        assert sender.publish("tw/v1/other/car-1/telemetry", body)
    assert until(lambda: len(gateway.got) >= len(sent))
    assert [body for _, body in gateway.got] == sent
    assert all(thief.got == [] for thief in thieves)
    for each in (gateway, sender, *thieves):
        each.close()


def test_no_device_ends_a_session_of_a_gateway(town: Town) -> None:
    """By its client id, which stands in files: the id of a session is the name of its user."""
    gateway = town.gateway_client()
    for name in ("gateway", "gateway-1", "gateway-2", "gw", "tachowatt-gateway"):
        for version in (5, None):
            thief = Client(
                town.port, DEVICES[0].user, town.passwords[DEVICES[0].user], name, version=version
            )
            assert not thief.refused
            thief.close()
    sender = town.client(DEVICES[1])
    assert sender.publish("tw/v1/acme/car-2/event", b"after")
    assert until(lambda: gateway.got) and not gateway.lost.is_set()
    assert gateway.got == [("tw/v1/acme/car-2/event", b"after")]
    for each in (gateway, sender):
        each.close()


def test_what_is_revoked_ends_at_once(town: Town) -> None:
    device, other = DEVICES[0], DEVICES[1]
    clients = [town.client(device, version=version) for version in (5,)]
    bystander = town.client(other)
    with BrokerControl(town.admin_url, CLOCK) as broker:
        assert broker.remove(device.user)
        assert until(lambda: all(client.lost.is_set() for client in clients), 2.0)
        assert not broker.remove(device.user)
        assert Client(town.port, device.user, town.passwords[device.user]).refused
        # A new password ends sessions with the old one, and has the same rights.
        ((_, password),) = issue(broker, [other])
        assert until(bystander.lost.is_set, 2.0)
        assert Client(town.port, other.user, town.passwords[other.user]).refused
        again = Client(town.port, other.user, password)
        assert again.publish("tw/v1/acme/car-2/event") and not again.publish(
            "tw/v1/acme/car-1/event"
        )
        # What was revoked can be issued again.
        ((_, password),) = issue(broker, [device])
        back = Client(town.port, device.user, password)
        assert back.publish("tw/v1/acme/car-1/event")
        for each in (again, back):
            each.close()


def test_two_administrators_at_once_end_well(town: Town) -> None:
    """The second takes the session of the first over: each repeats what had no answer."""
    from concurrent.futures import ThreadPoolExecutor

    def provision(part: int) -> list[tuple[Device, str]]:
        found = []
        for number in range(5):
            device = Device.of(f"acme/p{part}-{number}", "native")
            with BrokerControl(town.admin_url, CLOCK) as broker:
                found += issue(broker, [device])
        return found

    with ThreadPoolExecutor(2) as threads:
        issued = [pair for part in threads.map(provision, range(2)) for pair in part]
    for device, password in issued:
        client = Client(town.port, device.user, password)
        assert client.publish(f"tw/v1/{device.address}/event")
        client.close()


def test_clients_of_tests_leave_no_file_open(mosquitto_broker: Mosquitto) -> None:
    """Without help of the collector, which comes late in a process that has loaded the program."""
    port = int(mosquitto_broker.start().rpartition(":")[2])
    gc.collect()
    gc.disable()
    try:
        before = len(os.listdir("/proc/self/fd"))
        for number in range(30):
            client = Client(port)
            if number % 2:
                client.close()
            else:
                client.break_off()
        del client
        assert len(os.listdir("/proc/self/fd")) - before < 5
    finally:
        gc.enable()
