"""Receipts of decisions: signed, for their customer alone, and checked by whoever has the key."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from joserfc import jws
from joserfc.jwk import OKPKey

from app.cli import cli
from contracts.purposes import KeyUse
from runtime.errors import Usage
from services import consent_heads, signing
from store.people import consent, consent_chain, tenants
from store.postgres import roles
from store.postgres.pool import connect
from tests.fix_api import Api, problem
from tests.fix_registry import NOW_US
from tests.pages import HTML, sign_in
from tests.patience import patient
from tests.secret_keys import BOX


@pytest.fixture
def run(
    api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """`run("consent", "show")`: the exit code, and what the command wrote."""
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", api.seeded.url)

    def run_(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        code = cli(list(arguments), standalone_mode=False)
        return code or 0, capsys.readouterr().out

    return run_


@pytest.fixture
def signing_api(api: Api) -> Api:
    """The service makes the keys when it starts; here it is the test."""
    with connect(api.seeded.url) as connection:
        signing.ensure_keys(connection, BOX, NOW_US)
        connection.commit()
    return api


def decisions(api: Api, customer: str) -> list[dict[str, Any]]:
    with connect(api.seeded.url) as connection:
        return consent.consents_of(connection, "t1", customer)


def test_a_receipt_says_what_the_ledger_says_and_anybody_can_check_it(signing_api: Api) -> None:
    newest = decisions(signing_api, "c0")[-1]
    path = f"/v1/customers/c0/consents/{newest['consent_id']}/receipt"
    answer = signing_api.get(path, "customer")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    key = OKPKey.import_key(found["key"])
    assert "d" not in found["key"], "a public key"
    signed = jws.deserialize_compact(found["jws"], key, algorithms=["Ed25519"])
    receipt = found["receipt"]
    assert json.loads(signed.payload) == receipt
    assert receipt["@type"] == "dpv:ConsentReceipt"
    assert receipt["dct:conformsTo"] == "dpv-27560:receipt-eu-gdpr"
    assert receipt["dpv:hasProcess"]["dpv:hasPurpose"]["dct:identifier"] == newest["purpose"]
    assert receipt["dpv:hasDataSubject"]["dct:identifier"] == "c0"
    given = receipt["dpv:hasConsentStatus"]
    assert given["@type"] == (
        "dpv:ConsentGiven" if newest["state"] == "granted" else "dpv:ConsentWithdrawn"
    )
    with connect(signing_api.seeded.url) as connection:
        row = consent.one(connection, "t1", "c0", newest["consent_id"])
    assert row is not None
    assert receipt["tw:ledgerDigest"] == bytes(row["digest"]).hex()
    listed = signing_api.get("/v1/customers/c0/consents", "customer").json()["ledger"]
    assert newest["consent_id"] in [decision["id"] for decision in listed]


def test_nobody_gets_a_receipt_of_somebody_else(signing_api: Api) -> None:
    theirs = decisions(signing_api, "c3")[-1]["consent_id"]
    problem(
        signing_api.get(f"/v1/customers/c0/consents/{theirs}/receipt", "customer"), 404, "not_found"
    )
    other = signing_api.get(f"/v1/customers/c3/consents/{theirs}/receipt", "customer")
    assert other.status_code in (403, 404)
    assert "jws" not in other.text
    answer = signing_api.get("/v1/customers/c0/consents/999999999/receipt", "customer")
    problem(answer, 404, "not_found")


def test_the_page_has_it_as_a_file(signing_api: Api) -> None:
    number = decisions(signing_api, "c0")[0]["consent_id"]
    with httpx.Client(base_url=signing_api.url, headers=HTML, timeout=patient(20.0)) as client:
        sign_in(client, signing_api.seeded.keys["own", "customer"])
        assert f'href="/me/consents/{number}/receipt"' in client.get("/me").text
        file = client.get(f"/me/consents/{number}/receipt")
        assert (
            file.headers["content-disposition"] == f'attachment; filename="receipt-{number}.json"'
        )
        assert set(file.json()) == {"receipt", "jws", "key"}
        for wrong in ("x", "-1", "9" * 30, "²"):
            assert client.get(f"/me/consents/{wrong}/receipt").status_code == 404


def test_the_api_signs_receipts_and_nothing_else(signing_api: Api) -> None:
    with connect(signing_api.seeded.url) as connection:
        roles.must_assume(connection, roles.READER)
        connection.commit()
        text = signing.sign(
            connection, BOX, signing.KeyUse.RECEIPT, consent_heads.KIND, {"iat": 1, "heads": []}
        )
        for statement in ("select * from access.signing_key", "delete from access.signing_key"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())
            connection.rollback()
    with connect(signing_api.seeded.url) as connection:
        heads = consent_heads.public_keys(connection)
        receipts = consent_chain.receipt_public_keys(connection)
    assert heads and receipts and heads.keys().isdisjoint(receipts)
    with pytest.raises(signing.BadSignature):
        signing.verify(text, consent_heads.KIND, heads)


def test_the_command_prints_and_checks_it(
    signing_api: Api, run: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    number = decisions(signing_api, "c0")[0]["consent_id"]
    code, text = run("consent", "receipt", "t1", "c0", str(number))
    assert code == 0
    given = json.loads(text)
    assert given["receipt"]["dpv:hasDataSubject"]["dct:identifier"] == "c0"
    file = tmp_path / "receipt.json"
    file.write_text(text)
    assert run("consent", "check-receipt", str(file))[0] == 0
    given["receipt"]["dct:issued"] = "2027-01-01T00:00:00Z"
    file.write_text(json.dumps(given))
    code, text = run("consent", "check-receipt", str(file), "--json")
    assert (code, json.loads(text)["clean"]) == (1, False)
    file.write_text("{}")
    with pytest.raises(Usage):
        run("consent", "check-receipt", str(file))


def test_a_record_has_all_sections_and_every_decision(
    signing_api: Api, run: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    with connect(signing_api.seeded.url) as connection:
        tenants.set_controller(connection, "t1", {"postal_address": "Weg 1", "jurisdiction": "DE"})
        connection.commit()
    answer = signing_api.get("/v1/customers/c0/consents/record", "customer")
    assert answer.status_code == 200, answer.text
    given = answer.json()
    key = OKPKey.import_key(given["key"])
    signed = jws.deserialize_compact(given["jws"], key, algorithms=["Ed25519"])
    assert json.loads(signed.payload) == given["record"]
    records = given["record"]["@graph"]
    in_receipt = [
        event["dct:identifier"] for record in records for event in record["dpv:hasConsentStatus"]
    ]
    known = [
        f"urn:tachowatt:consent:t1:{row['consent_id']}" for row in decisions(signing_api, "c0")
    ]
    assert sorted(in_receipt) == sorted(known)
    for record in records:
        assert record["dct:conformsTo"] == "dpv-27560:record-eu-gdpr"
        assert record["dpv:hasDataSubject"]["dct:identifier"] == "c0"
        assert {
            "dpv:hasPurpose", "dpv:hasLegalBasis", "dpv:hasPersonalData", "dpv:hasDataController",
            "dpv:hasStorageCondition", "dpv:hasProcessing",
        } <= set(record["dpv:hasProcess"])  # fmt: skip
        assert record["dpv:hasEntity"][0]["schema:address"] == "Weg 1"
        assert record["dpv:hasNotice"] and record["dpv:hasConsentControl"]
    other = signing_api.get("/v1/customers/c3/consents/record", "customer")
    assert other.status_code in (403, 404)
    code, text = run("consent", "record", "t1/c0", "--json")
    assert code == 0 and json.loads(text)["record"]["@graph"]
    file = tmp_path / "record.json"
    file.write_text(text)
    assert run("consent", "check-receipt", str(file))[0] == 0
    assert run("consent", "record", "c0", "--tenant", "t1")[0] == 0


@pytest.mark.parametrize("login", [roles.READER, roles.CONTACTS])
def test_who_signs_receipts_has_no_key_of_heads(signing_api: Api, login: str) -> None:
    with connect(signing_api.seeded.url, role=login) as connection:
        assert consent_chain.signing_key(connection, BOX, KeyUse.RECEIPT) is not None
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            consent_chain.signing_key(connection, BOX, KeyUse.HEAD)
