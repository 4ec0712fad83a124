"""The embedded broker, from a wheel, on the loopback only: MQTT 5 and, on another port, 3.1.1."""

import logging
import sys
from pathlib import Path

import tomli_w

from app.servers.ports import listening, the_same_or_free
from app.servers.supervise import Child
from runtime.calibration import Limit
from runtime.clock import Clock
from runtime.errors import Stop

log = logging.getLogger("embedded")

_START_WITHIN_S = 30.0


class Broker:
    """A broker (rumqttd) on the loopback, without credentials.

    Its queues are lost when it ends: devices that number their messages resend those not
    acknowledged end to end (docs/devices.md).
    """

    def __init__(self, directory: Path, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._child: Child | None = None
        self._port = self._port_3 = 0

    @property
    def url_3(self) -> str:
        """The address for MQTT 3.1.1."""
        return f"mqtt://127.0.0.1:{self._port_3}"

    def start(self, port: int, port_3: int = 0) -> str:
        """Start it with MQTT 5 on `port`, 3.1.1 on `port_3` (0 = the last one if free, else any
        free one); return the URL for MQTT 5."""
        port = self._take(port, "broker.port", "TACHOWATT_MQTT_PORT")
        port_3 = self._take(port_3, "broker-3.port", "TACHOWATT_MQTT_3_PORT")
        config = self._directory / "broker.toml"
        config.write_text(tomli_w.dumps(_broker_config(port, port_3)), encoding="utf-8")
        self._child = Child(
            [
                sys.executable,
                "-m",
                "iotcore",
                "--config",
                config.resolve(),
                "--log-level",
                "CRITICAL",
            ],
            self._directory / "broker.log",
        )
        limit = Limit(self._clock, _START_WITHIN_S)
        while not limit.over():
            if not self._child.alive():
                break
            if listening(port) and listening(port_3):
                self._port, self._port_3 = port, port_3
                (self._directory / "broker.port").write_text(str(port))
                (self._directory / "broker-3.port").write_text(str(port_3))
                return f"mqtt://127.0.0.1:{port}"
            self._child.wait(0.05)
        self.stop()
        raise Stop(
            f"the embedded broker did not start; its log is {self._directory / 'broker.log'}"
        )

    def restart_dead(self) -> None:
        """Restart it on its port if it has died. Raises `Stop` on failure."""
        if self._child is not None and not self._child.alive():
            log.error("the embedded broker has ended; starting it again")
            self._child = None
            self.start(self._port, self._port_3)

    def stop(self) -> None:
        """Stop it; its queues are lost."""
        if self._child is not None:
            self._child.stop(timeout_s=5.0)
            self._child = None

    def _take(self, port: int, remembered: str, setting: str) -> int:
        found = the_same_or_free(port, self._directory / remembered, self._clock)
        if found is None:
            raise Stop(
                f"port {port} for the embedded broker is taken; set {setting} to another or 0, or "
                "TACHOWATT_MQTT_URL to use the broker that is there"
            )
        return found


def _broker_config(port: int, port_3: int) -> dict[str, object]:
    connections = {
        "connection_timeout_ms": 60_000,
        # Larger than the limit of ingest, so that an oversized body reaches the dead letter.
        "max_payload_size": 8 * 1024 * 1024,
        "max_inflight_count": 10_000,
        "dynamic_filters": True,
    }
    return {
        "id": 0,
        "router": {
            "id": 0,
            "max_connections": 10_010,
            "max_outgoing_packet_count": 1_000,
            # Backlog of a topic filter: a slow reader loses messages older than these segments.
            "max_segment_size": 100 * 1024 * 1024,
            "max_segment_count": 20,
        },
        **{
            version: {
                "1": {
                    "name": f"{version}-1",
                    "listen": f"127.0.0.1:{each}",
                    "next_connection_delay_ms": 1,
                    "connections": connections,
                }
            }
            for version, each in (("v4", port_3), ("v5", port))
        },
    }
