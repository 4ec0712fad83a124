"""What lists of large things cost the API."""

import re
from pathlib import Path

import httpx

from api.resources.dead_letters import MAX_SHOWN_BYTES
from contracts.raw import RawMessage
from store.people import keys
from store.pipeline import dead_letter
from store.postgres.pool import Connection, connect
from tests.fix_registry import NOW_US
from tests.patience import patient
from tests.process import CLOCK, Tachowatt

MIB = 2**20
BODY = 8 * MIB
LETTERS = 20


def put_large(connection: Connection) -> None:
    """So many letters, a digit in each byte."""
    for number in range(LETTERS):
        message = RawMessage("tw/v1/t1/car0/telemetry", b"7" * BODY, NOW_US)
        letter = dead_letter.DeadMessage("t1", "native", message, 0, number, "too_large", "x")
        dead_letter.put(connection, [letter])


def most_mib(pid: int) -> float:
    """The most memory that a process has had until now."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1024


def test_large_dead_letters_are_listed_without_their_bodies(
    registered: str, tmp_path: Path
) -> None:
    with connect(registered) as connection:
        _, key = keys.create_key(
            connection, tenant="t1", role="operator", name="o", now_us=CLOCK.now_us(),
            scopes=["operations:read"],
        )  # fmt: skip
        connection.commit()
    process = Tachowatt("api", state=tmp_path, TACHOWATT_DATABASE_URL=registered)
    headers = {"Authorization": f"Bearer {key}"}
    try:
        url = process.wait_ready()["api_url"]
        with httpx.Client(base_url=url, headers=headers, timeout=patient(30.0)) as client:
            assert client.get("/v1/dead-letters").json()["data"] == []
            assert client.get("/v1/dead-letters/1").status_code == 404
            with connect(registered) as connection:
                put_large(connection)
                connection.commit()
            before = most_mib(process.pid)
            found = client.get("/v1/dead-letters?reason=too_large&limit=200").json()["data"]
            assert [row["bytes"] for row in found] == [BODY] * LETTERS
            one = client.get(f"/v1/dead-letters/{found[0]['id']}").json()
            assert one["shape"] == "0" * MAX_SHOWN_BYTES
            assert most_mib(process.pid) - before < 40
        assert process.terminate() == 0
    finally:
        process.kill()
