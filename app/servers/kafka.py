"""An embedded Apache Kafka: one node (KRaft, broker and controller in one), loopback only.

It needs Java 17 or newer. Kafka comes from `kafka_home`, or Maven downloads it once into a cache
folder.
"""

import asyncio
import fcntl
import logging
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from app.servers.ports import becomes_free, free_port, listening, the_same_or_free
from app.servers.supervise import Child
from runtime.calibration import Limit
from runtime.clock import Clock
from runtime.errors import Stop
from runtime.kafka import client_options

log = logging.getLogger("embedded")

KAFKA_VERSION = "4.4.0"

# Kafka logs through log4j; its libraries lack the bridge, a distribution includes it.
_ARTEFACTS = (
    ("org.apache.kafka", "kafka_2.13", KAFKA_VERSION),
    ("org.apache.logging.log4j", "log4j-slf4j-impl", "2.25.5"),
)

_START_WITHIN_S = 60.0
_STOP_WITHIN_S = 30.0
_DOWNLOAD_WITHIN_S = 600.0
_ANSWER_WITHIN_MS = 2_000
_LOG_TAIL_BYTES = 4_000

# Any 16 bytes in base64: there is only one node.
_CLUSTER_ID = "dGFjaG93YXR0LXNpbmdsZQ"

_JAVA_OPTIONS = (
    "-Xmx512m",
    "-XX:+UseSerialGC",  # starts fastest, and two cores gain nothing from the others
    # Starting costs 40 % less, a record the same (measured with 600 thousand records/s).
    "-XX:TieredStopAtLevel=1",
    "-Xshare:auto",  # an archive of another Java version is ignored
    "-Xlog:disable",
    "-Djava.awt.headless=true",
    "-Dlog4j2.level=WARN",  # to standard output, if there is no configuration
)


@dataclass(frozen=True, slots=True)
class SignIn:
    """Clients use TLS and sign in by SCRAM-SHA-512. certificate : private key and chain of
    `localhost`, PEM; authority : who signed it."""

    user: str
    password: str = field(repr=False)
    certificate: Path
    authority: Path


