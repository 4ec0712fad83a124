"""Benches on small numbers: they run, their ledgers close, and they report failures."""

import json
import shutil
from datetime import UTC, datetime

import numpy as np
import pytest
from typer.testing import CliRunner

from app.cli import cli
from feature_kernels import driving
from ingest.decoding.catalogue import ROUTER
from proving.bench import (
    crash_question,
    drain,
    flood,
    generator,
    history,
    kernel_c,
    kernel_data,
    query,
    soak,
)
from proving.bench import erase as erase_bench
from proving.bench import kafka as bench_kafka
from proving.bench import kernels as kernels_bench
from proving.bench import timeline as timeline_bench
from proving.bench.stage import Usage as StageUsage
from runtime.clock import ManualClock, SystemClock
from runtime.errors import Usage
from simulators.load import Load
from store.pipeline import log as store_log
from store.pipeline import offsets
from store.postgres.pool import connect

needs_mosquitto = pytest.mark.usefixtures("mosquitto_broker")
needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")


@pytest.mark.slow
@needs_mosquitto
def test_a_small_drain_is_proven_and_tells_the_memory_of_the_service_alone(database):
    arguments = ["--messages", "2000", "--devices", "50", "--verify-devices", "20"]
    answer = CliRunner().invoke(
        cli, ["bench", "drain", *arguments, "--database-url", database, "--json"]
    )
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)
    assert found["ledger"]["stored"] == found["ledger"]["received"] == 2_000
    assert found["verify"]["clean"] and found["verify"]["devices"] == 20
    assert 0 < found["service_idle_memory_mib"] <= found["service_peak_memory_mib"]
    calibration = found["calibration"]
    assert calibration["ratio_to_paho"] == pytest.approx(
        found["messages_per_s"] / calibration["paho_messages_per_s"], rel=0.01
    )
    assert found["versions"]["postgresql"] and "mosquitto" in found["versions"]["broker"]


@pytest.mark.slow
@needs_mosquitto
@pytest.mark.xdist_group("kafka")
def test_a_small_drain_by_way_of_kafka_is_proven_and_leaves_the_direct_log(database, kafka):
    servers = ["--kafka-url", kafka.url, "--database-url", database]
    arguments = ["--messages", "2000", "--devices", "50", "--verify-devices", "20", *servers]
    answer = CliRunner().invoke(cli, ["bench", "drain", "--log", "kafka", *arguments, "--json"])
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)
    assert (found["log"], found["workers"], found["partitions"]) == ("kafka", 2, 4)
    assert found["ledger"]["stored"] == found["ledger"]["received"] == 2_000
    assert found["ledger"]["duplicate"] == 0 and found["verify"]["clean"]
    processes = found["processes"]
    assert sorted(processes) == ["gateway", "ingest-1", "ingest-2"]
    assert all(
        0 < each["idle_memory_mib"] <= each["peak_memory_mib"] for each in processes.values()
    )
    assert all(processes[name]["batches"] for name in ("ingest-1", "ingest-2"))
    assert found["share_per_step"]["copy"] > 0
    with connect(database) as connection:
        assert store_log.chosen(connection) == store_log.DIRECT
        assert offsets.total(connection) == 2_000


@pytest.mark.slow
@needs_mosquitto
def test_a_short_look_at_late_data_is_proven_and_nothing_is_missing(database):
    arguments = ["--rate", "300", "--for", "4", "--days", "2", "--over", "1", "--crashes", "20"]
    answer = CliRunner().invoke(
        cli, ["bench", "late", *arguments, "--devices", "20", "--database-url", database, "--json"]
    )
    found = json.loads(answer.stdout)
    # Whether it is fast is not for a test to say.
    assert [p for p in found["problems"] if not p.startswith("p95")] == []
    assert found["late_samples"] == 2 * 2 * 3_600 and found["trips"] == 4
    assert found["ledger"]["stored"] == found["ledger"]["received"] == 1_200 + 3 * 20 + 1 + 240
    assert found["webhooks"] == 20 and found["crashes_during"] > 0
    assert found["verify"]["clean"] and found["corrected_s"] > 0


