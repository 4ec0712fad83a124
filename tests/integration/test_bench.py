"""The measurements on small numbers: they run, their books close, and they say when they do not."""

import json
import shutil

import numpy as np
import pytest
from typer.testing import CliRunner

from app import bench_drain, bench_history, bench_kafka, bench_query
from app.commands_bench import bench_cli
from feature_kernels import driving
from runtime.clock import SystemClock
from runtime.errors import Usage
from store import log as store_log
from store import offsets
from store.pool import connect
from tests.bench import kernel_c, kernel_data
from tests.bench import kernels as kernels_bench

needs_mosquitto = pytest.mark.skipif(
    shutil.which("mosquitto", path="/usr/bin:/usr/sbin") is None, reason="no Mosquitto"
)
needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")


@needs_mosquitto
def test_a_small_drain_is_proven_and_tells_the_memory_of_the_service_alone(database):
    arguments = ["--messages", "2000", "--devices", "50", "--verify-devices", "20"]
    answer = CliRunner().invoke(
        bench_cli, ["drain", *arguments, "--database-url", database, "--json"]
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


@needs_mosquitto
@pytest.mark.xdist_group("kafka")
def test_a_small_drain_by_way_of_kafka_is_proven_and_leaves_the_direct_log(database, kafka):
    servers = ["--kafka-url", kafka.url, "--database-url", database]
    arguments = ["--messages", "2000", "--devices", "50", "--verify-devices", "20", *servers]
    answer = CliRunner().invoke(bench_cli, ["drain", "--log", "kafka", *arguments, "--json"])
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


def test_a_store_that_is_fed_from_kafka_already_is_not_drained_into(database):
    theirs = store_log.Log("kafka", "telemetry.raw", "theirs", 1)
    with connect(database) as connection:
        store_log.choose(connection, theirs, {0: 0}, 0)
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
    assert len(bench_drain.problems(found)) == said


@needs_compiler
def test_kernel_c_and_oracle_agree_on_twenty_thousand_rows():
    found = kernels_bench.run(20_000, lambda *_: None)
    assert found["problems"] == []
    assert [row["kernel"] for row in found["kernels"]] == ["driving.drive", "consumption.consume"]
    assert all(row["same_bits_as_c"] and row["oracle_agrees"] for row in found["kernels"])


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
    cars = np.arange(1, bench_history.VEHICLES + 1)
    now_us = kernel_data.START_US
    since_us = now_us - bench_history.RECENT_DAYS * 86_400_000_000
    asked = {int(cars[bench_history.vehicle(i)]) for i in range(bench_history.ASKED_VEHICLES)}

    def recent(trips):
        rows = np.concatenate(list(bench_history._trips(cars, trips, now_us)))
        assert rows.shape[0] == trips and (rows["end_us"] < now_us).all()
        return {tuple(r) for r in rows[rows["start_us"] >= since_us][["device_id", "start_us"]]}

    few, many = recent(10_000), recent(60_000)
    assert few == many and {device for device, _ in few} == asked


def test_growing_latencies_are_a_problem():
    score = "score by vehicle, 90 days"
    slow = {"samples": 2, "latency_ms": {score: {"p50": 8.0, "p99": 21.0}}}
    sizes = [{"samples": 1, "latency_ms": {score: {"p50": 5.0, "p99": 9.0}}}, slow]
    found = {"sizes": sizes, "flat": bench_query._flatness(sizes)}
    assert found["flat"][score] == {"p50": 1.6, "p99": 2.33}
    assert len(bench_query._problems(found)) == 2
