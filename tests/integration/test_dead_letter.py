"""The dead letters' way out to a file and back."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.operations.registry_import import validate, write
from app.operations.verify import verify
from contracts.raw import RawMessage
from ingest.partition.worker import Worker
from runtime.clock import ManualClock
from runtime.settings import Settings
from store.pipeline import dead_letter, ledger, telemetry
from store.postgres.pool import connect
from tests.fix_registry import NOW_US, registry
from tests.process import Tachowatt


def message(body: bytes, device: str = "car0") -> RawMessage:
    return RawMessage(f"tw/v1/t1/{device}/telemetry", body, NOW_US, None)


def good(second: int) -> bytes:
    t0 = (NOW_US - 3_600_000_000) // 1000 + 1000 * second
    return json.dumps({"v": 1, "t0": t0, "speed_kmh": [50.0]}).encode()


def test_out_to_a_file_mended_and_back_into_another_store(
    registered: str, new_database: Callable[[], str], tmp_path: Path
) -> None:
    worker = Worker(registered, Settings(), ManualClock(NOW_US))
    worker.process([message(good(1)[:-1]), message(b"\xff\x00"), message(good(2))])
    worker.close()
    file = tmp_path / "letters.jsonl"

    def run(url: str, *arguments: str) -> Tachowatt:
        done = Tachowatt(*arguments, state=tmp_path / "state", TACHOWATT_DATABASE_URL=url)
        done.wait(60.0)
        return done

    assert run(registered, "dead-letter", "export", str(file)).wait() == 0
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [b64decode(line["body_base64"]) for line in lines] == [good(1)[:-1], b"\xff\x00"]
    lines[0]["body_base64"] = b64encode(good(1)).decode()
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    other = new_database()
    write(other, validate(registry(), "registry"), NOW_US)
    for put_in in ("2 messages are put in; 0 were", "0 messages are put in; 2 were"):
        done = run(other, "dead-letter", "import", str(file))
        assert done.wait() == 0 and put_in in done.log, done.log
    assert verify(other).clean
    done = run(other, "dead-letter", "retry", "--all")
    assert done.wait() == 0, done.log
    assert verify(other).clean
    with connect(other) as connection:
        entry = ledger.read(connection)[("t1", "native")]
        assert (entry.received, entry.stored, entry.dead_lettered) == (2, 1, 1)
        assert len(telemetry.read(connection, telemetry.VEHICLE, [1])) == 1
        assert [row.body for row in dead_letter.find(connection)] == [b"\xff\x00"]
    file.write_text('{"topic": 1}\n')
    done = run(other, "dead-letter", "import", str(file))
    assert done.wait() == 2 and "letters.jsonl, line 1" in done.log


def test_a_topic_cannot_speak_to_the_terminal(
    registered: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = "owntracks/\x1b[31m/[bold red]x[/]\x9b2J"
    with connect(registered) as connection:
        evil = dead_letter.DeadMessage(
            "-", "owntracks", RawMessage(topic, b"\x1b[2J\xc2\x9b2J", NOW_US), 0, 0, "not_json",
            "\x1b]0;x\x07",
        )  # fmt: skip
        dead_letter.put(connection, [evil])
        (row,) = dead_letter.find(connection)
        connection.commit()
    monkeypatch.setenv("TACHOWATT_DATABASE_URL", registered)
    monkeypatch.setenv("TACHOWATT_STATE_DIR", str(tmp_path))
    commands = (["list"], ["list", "--json"], ["show", str(row.id)])
    listed, *texts = [CliRunner().invoke(cli, ["dead-letter", *each]).output for each in commands]
    assert r"owntracks/\x1b[31m/[bold red]x[/]\x9b2J" in listed and r"\x1b]0;x\x07" in listed
    assert json.loads(texts[0])["messages"][0]["topic"] == topic
    assert json.loads(texts[1])["body_text"] == "\x1b[2J\x9b2J"
    for text in (listed, *texts):
        assert "\x1b" not in text and "\x9b" not in text and "\x07" not in text
