"""Run a gateway as a separate process."""

import asyncio
from collections.abc import Callable

from app.processes.lifecycle import metrics_url
from contracts.kafka import Topics
from gateway.forward import Gateway
from gateway.kafka_log import KafkaLog
from gateway.remote_log import RemoteLog
from ingest.decoding.catalogue import ROUTER
from runtime.clock import Clock
from runtime.metrics import Metrics
from runtime.settings import Settings
from runtime.waiting import first_of, unless


async def run_gateway(
    settings: Settings,
    clock: Clock,
    mqtt_url: str,
    log_url: str,
    stop: asyncio.Event,
    ready: Callable[[str], None],
) -> None:
    """Run only a gateway: from a broker to ingest in another process, or to Kafka."""
    metrics = Metrics()
    server = metrics.serve(settings.metrics_host, settings.metrics_port)
    remote: RemoteLog | KafkaLog
    if log_url.startswith("tcp:"):
        remote = RemoteLog(log_url, settings.log_token or "")
    else:
        remote = KafkaLog(
            log_url,
            Topics(settings.kafka_topic_prefix),
            settings.mqtt_share_group or settings.mqtt_client_id,
            ROUTER.key_of_topic,
            metrics,
            lambda acks: gateway.committed(acks),
            settings.kafka_session_timeout_s,
        )
    try:
        gateway = Gateway(mqtt_url, remote, ROUTER.subscriptions, settings, clock, metrics)
        server.needs += [gateway.missing, remote.missing]
        if isinstance(remote, KafkaLog):
            await unless(stop, remote.start())
            if stop.is_set():
                return
        running = asyncio.create_task(gateway.run(stop), name="gateway")
        await first_of(running, gateway.subscribed.wait(), stop.wait())
        ready(metrics_url(server))
        await running
    finally:
        await remote.close()
        server.close()