class Kafka:
    """A Kafka node with its data in `directory`/kafka; acknowledged records survive kill -9.

    home : a Kafka distribution or a folder of its jars; None = the cache that Maven fills.
    sign_in : None = anybody on this machine is a client, without TLS.
    """

    def __init__(
        self,
        directory: Path,
        clock: Clock,
        home: Path | None = None,
        *,
        java_options: Sequence[str] = (),
        sign_in: SignIn | None = None,
    ) -> None:
        self._sign_in = sign_in
        self._directory = directory.resolve()
        self._data = self._directory / "kafka"
        self._log = self._directory / "kafka.log"
        self._clock = clock
        self._home = home
        self._java_options = tuple(java_options)
        self._child: Child | None = None
        self._port = 0

    def start(self, port: int = 0) -> str:
        """Start it on `port` (0 = the last port if free, else any free one); return its URL."""
        java = _program("java", "default-jre-headless")
        if self._home is None:
            jars, options = _cached(java, self._clock)
        else:
            jars, options = _jars(self._home), []
        command = [java, *_JAVA_OPTIONS, *options, *self._java_options, "-cp", f"{jars}/*"]
        found = the_same_or_free(port, self._remembered, self._clock)
        if found is None:
            raise Stop(f"port {port} for the embedded Kafka is taken")
        port = found
        config = self._configure(port)
        if not (self._data / "meta.properties").exists():
            self._format(command, config)
        self._child = Child([*command, "kafka.Kafka", config], self._log)
        limit = Limit(self._clock, _START_WITHIN_S)
        while not limit.over() and self._child.alive():
            if listening(port) and _answers(self._url(port)):
                self._port = port
                self._remembered.write_text(str(port))
                return self.url
            self._child.wait(0.05)
        self.stop()
        raise Stop(f"the embedded Kafka did not start; the end of {self._log}:\n{self._tail()}")

    @property
    def url(self) -> str:
        """Current URL, or that of the last run."""
        return self._url(self._port)

    def _url(self, port: int) -> str:
        if self._sign_in is None:
            return f"kafka://127.0.0.1:{port}"
        user, password = quote(self._sign_in.user), quote(self._sign_in.password, safe="")
        ca = urlencode({"ca": str(self._sign_in.authority.resolve())})
        return f"kafkas://{user}:{password}@localhost:{port}?{ca}"

    @property
    def pid(self) -> int:
        """Id of its process group."""
        if self._child is None:
            raise Stop("the embedded Kafka does not run")
        return self._child.pid

    def alive(self) -> bool:
        """True while it runs."""
        return self._child is not None and self._child.alive()

    def restart_dead(self) -> None:
        """Restart it on its port if it has died. Raises `Stop` on failure."""
        if self._child is not None and not self._child.alive():
            log.error("the embedded Kafka has ended; starting it again")
            self._child = None
            self.start(self._port)

    def stop(self) -> None:
        """Stop it; acknowledged records are kept."""
        if self._child is not None:
            self._child.stop(_STOP_WITHIN_S)
            self._child = None

    def kill(self) -> None:
        """Kill it with SIGKILL. `start()` restarts it on the same port with its data."""
        os.killpg(self.pid, signal.SIGKILL)
        self.stop()
        becomes_free(self._port, self._clock)  # the guard ends a little before the server

    @property
    def _remembered(self) -> Path:
        return self._directory / "kafka.port"

    def _configure(self, port: int) -> Path:
        self._data.mkdir(parents=True, exist_ok=True)
        config = self._directory / "kafka.properties"
        settings = _settings(self._data, port, free_port())
        if self._sign_in is not None:
            settings |= _signing_in(self._sign_in, port, free_port(), settings)
        config.touch(mode=0o600)
        config.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        return config

    def _format(self, command: Sequence[str], config: Path) -> None:
        format_ = ["kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID, "-c", str(config)]
        if self._sign_in is not None:
            user, password = self._sign_in.user, self._sign_in.password
            format_ += ["--add-scram", f"SCRAM-SHA-512=[name={user},password={password}]"]
        made = subprocess.run(
            [*command, *format_],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if made.returncode:
            raise Stop(f"Kafka could not format {self._data}:\n{made.stdout}{made.stderr}".strip())

    def _tail(self) -> str:
        text = self._log.read_bytes()[-_LOG_TAIL_BYTES:] if self._log.exists() else b""
        return text.decode(errors="replace").strip() or "(it is empty)"


def _settings(data: Path, port: int, controller: int) -> dict[str, object]:
    return {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": data,
        "auto.create.topics.enable": "false",
        "min.insync.replicas": 1,
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": 1,
        # After kill -9 the controller keeps the broker's registration until its session expires,
        # and rejects the next broker until then.
        "broker.session.timeout.ms": 2_000,
        "broker.heartbeat.interval.ms": 400,
        "group.initial.rebalance.delay.ms": 0,
        # The default is 6 s; on one machine a killed worker is detected sooner.
        "group.min.session.timeout.ms": 1_000,
        # The largest body that `app.servers.embedded_broker` accepts, plus headers.
        "message.max.bytes": 16 * 1024 * 1024,
        # Share of the heap; the default is a quarter.
        "log.cleaner.dedupe.buffer.size": 8 * 1024 * 1024,
        "num.network.threads": 2,
        "num.io.threads": 4,
    }


def _signing_in(
    sign_in: SignIn, port: int, internal: int, settings: Mapping[str, object]
) -> dict[str, object]:
    """Return the settings of a listener with TLS and SASL; the broker itself uses the loopback."""
    controller = str(settings["listeners"]).partition("CONTROLLER://")[2]
    return {
        "listeners": f"SASL_SSL://127.0.0.1:{port},INTERNAL://127.0.0.1:{internal},"
        f"CONTROLLER://{controller}",
        "advertised.listeners": f"SASL_SSL://localhost:{port},INTERNAL://127.0.0.1:{internal}",
        "listener.security.protocol.map": "SASL_SSL:SASL_SSL,INTERNAL:PLAINTEXT,"
        "CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "INTERNAL",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.sasl_ssl.sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        ),
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": sign_in.certificate.resolve(),
    }


def _answers(url: str) -> bool:
    """Return whether its metadata lists it. Runs in a thread: the caller may be in a loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(_ask(url))).result()


async def _ask(url: str) -> bool:
    client = AIOKafkaAdminClient(**client_options(url), request_timeout_ms=_ANSWER_WITHIN_MS)
    try:
        await client.start()
        return bool((await client.describe_cluster())["brokers"])
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        await client.close()


def _program(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise Stop(f"Kafka needs {name}, which is missing; Debian: apt-get install {package}")
    return found


def _jars(home: Path) -> Path:
    """Return the folder of jars of a distribution."""
    home = home.resolve()
    for folder in (home / "libs", home):
        if any(folder.glob("kafka_2*.jar")):
            return folder
    raise Stop(
        f"no Kafka in {home}: neither it nor its folder libs has a kafka_2.13-….jar; set "
        "TACHOWATT_KAFKA_HOME to an unpacked Kafka distribution, or leave it unset"
    )


def cache_folder() -> Path:
    """Return the folder of the Kafka that Maven downloaded."""
    base = os.environ.get("XDG_CACHE_HOME", "")  # absolute, else ignored (XDG's rule)
    root = Path(base) if os.path.isabs(base) else Path.home() / ".cache"
    return root / "tachowatt"


def _cached(java: str, clock: Clock) -> tuple[Path, list[str]]:
    """Return the cached jars, and options for a fast start.

    Java reads classes from an archive that a first start wrote: 1.3 s of processor time instead
    of 2.1. An archive is valid for one path of jars and one Java version.
    """
    jars = cache_folder() / f"kafka-{KAFKA_VERSION}"
    stamp = Path(java).resolve().stat().st_mtime_ns
    archive = cache_folder() / f"kafka-{KAFKA_VERSION}-{stamp}.jsa"
    if not (jars.exists() and archive.exists()):
        with _locked(cache_folder() / "kafka.lock"):
            if not jars.exists():
                _download(jars)
            if not archive.exists():
                _archive_classes(jars, archive, clock)
    return jars, [f"-XX:SharedArchiveFile={archive}"]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a file lock: one process at a time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _download(jars: Path) -> None:
    """Download Kafka's jars by Maven; the folder appears when complete."""
    maven = _program("mvn", "maven")
    log.warning("fetching Kafka %s through Maven into %s, once", KAFKA_VERSION, jars)
    dependencies = "".join(
        f"<dependency><groupId>{group}</groupId><artifactId>{artefact}</artifactId>"
        f"<version>{version}</version></dependency>"
        for group, artefact, version in _ARTEFACTS
    )
    with tempfile.TemporaryDirectory(dir=jars.parent) as name:
        folder = Path(name)
        (folder / "pom.xml").write_text(
            "<project><modelVersion>4.0.0</modelVersion><groupId>tachowatt</groupId>"
            "<artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>"
            f"<dependencies>{dependencies}</dependencies></project>"
        )
        try:
            made = subprocess.run(
                [maven, "-B", "-q", "dependency:copy-dependencies", "-DincludeScope=runtime",
                 f"-DoutputDirectory={folder / 'libs'}"],
                cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                timeout=_DOWNLOAD_WITHIN_S, check=False,
            )  # fmt: skip
            output = made.stdout + made.stderr
        except subprocess.TimeoutExpired:
            output = f"no answer within {_DOWNLOAD_WITHIN_S:.0f} s"
        if not any((folder / "libs").glob("kafka_2*.jar")) or made.returncode:
            raise Stop(
                f"Maven did not bring Kafka {KAFKA_VERSION}; set TACHOWATT_KAFKA_HOME to an "
                f"unpacked distribution, or mend what Maven says:\n{output[-_LOG_TAIL_BYTES:]}"
            )
        (folder / "libs").rename(jars)


def _archive_classes(jars: Path, archive: Path, clock: Clock) -> None:
    """Start Kafka once so that Java archives the classes it loaded."""
    with tempfile.TemporaryDirectory(dir=archive.parent) as name:
        written = Path(name) / "classes.jsa"
        server = Kafka(
            Path(name), clock, jars, java_options=[f"-XX:ArchiveClassesAtExit={written}"]
        )
        server.start()
        server.stop()
        if written.exists():
            written.rename(archive)
        else:  # a Java without such archives ignores an empty one
            archive.touch()
