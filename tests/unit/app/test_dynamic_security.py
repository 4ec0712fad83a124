"""The file of Mosquitto's dynamic-security plugin."""

import base64
import hashlib
import json
from pathlib import Path

import pytest

from app.servers import dynamic_security as security
from app.servers.secured_mosquitto import Access, login_url
from ingest.decoding.catalogue import BY_NAME, DIALECTS, ROUTER
from runtime.errors import Stop


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_no_topic_of_a_device_is_a_pattern(dialect) -> None:  # type: ignore[no-untyped-def]
    role = security.role_of_device(dialect, dialect.example)
    assert role["rolename"] == f"{dialect.name}/{dialect.example}"
    for acl in role["acls"]:
        assert acl["acltype"] in (
            "publishClientSend", "publishClientReceive", "subscribeLiteral", "unsubscribeLiteral",
        )  # fmt: skip
        assert not set(acl["topic"]) & set("+#$") and acl["allow"] is True


def test_a_gateway_subscribes_to_its_group_and_to_nothing_else() -> None:
    alone = security.role_of_gateway("gateway", ROUTER.subscriptions)
    grouped = security.role_of_gateway("gateway-1", ROUTER.subscriptions, "gateways")

    def of(role: security.Role, kind: str) -> list[str]:
        return [acl["topic"] for acl in role["acls"] if acl["acltype"] == kind]

    assert of(alone, "subscribeLiteral") == list(ROUTER.subscriptions)
    assert of(grouped, "subscribeLiteral") == [
        f"$share/gateways/{topic}" for topic in ROUTER.subscriptions
    ]
    assert of(grouped, "publishClientReceive") == list(ROUTER.subscriptions)
    assert of(grouped, "publishClientSend") == ["tw/v1/+/+/ack"]


def test_the_file_denies_by_default_and_keeps_who_is_there(tmp_path: Path) -> None:
    path = tmp_path / "dynamic-security.json"
    device = security.role_of_device(BY_NAME["native"], "acme/car-1")
    file = security.SecurityFile(path)
    file.put(device, "one")
    file.put(security.role_of_admin(), "two")
    file.write()
    assert path.stat().st_mode & 0o777 == 0o600
    found = json.loads(path.read_text())
    assert set(found["defaultACLAccess"].values()) == {False} and len(found["roles"]) == 2
    client = found["clients"][0]
    key = hashlib.pbkdf2_hmac(
        "sha512", b"one", base64.b64decode(client["salt"]), client["iterations"]
    )
    assert base64.b64decode(client["password"]) == key and b"one" not in path.read_bytes()
    again = security.SecurityFile(path)
    again.put(security.role_of_admin(), "three")
    again.write()
    after = {each["username"]: each for each in json.loads(path.read_text())["clients"]}
    assert after["native/acme/car-1"] == client
    assert after["admin"] != found["clients"][1]
    again.remove("native/acme/car-1")
    again.remove("nobody")
    again.write()
    assert set(security.SecurityFile(path).users) == {"admin"}


def test_a_login_in_a_url_may_have_any_characters() -> None:
    url = login_url("mqtts://old:word@host:8883", "native/acme/car-1", "a/b:c@d")
    assert url == "mqtts://native%2Facme%2Fcar-1:a%2Fb%3Ac%40d@host:8883"


def test_passwords_of_our_own_users_stay(tmp_path: Path) -> None:
    (tmp_path / "broker").mkdir()
    assert Access.of(tmp_path) is None
    made = Access.new()
    made.write(tmp_path)
    assert Access.of(tmp_path) == made
    assert (tmp_path / "broker" / "access.json").stat().st_mode & 0o777 == 0o600
    (tmp_path / "broker" / "access.json").write_text("{}")
    with pytest.raises(Stop, match="cannot be read"):
        Access.of(tmp_path)
