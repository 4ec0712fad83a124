"""The system of `tachowatt fault`: servers, proxies between them, and processes of the product."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from app.demo.receiver import DemoReceiver
from proving.testbed.process import Process
from proving.testbed.proxy import Proxy
from proving.testbed.servers import KilledMosquitto, KilledPostgres, ProxiedKafka
from runtime.clock import Clock
from runtime.errors import Stop
from runtime.secret_box import box_with, new_key
from store.schema.migrate import migrate

PARTITIONS = 4
SESSION_TIMEOUT_S = 6
GATEWAYS = ("gateway-1", "gateway-2")
WORKERS = ("ingest-1", "ingest-2")
EXTRA = "ingest-3"
"""A worker that is added and removed."""
NAMES = (*GATEWAYS, *WORKERS, "contacts", "api")
# Retry an unavailable receiver soon: the run is too short for the usual schedule.
_RETRY_SCHEDULE_S = "0" + ",1,2,2" * 10


class Topology:
    """Use as `async with Topology(…) as topology`. url : database, without a proxy."""

    def __init__(self, directory: Path, clock: Clock, kafka_home: Path | None) -> None:
        self.directory = directory
        self._clock = clock
        self.receiver = DemoReceiver(clock)
        key = new_key()
        self._key = key.text
        self.box = box_with(key)
        self.mosquitto = KilledMosquitto(directory, clock)
        self.postgres = KilledPostgres(directory, clock)
        self.kafka = ProxiedKafka(directory, clock, kafka_home, (*GATEWAYS, *WORKERS))
        self.proxies: dict[str, Proxy] = {proxy.name: proxy for proxy in self.kafka.proxies}
        self.processes: dict[str, Process] = {}
        self.url = self.no_small_disk = ""
        self._ending = AsyncExitStack()

    async def __aenter__(self) -> "Topology":
        try:
            await self._start()
        except BaseException:
            await self._ending.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._ending.aclose()

    def running(self) -> list[Process]:
        """Return the processes that should always run."""
        return [self.processes[name] for name in NAMES]

    def dead(self) -> list[str]:
        """Return the names of processes and servers that should run but do not."""
        servers = {
            "postgres": self.postgres.alive(),
            "kafka": self.kafka.alive(),
            "mosquitto": self.mosquitto.alive(),
        }
        found = {name: self.processes[name].alive() for name in NAMES} | servers
        return [name for name, alive in found.items() if not alive]

    async def restart_postgres(self) -> None:
        """Restart it if it has ended, and wait until it answers."""
        await asyncio.to_thread(self.postgres.start)

    async def _start(self) -> None:
        for server in (self.mosquitto, self.postgres):
            self._ending.callback(server.stop)
        self._ending.callback(self.kafka.kill_if_alive)  # a graceful shutdown would take seconds
        self.no_small_disk = self.postgres.on_small_disk()
        self.receiver.start()
        self._ending.callback(self.receiver.stop)
        self.mosquitto.start()
        self.url = await asyncio.to_thread(self.postgres.start)
        await asyncio.to_thread(migrate, self.url)
        kafka_url = await asyncio.to_thread(self.kafka.start)
        for name in (*WORKERS, "contacts", "api"):
            self._add_proxy(Proxy(f"{name}>postgres", lambda: self.postgres.socket))
        for name in GATEWAYS:
            self._add_proxy(Proxy(f"{name}>mosquitto", lambda: self.mosquitto.port))
        for proxy in self.proxies.values():
            await proxy.start()
            self._ending.push_async_callback(proxy.close)
        self._make_processes(kafka_url)
        await self._init_log(kafka_url)
        for process in self.processes.values():
            self._ending.callback(process.kill)  # graceful shutdowns are done before
        for process in self.running():
            process.start()
        for process in self.running():
            await process.ready()

    def _add_proxy(self, proxy: Proxy) -> None:
        self.proxies[proxy.name] = proxy

    def _make_processes(self, kafka_url: str) -> None:
        def database(name: str) -> str:
            return (
                f"postgresql://postgres@127.0.0.1:{self.proxies[f'{name}>postgres'].port}/postgres"
            )

        def kafka(name: str) -> str:
            return f"kafka://127.0.0.1:{self.proxies[f'{name}>kafka'].port}"

        for name in GATEWAYS:
            mqtt_url = f"mqtt://127.0.0.1:{self.proxies[f'{name}>mosquitto'].port}"
            self._add(
                name, "gateway", "--mqtt-url", mqtt_url, "--log", kafka(name),
                TACHOWATT_MQTT_CLIENT_ID=name, TACHOWATT_MQTT_SHARE_GROUP="gateways",
            )  # fmt: skip
        for name in WORKERS:
            self._add(name, "ingest", "--log", kafka(name), TACHOWATT_DATABASE_URL=database(name))
        self._add(EXTRA, "ingest", "--log", kafka_url, TACHOWATT_DATABASE_URL=self.url)
        self._add(
            "contacts", "contacts", "run",
            TACHOWATT_DATABASE_URL=database("contacts"),
            TACHOWATT_SMTP_URL=self.receiver.smtp_url,
            TACHOWATT_WEBHOOK_PRIVATE_NETWORKS="127.0.0.0/8",
            TACHOWATT_RETRY_SCHEDULE_S=_RETRY_SCHEDULE_S,
        )  # fmt: skip
        self._add("api", "api", TACHOWATT_DATABASE_URL=database("api"))

    def _add(self, name: str, *arguments: str, **environment: str) -> None:
        common = {
            "TACHOWATT_KAFKA_SESSION_TIMEOUT_S": str(SESSION_TIMEOUT_S),
            "TACHOWATT_SILENCE_S": "3600",
            "TACHOWATT_SECRETS_KEY": self._key,
        }
        self.processes[name] = Process(
            name, arguments, {**common, **environment}, self.directory, self._clock
        )

    async def _init_log(self, kafka_url: str) -> None:
        init = Process(
            "log-init",
            ["log", "init", "--log", kafka_url, "--partitions", str(PARTITIONS)],
            {"TACHOWATT_DATABASE_URL": self.url},
            self.directory,
            self._clock,
        )
        init.start()
        while init.alive():
            await asyncio.sleep(0.05)
        if "is fed from" not in init.output:
            raise Stop(f"`tachowatt log init` failed:\n{init.output}")