@pytest.mark.slow
@needs_mosquitto
def test_a_short_soak_tells_what_the_service_holds(database, tmp_path):
    picture = tmp_path / "soak.png"
    arguments = ["--rate", "300", "--for", "4", "--crashes", "30", "--plot", str(picture)]
    answer = CliRunner().invoke(
        cli, ["bench", "soak", *arguments, "--devices", "20", "--database-url", database, "--json"]
    )
    found = json.loads(answer.stdout)
    assert [p for p in found["problems"] if "is not flat" not in p] == []
    # How many there are depends on the machine (see the test of Watch); they reach the load's end.
    parts = found["parts"]
    assert parts and all(part["memory_mib"] > 0 for part in parts)
    assert parts[-1]["until_s"] >= 4 and parts == sorted(parts, key=lambda p: p["until_s"])
    # Every crash is in a part: the slowest of all is the slowest of one.
    assert max(part["max"] or 0 for part in parts) == found["latency_ms"]["max"]
    assert found["ledger"]["stored"] == found["ledger"]["received"] == 1_200 + 3 * 30
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
@needs_mosquitto
def test_a_short_flood_of_one_device_is_proven_and_hits_only_itself(database):
    arguments = ["--rate", "50", "--for", "2", "--rounds", "1", "--devices", "10"]
    answer = CliRunner().invoke(
        cli, ["bench", "flood", *arguments, "--database-url", database, "--json"]
    )
    found = json.loads(answer.stdout)
    # How long they wait depends on the machine: only the full measurement judges that.
    ours = ("p95", "times the limit")
    assert [p for p in found["problems"] if not any(text in p for text in ours)] == []
    assert found["ledger"]["closes"] and found["others"] == {"dead_lettered": 0, "refused": 0}
    assert found["dead_letters"].keys() == {"over_limit"}
    assert flood.problems(found | {"ratio_p95": 1.6, "others_unanswered": 1}) != []


@pytest.mark.parametrize(
    ("name", "last", "said"),
    [("memory_mib", 131.0, 0), ("memory_mib", 140.0, 1), ("files", 40, 1), ("p95", 80.0, 1)],
)
def test_what_grows_is_not_flat(name, last, said):
    flat = {"memory_mib": 100.0, "files": 30, "connections": 5, "p50": 20.0, "p95": 50.0}
    warming = flat | {"p95": 900.0, "memory_mib": 20.0}
    parts = [warming] * 3 + [flat] * 18 + [flat | {name: last}] * 9
    assert len(soak.flat(parts)[1]) == said


@pytest.mark.parametrize(
    ("poll_s", "ends_s"),
    [
        (0.25, [float(end) for end in range(1, 31)]),
        (2.5, [2.5, 5.0, 7.5, 10.0, 12.5, 15.0, 17.5, 20.0, 22.5, 25.0, 27.5, 30.0]),
        (29.75, [30.0]),
        (31.0, [31.0]),
    ],
)
def test_a_soak_is_sampled_to_its_end_however_slow_the_machine_is(poll_s, ends_s):
    clock = ManualClock(1_794_000_000_000_000)
    began_s = clock.monotonic()
    watch = soak.Watch(clock, lambda: StageUsage(clock.monotonic(), 1.0, 1, 1), 1.0)
    while clock.monotonic() + poll_s <= began_s + 30.0:
        clock.advance(poll_s)
        watch()
    clock.advance(max(30.0, poll_s) - (clock.monotonic() - began_s))
    watch.end()
    assert [round(usage.at_s - began_s, 6) for usage in watch.seen] == ends_s


