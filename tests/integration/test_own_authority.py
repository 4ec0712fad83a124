"""TLS with an authority of one's own: Kafka with sign-in, PostgreSQL, API and pages."""

import asyncio
import shutil
import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx
import psycopg
import pytest
import trustme
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from cryptography.hazmat.primitives import serialization

from api.http.tls import Certificate
from app.operations import kafka_topics
from app.servers.kafka import Kafka, SignIn
from app.servers.ports import free_port
from app.servers.postgres import Postgres
from contracts.kafka import Topics
from contracts.raw import RawMessage
from gateway.kafka_log import KafkaLog
from ingest.decoding.catalogue import ROUTER
from runtime.clock import SystemClock
from runtime.errors import Retry, Usage
from runtime.kafka import client_options, with_settings
from runtime.metrics import Metrics
from runtime.settings import Settings
from store.postgres.pool import connect
from tests import process
from tests.fix_postgres import open_folder
from tests.patience import patient
from tests.process import Tachowatt

CLOCK = SystemClock()


@dataclass(frozen=True)
class Authority:
    """An authority that nobody knows but by its file, and a certificate of localhost."""

    ca: Path
    key: Path
    chain: Path
    both: Path
    stranger: Path
    """Another authority."""


def write(folder: Path, names: tuple[str, ...] = ("localhost", "127.0.0.1")) -> Authority:
    ca = trustme.CA()
    found = Authority(*(folder / name for name in ("ca", "key", "chain", "both", "stranger")))
    ca.cert_pem.write_to_path(str(found.ca))
    trustme.CA().cert_pem.write_to_path(str(found.stranger))
    issued = ca.issue_cert(*names)
    private = serialization.load_pem_private_key(issued.private_key_pem.bytes(), None)
    key = private.private_bytes(  # Java reads this form only
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    chain = b"".join(pem.bytes() for pem in issued.cert_chain_pems)
    found.key.write_bytes(key)
    found.chain.write_bytes(chain)
    found.both.write_bytes(key + chain)
    found.key.chmod(0o600)
    return found


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return write(tmp_path)


# ── Kafka ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.xdist_group("kafka")
def test_kafka_with_sign_in_and_an_authority_of_ones_own(
    authority: Authority, tmp_path: Path
) -> None:
    password = "p:w/%s @x"
    server = Kafka(
        tmp_path,
        CLOCK,
        Settings().kafka_home,
        sign_in=SignIn("gateway", password.replace(" ", "").replace("@", ""), authority.both,
                       authority.ca),
    )  # fmt: skip
    try:
        full = server.start()
        port = full.rpartition(":")[2].partition("?")[0]
        settings = Settings(
            kafka_password=password.replace(" ", "").replace("@", ""), kafka_ca_file=authority.ca
        )
        url = with_settings(f"kafkas://gateway@localhost:{port}", settings)
        topics = Topics("tls.")
        made, _, begin = kafka_topics.prepare(url, topics, 2, 1, 1)
        assert topics.raw in made and begin == {0: 0, 1: 0}

        async def append() -> None:
            log = KafkaLog(url, topics, "b", ROUTER.key_of_topic, Metrics(), lambda _: None)
            await log.start()
            try:
                await log.append([RawMessage("tw/v1/t/d/telemetry", b"{}", 1)] * 5)
            finally:
                await log.close()

        asyncio.run(asyncio.wait_for(append(), patient(60.0)))
        found = kafka_topics.look(url, topics)
        assert found is not None and sum(found.end.values()) == 5
        for wrong in (
            with_settings(f"kafkas://gateway:x@localhost:{port}", settings),
            with_settings(f"kafkas://stranger@localhost:{port}", settings),
            with_settings(f"kafkas://localhost:{port}", settings),
            f"kafka://localhost:{port}",
            f"kafkas://gateway:{password[:3]}@localhost:{port}",
            full.replace(quote(str(authority.ca), ""), quote(str(authority.stranger), "")),
        ):
            assert asyncio.run(refuses(wrong)), wrong
    finally:
        server.stop()


async def refuses(url: str) -> bool:
    client = AIOKafkaAdminClient(**client_options(url), request_timeout_ms=4_000)
    try:
        await asyncio.wait_for(client.start(), patient(8.0))
    except (KafkaError, OSError, TimeoutError):
        return True
    finally:
        await client.close()
    return False


def test_what_a_url_of_kafka_may_say(authority: Authority) -> None:
    settings = Settings(kafka_password="a/b@c", kafka_ca_file=authority.ca)
    assert with_settings("tcp://x:1", settings) == "tcp://x:1"
    assert with_settings("direct", settings) == "direct"
    assert with_settings("kafka://u@h:1", settings) == "kafka://u:a%2Fb%40c@h:1"
    assert with_settings("kafkas://u:own@h:1", settings).startswith("kafkas://u:own@h:1?ca=%2F")
    options = client_options(with_settings("kafkas://u@h,g:2", settings))
    assert options["sasl_plain_password"] == "a/b@c"
    assert options["bootstrap_servers"] == ["h:9092", "g:2"]
    for url in (
        "kafkas://u:hunter2@h?ca=/nowhere", f"kafka://u:hunter2@h?ca={authority.ca}",
        "kafkas://u:hunter2@h?x=1", "kafkas://u:hunter2@",
        f"kafkas://u:hunter2@h?ca={authority.key}",
    ):  # fmt: skip
        with pytest.raises(Usage) as refused:
            client_options(url)
        assert "hunter2" not in str(refused.value)


# ── PostgreSQL ──────────────────────────────────────────────────────────────────────────────────


_SSL_REQUEST = bytes((0, 0, 0, 8, 4, 210, 22, 47))


class WithTls:
    """TLS before a PostgreSQL, in its own way: the server of the wheel is built without.

    Who does not ask for TLS is refused, as by `hostssl`.
    """

    def __init__(self, authority: Authority, behind: int) -> None:
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(authority.chain, authority.key)
        self._behind = behind
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()

    async def _start(self) -> int:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(server.sockets[0].getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError):
            if await reader.readexactly(8) == _SSL_REQUEST:
                writer.write(b"S")
                await writer.start_tls(self._context)
                there, back = await asyncio.open_connection("127.0.0.1", self._behind)
                await asyncio.gather(_pass_on(reader, back), _pass_on(there, writer))
        writer.close()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(2**16):
            writer.write(data)
            await writer.drain()
    writer.close()


class ByTcp(Postgres):
    """Also by TCP, with a password."""

    listen = "127.0.0.1"
    access = "host all all 127.0.0.1/32 scram-sha-256\n"


@pytest.fixture
def postgres_with_tls(authority: Authority) -> Iterator[str]:
    """Host and port of a server that takes TLS only, and a password."""
    folder = open_folder()
    server = ByTcp(folder, CLOCK)
    server.port = free_port()
    try:
        with connect(server.start()) as connection:
            connection.execute("create role tw_owner login createrole password 'p/w d'")
            connection.commit()
            connection.autocommit = True
            connection.execute("create database tw owner tw_owner")
        before = WithTls(authority, server.port)
        try:
            yield f"localhost:{before.port}"
        finally:
            before.close()
    finally:
        server.stop()
        shutil.rmtree(folder)


def test_postgresql_is_checked_by_an_authority_of_ones_own(
    postgres_with_tls: str, authority: Authority, tmp_path: Path
) -> None:
    tls = f"sslmode=verify-full&sslrootcert={authority.ca}"
    url = f"postgresql://tw_owner@{postgres_with_tls}/tw?{tls}"
    password = tmp_path / "password"
    password.write_text("p/w d\n")
    environment = {
        "TACHOWATT_DATABASE_URL": url, "TACHOWATT_STATE_DIR": str(tmp_path),
        "TACHOWATT_DATABASE_PASSWORD_FILE": str(password),
    }  # fmt: skip
    for command in (["db", "migrate"], ["secrets", "status", "--json"]):
        done = process.run(*command, folder=tmp_path, **environment)
        assert done.returncode == 0, done.stderr
        assert "p/w d" not in done.stdout + done.stderr
    with_password = url.replace("tw_owner@", "tw_owner:p%2Fw%20d@")
    with connect(with_password) as connection:
        assert connection.pgconn.ssl_in_use
    for wrong, why in (
        (with_password.replace(str(authority.ca), str(authority.stranger)), "certificate verify"),
        (with_password.replace("verify-full", "disable"), "closed the connection"),
        (with_password.replace("p%2Fw", "q%2Fw"), "password authentication failed"),
        (url, "no password supplied"),
    ):
        with pytest.raises(Retry, match=why):
            connect(wrong)
    with pytest.raises(psycopg.OperationalError, match="does not match"):
        psycopg.connect(with_password.replace("localhost", "ip6-localhost") + "&hostaddr=127.0.0.1")


# ── API and pages ───────────────────────────────────────────────────────────────────────────────


def test_pages_over_tls(database: str, authority: Authority, tmp_path: Path) -> None:
    process = Tachowatt(
        "api",
        state=tmp_path / "state",
        TACHOWATT_DATABASE_URL=database,
        TACHOWATT_API_TLS_CERT_FILE=str(authority.chain),
        TACHOWATT_API_TLS_KEY_FILE=str(authority.key),
        TACHOWATT_API_HEAD_TIMEOUT_S="2",
    )
    try:
        url = process.wait_ready()["api_url"].replace("127.0.0.1", "localhost")
        assert url.startswith("https://")
        port = int(url.rpartition(":")[2])
        trusted = ssl.create_default_context(cafile=authority.ca)
        silent = [socket.create_connection(("localhost", port)) for _ in range(50)]
        with httpx.Client(base_url=url, verify=trusted, timeout=patient(20.0)) as client:
            assert client.get("/ready").json()["ready"], "nobody waits for handshakes"
            page = client.get("/login")
            assert "; Secure" in page.headers["set-cookie"]
            assert len([client.get("/health") for _ in range(20)]) == 20
        for connection in silent:
            connection.settimeout(patient(20.0))
            assert connection.recv(1) == b"", "a handshake that never comes has an end"
            connection.close()
        strange = ssl.create_default_context(cafile=authority.stranger)
        with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
            httpx.get(f"{url}/health", verify=strange)
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"http://localhost:{port}/health")
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        with (
            pytest.raises(OSError, match=r"(?i)ssl|version|reset|handshake"),
            socket.create_connection(("localhost", port)) as raw,
            old.wrap_socket(raw),
        ):
            pass
        # Renewed while it runs: first the wrong way, then right.
        before = serial(port)
        renewed = write(tmp_path)
        assert serial(port) != before
        renewed.chain.write_text("spoilt")
        assert serial(port) == serial(port)
        assert "the one before stays in use" in process.log
    finally:
        process.kill()


def serial(port: int) -> bytes:
    """The server's certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("localhost", port)) as raw,
        context.wrap_socket(raw) as wrapped,
    ):
        found = wrapped.getpeercert(binary_form=True)
    assert found is not None
    return found


def test_a_certificate_that_cannot_be_used_is_named(authority: Authority, tmp_path: Path) -> None:
    for certificate, key in (
        (tmp_path / "missing", authority.key),
        (authority.key, authority.key),
        (authority.chain, write(Path(tempfile.mkdtemp(dir=tmp_path))).key),
    ):
        with pytest.raises(Usage, match="TLS of API and pages"):
            Certificate(certificate, key)
