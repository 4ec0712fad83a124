"""One-time codes for a device's credentials: `tachowatt device claim`, POST /v1/device-claims."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from app.cli import cli
from app.servers.secured_mosquitto import SecuredMosquitto, login_url
from runtime.clock import SystemClock
from runtime.errors import NotFound, Usage
from services import device_claims
from store.people import device_logins
from store.postgres.pool import connect, scalar
from tests.fix_api import Api, running_api
from tests.fix_registry import NOW_US
from tests.mqtt_client import Client

CLOCK = SystemClock()
DEVICE = ("native", "acme/car-1")
SETTINGS = {
    "dialect": "native", "device": "acme/car-1", "url": "mqtts://mqtt.example:8883",
    "user": "native/acme/car-1", "password": "a-secret-of-the-device",
    "publish": ["tw/v1/acme/car-1/telemetry"], "subscribe": ["tw/v1/acme/car-1/ack"],
}  # fmt: skip


def claim(url: str, valid_s: float = 60.0) -> str:
    with connect(url) as connection:
        device_logins.issued(connection, [DEVICE], NOW_US)  # when it is at the API under test
        made = device_claims.create(connection, *DEVICE, SETTINGS, NOW_US, valid_s)
        connection.commit()
    return made.code


def test_a_code_gives_the_credentials_once(api: Api) -> None:
    code = claim(api.seeded.url)
    assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){4}[0-9A-HJKMNP-TV-Z]{4}", code)
    with connect(api.seeded.url) as connection:
        stored = connection.execute("select code_hash, sealed from access.device_claim").fetchall()
        assert b"a-secret" not in b"".join(bytes(each) for row in stored for each in row)
    typed = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    answer = api.client.post("/v1/device-claims", json={"code": typed})
    assert answer.status_code == 200 and answer.json() == SETTINGS
    assert answer.headers["cache-control"] == "no-store"
    for _ in range(2):
        again = api.client.post("/v1/device-claims", json={"code": code})
        assert again.status_code == 404 and again.json()["code"] == "not_found"
    with connect(api.seeded.url) as connection:
        assert scalar(connection, "select count(*) from access.device_claim") == 0
        assert device_logins.device_login(connection, *DEVICE).claimed_at is not None


def test_a_code_expires_and_a_newer_one_ends_it(api: Api) -> None:
    expired = claim(api.seeded.url, 0.0)
    assert api.client.post("/v1/device-claims", json={"code": expired}).status_code == 404
    first, second = claim(api.seeded.url), claim(api.seeded.url)
    assert api.client.post("/v1/device-claims", json={"code": first}).status_code == 404
    with connect(api.seeded.url) as connection:
        device_logins.revoked(connection, *DEVICE, CLOCK.now_us())
        connection.commit()
    assert api.client.post("/v1/device-claims", json={"code": second}).status_code == 404


def test_codes_cannot_be_tried_out(api: Api) -> None:
    """As many wrong ones as invalid keys, then 429 with the time to wait."""
    right = claim(api.seeded.url)
    with running_api(api.seeded.url, api_failures_per_minute=5) as url:
        codes = [*(f"{number:020d}" for number in range(8)), right]
        answers = [httpx.post(f"{url}/v1/device-claims", json={"code": code}) for code in codes]
    assert [answer.status_code for answer in answers] == [404] * 5 + [429] * 4
    assert int(answers[-1].headers["retry-after"]) >= 1


@pytest.mark.parametrize("code", ["", "x" * 20, "0" * 19, "0" * 21, "É" * 20, "0000-0000"])
def test_what_is_no_code_is_not_asked_for(api: Api, code: str) -> None:
    with connect(api.seeded.url) as connection, pytest.raises(NotFound):
        device_claims.redeem(connection, code, CLOCK.now_us())


def test_the_command_makes_a_code_that_opens_the_broker(
    secured_broker: SecuredMosquitto,
    new_database: Callable[[], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url, database = secured_broker.start(), new_database()
    admin = login_url(url, "admin", secured_broker.access.admin)
    monkeypatch.setenv("TACHOWATT_MQTT_ADMIN_URL", admin)
    monkeypatch.setenv("TACHOWATT_API_BASE_URL", "https://tachowatt.example")
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", database)

    def run(*arguments: str) -> str:
        capsys.readouterr()
        cli(["device", "claim", "acme/car-1", *arguments], standalone_mode=False)
        return capsys.readouterr().out

    png = tmp_path / "code.png"
    found = json.loads(run("--qr", str(png), "--json"))
    assert found["qr"] == f"https://tachowatt.example/v1/device-claims#{found['code']}"
    assert png.read_bytes().startswith(b"\x89PNG")
    with connect(database) as connection:
        settings = device_claims.redeem(connection, found["code"], CLOCK.now_us())
        connection.commit()
    port = int(url.rpartition(":")[2])
    client = Client(port, settings["user"], settings["password"])
    assert client.publish(settings["publish"][0]) and client.subscribe(settings["subscribe"][0])
    client.close()
    with pytest.raises(Usage, match="--rotate replaces them"):
        run()
    assert "It gives the credentials of native/acme/car-1 once" in run("--rotate")
    assert Client(port, settings["user"], settings["password"]).refused
    with pytest.raises(Usage, match=r"\.png or \.svg"):
        run("--qr", "code.gif")
