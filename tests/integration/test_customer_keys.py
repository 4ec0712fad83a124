"""Contact points and texts are sealed with a key of each customer; its end is theirs."""

import json
from pathlib import Path

import pytest

from app.cli import cli
from contracts.contact_points import PointKind
from runtime.secret_box import new_key
from services import interactions, own_values, secrets, timeline
from services.contact_points import ContactPoints, NewPoint
from services.interactions import NewInteraction
from services.timeline import Filter
from store.people import customer_keys as stored_keys
from store.postgres import roles
from store.postgres.pool import Connection, connect, scalar
from store.secrets.own_columns import OWN
from tests.fix_registry import NOW_US
from tests.fix_roles import Town
from tests.secret_keys import BOX

TENANT, CUSTOMER = "t1", "omar-driver"


def report(connection: Connection, id_: str, summary: str, **more: object) -> None:
    fields = {
        "source": "shop", "external_id": id_, "kind": "shop_order", "at_us": NOW_US,
        "customer": CUSTOMER, "visitor": None, "purpose": None, "direction": "inbound",
        "state": "completed", "summary": summary, "body": "", "reference": None,
    }  # fmt: skip
    new = NewInteraction(**{**fields, **more})  # type: ignore[arg-type]
    answers = interactions.record(connection, BOX, TENANT, [new], "test", NOW_US)
    assert [answer.outcome for answer in answers] == [interactions.Outcome.RECORDED]


def found(connection: Connection, words: str | None, customer: str = CUSTOMER) -> set[str]:
    roles.set_tenant_scope(connection, (TENANT,))
    wanted = Filter(kinds=["interaction"])
    page = timeline.read(connection, BOX, TENANT, customer, wanted, words=words)
    return {entry.summary["en"] for entry in page.entries}


def test_texts_and_words_are_unreadable_without_the_key_and_found_with_it(town: Town) -> None:
    with connect(town.url) as connection:
        report(connection, "1", "Wallbox ordered", body="Delivery to the Hinterhof")
        report(connection, "2", "Rechnung verloren")
        report(connection, "3", "Wallbox ordered", customer="c0")
        rows = connection.execute(
            "select summary, body, words::text from customers.interaction order by external_id"
        ).fetchall()
        text = " ".join(value for row in rows for value in row).lower()
        for word in ("wallbox", "hinterhof", "rechnung", "order"):
            assert word not in text
        assert rows[0][2] != rows[2][2], "the same words of another customer have other hashes"
        for words, expected in (
            ("wallbox", {"Wallbox ordered"}),
            ("Rechnungen", {"Rechnung verloren"}),
            ("hinterhof -invoice", {"Wallbox ordered"}),
            ("-wallbox", {"Rechnung verloren"}),
            ('"wallbox ordered"', {"Wallbox ordered"}),
            ('"ordered wallbox"', set()),
            ("wallbox or rechnung", {"Wallbox ordered", "Rechnung verloren"}),
            ("o'brien", set()),
        ):
            assert found(connection, words) == expected, words
        connection.execute("delete from privacy.customer_key where customer = %s", (CUSTOMER,))
        assert found(connection, None) == {""} and found(connection, "wallbox") == set()
        assert found(connection, None, "c0") == {"Wallbox ordered"}


def test_what_was_anonymous_is_sealed_when_it_is_joined(town: Town) -> None:
    with connect(town.url) as connection:
        early = NOW_US - 60_000_000
        report(connection, "1", "Looked at wallboxes", customer=None, visitor="v", at_us=early)
        summary = "select summary from customers.interaction where external_id = '1'"
        assert scalar(connection, summary) == "Looked at wallboxes", "nobody's yet"
        report(connection, "2", "Signed in", visitor="v")
        assert scalar(connection, summary).startswith(OWN)
        assert found(connection, "wallbox") == {"Looked at wallboxes"}
        between = NOW_US - 30_000_000  # another customer on the same device, before that
        report(connection, "3", "Signed in", visitor="v", customer="c0", at_us=between)
        assert found(connection, "wallbox") == set()
        assert found(connection, "wallbox", "c0") == {"Looked at wallboxes"}


