"""Real MQTT 5 brokers: the embedded one, and Debian's Mosquitto. The same tests run on both."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.servers import mosquitto
from app.servers.embedded_broker import Broker
from app.servers.secured_mosquitto import SecuredMosquitto, plugin
from ingest.decoding.catalogue import ROUTER
from runtime.clock import SystemClock


class Mosquitto(mosquitto.Mosquitto):
    """As the commands start it. Skips the test where it is not installed, and fails it in CI."""

    def __init__(self, directory: Path) -> None:
        if mosquitto.program() is None:
            from tests.conftest import missing_server

            missing_server("Mosquitto (Debian: apt-get install mosquitto)")
        super().__init__(directory, SystemClock())


@pytest.fixture
def mosquitto_broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """Mosquitto alone, not yet started."""
    made = Mosquitto(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def secured_broker(tmp_path: Path) -> Iterator[SecuredMosquitto]:
    """Mosquitto with users and roles, as `serve` starts it; not yet started."""
    if plugin() is None:
        from tests.conftest import missing_server

        missing_server("Mosquitto with its plugin (Debian: apt-get install mosquitto)")
    made = SecuredMosquitto(tmp_path, SystemClock(), ROUTER.subscriptions)
    yield made
    made.stop()


@pytest.fixture(params=["embedded", "mosquitto"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker | Mosquitto]:
    """A broker with `start(port) -> url` and `stop()`, not yet started."""
    embedded = request.param == "embedded"
    made = Broker(tmp_path, SystemClock()) if embedded else Mosquitto(tmp_path)
    yield made
    made.stop()
