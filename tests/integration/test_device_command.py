"""`tachowatt device`: credentials at a real Mosquitto, and what the store keeps of them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from app.cli import cli
from app.operations.registry_import import validate, write
from app.servers.embedded_broker import Broker
from app.servers.secured_mosquitto import SecuredMosquitto, login_url
from runtime.clock import SystemClock
from runtime.errors import Usage
from store.postgres.pool import connect, scalar
from tests.fix_broker import Mosquitto
from tests.fix_registry import NOW_US, registry
from tests.mqtt_client import Client, until

Run = Callable[..., str]


@pytest.fixture
def database_url(new_database: Callable[[], str]) -> str:
    return new_database()


@pytest.fixture
def port(
    secured_broker: SecuredMosquitto,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> int:
    """A broker that commands provision, and their store."""
    url = secured_broker.start()
    admin = login_url(url, "admin", secured_broker.access.admin)
    monkeypatch.setenv("TACHOWATT_MQTT_ADMIN_URL", admin)
    monkeypatch.setenv("TACHOWATT_MQTT_DEVICES_URL", "mqtts://mqtt.example:8883")
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", database_url)
    monkeypatch.setenv("TACHOWATT_STATE_DIR", str(tmp_path / "state"))
    return int(url.rpartition(":")[2])


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """`run("device", "list")`: what the command wrote on stdout."""

    def run_(*arguments: str) -> str:
        capsys.readouterr()
        cli(list(arguments), standalone_mode=False)
        return capsys.readouterr().out

    return run_


def test_add_rotate_revoke_while_the_broker_runs(port: int, run: Run, database_url: str) -> None:
    made = json.loads(run("device", "add", "acme/car-1", "--json"))
    assert made["user"] == "native/acme/car-1" and made["url"] == "mqtts://mqtt.example:8883"
    assert made["publish"][0] == "tw/v1/acme/car-1/telemetry"
    assert made["subscribe"] == ["tw/v1/acme/car-1/ack", "tw/v1/acme/car-1/command"]
    with pytest.raises(Usage, match="has credentials; `tachowatt device rotate`"):
        run("device", "add", "acme/car-1")
    client = Client(port, made["user"], made["password"])
    assert client.publish("tw/v1/acme/car-1/event")
    again = json.loads(run("devices", "rotate", "acme/car-1", "--json"))
    assert until(client.lost.is_set, 2.0) and again["password"] != made["password"]
    assert Client(port, made["user"], made["password"]).refused
    client = Client(port, again["user"], again["password"])
    assert "revoked, and its session has ended" in run("device", "revoke", "acme/car-1")
    assert until(client.lost.is_set, 2.0)
    assert Client(port, again["user"], again["password"]).refused
    for command in ("revoke", "rotate"):
        with pytest.raises(Usage, match="has no credentials"):
            run("device", command, "acme/car-1")
    (listed,) = json.loads(run("device", "list", "--json"))
    assert listed["credentials"] == "revoked" and listed["rotated_at"] and listed["revoked_at"]
    run("device", "add", "acme/car-1")
    (listed,) = json.loads(run("device", "list", "--json"))
    assert listed["credentials"] == "yes" and listed["rotated_at"] is listed["revoked_at"] is None
    with connect(database_url) as connection:
        stored = str(connection.execute("select * from access.device_login").fetchall())
    assert made["password"] not in stored and again["password"] not in stored


def test_many_at_once_and_again(port: int, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "devices.csv"
    file.write_text("device,dialect\nacme/car-1,\njane/phone,owntracks\nplug,tasmota\n")
    out = tmp_path / "credentials.ndjson"
    run("device", "import", str(file), "--out", str(out))
    made = [json.loads(line) for line in out.read_text().splitlines()]
    assert [each["user"] for each in made] == [
        "native/acme/car-1", "owntracks/jane/phone", "tasmota/plug",
    ]  # fmt: skip
    assert out.stat().st_mode & 0o077 == 0
    with pytest.raises(Usage, match="File exists"):
        run("device", "import", str(file), "--out", str(out))
    for each in made:
        client = Client(port, each["user"], each["password"])
        assert client.publish(each["publish"][0])
        client.close()
    more = tmp_path / "more.ndjson"
    more.write_text(
        '{"tenant": "acme", "device": "car-1"}\n{"device": "acme/car-2", "dialect": "native"}\n'
    )
    again = [json.loads(line) for line in run("device", "import", str(more)).splitlines()]
    assert [each["user"] for each in again] == ["native/acme/car-2"]
    assert not Client(port, made[0]["user"], made[0]["password"]).refused
    for text, message in (
        ('{"device": "acme/+"}', "line 1: a device of dialect native"),
        ('{"device": "+/x", "dialect": "owntracks"}', "no name in a topic"),
        ('{"device": "a/b", "dialect": "klingon"}', "expected one of native"),
        ("[", "line 1: not JSON"),
        ('{"dialect": "native"}', "`device` is missing"),
    ):
        more.write_text(text)
        with pytest.raises(Usage, match=message):
            run("device", "import", str(more))


def test_registered_devices_are_listed_with_and_without_credentials(
    port: int, run: Run, database_url: str
) -> None:
    write(database_url, validate(registry(), "test"), NOW_US)
    before = json.loads(run("device", "list", "--json"))
    assert before and {row["credentials"] for row in before} == {"none"}
    native = next(row for row in before if row["dialect"] == "native")
    run("device", "add", native["address"])
    after = {row["user"]: row for row in json.loads(run("device", "list", "--json"))}
    assert len(after) == len(before) and after[native["user"]]["credentials"] == "yes"
    assert after[native["user"]]["device"] == native["device"]
    assert "native/" in run("device", "list", "--tenant", native["tenant"])


def test_what_cannot_be_provisioned_says_so(
    database_url: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", database_url)
    monkeypatch.setenv("TACHOWATT_STATE_DIR", str(tmp_path / "state"))
    with pytest.raises(Usage, match="no broker to provision"):
        run("device", "add", "acme/car-1")
    monkeypatch.setenv("TACHOWATT_MQTT_URL", "mqtt://127.0.0.1:1")
    with pytest.raises(Usage, match="a broker of yours"):
        run("device", "add", "acme/car-1")
    embedded, plain = Broker(tmp_path, SystemClock()), Mosquitto(tmp_path)
    try:
        for url in (embedded.start(0), plain.start()):
            monkeypatch.setenv("TACHOWATT_MQTT_ADMIN_URL", url.replace("//", "//admin:x@"))
            with pytest.raises(Usage, match="cannot be provisioned"):
                run("device", "add", "acme/car-1")
    finally:
        embedded.stop()
        plain.stop()
    with connect(database_url) as connection:
        assert scalar(connection, "select count(*) from access.device_login") == 0


def test_a_wrong_login_of_the_administrator(
    port: int, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TACHOWATT_MQTT_ADMIN_URL", f"mqtt://admin:wrong@127.0.0.1:{port}")
    with pytest.raises(Usage, match="refuses the administrator's login"):
        run("device", "add", "acme/car-1")