def test_rows_of_before_are_sealed_step_by_step(town: Town) -> None:
    with connect(town.url) as connection:
        connection.execute(
            "insert into customers.interaction (interaction_id, tenant, source, external_id, "
            "digest, kind, channel, at, customer, anonymous, direction, state, summary, body, "
            "words, recorded_at, recorded_by) select 'old' || i, %s, 'crm', i::text, '', 'chat', "
            "'chat', now(), %s, false, 'inbound', 'completed', 'Old ' || i, 'About a wallbox', "
            "customers.words_of('About a wallbox'), now(), 'crm' from generate_series(1, 7) i",
            (TENANT, CUSTOMER),
        )
        point = scalar(
            connection,
            "select point_id from customers.contact_point where customer = %s and kind = 'mobile'",
            (CUSTOMER,),
        )
        old = BOX.seal("+491713920009", f"customers.contact_point.value:{point}")
        connection.execute(
            "update customers.contact_point set value = %s where point_id = %s", (old, point)
        )
        connection.commit()
        assert len(found(connection, "wallbox")) == 7, "found before as well"
        points = ContactPoints(BOX, "DE")
        before = points.of_customer(connection, TENANT, CUSTOMER)
        assert [p.value for p in before if p.point_id == point] == ["+491713920009"]
        waiting = own_values.count(connection)  # with texts of cases
        assert waiting >= 8
        seen: list[int] = []
        assert own_values.seal(connection, BOX, NOW_US, done=seen.append) == waiting
        assert own_values.count(connection) == 0 and seen[-1] == waiting
        assert own_values.seal(connection, BOX, NOW_US) == 0
        assert len(found(connection, "wallbox")) == 7
        after = ContactPoints(BOX, "DE").of_customer(connection, TENANT, CUSTOMER)
        assert [p.value for p in after if p.point_id == point] == ["+491713920009"]
        values = connection.execute(
            "select value from customers.contact_point union all select summary from "
            "customers.interaction where customer is not null"
        ).fetchall()
        assert all(value.startswith(OWN) for (value,) in values)


def test_a_rotation_seals_keys_and_not_texts(
    town: Town, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with connect(town.url) as connection:
        report(connection, "1", "Wallbox ordered")
        connection.commit()
        before = scalar(connection, "select summary from customers.interaction")
        keys = list(stored_keys.all_(connection))
    file = tmp_path / "secrets.key"
    file.write_text(BOX.all_keys()[0].text + "\n")
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", town.url)
    monkeypatch.delenv("TACHOWATT_SECRETS_KEY", raising=False)
    monkeypatch.setenv("TACHOWATT_SECRETS_KEY_FILE", str(file))
    cli(["secrets", "rotate", "--json"], standalone_mode=False)
    assert json.loads(capsys.readouterr().out)["values"] >= len(keys)
    with connect(town.url) as connection:
        assert scalar(connection, "select summary from customers.interaction") == before
        after = {key["key_id"]: key["key"] for key in stored_keys.all_(connection)}
        assert all(after[key["key_id"]] != key["key"] for key in keys)


def test_a_backup_has_no_keys(town: Town, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", town.url)
    monkeypatch.setenv("TACHOWATT_STATE_DIR", str(tmp_path))
    with connect(town.url) as connection:
        report(connection, "1", "Wallbox ordered")
        report(connection, "2", "Wallbox ordered", customer="c0")
        connection.commit()
    file, keys = tmp_path / "backup", tmp_path / "backup.keys"
    cli(["backup", str(file), "--json"], standalone_mode=False)
    assert keys.stat().st_mode & 0o077 == 0
    lines = keys.read_text().splitlines()
    assert {json.loads(line)["customer"] for line in lines} >= {CUSTOMER, "c0"}
    without = tmp_path / "newer.keys"
    without.write_text(
        "\n".join(line for line in lines if json.loads(line)["customer"] != CUSTOMER)
    )
    cli(["restore", str(file), "--replace", "--keys", str(without), "--json"],
        standalone_mode=False)  # fmt: skip
    with connect(town.url) as connection:
        assert found(connection, None, "c0") == {"Wallbox ordered"}
        assert found(connection, None) == {""}, "the key's end is the text's"
        points = ContactPoints(BOX, "DE")
        new = NewPoint(TENANT, CUSTOMER, PointKind.EMAIL, "omar@example.org")
        assert points.record(connection, new, "test", NOW_US).value == "omar@example.org"


def test_the_key_of_secrets_is_not_the_key_of_a_customer(town: Town) -> None:
    with connect(town.url) as connection:
        report(connection, "1", "Wallbox ordered")
        status = secrets.status(connection, BOX)
        assert status.columns["privacy.customer_key.key"]
        assert "customers.contact_point.value" not in status.columns
        assert new_key().id not in {key.key_id for key in status.keys}
