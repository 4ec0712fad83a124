"""bench drain|kernels|late|latency|malformed|query|soak|workers."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.console import err, load_settings, out, print_json, print_table, progress_bar
from runtime.clock import SystemClock
from runtime.errors import Stop
from runtime.settings import Settings

bench_cli = typer.Typer(no_args_is_help=True, help="Measurements of the whole and its parts.")


class BenchLog(StrEnum):
    """What stands between gateway and ingest."""

    DIRECT = "direct"
    KAFKA = "kafka"


MqttUrl = Annotated[str | None, typer.Option(help="A broker instead of Mosquitto")]
DatabaseUrl = Annotated[str | None, typer.Option(help="Instead of our own")]
KafkaUrl = Annotated[str | None, typer.Option(help="A Kafka instead of our own")]
Devices = Annotated[int, typer.Option(min=1, help="That take turns")]
Verify = Annotated[bool, typer.Option(help="Prove the store afterwards")]
EmptyDatabaseUrl = Annotated[str | None, typer.Option(help="An empty one instead of ours")]
HalfRate = Annotated[
    float | None, typer.Option(min=100, help="Messages/s; else half of a short drain's")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout")]


@bench_cli.command()
def drain(
    messages: Annotated[int, typer.Option(min=1, help="In the backlog")] = 400_000,
    samples_per_message: Annotated[int, typer.Option(min=1, max=10_000)] = 1,
    devices: Devices = 1_000,
    log: Annotated[BenchLog, typer.Option(help="Between gateway and ingest")] = BenchLog.DIRECT,
    workers: Annotated[int, typer.Option(min=1, help="Of ingest, with --log kafka")] = 2,
    partitions: Annotated[int, typer.Option(min=1, help="Of the topic in Kafka")] = 4,
    kafka_url: KafkaUrl = None,
    mqtt_url: MqttUrl = None,
    database_url: DatabaseUrl = None,
    profile: Annotated[bool, typer.Option("--profile", help="Show the share of each step")] = False,
    verify: Verify = True,
    verify_devices: Annotated[
        int, typer.Option(min=1, help="Recompute at most so many devices, spread evenly")
    ] = 1_000,
    json: Json = False,
) -> None:
    """How fast a backlog goes from a broker to the last commit, with features computed on the way.

    The backlog is made first, in a persistent session of Mosquitto (or of --mqtt-url); the time
    runs from the gateway's start until everything is committed. The service has a process of its
    own, whose peak memory is told apart from that of the bench. Calibrations of the same run: a
    bare COPY of the same rows in the same order on one connection, and paho's own reader on the
    same messages. Afterwards the ledger must close and `verify` be clean, else the exit code is 1.
    A database that is given keeps a tenant of the bench. `share_per_step` is of the whole time;
    steps of two batches overlap. JSON keys: docs/performance.md.

    With --log kafka a gateway and --workers of ingest are processes of their own, with topics of
    their own in a Kafka between them (in one that is given they stay, for a day); the time runs
    from letting the gateway go until the store has everything. `share_per_step` is summed over the
    workers then.

    Examples:

      tachowatt bench drain --messages 400000 --devices 1000

      tachowatt bench drain --messages 30000 --samples-per-message 60 --profile

      tachowatt bench drain --messages 400000 --log kafka --json
    """
    from proving.bench import drain as bench_drain
    from proving.bench import kafka as bench_kafka

    plan = bench_drain.Plan(
        messages,
        samples_per_message,
        devices,
        verify_devices if verify else 0,
        bench_kafka.Plan(kafka_url, workers, partitions) if log is BenchLog.KAFKA else None,
    )
    with _settings(mqtt_url, database_url) as settings, progress_bar("drain") as advance:
        found = bench_drain.run(
            settings, SystemClock(), plan, lambda _, done, of: advance(done, of)
        )
    if json:
        print_json(found)
    else:
        _print_drain(found, profile)
    _judge(found)


def _print_drain(found: dict[str, Any], profile: bool) -> None:
    out.print(
        f"{found['messages']:,} messages of {found['samples_per_message']} in "
        f"{found['seconds']} s: {found['messages_per_s']:,} messages/s, "
        f"{found['samples_per_s']:,} samples/s; the service had at most "
        f"{found['service_peak_memory_mib']} MiB"
    )
    calibration = found["calibration"]
    out.print(
        f"a bare COPY of the same rows: {calibration['copy_rows_per_s']:,} rows/s "
        f"(ratio {calibration['ratio_to_copy']}); paho's own reader: "
        f"{calibration['paho_messages_per_s']:,} messages/s (ratio {calibration['ratio_to_paho']})"
    )
    if profile:
        for step, share in found["share_per_step"].items():
            out.print(f"  {step:<10} {100 * share:5.1f} %")


@bench_cli.command()
def kernels(
    samples: Annotated[int, typer.Option(min=1_000, help="For each kernel")] = 10_000_000,
    json: Json = False,
) -> None:
    """Each large kernel beside its own algorithm in C and beside pandas, on one core.

    The sources in C (proving/bench/c) are compiled with -O3 -march=native by the system's compiler;
    kernel and C get the same prepared arrays, in turn, and must give the same bits. pandas makes
    the same kinds of rows as a data scientist would; it runs over fewer samples and is compared
    with the whole call, as ingest makes it. The oracle (tests/oracles) must agree too. The exit
    code is 1 where results differ.

    Example:

      tachowatt bench kernels --samples 1000000
    """
    try:
        from proving.bench import kernels as bench_kernels
    except ModuleNotFoundError as error:
        raise Stop(
            f"the bench of the kernels needs pandas and the repository's tests: {error}"
        ) from None

    found = bench_kernels.run(samples, _say())
    if json:
        print_json(found)
    else:
        out.print(found["compiler"])
        print_table(
            f"{samples:,} samples, million samples/s on one core",
            ["kernel", "kernel", "C", "of C", "whole call", "pandas", "× pandas"],
            [
                [
                    row["kernel"],
                    *(f"{row[key] / 1e6:.2f}" for key in ("samples_per_s", "c_samples_per_s")),
                    row["ratio_to_c"],
                    *(
                        f"{row[k] / 1e6:.2f}"
                        for k in ("call_samples_per_s", "pandas_samples_per_s")
                    ),
                    row["ratio_to_pandas"],
                ]
                for row in found["kernels"]
            ],
        )
    _judge(found)


@bench_cli.command()
def latency(
    rate: HalfRate = None,
    seconds: Annotated[float, typer.Option("--for", min=2, help="Seconds under load")] = 30.0,
    crashes: Annotated[int, typer.Option(min=1, max=2_000)] = 200,
    devices: Devices = 1_000,
    mqtt_url: MqttUrl = None,
    database_url: DatabaseUrl = None,
    verify: Verify = True,
    json: Json = False,
) -> None:
    """From publishing the message that decides a crash until its signed webhook is received.

    The whole service runs (`tachowatt serve`, in a process of its own) while a generator publishes
    at --rate through Mosquitto. Among the cars are some that crash; the time
    runs from just before the deciding message is written to the broker until a receiver has the
    webhook and found its signature right. The exit code is 1 where a webhook is missing, p99 is a
    second or more, the ledger does not close or `verify` is not clean.

    Example:

      tachowatt bench latency --rate 30000 --for 30 --json
    """
    from proving.bench import latency as bench_latency
    from proving.bench.stage import Plan

    plan = Plan(rate, seconds, crashes, devices, 1_000 if verify else 0)
    with _settings(mqtt_url, database_url) as settings:
        found = bench_latency.run(settings, SystemClock(), plan, _say())
    if json:
        print_json(found)
    else:
        out.print(
            f"at {found['reached_messages_per_s']:,} messages/s, {found['webhooks']} webhooks: "
            f"{_took(found['latency_ms'])}; the service had at most "
            f"{found['service_peak_memory_mib']} MiB"
        )
    _judge(found)


def _took(quantiles: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value} ms" for name, value in quantiles.items())


@bench_cli.command()
def soak(
    rate: HalfRate = None,
    seconds: Annotated[float, typer.Option("--for", min=2, help="Seconds under load")] = 1_800.0,
    crashes: Annotated[int, typer.Option(min=30, max=5_000)] = 900,
    devices: Devices = 1_000,
    mqtt_url: MqttUrl = None,
    database_url: DatabaseUrl = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw it, 1600 by 900")
    ] = None,
    verify: Verify = True,
    json: Json = False,
) -> None:
    """The whole service under an even load for long: does anything grow?

    As `bench latency`, for half an hour unless --for says otherwise. In each of thirty parts the
    service's resident memory, its open files, the connections to the database and the latency of
    the crashes are looked at. The exit code is 1 where, from the first third to the last (a tenth
    is left out to warm up), memory grew by more than 32 MiB, files or connections by more than 8,
    p95 by more than a half, or where the proof fails. Half an hour at 30,000 messages/s fills some
    10 GB.

    Examples:

      tachowatt bench soak --plot soak.png

      tachowatt bench soak --for 300 --rate 5000 --json
    """
    from proving.bench import soak as bench_soak
    from proving.bench.stage import Plan

    plan = Plan(rate, seconds, crashes, devices, 100 if verify else 0)
    with _settings(mqtt_url, database_url) as settings, progress_bar("soak") as advance:
        found = bench_soak.run(settings, SystemClock(), plan, lambda _, done, of: advance(done, of))
    if plot is not None:
        bench_soak.plot(found, plot)
    if json:
        print_json(found)
    else:
        names = ("until_s", "memory_mib", "files", "connections", "p50", "p95", "max")
        print_table(
            f"{found['reached_messages_per_s']:,} messages/s",
            list(names),
            [[part[name] for name in names] for part in found["parts"]],
        )
    _judge(found)


@bench_cli.command()
def late(
    rate: Annotated[
        float | None, typer.Option(min=100, help="Messages/s; else a quarter of a short drain's")
    ] = None,
    seconds: Annotated[float, typer.Option("--for", min=2, help="Seconds under load")] = 60.0,
    days: Annotated[int, typer.Option(min=1, max=90, help="That the car was offline")] = 21,
    over: Annotated[float, typer.Option(min=0, help="Seconds in which it delivers")] = 15.0,
    crashes: Annotated[int, typer.Option(min=20, max=2_000)] = 400,
    devices: Devices = 1_000,
    mqtt_url: MqttUrl = None,
    database_url: DatabaseUrl = None,
    verify: Verify = True,
    json: Json = False,
) -> None:
    """A car that was offline for weeks delivers, beside live messages.

    As `bench latency`, but at a quarter of a short drain's rate, which with the generator is half
    of what two cores can do. At half of the time a car that has already said that it is online
    delivers two hours of driving a day, a sample a second, oldest first. Its old time is in the
    store with samples of 200 parked cars and its own, on TimescaleDB in the columnstore. The
    latency of the crashes before that (without the first third, when the service warms up) is
    compared with that from the first late message until all is corrected.
    The exit code is 1 where p95 is more than twice as high, a trip is missing, or the proof fails.

    Example:

      tachowatt bench late --database-url postgresql://postgres@localhost/postgres --json
    """
    from proving.bench import late as bench_late
    from proving.bench.stage import Plan

    plan = Plan(rate, seconds, crashes, devices, 2_000 if verify else 0, share=0.25)
    with _settings(mqtt_url, database_url) as settings:
        found = bench_late.run(settings, SystemClock(), plan, bench_late.Late(days, over), _say())
    if json:
        print_json(found)
    else:
        out.print(
            f"{found['late_samples']:,} samples of {days} days delivered in "
            f"{found['delivered_s']} s and corrected after {found['corrected_s']} s, beside "
            f"{found['reached_messages_per_s']:,} messages/s"
        )
        out.print(f"without: {_took(found['latency_ms_without'])}")
        out.print(f"during:  {_took(found['latency_ms_during'])}")
    _judge(found)


@bench_cli.command()
def malformed(
    messages: Annotated[int, typer.Option(min=100, help="One in ten of them good")] = 1_000_000,
    seed: Annotated[int, typer.Option(help="Of the fleet and of the mutations")] = 1,
    database_url: EmptyDatabaseUrl = None,
    verify: Verify = True,
    json: Json = False,
) -> None:
    """What a great many malformed messages do to ingest, and to the good ones among them.

    Mutations of the contract's examples (simulators/mutations.py) in every dialect and encoding,
    between the messages of a simulated fleet, go through ingest as it runs in the service, into a
    PostgreSQL. Each message must be accounted for, by a reason that was foreseen; memory (in runs
    of 500,000 and more), open files and connections must not grow; and the good devices must have
    the same samples, features, signals and numbering, bit for bit, as after a run with the good
    messages alone. Else the exit code is 1, and `problems` says why.

    With NUMBA_BOUNDSCHECK=1, and NUMBA_CACHE_DIR at a folder of its own, kernels also fail where
    they reach beyond an array, instead of spoiling what lies there.

    Examples:

      tachowatt bench malformed --messages 1000000 --seed 1 --json

      tachowatt bench malformed --messages 20000 --seed 7
    """
    from proving.bench import malformed as bench_malformed

    plan = bench_malformed.Plan(messages, seed, verify)
    with _settings(None, database_url) as settings, progress_bar("malformed") as advance:
        found = bench_malformed.run(
            settings, SystemClock(), plan, lambda _, done, of: advance(done, of)
        )
    if json:
        print_json(found)
    else:
        _print_malformed(found)
    _judge(found)


def _print_malformed(found: dict[str, Any]) -> None:
    memory, held = found["memory"], found["held"]["at_end"]
    out.print(
        f"{found['messages']:,} messages, {found['good']:,} of them good, in {found['seconds']} s: "
        f"{found['messages_per_s']:,} messages/s; memory at the end "
        f"{memory['after_each_tenth'][-1]}, of it growth {memory['growth']}; {held}"
    )
    for title, counts in (("became", found["outcomes"]), ("dead letters", found["reasons"])):
        rows = sorted(counts.items(), key=lambda row: -row[1])
        print_table(title, ["what", "messages"], [[name, f"{n:,}"] for name, n in rows])


@bench_cli.command()
def query(
    samples: Annotated[list[int] | None, typer.Option(min=20_000, help="Sizes")] = None,
    huge: Annotated[bool, typer.Option("--huge", help="Also 100,000,000 samples")] = False,
    requests: Annotated[int, typer.Option(min=10, help="For each question and size")] = 500,
    database_url: Annotated[str | None, typer.Option(help="An empty one, for one size")] = None,
    json: Json = False,
) -> None:
    """How long the API takes to answer over a small and a large history.

    For each size (1,000,000 and 10,000,000 samples unless --samples says otherwise) a database of
    its own is filled with 100,000 vehicles and 1,000 meters, their samples and in proportion their
    trips, intervals and days; then `tachowatt api` is started and asked over HTTP, one question
    after the other, each time about another of 1,000 vehicles or 30 meters. Those have the same
    last 90 (30) days at every size. p50, p95 and p99 in ms; `flat` is the largest size over the
    smallest. The exit code is 1 where the score's p99 reaches 20 ms, or its p50 at the largest size
    1.5 times that of the smallest.

    Example:

      tachowatt bench query --samples 1000000 --samples 10000000 --json
    """
    from proving.bench import query as bench_query

    sizes = sorted({*(samples or (1_000_000, 10_000_000)), *((100_000_000,) if huge else ())})
    with _settings(None, database_url) as settings:
        found = bench_query.run(settings, SystemClock(), sizes, requests, _say())
    if json:
        print_json(found)
    else:
        for size in found["sizes"]:
            print_table(
                f"{size['samples']:,} samples, {found['vehicles']:,} vehicles",
                ["question", "p50 ms", "p95 ms", "p99 ms"],
                [[name, *took.values()] for name, took in size["latency_ms"].items()],
            )
    _judge(found)


@bench_cli.command()
def workers(
    messages: Annotated[int, typer.Option(min=1_000, help="For each run")] = 1_000_000,
    samples_per_message: Annotated[int, typer.Option(min=1, max=10_000)] = 1,
    devices: Devices = 1_000,
    partitions: Annotated[int, typer.Option(min=2, help="Of the topic in Kafka")] = 4,
    kafka_url: KafkaUrl = None,
    database_url: EmptyDatabaseUrl = None,
    json: Json = False,
) -> None:
    """Two workers of ingest beside one, where neither broker nor store is the limit.

    Kafka has all messages before a worker begins; samples, features, checkpoints, signals and
    numbering are made ready and then thrown away (a null store), and only books and offsets are
    written. The exit code is 1 where two are less than 1.5 times as fast as one, or where a message
    is not in the books.

    Example:

      tachowatt bench workers --messages 1000000 --json
    """
    from proving.bench import workers as bench_workers

    plan = bench_workers.Plan(
        messages, samples_per_message, devices, partitions, kafka_url=kafka_url
    )
    with _settings(None, database_url) as settings:
        found = bench_workers.run(settings, SystemClock(), plan, _say())
    if json:
        print_json(found)
    else:
        for each in found["runs"]:
            out.print(f"workers: {each['workers']}, {each['messages_per_s']:,} messages/s")
        out.print(f"ratio {found['ratio']}")
    _judge(found)


def _say() -> Callable[[str, int, int], None]:
    """Progress in words, one line for each phase."""
    said: list[str] = []

    def say(what: str, _done: int, _of: int) -> None:
        if what not in said:
            said.append(what)
            err.print(what, style="dim")

    return say


@contextmanager
def _settings(mqtt_url: str | None, database_url: str | None) -> Iterator[Settings]:
    """Settings of a run, with a state directory that goes with it."""
    with tempfile.TemporaryDirectory(prefix="tachowatt-bench-") as directory:
        Path(directory).chmod(0o755)  # PostgreSQL's own user must get in
        yield load_settings(state_dir=Path(directory), mqtt_url=mqtt_url, database_url=database_url)


def _judge(found: dict[str, Any]) -> None:
    """Exit with 1 where the run itself went wrong."""
    for problem in found["problems"]:
        err.print(f"[red]{problem}[/]")
    if found["problems"]:
        raise typer.Exit(1)


def register(cli: typer.Typer) -> None:
    """Add the commands of this file."""
    cli.add_typer(bench_cli, name="bench")