def test_a_load_without_end_says_what_the_load_says():
    """Bodies that are cut and filled in are the ones that `Load` makes, to the byte but for what
    is in turn: numbers, times and packet ids."""
    load = Load(1_000.0, 7, 2.0, tenant="t")
    frames, start_us = generator.Frames(load), 1_794_000_000_999_000
    packets = frames.between(0, 500, start_us) + frames.between(500, load.total, start_us)
    made = list(load.messages(start_us))
    at, previous = 0, {}
    for number, message in enumerate(made):
        size, shift = 0, 0
        head = at + 1
        while True:
            size |= (packets[head] & 127) << shift
            shift, head = shift + 7, head + 1
            if packets[head - 1] < 128:
                break
        packet, at = packets[head : head + size], head + size
        topic_end = 2 + int.from_bytes(packet[:2], "big")
        assert packet[2:topic_end].decode() == message.topic
        assert int.from_bytes(packet[topic_end : topic_end + 2], "big") == number + 1
        body = json.loads(packet[packet.index(b'{"') :])
        assert (body["seq"], body["oldest"]) == (message.seq, message.seq)
        wanted = datetime.fromtimestamp(message.due_us // 1_000 / 1_000, UTC)
        assert datetime.fromisoformat(body["t0"]) == wanted
        assert previous.get(message.device, wanted) <= wanted
        previous[message.device] = wanted
    assert at == len(packets)


@pytest.mark.slow
@pytest.mark.xdist_group("kafka")
def test_withdrawals_are_refused_and_nothing_later_is_stored(database, kafka):
    servers = ["--kafka-url", kafka.url, "--database-url", database]
    arguments = ["--withdrawals", "3", "--seconds", "2", "--devices", "20", "--rate", "200"]
    answer = CliRunner().invoke(cli, ["bench", "withdrawal", *arguments, *servers, "--json"])
    found = json.loads(answer.stdout)
    assert found["withdrawals"] == 3 and found["refused_messages"] >= 6
    assert found["stored_after_refusal"] == 0
    # A slow machine may take longer than is promised; nothing else may be wrong.
    assert all(problem.startswith("p99") for problem in found["problems"])
    assert set(found["by_s"]) == {"api", "page", "stop_link"}


def test_a_store_that_is_fed_from_kafka_already_is_not_drained_into(database):
    theirs = store_log.Log("kafka", "telemetry.raw", "theirs", 1)
    with connect(database) as connection:
        store_log.choose(connection, theirs, {0: 0}, 0, ROUTER.key_of_topic)
        connection.commit()
    feeding = bench_kafka.feeding(database, "kafka://127.0.0.1:1", SystemClock(), 4)
    with pytest.raises(Usage, match="needs another database"), feeding:
        pass
    with connect(database) as connection:
        assert store_log.chosen(connection) == theirs


@pytest.mark.parametrize(
    ("closes", "clean", "said"),
    [(True, True, 0), (False, True, 1), (True, False, 1), (False, False, 2)],
)
def test_a_run_whose_books_or_proof_fail_is_a_problem(closes, clean, said):
    found = {"ledger": {"closes": closes}, "verify": {"clean": clean}}
    assert len(drain.problems(found)) == said


@needs_compiler
def test_kernel_c_and_oracle_agree_on_twenty_thousand_rows():
    found = kernels_bench.run(20_000, lambda *_: None)
    assert found["problems"] == []
    assert [row["kernel"] for row in found["kernels"]] == ["driving.drive", "consumption.consume"]
    assert all(row["same_bits_as_c"] and row["oracle_agrees"] for row in found["kernels"])
    assert [row["samples"] for row in found["chain"]] == [36_000, 180_000]  # an hour of each
    assert all(row["samples_per_s"] > 0 for row in found["chain"])


def test_another_bit_is_noticed_and_another_nan_is_none():
    ours = [np.array([1.0, np.nan, 0.0]), np.array([3])]
    assert kernel_c.same_bits(ours, [np.array([1.0, -np.nan, 0.0]), np.array([3])])
    assert not kernel_c.same_bits(ours, [np.array([1.0, np.nan, -0.0]), np.array([3])])
    assert not kernel_c.same_bits(ours, [np.array([1.0, np.nan, 0.0]), np.array([4])])


def test_the_made_up_cars_give_the_kernel_something_to_find():
    columns, t_us, starts = kernel_data.cars(60_000, 1)
    carry = driving.initial_carry(starts.shape[0] - 1)
    result = driving.drive(columns, t_us, t_us, starts, carry)
    assert len(result.trips) > 10
    assert len(set(result.events["kind"].tolist())) >= 3


def test_the_asked_have_the_same_recent_history_at_every_size():
    cars = np.arange(1, history.VEHICLES + 1)
    now_us = kernel_data.START_US
    since_us = now_us - history.RECENT_DAYS * 86_400_000_000
    asked = {int(cars[history.vehicle(i)]) for i in range(history.ASKED_VEHICLES)}

    def recent(trips):
        rows = np.concatenate(list(history._trips(cars, trips, now_us)))
        assert rows.shape[0] == trips and (rows["end_us"] < now_us).all()
        return {tuple(r) for r in rows[rows["start_us"] >= since_us][["device_id", "start_us"]]}

    few, many = recent(10_000), recent(60_000)
    assert few == many and {device for device, _ in few} == asked


def test_growing_latencies_are_a_problem():
    score = "score by vehicle, 90 days"
    slow = {"samples": 2, "latency_ms": {score: {"p50": 8.0, "p99": 21.0}}}
    sizes = [{"samples": 1, "latency_ms": {score: {"p50": 5.0, "p99": 9.0}}}, slow]
    found = {"sizes": sizes, "flat": query._flatness(sizes)}
    assert found["flat"][score] == {"p50": 1.6, "p99": 2.33}
    assert len(query._problems(found)) == 2


@pytest.mark.slow
@needs_mosquitto
def test_the_open_page_of_a_driver_asks_after_a_crash(database):
    arguments = ["--rate", "100", "--for", "3", "--crashes", "3", "--devices", "10", "--no-verify"]
    answer = CliRunner().invoke(
        cli, ["bench", "crash-question", *arguments, "--database-url", database, "--json"]
    )
    found = json.loads(answer.stdout)
    # How fast it is depends on the machine.
    assert [p for p in found["problems"] if not p.startswith("p95")] == []
    assert 0 < found["questions"] == found["pages"] <= 3 and found["webhooks"] == 3
    late = found | {"questions": 0, "latency_ms": {"p95": 3_000.0}}
    assert len(crash_question.problems(late)) == 2


@pytest.mark.slow
def test_a_small_timeline_is_measured(database):
    answer = CliRunner().invoke(
        cli,
        ["bench", "timeline", "--entries", "500", "--requests", "10",
         "--database-url", database, "--json"],
    )  # fmt: skip
    found = json.loads(answer.stdout)
    assert found["entries"] == 501 and 1 < found["far_page"] <= 11
    rows = found["latency_ms"]
    assert rows["first page"]["found"] == 50 and set(timeline_bench.SEARCHES) <= {
        name.removeprefix("search: ") for name in rows
    }
    assert rows["search: two words"]["found"] == 0 and rows["search: a number"]["found"] == 0
    assert rows["search: a word of every entry"]["found"] == 50


def test_a_slow_timeline_is_a_problem():
    rows = {"first page": {"p99": 50.0}, "page 1,000": {"p99": 49.9}, "search: x": {"p99": 99.0}}
    assert len(timeline_bench._problems({"latency_ms": rows})) == 1


@pytest.mark.slow
def test_a_small_erasure_is_measured_and_leaves_nothing(database):
    answer = CliRunner().invoke(
        cli,
        ["bench", "erase", "--samples", "5000", "--customers", "20",
         "--database-url", database, "--json"],
    )  # fmt: skip
    found = json.loads(answer.stdout)
    assert found["problems"] == [] and found["leftovers"] == [] and answer.exit_code == 0
    assert found["rows"] > 5_000 and "telemetry.vehicle_sample" in found["slowest_to_find_ms"]


def test_an_erasure_that_is_slow_or_not_complete_is_a_problem():
    good = {"leftovers": [], "erased_s": 1.0, "rows": 9, "samples": 9}
    assert erase_bench.problems(good) == []
    bad = {"leftovers": [["access.read_log", 2]], "erased_s": 60.0, "rows": 8, "samples": 9}
    assert len(erase_bench.problems(bad)) == 3
