"""A real Apache Kafka for each worker that needs one, and topics of its own for each test.

A node takes seconds of two cores and 400 MiB, so all tests that use it run on one worker: those
that ask for `kafka`, `topic_prefix` or a fixture built on them are put into the xdist group
"kafka" here. A test that starts a node by itself marks itself `@pytest.mark.xdist_group("kafka")`.
"""

import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.servers.kafka import KAFKA_VERSION, Kafka, cache_folder
from runtime.clock import SystemClock
from tests.conftest import missing_server

_numbers = itertools.count()


def kafka_home() -> Path | None:
    """TACHOWATT_KAFKA_HOME; else the cache, or Maven to fill it, must be there."""
    given = os.environ.get("TACHOWATT_KAFKA_HOME")
    missing = [] if shutil.which("java") else ["java (default-jre-headless)"]
    cached = (cache_folder() / f"kafka-{KAFKA_VERSION}").exists()
    if not (given or cached or shutil.which("mvn")):
        missing.append("mvn (maven)")
    if missing:
        missing_server(f"{' and '.join(missing)} for Kafka (Debian: apt-get install …)")
    return Path(given) if given else None


@pytest.fixture(scope="session")
def _kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    server = Kafka(tmp_path_factory.mktemp("kafka"), SystemClock(), kafka_home())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def kafka(_kafka: Kafka) -> Kafka:
    """The worker's node, running: `kafka.url`. A test may kill it; it comes back for the next."""
    if not _kafka.alive():
        _kafka.start()
    return _kafka


@pytest.fixture
def topic_prefix(kafka: Kafka) -> str:
    """For the names of this test's topics and groups, which no other test uses."""
    return f"test-{os.getpid()}-{next(_numbers)}."


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker for all that need the node."""
    for item in items:
        if "_kafka" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("kafka"))
